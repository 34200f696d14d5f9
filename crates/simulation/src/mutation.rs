//! The deliberate defects, and how soon each has to be found.

use std::fmt;

use larder::sabotage::{Mutation, commit};

use crate::campaign::{Finding, examine};
use crate::plan::Plan;
use crate::promise::Broken;
use crate::story::play;
use crate::way::Way;

/// A defect, where it shows, and within how many seeds.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// The defect.
    pub mutation: Mutation,
    /// The strategy in which it is looked for.
    pub way: Way,
    /// It has to be found by then.
    pub seeds_max: u64,
}

/// A defect that was found.
#[derive(Debug, Clone)]
pub struct Caught {
    /// Seeds that it took.
    pub seeds: u64,
    /// The plan that shows it.
    pub plan: Plan,
    /// The promise that it breaks.
    pub broken: Broken,
}

const fn trial(mutation: Mutation, way: Way, seeds_max: u64) -> Trial {
    Trial { mutation, way, seeds_max }
}

/// All of them.
pub const TRIALS: [Trial; 26] = [
    trial(Mutation::FillVoidLease, Way::Lease, 50),
    trial(Mutation::LandVoidFlight, Way::ReadThrough, 50),
    trial(Mutation::JoinVoidFlight, Way::ReadThrough, 100),
    trial(Mutation::ClearOnlyCopies, Way::ReadThrough, 200),
    trial(Mutation::WriteOutOfTurn, Way::SourceFirst, 400),
    trial(Mutation::KeepKnownAbsent, Way::SourceFirst, 50),
    trial(Mutation::IgnorePending, Way::BehindMemory, 20),
    trial(Mutation::InstallBeforeCommit, Way::SourceFirst, 20),
    trial(Mutation::KeepAfterUnknown, Way::SourceFirst, 100),
    trial(Mutation::LiftFenceAtTimeout, Way::SourceFirst, 400),
    trial(Mutation::AcknowledgeBeforeAppend, Way::Behind, 20),
    trial(Mutation::DropWhenFull, Way::BehindMemory, 50),
    trial(Mutation::StoreWithoutFence, Way::Behind, 100),
    trial(Mutation::IgnoreSettlement, Way::Behind, 100),
    trial(Mutation::LaterHalfFirst, Way::BehindMemory, 500),
    trial(Mutation::BuryWithoutKeeping, Way::BehindMemory, 50),
    trial(Mutation::ShareLane, Way::BehindMemory, 50),
    trial(Mutation::RemoveByKey, Way::BehindMemory, 50),
    trial(Mutation::CoalesceInFlight, Way::BehindMemory, 100),
    trial(Mutation::MixLanes, Way::Behind, 50),
    trial(Mutation::IgnoreSyncError, Way::Behind, 200),
    trial(Mutation::AcknowledgeBeforeSync, Way::Behind, 200),
    trial(Mutation::LeaveUnsynced, Way::Behind, 2000),
    trial(Mutation::PassWithoutCheckpoint, Way::Behind, 600),
    trial(Mutation::CutAtDamage, Way::Behind, 200),
    trial(Mutation::RemoveSegmentEarly, Way::Behind, 400),
];

impl Trial {
    /// The trial of the defect of this name.
    pub fn of(name: &str) -> Option<Self> {
        TRIALS.into_iter().find(|trial| trial.name() == name)
    }

    /// The defect's name on a command line.
    pub fn name(&self) -> String {
        let spelled = format!("{:?}", self.mutation);
        let words = spelled.char_indices().flat_map(|(place, letter)| {
            let hyphen = (letter.is_uppercase() && place > 0).then_some('-');
            hyphen.into_iter().chain(letter.to_lowercase())
        });
        words.collect()
    }

    /// Plays stories until the defect shows; `None` when it does not.
    pub fn run(&self, first: u64, seeds: u64) -> Option<Caught> {
        let _broken = commit(self.mutation);
        (first..first + seeds).find_map(|seed| {
            let plan = Plan::of(seed, self.way);
            let broken = play(&plan, false).verdict.err()?;
            Some(Caught { seeds: seed - first + 1, plan, broken })
        })
    }

    /// The smallest story in which the defect shows.
    pub fn explain(&self, caught: Caught) -> Finding {
        let _broken = commit(self.mutation);
        Finding { defect: Some(self.name()), ..examine(caught.plan, caught.broken) }
    }
}

/// A row of the table of what was found.
pub struct Row<'a>(pub &'a Trial, pub &'a Option<Caught>);

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row(trial, caught) = self;
        let (name, way) = (trial.name(), trial.way.to_string());
        match caught {
            Some(caught) => {
                let (seeds, promise) = (caught.seeds, caught.broken.promise);
                write!(
                    f,
                    "| {name:25} | {way:25} | {seeds:5} of {:3} | {promise} |",
                    trial.seeds_max
                )
            }
            None => write!(f, "| {name:25} | {way:25} | not in {:5} | |", trial.seeds_max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_with_hyphens() {
        assert_eq!(TRIALS[0].name(), "fill-void-lease");
        assert_eq!(Trial::of("fill-void-lease").map(|trial| trial.way), Some(Way::Lease));
        assert!(Trial::of("fill").is_none());
    }

    #[test]
    fn each_defect_is_tried_once() {
        for (place, trial) in TRIALS.iter().enumerate() {
            assert!(TRIALS[..place].iter().all(|other| other.mutation != trial.mutation));
        }
    }
}
