//! Giving way of one's own accord.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::runtime::Runtime;
use tokio::task;

use super::{Contest, Point};
use crate::failure::{Failure, Result};
use crate::switches::crew;
use crate::switches::figures::Figures;
use crate::switches::snapshot::Snapshot;

pub(in crate::switches) const POINT: Point = Point {
    name: "yield",
    measured: "All parties can go on, and each gives way at once: to let the others have their turn.",
    limps: "The kernel may leave the core to a thread that yields. A task that yields in tokio waits until \
            the runtime has looked for I/O and timers once, and all tasks that yielded meanwhile share \
            that look. Tasks on several threads give way at the same time; their time a switch is that \
            of one thread.",
    threads_share_a_core: true,
    threads,
    tasks,
};

fn threads(contest: Contest) -> Result<Figures> {
    let crowd = Crowd::new(contest);
    let shared = &crowd;
    let party = |me| {
        move || {
            shared.arrive();
            while shared.goes_on(me) {
                thread::yield_now();
            }
        }
    };
    crew::threads((0..contest.parties).map(party))?;
    crowd.figures(1)
}

fn tasks(contest: Contest, runtime: &Runtime) -> Result<Figures> {
    let crowd = Arc::new(Crowd::new(contest));
    let party = |me| {
        let crowd = Arc::clone(&crowd);
        async move {
            crowd.arrive();
            while crowd.goes_on(me) {
                task::yield_now().await;
            }
        }
    };
    crew::tasks(runtime, (0..contest.parties).map(party))?;
    crowd.figures(runtime.metrics().num_workers().min(contest.parties))
}

/// Counts the turns of parties that can all go on.
struct Crowd {
    /// How many turns the first party has, which keeps the time for all.
    turns_of_first: u64,
    arrived: AtomicUsize,
    turns: Box<[Turns]>,
    began: OnceLock<(Snapshot, u64)>,
    ended: OnceLock<(Snapshot, u64)>,
    over: AtomicBool,
}

/// The turns of one party, on a cache line of their own: only that party writes it.
#[derive(Default)]
#[repr(align(128))]
struct Turns(AtomicU64);

impl Crowd {
    fn new(contest: Contest) -> Self {
        Self {
            turns_of_first: contest.switches.div_ceil(contest.parties as u64),
            arrived: AtomicUsize::new(0),
            turns: (0..contest.parties).map(|_| Turns::default()).collect(),
            began: OnceLock::new(),
            ended: OnceLock::new(),
            over: AtomicBool::new(false),
        }
    }

    fn arrive(&self) {
        self.arrived.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a turn of a party, once all have arrived. False when it is over.
    fn goes_on(&self, me: usize) -> bool {
        if self.arrived.load(Ordering::Relaxed) == self.turns.len() {
            let before = self.turns[me].0.load(Ordering::Relaxed);
            if me == 0 {
                self.keep_time(before);
            }
            self.turns[me].0.store(before + 1, Ordering::Relaxed);
        }
        !self.over.load(Ordering::Relaxed)
    }

    fn keep_time(&self, turns: u64) {
        if turns == 0 {
            let _ = self.began.set((Snapshot::now(), self.all_turns()));
        }
        if turns == self.turns_of_first {
            let _ = self.ended.set((Snapshot::now(), self.all_turns()));
            self.over.store(true, Ordering::Relaxed);
        }
    }

    fn all_turns(&self) -> u64 {
        self.turns.iter().map(|turns| turns.0.load(Ordering::Relaxed)).sum()
    }

    /// Where so many parties had their turns at the same time.
    fn figures(&self, at_once: usize) -> Result<Figures> {
        let (Some((began, before)), Some((ended, after))) = (self.began.get(), self.ended.get())
        else {
            return Err(Failure::run("a party ended before its time"));
        };
        let figures = Figures::of(&began.until(ended), after - before);
        Ok(Figures { nanoseconds: figures.nanoseconds * at_once as f64, ..figures })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_count_once_all_have_arrived() {
        let crowd = Crowd::new(Contest { parties: 2, switches: 20 });
        crowd.arrive();
        (0..7).for_each(|_| assert!(crowd.goes_on(0)));
        assert!(crowd.figures(1).is_err(), "has not begun");
        crowd.arrive();
        let lap = || crowd.goes_on(1) && crowd.goes_on(0);
        assert_eq!(std::iter::repeat_with(lap).take_while(|goes_on| *goes_on).count(), 10);
        let (before, after) = (crowd.began.get().unwrap().1, crowd.ended.get().unwrap().1);
        assert_eq!(after - before, 20);
        let (once, twice) = (crowd.figures(1).unwrap(), crowd.figures(2).unwrap());
        assert_eq!(once.nanoseconds * 2.0, twice.nanoseconds);
        assert_eq!(once.cpu_nanoseconds, twice.cpu_nanoseconds);
    }
}
