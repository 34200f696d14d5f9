//! What a reader has seen, judged when it is known what was committed when.
//!
//! A writer is told that its write is committed before it can tell the ledger, and does more in between:
//! it drops the copy. A read that is answered meanwhile would pass for fresh if it were judged at once.

use std::time::{Duration, Instant};

use super::history::{Moment, Number, Since};
use super::{Ledger, Sightings};

/// The reads of one reader. Those that were given what was written last are fresh whatever comes, and are
/// only counted. Each of the others takes 24 bytes until it is judged: 2.4 MB when they are 100,000.
#[derive(Debug, Default)]
pub(in crate::strategies) struct Witness {
    fresh: u64,
    doubts: Vec<Doubt>,
}

/// A read that may turn out to be stale.
#[derive(Debug)]
struct Doubt {
    key: u64,
    seen: Number,
    asked: Moment,
}

impl Witness {
    /// A read was answered just now.
    pub(in crate::strategies) fn saw(
        &mut self,
        ledger: &Ledger,
        key: u64,
        seen: Option<&[u8]>,
        asked: Instant,
    ) {
        let seen = ledger.number(seen);
        match ledger.is_latest(key, seen) {
            true => self.fresh += 1,
            false => self.doubts.push(Doubt { key, seen, asked: ledger.moment(asked) }),
        }
    }

    /// What this and another reader saw.
    pub(in crate::strategies) fn join(&mut self, other: Self) {
        self.fresh += other.fresh;
        self.doubts.extend(other.doubts);
    }

    /// How many reads there were.
    pub(in crate::strategies) fn reads(&self) -> u64 {
        self.fresh + self.doubts.len() as u64
    }

    /// Judges all reads. Every write that began before the last of them must have ended.
    pub(in crate::strategies) fn judged(&self, ledger: &Ledger) -> Sightings {
        let none = Sightings { reads: self.reads(), ..Sightings::default() };
        self.doubts.iter().fold(none, |sum, doubt| sum.with(doubt, ledger))
    }
}

impl Sightings {
    fn with(mut self, doubt: &Doubt, ledger: &Ledger) -> Self {
        let Doubt { key, seen, asked } = *doubt;
        if let Some(age) = ledger.overwritten(key, seen, asked, Since::Committed) {
            self.stale += 1;
            self.worst = self.worst.max(Duration::from_nanos(age));
            let is_broken = ledger.overwritten(key, seen, asked, Since::Complete).is_some();
            self.after_complete += u64::from(is_broken);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::value;
    use super::*;

    const SCENE: u32 = 7;

    fn judged(ledger: &Ledger, seen: Option<&[u8]>, asked: Instant) -> Sightings {
        let mut witness = Witness::default();
        witness.saw(ledger, 1, seen, asked);
        witness.judged(ledger)
    }

    #[test]
    fn a_read_of_what_was_overwritten_is_stale() {
        let ledger = Ledger::new(SCENE);
        let mut witness = Witness::default();
        let (first, old) = ledger.begin(1);
        ledger.end(first, Instant::now());
        witness.saw(&ledger, 1, Some(&old), Instant::now());
        let (second, new) = ledger.begin(1);
        ledger.end(second, Instant::now());
        for seen in [Some(&old), Some(&new), None] {
            witness.saw(&ledger, 1, seen.map(Vec::as_slice), Instant::now());
        }
        let sightings = witness.judged(&ledger);
        assert_eq!((sightings.reads, sightings.stale, sightings.after_complete), (4, 2, 2));
        assert!(sightings.worst > Duration::ZERO);
        assert_eq!(sightings.share(), Some(0.5));
    }

    #[test]
    fn a_read_between_the_commit_and_the_end_of_a_write_is_stale_though_the_ledger_knew_of_neither()
    {
        let ledger = Ledger::new(SCENE);
        let mut witness = Witness::default();
        let (write, _) = ledger.begin(1);
        let committed = Instant::now();
        witness.saw(&ledger, 1, None, Instant::now());
        ledger.end(write, committed);
        let sightings = witness.judged(&ledger);
        assert_eq!((sightings.reads, sightings.stale), (1, 1));
    }

    #[test]
    fn a_read_that_was_asked_before_the_commit_is_fresh() {
        let ledger = Ledger::new(SCENE);
        let mut witness = Witness::default();
        let (write, _) = ledger.begin(1);
        let asked = Instant::now();
        while Instant::now() <= asked {}
        witness.saw(&ledger, 1, None, asked);
        ledger.end(write, Instant::now());
        assert_eq!(witness.judged(&ledger), Sightings { reads: 1, ..Sightings::default() });
    }

    #[test]
    fn what_is_committed_but_not_complete_is_told_apart() {
        let ledger = Ledger::new(SCENE);
        let (write, _) = ledger.begin(1);
        let committed = Instant::now();
        let asked = committed + Duration::from_nanos(1);
        while Instant::now() <= asked {}
        ledger.end(write, committed);
        let sightings = judged(&ledger, None, asked);
        assert_eq!((sightings.stale, sightings.after_complete), (1, 0));
    }

    #[test]
    fn values_of_another_scene_count_as_what_was_there_first() {
        let ledger = Ledger::new(SCENE);
        let (write, new) = ledger.begin(1);
        ledger.end(write, Instant::now());
        let asked = Instant::now();
        let stale = |seen: Option<Vec<u8>>| judged(&ledger, seen.as_deref(), asked).stale == 1;
        assert!(stale(Some(value(SCENE - 1, 1))) && stale(Some(b"anything".into())) && stale(None));
        assert!(!stale(Some(new)));
    }

    #[test]
    fn only_reads_in_doubt_are_kept_and_they_take_24_bytes() {
        let ledger = Ledger::new(SCENE);
        let mut witness = Witness::default();
        let (write, new) = ledger.begin(1);
        ledger.end(write, Instant::now());
        witness.saw(&ledger, 1, Some(&new), Instant::now());
        witness.saw(&ledger, 2, None, Instant::now());
        assert_eq!((witness.reads(), witness.doubts.len()), (2, 0));
        witness.saw(&ledger, 1, None, Instant::now());
        assert_eq!((witness.reads(), witness.doubts.len()), (3, 1));
        assert!(size_of::<Doubt>() <= 24);
    }
}
