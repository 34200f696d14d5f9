//! Gaps between the steps of parties that compute, where they are made to give way.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::figures::Figures;
use super::point::Contest;
use super::snapshot::Snapshot;
use crate::failure::{Failure, Result};

/// What the parties of a contest share.
pub(super) struct Interruptions {
    contest: Contest,
    epoch: Instant,
    arrived: AtomicUsize,
    /// How often a party was made to give way.
    count: AtomicU64,
    began: OnceLock<Snapshot>,
    ended: OnceLock<Snapshot>,
    over: AtomicBool,
    steps: Mutex<Steps>,
}

/// How long steps took, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// Those within which the party had to give way.
    interrupted: Vec<u64>,
    /// The step after each of these.
    ordinary: Vec<u64>,
}

impl Steps {
    /// Notes a step. Of those that are not interrupted, as many are kept as of those that are.
    pub(super) fn took(&mut self, nanoseconds: u64, interrupted: bool) {
        if interrupted {
            self.interrupted.push(nanoseconds);
        } else if self.ordinary.len() < self.interrupted.len() {
            self.ordinary.push(nanoseconds);
        }
    }

    /// What an interruption adds to a step, on average.
    fn typical_gap(&self) -> Option<f64> {
        let ordinary = mean_undisturbed(&self.ordinary).unwrap_or(0.0);
        Some((mean_undisturbed(&self.interrupted)? - ordinary).max(RESOLUTION))
    }
}

/// Within a step that took longer, in nanoseconds, another process had the core: for milliseconds, as
/// the kernel shares it out.
const DISTURBED: u64 = 500_000;

/// What cannot be told from nothing, in nanoseconds.
const RESOLUTION: f64 = 1.0;

/// The mean without the disturbed ones, as long as there are others.
fn mean_undisturbed(steps: &[u64]) -> Option<f64> {
    let bound = DISTURBED.max(*steps.iter().min()?);
    let undisturbed = || steps.iter().filter(|step| **step <= bound);
    Some(undisturbed().sum::<u64>() as f64 / undisturbed().count() as f64)
}

impl Interruptions {
    pub(super) fn new(contest: Contest) -> Self {
        Self {
            contest,
            epoch: Instant::now(),
            arrived: AtomicUsize::new(0),
            count: AtomicU64::new(0),
            began: OnceLock::new(),
            ended: OnceLock::new(),
            over: AtomicBool::new(false),
            steps: Mutex::default(),
        }
    }

    /// One party is there; the last one begins.
    pub(super) fn arrive(&self) {
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.contest.parties {
            self.began.get_or_init(Snapshot::now);
        }
    }

    /// Whether it has begun.
    pub(super) fn have_begun(&self) -> bool {
        self.began.get().is_some()
    }

    /// Of a clock that only these parties know.
    pub(super) fn nanoseconds(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }

    /// Counts a step if it was interrupted.
    pub(super) fn count(&self, interrupted: bool) {
        if interrupted && self.count.fetch_add(1, Ordering::AcqRel) + 1 == self.contest.switches {
            self.ended.get_or_init(Snapshot::now);
            self.over.store(true, Ordering::Release);
        }
    }

    /// Whether nobody needs to compute any more.
    pub(super) fn are_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Adds the steps of a party.
    pub(super) fn note(&self, mut steps: Steps) {
        let mut all = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        all.interrupted.append(&mut steps.interrupted);
        all.ordinary.append(&mut steps.ordinary);
    }

    /// What an interruption cost, once all parties have ended.
    pub(super) fn figures(&self) -> Result<Figures> {
        let ended_early = || Failure::run("a party ended before its time");
        let began = self.began.get().ok_or_else(ended_early)?;
        let ended = self.ended.get().ok_or_else(ended_early)?;
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let gap = steps.typical_gap().ok_or_else(ended_early)?;
        let figures = Figures::of(&began.until(ended), self.contest.switches);
        Ok(Figures { nanoseconds: gap, cpu_nanoseconds: None, ..figures })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_what_an_interruption_adds_to_a_step() {
        let interruptions = Interruptions::new(Contest { parties: 2, switches: 3 });
        interruptions.arrive();
        assert!(!interruptions.have_begun() && interruptions.figures().is_err());
        interruptions.arrive();
        assert!(interruptions.have_begun());
        let mut steps = Steps::default();
        for (nanoseconds, interrupted) in
            [(20, false), (2_030, true), (30, false), (9_000_000, false), (30, false)]
        {
            steps.took(nanoseconds, interrupted);
            interruptions.count(interrupted);
        }
        assert_eq!((steps.interrupted.len(), steps.ordinary.len()), (1, 1));
        steps.took(4_000_000, true);
        interruptions.note(steps);
        assert!(!interruptions.are_over() && interruptions.figures().is_err());
        (0..2).for_each(|_| interruptions.count(true));
        assert!(interruptions.are_over());
        let figures = interruptions.figures().unwrap();
        assert_eq!((figures.nanoseconds, figures.cpu_nanoseconds), (2_000.0, None));
    }

    #[test]
    fn disturbed_steps_count_only_if_there_are_no_others() {
        assert_eq!(mean_undisturbed(&[]), None);
        assert_eq!(mean_undisturbed(&[10, 4_000_000, 20]), Some(15.0));
        assert_eq!(mean_undisturbed(&[4_000_000, 5_000_000]), Some(4_000_000.0));
    }
}
