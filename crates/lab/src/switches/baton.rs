//! Counts how often one party hands over to the next, where one at a time can go on.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::figures::Figures;
use super::snapshot::Snapshot;
use super::thread_number;
use crate::failure::{Failure, Result};

/// What the parties pass on. Whoever has just been handed over to takes it; its handing over
/// orders all that is noted here.
pub(super) struct Baton {
    /// Handings over before the first that counts: every party has had its turn by then.
    first: u64,
    /// How many count.
    switches: u64,
    taken: AtomicU64,
    /// Of those that count, those from one thread to another.
    across_threads: AtomicU64,
    last_thread: AtomicU64,
    began: OnceLock<Snapshot>,
    ended: OnceLock<Snapshot>,
    over: AtomicBool,
}

/// Whether a party that took the baton hands it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    GoOn,
    Over,
}

impl Baton {
    /// Of `parties`, for so many handings over after each of them has had a turn.
    pub(super) fn new(parties: usize, switches: u64) -> Self {
        Self {
            first: parties as u64,
            switches,
            taken: AtomicU64::new(0),
            across_threads: AtomicU64::new(0),
            last_thread: AtomicU64::new(u64::MAX),
            began: OnceLock::new(),
            ended: OnceLock::new(),
            over: AtomicBool::new(false),
        }
    }

    /// Notes that the caller has been handed over to.
    pub(super) fn take(&self) -> Turn {
        let taken = self.taken.load(Ordering::Acquire);
        self.taken.store(taken + 1, Ordering::Release);
        self.note_thread(taken);
        if taken == self.first {
            self.began.get_or_init(Snapshot::now);
        }
        if taken < self.first + self.switches {
            return Turn::GoOn;
        }
        self.ended.get_or_init(Snapshot::now);
        self.over.store(true, Ordering::Release);
        Turn::Over
    }

    fn note_thread(&self, taken: u64) {
        let thread = thread_number();
        if self.last_thread.load(Ordering::Acquire) != thread {
            self.last_thread.store(thread, Ordering::Release);
            let across = self.across_threads.load(Ordering::Acquire);
            self.across_threads.store(across + u64::from(taken > self.first), Ordering::Release);
        }
    }

    /// Whether nobody needs it any more.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// What a handing over cost, once it is over.
    pub(super) fn figures(&self) -> Result<Figures> {
        let (Some(began), Some(ended)) = (self.began.get(), self.ended.get()) else {
            return Err(Failure::run("a party ended before its time"));
        };
        let across = self.across_threads.load(Ordering::Acquire) as f64;
        let percent_across_threads = Some(100.0 * across / self.switches as f64);
        let figures = Figures::of(&began.until(ended), self.switches);
        Ok(Figures { percent_across_threads, ..figures })
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn the_first_turn_of_each_party_does_not_count() {
        let baton = Baton::new(2, 10);
        assert!(baton.figures().is_err(), "not over yet");
        let turns = std::iter::repeat_with(|| baton.take());
        assert_eq!(turns.take_while(|turn| *turn == Turn::GoOn).count(), 12);
        assert!(baton.is_over());
        assert_eq!(baton.figures().unwrap().percent_across_threads, Some(0.0));
    }

    #[test]
    fn a_handing_over_to_another_thread_is_told_apart() {
        let baton = Baton::new(2, 10);
        thread::scope(|scope| {
            assert!((0..12).all(|_| baton.take() == Turn::GoOn));
            scope.spawn(|| baton.take());
        });
        assert_eq!(baton.figures().unwrap().percent_across_threads, Some(10.0));
    }
}
