//! The fences of a database, as a table of marks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use larder::journal::{Lane, Mark, Sequence};
use larder::source::{Fence, Holder, SourceError, SourceErrorKind, Takeover};

#[derive(Default)]
pub struct FenceTable(HashMap<Arc<str>, Holding>);

#[derive(Default)]
struct Holding {
    epoch: u64,
    holder: Option<Holder>,
    reached: BTreeMap<Lane, Sequence>,
}

impl FenceTable {
    pub fn take_over(&mut self, journal: Arc<str>, holder: Holder) -> Takeover {
        let holding = self.0.entry(journal).or_default();
        if holding.holder.replace(holder) != Some(holder) {
            holding.epoch += 1;
        }
        let reached = holding.reached.iter();
        let reached = reached.map(|(&lane, &sequence)| Mark { lane, sequence });
        Takeover { epoch: holding.epoch, reached: reached.collect() }
    }

    /// Moves the marks on; `false` when they have been reached before.
    pub fn advance(&mut self, fence: &Fence) -> Result<bool, SourceError> {
        let fenced = |message| Err(SourceError::new(SourceErrorKind::Fenced, message));
        let Some(holding) = self.0.get_mut(&fence.journal) else {
            return fenced("nobody holds this journal");
        };
        if holding.epoch != fence.epoch {
            return fenced("another process holds this journal");
        }
        let is_new =
            |mark: &Mark| holding.reached.get(&mark.lane).is_none_or(|it| *it < mark.sequence);
        match fence.marks.iter().filter(|mark| is_new(mark)).count() {
            0 if !fence.marks.is_empty() => return Ok(false),
            new if new < fence.marks.len() => return fenced("the marks have been reached in part"),
            _ => {}
        }
        holding.reached.extend(fence.marks.iter().map(|mark| (mark.lane, mark.sequence)));
        Ok(true)
    }
}
