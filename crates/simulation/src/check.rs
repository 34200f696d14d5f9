//! Compares what happened with what was promised.

mod linear;
mod regular;
mod taken;

use std::time::Duration;

use larder::runtime::Time;

use crate::database::{Commit, POISON};
use crate::history::{Call, Deed, Fate, Flush, NEVER, Tick};
use crate::plan::{Consistency, Plan};
use crate::promise::Verdict;
use crate::way::Way;

/// Everything that a checker looks at.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The story's plan.
    pub plan: Plan,
    /// What clients asked for and were told, and a last read of each key.
    pub calls: Vec<Call>,
    /// What clients were told was in the source.
    pub flushes: Vec<Flush>,
    /// What the source took.
    pub commits: Vec<Commit>,
    /// Keys and values of the dead letters.
    pub letters: Vec<(String, Option<u64>)>,
    /// When something that was not synced was lost.
    pub blackouts: Vec<Blackout>,
    /// For how long before a blackout what was acknowledged may be lost: not at all where every
    /// acknowledgement waits for a sync.
    pub at_risk: Option<Duration>,
}

/// A loss of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blackout {
    /// From when on no sync succeeded.
    pub from: Time,
    /// When the process ended.
    pub until: Time,
}

impl Evidence {
    /// Whether every promise was kept.
    pub fn check(mut self) -> Verdict {
        self.forgive_blackouts();
        for key in self.plan.names() {
            self.check_reads(&key)?;
            taken::check_order(&self, &key)?;
            if self.plan.way != Way::BehindMemory {
                taken::check_once(&self, &key)?;
            }
            if self.plan.way.has_journal() {
                taken::check_survival(&self, &key)?;
                taken::check_letters(&self, &key)?;
                taken::check_flushes(&self, &key)?;
            }
        }
        Ok(())
    }

    fn check_reads(&self, key: &str) -> Verdict {
        let calls: Vec<&Call> = self.calls_of(key).collect();
        if self.plan.way.has_journal() && self.has_poison(key) {
            // A write that was acknowledged and then refused is no longer seen, by design.
            return Ok(());
        }
        match self.plan.consistency() {
            Consistency::Linear => linear::check(&calls),
            Consistency::Regular => regular::check(&calls),
        }
    }

    fn has_poison(&self, key: &str) -> bool {
        self.calls_of(key).any(Call::writes_poison)
    }

    fn calls_of(&self, key: &str) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.key == key)
    }

    /// What the source took of `key`, in order.
    fn taken(&self, key: &str) -> Vec<Option<u64>> {
        self.taken_until(key, NEVER)
    }

    fn taken_until(&self, key: &str, end: Tick) -> Vec<Option<u64>> {
        let commits = self.commits.iter().filter(|commit| commit.tick < end);
        let changes = commits.flat_map(|commit| &commit.changes);
        changes.filter(|change| change.key == key).map(|change| change.value).collect()
    }

    /// A journal that does not sync for every acknowledgement may lose the last ones with the power:
    /// then nobody knows of them, and what was read of them proves nothing.
    fn forgive_blackouts(&mut self) {
        let Some(at_risk) = self.at_risk else { return };
        let blackouts = std::mem::take(&mut self.blackouts);
        let risky = |call: &Call| {
            blackouts
                .iter()
                .any(|dark| call.ended <= dark.until && call.ended + at_risk >= dark.from)
        };
        self.calls.retain_mut(|call| match call.deed {
            Deed::Read(_) => !risky(call),
            Deed::Write(value, Fate::Done) if risky(call) => {
                call.deed = Deed::Write(value, Fate::Unknown);
                call.end = NEVER;
                true
            }
            Deed::Write(..) => true,
        });
    }
}

impl Call {
    fn writes_poison(&self) -> bool {
        matches!(self.deed, Deed::Write(Some(POISON..), fate) if fate != Fate::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A write of `value` from `start` to `end`, acknowledged.
    pub(super) fn write(value: Option<u64>, start: Tick, end: Tick) -> Call {
        call(Deed::Write(value, Fate::Done), start, end)
    }

    /// A write whose outcome nobody knows.
    pub(super) fn unknown(value: Option<u64>, start: Tick) -> Call {
        call(Deed::Write(value, Fate::Unknown), start, NEVER)
    }

    /// A read from `start` to `end`.
    pub(super) fn read(seen: Option<u64>, start: Tick, end: Tick) -> Call {
        call(Deed::Read(seen), start, end)
    }

    fn call(deed: Deed, start: Tick, end: Tick) -> Call {
        let ended = if end == NEVER { Time::NEVER } else { Time::from_nanos(end) };
        Call { client: 1, key: "a".to_owned(), deed, start, end, ended }
    }

    /// The evidence of these calls alone.
    pub(super) fn evidence(calls: Vec<Call>, taken: &[Option<u64>]) -> Evidence {
        let change =
            |value: &Option<u64>| larder::source::Change { key: "a".to_owned(), value: *value };
        let commits =
            taken.iter().map(|value| Commit { tick: 0, changes: vec![change(value)] }).collect();
        let plan = Plan { keys: 1, ..Plan::of(1, Way::Behind) };
        Evidence {
            plan,
            calls,
            commits,
            flushes: Vec::new(),
            letters: Vec::new(),
            blackouts: Vec::new(),
            at_risk: None,
        }
    }

    #[test]
    fn what_a_blackout_may_take_is_forgiven_and_nothing_else() {
        let calls = vec![write(Some(1), 1, 2), write(Some(2), 50, 51), read(Some(2), 52, 53)];
        let later = read(Some(1), 70, 71);
        let mut dark = evidence([calls, vec![later]].concat(), &[Some(1)]);
        dark.plan.way = Way::Behind;
        let at = Time::from_nanos(60);
        dark.blackouts = vec![Blackout { from: at, until: at }];
        assert!(dark.clone().check_reads("a").is_err(), "nothing may be lost");
        dark.at_risk = Some(Duration::from_nanos(20));
        dark.forgive_blackouts();
        assert_eq!(dark.check_reads("a"), Ok(()));
        dark.calls.push(read(None, 72, 73));
        assert!(dark.check_reads("a").is_err(), "the first write was not at risk");
    }
}
