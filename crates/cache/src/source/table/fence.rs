//! What the fences of all SQL sources have in common: a row for each lane of a journal, in the
//! database that the rows are in.
//!
//! A batch first raises the sequences of its lanes, where the epoch is its own and the sequence is
//! lower. Whoever holds those rows' locks goes first, so a former holder's batch has ended before a
//! new holder knows how far it came. A take-over raises the epoch unless the rows are the caller's own.

use crate::journal::{LANES, Lane, Mark, Sequence};
use crate::source::{Fence, Holder, SourceError, SourceErrorKind, Takeover};

/// The table of fences. A person who copies a database takes it along; whoever deletes from it says
/// that the journal may bring everything again.
pub(crate) const FENCE_TABLE: &str = "larder_fence";

/// A lane's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) lane: i64,
    pub(crate) epoch: i64,
    pub(crate) sequence: i64,
}

/// Every lane's number.
pub(crate) fn lanes() -> impl Iterator<Item = i64> {
    (0_i64..).take(LANES)
}

/// A number of a fence as SQL has it. Sequences begin at one and never come near the end.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A holder as SQL has it, whatever its number.
pub(crate) fn holder(holder: Holder) -> i64 {
    holder.0.cast_signed()
}

/// The answer of a take-over, from the rows as they stand after it.
pub(crate) fn takeover(epoch: i64, standing: &[Standing]) -> Result<Takeover, SourceError> {
    let mark = |standing: &Standing| {
        let (lane, sequence) = (u8::try_from(standing.lane), u64::try_from(standing.sequence));
        match (lane, sequence) {
            (Ok(lane), Ok(sequence)) => Ok(Mark { lane: Lane(lane), sequence: Sequence(sequence) }),
            _ => Err(damaged()),
        }
    };
    let begun = standing.iter().filter(|standing| standing.sequence != 0);
    let epoch = u64::try_from(epoch).map_err(|_| damaged())?;
    Ok(Takeover { epoch, reached: begun.map(mark).collect::<Result<_, _>>()? })
}

/// Answers `Ok` when the batch of `fence` had been stored before: `raised` of its marks could be
/// raised, fewer than it has, and this is how its lanes stand.
pub(crate) fn already(
    fence: &Fence,
    raised: usize,
    standing: &[Standing],
) -> Result<(), SourceError> {
    let of = |mark: &Mark| standing.iter().find(|row| row.lane == i64::from(mark.lane.0));
    let is_own = |row: &Standing| row.epoch == number(fence.epoch);
    let is_reached = |mark: &Mark| {
        of(mark).is_some_and(|row| is_own(row) && row.sequence >= number(mark.sequence.0))
    };
    if raised == 0 && fence.marks.iter().all(is_reached) {
        return Ok(());
    }
    let sentence = match fence.marks.iter().find(|mark| !of(mark).is_some_and(is_own)) {
        Some(mark) => {
            let epoch = of(mark).map_or("none".to_owned(), |row| row.epoch.to_string());
            format!(
                "another process has taken the journal {} over: its epoch is {epoch}, this one's {}",
                fence.journal, fence.epoch
            )
        }
        None => format!(
            "the journal {} has come further in this source than its holder knows",
            fence.journal
        ),
    };
    Err(SourceError::new(SourceErrorKind::Fenced, sentence))
}

fn damaged() -> SourceError {
    let sentence = format!("table {FENCE_TABLE} holds numbers that no journal has written");
    SourceError::new(SourceErrorKind::Undecodable, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence() -> Fence {
        let mark = |lane, sequence| Mark { lane: Lane(lane), sequence: Sequence(sequence) };
        Fence { journal: "j".into(), epoch: 3, marks: vec![mark(0, 7), mark(5, 9)] }
    }

    fn standing(lane: i64, epoch: i64, sequence: i64) -> Standing {
        Standing { lane, epoch, sequence }
    }

    fn fenced(raised: usize, rows: &[Standing]) -> String {
        let error = already(&fence(), raised, rows).unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Fenced);
        error.message().to_owned()
    }

    #[test]
    fn a_batch_whose_marks_are_all_reached_has_been_stored() {
        assert!(already(&fence(), 0, &[standing(0, 3, 7), standing(5, 3, 12)]).is_ok());
    }

    #[test]
    fn another_epoch_or_no_row_is_another_holder() {
        let other = fenced(0, &[standing(0, 4, 7), standing(5, 4, 9)]);
        assert!(other.contains("its epoch is 4, this one's 3"), "{other}");
        assert!(fenced(1, &[standing(0, 3, 7)]).contains("its epoch is none"));
    }

    #[test]
    fn a_batch_of_which_a_part_was_stored_is_not_this_holders() {
        let ahead = fenced(1, &[standing(0, 3, 7), standing(5, 3, 10)]);
        assert!(ahead.contains("further"), "{ahead}");
    }

    #[test]
    fn lanes_that_have_not_begun_are_not_named() {
        let takeover = takeover(2, &[standing(0, 2, 0), standing(15, 2, 8)]).unwrap();
        let reached = vec![Mark { lane: Lane(15), sequence: Sequence(8) }];
        assert_eq!(takeover, Takeover { epoch: 2, reached });
    }

    #[test]
    fn numbers_that_no_journal_has_written_are_an_error() {
        for row in [standing(-1, 2, 1), standing(300, 2, 1), standing(0, 2, -1)] {
            assert_eq!(takeover(2, &[row]).unwrap_err().kind(), SourceErrorKind::Undecodable);
        }
    }
}
