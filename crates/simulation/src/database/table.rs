//! The table: rows, fences, and the log of what was taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use larder::journal::{LANES, Lane, Mark, Sequence};
use larder::source::{
    Change, Fence, Fenced, Holder, SourceError, SourceErrorKind, Stored, Takeover,
};

use crate::history::Tick;

/// Values from here on violate a constraint.
pub const POISON: u64 = 1_000_000;

/// What one transaction changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// When.
    pub tick: Tick,
    /// In this order.
    pub changes: Vec<Change<String, u64>>,
}

/// Rows of one number each.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: BTreeMap<String, u64>,
    fences: BTreeMap<(Arc<str>, u8), Fenceline>,
    commits: Vec<Commit>,
}

/// A row of the table of fences.
#[derive(Debug, Clone, Copy, Default)]
struct Fenceline {
    epoch: u64,
    holder: Option<Holder>,
    sequence: u64,
}

impl Table {
    pub(super) fn row(&self, key: &str) -> Option<u64> {
        self.rows.get(key).copied()
    }

    pub(super) fn commits(&self) -> &[Commit] {
        &self.commits
    }

    /// Takes all changes or none.
    pub(super) fn store(
        &mut self,
        changes: Vec<Change<String, u64>>,
        tick: Tick,
    ) -> Result<Vec<Stored<u64>>, SourceError> {
        if let Some(poison) = changes.iter().find(|change| change.value >= Some(POISON)) {
            let message = format!("the row of {} violates a constraint", poison.key);
            return Err(SourceError::new(SourceErrorKind::Rejected, message));
        }
        let stored = changes.iter().map(|change| self.apply(change)).collect();
        self.commits.push(Commit { tick, changes });
        Ok(stored)
    }

    fn apply(&mut self, change: &Change<String, u64>) -> Stored<u64> {
        let earlier = match change.value {
            Some(value) => self.rows.insert(change.key.clone(), value),
            None => self.rows.remove(&change.key),
        };
        Stored { value: None, existed: Some(earlier.is_some()) }
    }

    /// Who holds a journal.
    pub(super) fn holder(&self, journal: &Arc<str>) -> Option<Holder> {
        self.fences.get(&(journal.clone(), 0))?.holder
    }

    pub(super) fn take_over(&mut self, journal: &Arc<str>, holder: Holder) -> Takeover {
        let mut reached = Vec::with_capacity(LANES);
        let mut epoch = 0;
        for lane in 0..LANES as u8 {
            let fence = self.fences.entry((journal.clone(), lane)).or_default();
            if fence.holder.replace(holder) != Some(holder) {
                fence.epoch += 1;
            }
            epoch = fence.epoch;
            if fence.sequence > 0 {
                reached.push(Mark { lane: Lane(lane), sequence: Sequence(fence.sequence) });
            }
        }
        Takeover { epoch, reached }
    }

    pub(super) fn store_fenced(
        &mut self,
        changes: Vec<Change<String, u64>>,
        fence: &Fence,
        tick: Tick,
    ) -> Result<Fenced<u64>, SourceError> {
        let standing: Vec<Fenceline> =
            fence.marks.iter().map(|mark| self.fenceline(fence, mark)).collect();
        let held = standing.iter().all(|line| line.epoch == fence.epoch);
        let pairs = || standing.iter().zip(&fence.marks);
        if held && pairs().all(|(line, mark)| line.sequence < mark.sequence.0) {
            let stored = self.store(changes, tick)?;
            for (line, mark) in standing.iter().zip(&fence.marks) {
                let line = Fenceline { sequence: mark.sequence.0, ..*line };
                self.fences.insert((fence.journal.clone(), mark.lane.0), line);
            }
            return Ok(Fenced::Stored(stored));
        }
        if held && pairs().all(|(line, mark)| line.sequence >= mark.sequence.0) {
            return Ok(Fenced::Already);
        }
        Err(SourceError::new(SourceErrorKind::Fenced, "another process holds the journal"))
    }

    fn fenceline(&self, fence: &Fence, mark: &Mark) -> Fenceline {
        let place = (fence.journal.clone(), mark.lane.0);
        self.fences.get(&place).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(value: u64) -> Vec<Change<String, u64>> {
        vec![Change { key: "a".to_owned(), value: Some(value) }]
    }

    fn fence(epoch: u64, sequence: u64) -> Fence {
        let marks = vec![Mark { lane: Lane(3), sequence: Sequence(sequence) }];
        Fence { journal: "j".into(), epoch, marks }
    }

    #[test]
    fn a_batch_takes_effect_once() {
        let mut table = Table::default();
        assert_eq!(
            table.take_over(&"j".into(), Holder(1)),
            Takeover { epoch: 1, reached: Vec::new() }
        );
        assert!(matches!(table.store_fenced(put(1), &fence(1, 5), 1), Ok(Fenced::Stored(_))));
        assert_eq!(table.store_fenced(put(2), &fence(1, 5), 2).unwrap(), Fenced::Already);
        assert_eq!(table.row("a"), Some(1));
    }

    #[test]
    fn a_former_holder_is_refused() {
        let mut table = Table::default();
        table.take_over(&"j".into(), Holder(1));
        table.store_fenced(put(1), &fence(1, 5), 1).unwrap();
        let reached = table.take_over(&"j".into(), Holder(2)).reached;
        assert_eq!(reached, [Mark { lane: Lane(3), sequence: Sequence(5) }]);
        let error = table.store_fenced(put(2), &fence(1, 6), 2).unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Fenced);
        assert_eq!(table.row("a"), Some(1));
    }

    #[test]
    fn a_poisoned_batch_changes_nothing() {
        let mut table = Table::default();
        let error = table.store([put(1), put(POISON)].concat(), 1).unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Rejected);
        assert!(table.commits().is_empty() && table.row("a").is_none());
    }
}
