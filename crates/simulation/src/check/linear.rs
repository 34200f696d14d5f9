//! Whether the calls of one key fit into one order that explains every answer.
//!
//! The search of Wing and Gong ("Testing and verifying concurrent objects", 1993) with the memory of
//! Lowe ("Testing for linearizability", 2017): calls are put one after the other, each before every
//! call that began after it had ended; a set of calls that led nowhere with some value is not tried
//! again with the same value. A write whose outcome is unknown may be put anywhere after its start,
//! or nowhere.

use std::collections::HashSet;

use crate::history::{Call, Deed, Fate, NEVER, shown};
use crate::promise::{Promise, Verdict};

/// Which of the calls have been put.
type Put = Vec<u64>;

/// Checks the calls of one key; absent is what it begins with.
pub(super) fn check(calls: &[&Call]) -> Verdict {
    let mut search = Search::new(calls);
    match search.explains(None, 0) {
        true => Ok(()),
        false => Err(Promise::Reads.broken(search.complaint())),
    }
}

struct Search<'a> {
    calls: Vec<&'a Call>,
    put: Put,
    failed: HashSet<(Put, Option<u64>)>,
    /// The most calls that were put, and the first that then found no place.
    farthest: (usize, Option<&'a Call>),
}

impl<'a> Search<'a> {
    fn new(calls: &[&'a Call]) -> Self {
        let seen: HashSet<Option<u64>> = calls
            .iter()
            .filter_map(|call| match call.deed {
                Deed::Read(seen) => Some(seen),
                Deed::Write(..) => None,
            })
            .collect();
        let matters = |call: &&Call| match call.deed {
            Deed::Read(_) | Deed::Write(_, Fate::Done) => true,
            Deed::Write(_, Fate::Failed) => false,
            // One that nobody has seen can as well not have happened.
            Deed::Write(value, Fate::Unknown) => seen.contains(&value),
        };
        let mut calls: Vec<&Call> = calls.iter().copied().filter(matters).collect();
        calls.sort_by_key(|call| call.start);
        let put = vec![0; calls.len().div_ceil(64)];
        Self { calls, put, failed: HashSet::new(), farthest: (0, None) }
    }

    /// Whether what has not been put yet explains itself from `value` on; `count` calls have been.
    fn explains(&mut self, value: Option<u64>, count: usize) -> bool {
        let Some(first_end) = self.first_end() else { return true };
        if self.failed.contains(&(self.put.clone(), value)) {
            return false;
        }
        let begun = self.begun_before(first_end.end);
        self.note(count, first_end);
        // A read of the present value takes nothing from any other call.
        let at_once = begun.iter().find(|place| self.calls[**place].deed == Deed::Read(value));
        let choices = match at_once {
            Some(place) => vec![*place],
            None => begun,
        };
        for place in choices {
            let next = match self.calls[place].deed {
                Deed::Read(seen) if seen != value => continue,
                Deed::Read(_) => value,
                Deed::Write(written, _) => written,
            };
            self.put[place / 64] |= 1 << (place % 64);
            let explained = self.explains(next, count + 1);
            self.put[place / 64] &= !(1 << (place % 64));
            if explained {
                return true;
            }
        }
        self.failed.insert((self.put.clone(), value));
        false
    }

    /// The call that has to be put before anything that begins after its end; `None` when all that
    /// is left need not be put.
    fn first_end(&self) -> Option<&'a Call> {
        let left = self.left().map(|place| self.calls[place]);
        left.filter(|call| call.end != NEVER).min_by_key(|call| call.end)
    }

    fn begun_before(&self, end: u64) -> Vec<usize> {
        self.left().take_while(|place| self.calls[*place].start < end).collect()
    }

    fn left(&self) -> impl Iterator<Item = usize> {
        (0..self.calls.len()).filter(|place| self.put[place / 64] & (1 << (place % 64)) == 0)
    }

    fn note(&mut self, count: usize, next: &'a Call) {
        if self.farthest.1.is_none() || count > self.farthest.0 {
            self.farthest = (count, Some(next));
        }
    }

    fn complaint(&self) -> String {
        let (count, Some(call)) = self.farthest else { return "nothing fits".to_owned() };
        let what = match call.deed {
            Deed::Read(seen) => format!("read {} = {}", call.key, shown(seen)),
            Deed::Write(value, _) => format!("write {} = {}", call.key, shown(value)),
        };
        format!(
            "no order of the calls explains what client {} was told by its {what}, after {count} \
             calls that have one",
            call.client
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, unknown, write};
    use super::*;

    fn linear(calls: &[Call]) -> bool {
        check(&calls.iter().collect::<Vec<_>>()).is_ok()
    }

    #[test]
    fn a_read_sees_what_was_written_before_it_or_meanwhile() {
        let history =
            |seen| linear(&[write(Some(1), 1, 2), write(Some(2), 3, 6), read(seen, 4, 5)]);
        assert!(history(Some(1)) && history(Some(2)));
        assert!(!history(None) && !history(Some(3)));
    }

    #[test]
    fn nobody_sees_the_older_value_after_somebody_has_seen_the_newer() {
        let writes = [write(Some(1), 1, 2), write(Some(2), 3, 20)];
        let after = |first, second| {
            linear(&[&writes[..], &[read(first, 5, 6), read(second, 7, 8)]].concat())
        };
        assert!(after(Some(1), Some(2)));
        assert!(!after(Some(2), Some(1)));
    }

    #[test]
    fn a_write_of_unknown_outcome_may_take_effect_late_or_never() {
        let calls = |reads: &[Call]| {
            linear(&[&[write(Some(1), 1, 2), unknown(Some(2), 3)], reads].concat())
        };
        assert!(calls(&[read(Some(1), 5, 6), read(Some(2), 7, 8)]));
        assert!(calls(&[read(Some(1), 5, 6), read(Some(1), 7, 8)]));
        assert!(!calls(&[read(Some(2), 5, 6), read(Some(1), 7, 8)]), "it does not go away again");
    }

    #[test]
    fn a_delete_is_a_write_of_absence() {
        let calls = [write(Some(1), 1, 2), write(None, 3, 4)];
        assert!(linear(&[&calls[..], &[read(None, 5, 6)]].concat()));
        assert!(!linear(&[&calls[..], &[read(Some(1), 5, 6)]].concat()), "a resurrection");
    }
}
