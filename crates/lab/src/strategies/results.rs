//! What all rounds came to.

use std::time::Duration;

use super::application::{Extent, REFERENCE, Strategy};
use super::crash::Losses;
use super::observer::Sightings;
use super::trial::Sample;
use crate::failure::{Failure, Result};
use crate::measure::spread::Spread;
use crate::workload::Ready;

/// A figure of a sample.
pub(super) type Metric = fn(&Sample) -> Option<f64>;

/// What is tried of all strategies in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trying {
    /// The workload of that name.
    Workload(&'static str),
    /// Somebody writes past the cache.
    Bypass,
    /// larder is killed.
    Crash,
}

/// What was tried, and what each round said of it.
pub(super) struct Results {
    strategies: Vec<&'static Strategy>,
    workloads: Vec<Ready>,
    /// In the order of the rounds, each with the names of its workload and its strategy. There is none of a
    /// trial that failed.
    samples: Vec<(&'static str, &'static str, Option<Sample>)>,
    bypassed: Vec<(&'static str, Sightings)>,
    crashed: Vec<(&'static str, Losses)>,
    /// What was tried of which strategy, and why it came to nothing.
    failed: Vec<(Trying, &'static str, String)>,
    /// How many rounds are whole, where there was no time for all.
    pub(super) cut_short: Option<usize>,
}

impl Results {
    /// Nothing yet of these.
    pub(super) fn new(strategies: Vec<&'static Strategy>, workloads: Vec<Ready>) -> Self {
        let (samples, bypassed, crashed, failed) = Default::default();
        Self { strategies, workloads, samples, bypassed, crashed, failed, cut_short: None }
    }

    /// The strategies of which everything was measured.
    pub(super) fn strategies(&self) -> impl Iterator<Item = &'static Strategy> + Clone {
        self.strategies.iter().copied().filter(|strategy| strategy.extent == Extent::Whole)
    }

    /// All strategies; some were only killed.
    pub(super) fn killed(&self) -> impl Iterator<Item = &'static Strategy> + Clone {
        self.strategies.iter().copied()
    }

    /// The workloads.
    pub(super) fn workloads(&self) -> &[Ready] {
        &self.workloads
    }

    /// What is tried in a round, in this order.
    pub(super) fn to_try(&self) -> Vec<Trying> {
        let workloads = self.workloads.iter().map(|ready| Trying::Workload(ready.workload.name));
        workloads.chain([Trying::Bypass, Trying::Crash]).collect()
    }

    /// Adds what a round said, or why it could not say anything.
    pub(super) fn add_tried(
        &mut self,
        workload: &'static str,
        strategy: &Strategy,
        tried: Result<Sample>,
    ) {
        if let Err(failure) = &tried {
            self.add_failed(Trying::Workload(workload), strategy, failure);
        }
        self.samples.push((workload, strategy.name, tried.ok()));
    }

    /// Adds why something came to nothing.
    pub(super) fn add_failed(&mut self, trying: Trying, strategy: &Strategy, failure: &Failure) {
        self.failed.push((trying, strategy.name, failure.to_string()));
    }

    /// Adds what a round saw of somebody who wrote past the cache.
    pub(super) fn add_bypassed(&mut self, strategy: &Strategy, sightings: Sightings) {
        self.bypassed.push((strategy.name, sightings));
    }

    /// Adds what a crash cost.
    pub(super) fn add_crashed(&mut self, strategy: &Strategy, losses: Losses) {
        self.crashed.push((strategy.name, losses));
    }

    /// Whether that came to nothing in some round.
    pub(super) fn has_failed(&self, trying: Trying, strategy: &Strategy) -> bool {
        self.failed.iter().any(|(tried, name, _)| (*tried, *name) == (trying, strategy.name))
    }

    /// What failed, in a sentence for each strategy, with the first reason.
    pub(super) fn failures(&self, trying: Trying) -> Vec<String> {
        let of = |strategy: &'static Strategy| {
            let failed = |(tried, name, _): &&(Trying, &str, String)| {
                (*tried, *name) == (trying, strategy.name)
            };
            let (_, _, reason) = self.failed.iter().find(failed)?;
            let rounds = match self.failed.iter().filter(failed).count() {
                1 => "one round".to_owned(),
                count => format!("{count} rounds"),
            };
            Some(format!("{} failed in {rounds}: {reason}", strategy.name))
        };
        self.killed().filter_map(of).collect()
    }

    /// The first reason, where nothing came of any strategy but the reference, or of that if it is alone.
    pub(super) fn nothing_works(&self) -> Option<String> {
        let is_alone = self.strategies.len() == 1;
        let counts = |name: &str| is_alone || name != REFERENCE.name;
        let has_sample = self.samples.iter().any(|(_, name, s)| counts(name) && s.is_some());
        let is_bypassed = self.bypassed.iter().any(|(name, _)| counts(name));
        let is_crashed = self.crashed.iter().any(|(name, _)| counts(name));
        if has_sample || is_bypassed || is_crashed {
            return None;
        }
        let (_, _, reason) = self.failed.iter().find(|(_, name, _)| counts(name))?;
        Some(reason.clone())
    }

    /// A figure over the rounds.
    pub(super) fn spread(
        &self,
        workload: &str,
        strategy: &Strategy,
        metric: Metric,
    ) -> Option<Spread> {
        let rounds = self.tried(Some(workload), strategy).enumerate();
        Spread::of_rounds(rounds.filter_map(|(round, sample)| Some((round, metric(sample?)?))))
    }

    /// A figure beside the one of the database alone, round by round.
    pub(super) fn beside_reference(
        &self,
        workload: &str,
        strategy: &Strategy,
        metric: Metric,
    ) -> Option<Spread> {
        let reference = self.spread(workload, REFERENCE, metric)?;
        self.spread(workload, strategy, metric)?.ratio(&reference)
    }

    /// What readers saw under all workloads in all rounds.
    pub(super) fn sightings(&self, strategy: &Strategy) -> Sightings {
        sum(self.tried(None, strategy).flatten().map(|sample| &sample.sightings))
    }

    /// What was seen in the database under all workloads in all rounds.
    pub(super) fn outside(&self, strategy: &Strategy) -> Sightings {
        sum(self.tried(None, strategy).flatten().map(|sample| &sample.outside))
    }

    /// What each round saw of somebody who wrote past the cache.
    pub(super) fn bypassed(&self, strategy: &Strategy) -> Vec<Sightings> {
        let of = self.bypassed.iter().filter(|(name, _)| *name == strategy.name);
        of.map(|(_, sightings)| *sightings).collect()
    }

    /// What each crash cost.
    pub(super) fn crashes(&self, strategy: &Strategy) -> Vec<Losses> {
        let of = self.crashed.iter().filter(|(name, _)| *name == strategy.name);
        of.map(|(_, losses)| *losses).collect()
    }

    fn tried<'a>(
        &'a self,
        workload: Option<&'a str>,
        strategy: &'a Strategy,
    ) -> impl Iterator<Item = Option<&'a Sample>> {
        let is_wanted = move |name: &str| workload.is_none_or(|workload| workload == name);
        let samples = self.samples.iter();
        samples
            .filter(move |(workload, name, _)| is_wanted(workload) && *name == strategy.name)
            .map(|(_, _, sample)| sample.as_ref())
    }
}

fn sum<'a>(sightings: impl Iterator<Item = &'a Sightings>) -> Sightings {
    sightings.fold(Sightings::default(), |sum, sightings| sum.and(sightings))
}

/// As figures have it.
pub(super) fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

#[cfg(test)]
impl Results {
    /// Adds what a round said.
    pub(super) fn add(&mut self, workload: &'static str, strategy: &Strategy, sample: Sample) {
        self.add_tried(workload, strategy, Ok(sample));
    }
}

/// A sample of that rate, whose reads and writes take so many microseconds, for the tests of what is
/// made of results.
#[cfg(test)]
pub(super) fn sample(rate: f64, read: f64, write: f64) -> Sample {
    use super::trial::Latency;
    let latency = |p50| Some(Latency { p50, p99: 2.0 * p50 });
    Sample { rate, reads: latency(read), writes: latency(write), ..Sample::default() }
}

#[cfg(test)]
mod tests;
