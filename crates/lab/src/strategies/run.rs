//! A run under way: round for round, everything that is tried.

use std::time::{Duration, Instant};

use super::application::{Extent, REFERENCE, Strategy};
use super::drive::Pace;
use super::results::{Results, Trying};
use super::scene::Stage;
use super::settings::Settings;
use super::trial::{Sample, Trial, attempt};
use super::{bypass, crash};
use crate::failure::{Failure, Result};
use crate::interruption;
use crate::progress::Progress;
use crate::workload::Ready;

/// The share of what the slowest strategy carries that all are offered where latency is measured.
pub(super) const SHARE_OFFERED: f64 = 0.5;

/// Requests in a second that are offered at least, where next to none were answered.
const OFFERED_MIN: f64 = 1.0;

/// Measures all strategies, again and again.
pub(super) struct Run<'a> {
    pub(super) stage: &'a Stage,
    pub(super) settings: &'a Settings,
    /// When nothing begins any more that would not end in time.
    pub(super) until: Option<Instant>,
}

impl Run<'_> {
    /// What all rounds come to, or as many as there is time for. That something fails is a result.
    ///
    /// # Errors
    ///
    /// When nothing works, or the run is broken off.
    pub(super) fn measure(
        &self,
        strategies: Vec<&'static Strategy>,
        workloads: Vec<Ready>,
    ) -> Result<Results> {
        let progress = Progress::new(self.settings.rounds * steps(&strategies, workloads.len()));
        let mut results = Results::new(strategies, workloads);
        let mut longest = Duration::ZERO;
        for round in 0..self.settings.rounds {
            for trying in results.to_try() {
                let begun = Instant::now();
                if self.until.is_some_and(|until| begun + longest > until) {
                    results.cut_short = Some(round);
                    return Ok(results);
                }
                self.try_all(&mut results, trying, round, &progress)?;
                longest = longest.max(begun.elapsed());
            }
            if let Some(reason) = results.nothing_works() {
                return Err(Failure::run(reason));
            }
        }
        Ok(results)
    }

    fn try_all(
        &self,
        results: &mut Results,
        trying: Trying,
        round: usize,
        progress: &Progress,
    ) -> Result<()> {
        match trying {
            Trying::Workload(name) => self.load_all(results, name, round, progress),
            Trying::Bypass => self.bypass_all(results, round, progress),
            Trying::Crash => self.crash_all(results, round, progress),
        }
    }

    /// All strategies under one workload: first what they carry, then how long requests take when all are
    /// offered the same.
    fn load_all(
        &self,
        results: &mut Results,
        name: &'static str,
        round: usize,
        progress: &Progress,
    ) -> Result<()> {
        let named = |ready: &&Ready| ready.workload.name == name;
        let Some(workload) = results.workloads().iter().find(named).cloned() else {
            return Ok(());
        };
        let attempt = |strategy: &'static Strategy, pace| {
            progress.now(format!("{}: {name}", strategy.name));
            let trial = attempt(self.stage, strategy, &workload, self.settings.length, pace);
            progress.step();
            heeded(trial)
        };
        let strategies = rotated(results.strategies(), round);
        let closed = strategies.iter().map(|strategy| attempt(strategy, Pace::Closed));
        let closed = closed.collect::<Result<Vec<_>>>()?;
        let pace = Pace::Open { per_second: offered(&closed) };
        for (strategy, closed) in strategies.into_iter().zip(closed) {
            let sample = match closed {
                Ok(closed) => attempt(strategy, pace)?.map(|open| Sample::of(&closed, &open)),
                Err(failure) => {
                    progress.step();
                    Err(failure)
                }
            };
            results.add_tried(name, strategy, sample);
        }
        Ok(())
    }

    fn bypass_all(&self, results: &mut Results, round: usize, progress: &Progress) -> Result<()> {
        let Settings { ttl, bypassing, .. } = *self.settings;
        for strategy in rotated(results.strategies(), round) {
            progress.now(format!("{}: somebody writes past the cache", strategy.name));
            match heeded(bypass::watch(self.stage, strategy, ttl, bypassing))? {
                Ok(seen) => results.add_bypassed(strategy, seen),
                Err(failure) => results.add_failed(Trying::Bypass, strategy, &failure),
            }
            progress.step();
        }
        Ok(())
    }

    fn crash_all(&self, results: &mut Results, round: usize, progress: &Progress) -> Result<()> {
        let killed = results.killed().filter(|strategy| strategy.name != REFERENCE.name);
        for strategy in rotated(killed, round) {
            progress.now(format!("{}: killed", strategy.name));
            match heeded(crash::rehearse(self.stage, strategy, self.settings.writing))? {
                Ok(losses) => results.add_crashed(strategy, losses),
                Err(failure) => results.add_failed(Trying::Crash, strategy, &failure),
            }
            progress.step();
        }
        Ok(())
    }
}

/// How much is measured in a round.
fn steps(strategies: &[&'static Strategy], workloads: usize) -> usize {
    let whole = strategies.iter().filter(|strategy| strategy.extent == Extent::Whole).count();
    let killed = strategies.iter().filter(|strategy| strategy.name != REFERENCE.name).count();
    2 * workloads * whole + whole + killed
}

/// In an order in which each comes first in a round of its own: what the one before leaves behind, such as a
/// database that is still writing, is no disadvantage of always the same.
fn rotated(
    strategies: impl Iterator<Item = &'static Strategy>,
    round: usize,
) -> Vec<&'static Strategy> {
    let mut strategies: Vec<_> = strategies.collect();
    let places = strategies.len().max(1);
    strategies.rotate_left(round % places);
    strategies
}

/// What something came to, unless it failed because the run was broken off.
fn heeded<T>(outcome: Result<T>) -> Result<Result<T>> {
    interruption::check().map(|()| outcome)
}

/// How many requests a second all are offered.
fn offered(closed: &[Result<Trial>]) -> f64 {
    let slowest = closed.iter().flatten().map(Trial::rate).fold(f64::INFINITY, f64::min);
    match slowest.is_finite() {
        true => (SHARE_OFFERED * slowest).max(OFFERED_MIN),
        false => OFFERED_MIN,
    }
}

#[cfg(test)]
mod tests;
