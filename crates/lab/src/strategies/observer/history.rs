//! The writes of one key, and what they make of a version that somebody read.
//!
//! A version is *overwritten* when another write began after it was known to be committed and is itself
//! known to be committed. Writes that overlapped may have been committed in either order, so neither of
//! them overwrites the other: what is counted as stale is stale whatever the order was.

/// A moment, in nanoseconds since the run began.
pub(in crate::strategies) type Moment = u64;

/// Which write of a key; those from before the history are all number zero.
pub(in crate::strategies) type Number = usize;

/// From when on a write binds its readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::strategies) enum Since {
    /// Somebody was told that the system of record has it.
    Committed,
    /// The application is done with all that its strategy asks of a write.
    Complete,
}

/// A write; what is not there is not known yet, and may never be.
#[derive(Debug, Clone, Copy)]
struct Write {
    begun: Moment,
    committed: Option<Moment>,
    complete: Option<Moment>,
}

/// The writes of one key, in the order in which they began.
#[derive(Debug, Default)]
pub(in crate::strategies) struct History {
    writes: Vec<Write>,
}

impl History {
    /// A write begins, later than all before it.
    pub(in crate::strategies) fn begin(&mut self, now: Moment) -> Number {
        self.writes.push(Write { begun: now, committed: None, complete: None });
        self.writes.len()
    }

    /// A write was done: the system of record had it at one moment, everything was done at another.
    pub(in crate::strategies) fn end(
        &mut self,
        number: Number,
        committed: Moment,
        complete: Moment,
    ) {
        if let Some(write) = number.checked_sub(1).and_then(|at| self.writes.get_mut(at)) {
            write.committed = Some(committed);
            write.complete = Some(complete);
        }
    }

    /// For how long `seen` had been overwritten at the moment `asked`, if it had.
    pub(in crate::strategies) fn overwritten(
        &self,
        seen: Number,
        asked: Moment,
        since: Since,
    ) -> Option<Moment> {
        let later = self.after(seen)?;
        let mut first = None;
        for write in later {
            // Whatever began after the earliest end has ended after it too.
            if write.begun > first.unwrap_or(asked) {
                break;
            }
            let bound = write.since(since).filter(|bound| *bound <= first.unwrap_or(asked));
            first = bound.or(first);
        }
        first.map(|bound| asked - bound)
    }

    /// Whether no write has begun since that one.
    pub(in crate::strategies) fn is_latest(&self, number: Number) -> bool {
        number >= self.writes.len()
    }

    /// How many writes that were done are missing where `found` is what is left.
    pub(in crate::strategies) fn lost(&self, found: Number) -> usize {
        let later = self.after(found).unwrap_or_default();
        later.iter().filter(|write| write.complete.is_some()).count()
    }

    /// How many writes were done.
    pub(in crate::strategies) fn done(&self) -> usize {
        self.writes.iter().filter(|write| write.complete.is_some()).count()
    }

    /// The writes that began when `number` was known to be committed; `None` when it never was.
    fn after(&self, number: Number) -> Option<&[Write]> {
        let committed = match number.checked_sub(1) {
            Some(at) => self.writes.get(at)?.committed?,
            None => 0,
        };
        let first = self.writes.partition_point(|write| write.begun < committed);
        // Where the clock stood still a write may seem to have begun when it was committed.
        Some(&self.writes[first.max(number)..])
    }
}

impl Write {
    fn since(&self, since: Since) -> Option<Moment> {
        match since {
            Since::Committed => self.committed,
            Since::Complete => self.complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A history of writes as they began, were committed and were complete; zero for never.
    fn history(writes: &[(Moment, Moment, Moment)]) -> History {
        let mut history = History::default();
        for (begun, committed, complete) in writes {
            let number = history.begin(*begun);
            if *committed > 0 {
                history.end(number, *committed, *complete);
            }
        }
        history
    }

    #[test]
    fn what_was_there_first_is_overwritten_by_the_first_write() {
        let history = history(&[(10, 20, 30)]);
        assert_eq!(history.overwritten(0, 19, Since::Committed), None);
        assert_eq!(history.overwritten(0, 25, Since::Committed), Some(5));
        assert_eq!(history.overwritten(0, 25, Since::Complete), None);
        assert_eq!(history.overwritten(0, 31, Since::Complete), Some(1));
        assert_eq!(history.overwritten(1, 1_000, Since::Committed), None);
    }

    #[test]
    fn the_age_counts_from_the_first_write_that_overwrote_it() {
        let history = history(&[(10, 20, 20), (30, 60, 60), (35, 50, 50), (70, 80, 80)]);
        assert_eq!(history.overwritten(1, 100, Since::Committed), Some(50));
        assert_eq!(history.overwritten(1, 55, Since::Committed), Some(5));
    }

    #[test]
    fn writes_that_overlapped_do_not_overwrite_each_other() {
        let history = history(&[(10, 40, 40), (20, 30, 30)]);
        assert_eq!(history.overwritten(1, 100, Since::Committed), None);
        assert_eq!(history.overwritten(2, 100, Since::Committed), None);
        assert_eq!(history.overwritten(0, 100, Since::Committed), Some(70));
    }

    #[test]
    fn a_write_that_was_never_confirmed_neither_overwrites_nor_is_overwritten() {
        let history = history(&[(10, 20, 20), (30, 0, 0), (40, 50, 50)]);
        assert_eq!(history.overwritten(1, 45, Since::Committed), None);
        assert_eq!(history.overwritten(2, 100, Since::Committed), None);
    }

    #[test]
    fn a_clock_that_stood_still_makes_no_write_its_own_successor() {
        let history = history(&[(10, 10, 10)]);
        assert_eq!(history.overwritten(1, 10, Since::Complete), None);
        assert_eq!(history.overwritten(0, 10, Since::Complete), Some(0));
    }

    #[test]
    fn lost_is_what_was_done_after_what_is_left() {
        let history = history(&[(10, 20, 20), (30, 40, 40), (50, 0, 0), (60, 70, 70)]);
        assert_eq!(history.done(), 3);
        assert_eq!(history.lost(4), 0);
        assert_eq!(history.lost(2), 1);
        assert_eq!(history.lost(1), 2);
        assert_eq!(history.lost(0), 3);
        assert_eq!(history.lost(3), 0, "nobody knows when it was committed");
    }
}
