//! What must be true once nothing happens any more.

use super::Story;
use super::faults::{STALL_MAX, WAY_MAX};
use super::life::Life;
use crate::check::Evidence;
use crate::history::{OBSERVER, shown};
use crate::promise::{Promise, Verdict};
use crate::subject::Subject;

impl Story {
    /// Whether all that was begun has come to its end.
    pub(super) fn settle(&self, life: &Life) -> Verdict {
        let Some(subject) = life.subject() else {
            return Err(Promise::Recovery.broken("the last process is not up"));
        };
        let flushed = subject.clone();
        let flushed = self.output("a flush", async move { flushed.cache.flush().await })?;
        flushed.map_err(|error| Promise::Drain.broken(error.to_string()))?;
        let left = subject.journal.as_ref().map_or(0, |journal| journal.status().records);
        if left > 0 {
            return Err(Promise::Drain.broken(format!("{left} records are left in it")));
        }
        self.check_agreement(&subject)?;
        if self.stage.plan.way.takes_leases() {
            // A reader that went away leaves a lease, which runs out or is voided.
            subject.cache.invalidate_all();
        }
        // A read of a copy that is no longer fresh, such as the last ones, has it loaded anew.
        self.stage.world.advance(STALL_MAX + 5 * WAY_MAX);
        match subject.cache.in_progress() {
            0 => Ok(()),
            keys => Err(Promise::Progress.broken(format!("something goes on with {keys} keys"))),
        }
    }

    /// Whether the cache shows what the source holds, once no write is under way.
    pub(super) fn check_agreement(&self, subject: &Subject) -> Verdict {
        // What is late has come by then.
        self.stage.world.advance(STALL_MAX + 5 * WAY_MAX);
        self.stage.plan.names().iter().try_for_each(|key| self.check_key(subject, key))
    }

    fn check_key(&self, subject: &Subject, key: &str) -> Verdict {
        let start = self.stage.history.tick();
        let (reader, asked) = (subject.clone(), key.to_owned());
        let read = async move { reader.read(&asked).await };
        let Some(seen) = self.output("a read", read)? else {
            return Err(Promise::Agreement.broken(format!("{key} cannot be read")));
        };
        self.stage.history.read(OBSERVER, key, seen, start);
        let row = self.stage.database.row(key);
        match seen == row {
            true => Ok(()),
            false => Err(Promise::Agreement.broken(format!(
                "{key} is {} in the cache and {} in the source",
                shown(seen),
                shown(row)
            ))),
        }
    }

    /// What the checkers look at.
    pub(super) fn evidence(&self, life: &Life) -> Evidence {
        let journal = life.subject().and_then(|subject| subject.journal);
        let letters = journal.map(|journal| journal.dead()).unwrap_or_default();
        let letters = letters.into_iter().map(|letter| (letter.record.key, letter.record.value));
        Evidence {
            plan: self.stage.plan.clone(),
            calls: self.stage.history.calls(),
            flushes: self.stage.history.flushes(),
            commits: self.stage.database.commits(),
            letters: letters.collect(),
            blackouts: self.blackouts.clone(),
            at_risk: self.stage.plan.at_risk(),
        }
    }
}
