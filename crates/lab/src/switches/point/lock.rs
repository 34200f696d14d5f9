//! A lock that another party holds.
//!
//! Whoever unlocks an ordinary lock may take it again before the one that waited has woken, and then
//! nothing is switched. So the parties go round a ring of locks, hand over hand: each holds one, and
//! takes the next before it lets go. There is one lock more than there are parties, so that one party
//! at a time can go on, and what it lets go of is what the one behind it waits for.
//!
//! ```text
//!   lock    0     1     2        B takes 2 and lets go of 1, which A waits for;
//!   held by A     B     -        then B waits for 0.
//! ```

use std::sync::{Arc, Barrier, Mutex, PoisonError};

use tokio::runtime::Runtime;
use tokio::sync;

use super::{Contest, Point};
use crate::failure::Result;
use crate::switches::baton::{Baton, Turn};
use crate::switches::crew;
use crate::switches::figures::Figures;

pub(super) const POINT: Point = Point {
    name: "lock",
    measured: "The parties go round a ring of locks with one lock more than parties, hand over hand, so \
               that each waits for the lock that the one before it lets go of.",
    limps: "Threads use the lock of the standard library and tasks that of tokio. In a ring each lock has \
            one party that waits for it. Where several want one lock, the thread that unlocks mostly \
            takes it again and no switch happens, while tokio hands it to whoever has waited longest.",
    threads_share_a_core: false,
    threads,
    tasks,
};

fn threads(contest: Contest) -> Result<Figures> {
    let baton = Baton::new(contest.parties, contest.switches);
    let locks: Vec<_> = (0..=contest.parties).map(|_| Mutex::new(())).collect();
    let all_hold_one = Barrier::new(contest.parties);
    let (baton_of_all, locks, all_hold_one) = (&baton, &locks[..], &all_hold_one);
    let party = |me| move || thread(me, baton_of_all, locks, all_hold_one);
    crew::threads((0..contest.parties).map(party))?;
    baton.figures()
}

fn thread(me: usize, baton: &Baton, locks: &[Mutex<()>], all_hold_one: &Barrier) {
    let lock = |index: usize| locks[index].lock().unwrap_or_else(PoisonError::into_inner);
    let mut held = lock(me);
    all_hold_one.wait();
    for index in ahead_of(me, locks.len()) {
        let next = lock(index);
        if baton.is_over() || baton.take() == Turn::Over {
            return;
        }
        drop(std::mem::replace(&mut held, next));
    }
}

/// What the tasks share.
struct Ring {
    baton: Baton,
    locks: Vec<sync::Mutex<()>>,
    all_hold_one: sync::Barrier,
}

fn tasks(contest: Contest, runtime: &Runtime) -> Result<Figures> {
    let ring = Arc::new(Ring {
        baton: Baton::new(contest.parties, contest.switches),
        locks: (0..=contest.parties).map(|_| sync::Mutex::new(())).collect(),
        all_hold_one: sync::Barrier::new(contest.parties),
    });
    crew::tasks(runtime, (0..contest.parties).map(|me| task(me, Arc::clone(&ring))))?;
    ring.baton.figures()
}

async fn task(me: usize, ring: Arc<Ring>) {
    let Ring { baton, locks, all_hold_one } = &*ring;
    let mut held = locks[me].lock().await;
    all_hold_one.wait().await;
    for index in ahead_of(me, locks.len()) {
        let next = locks[index].lock().await;
        if baton.is_over() || baton.take() == Turn::Over {
            return;
        }
        drop(std::mem::replace(&mut held, next));
    }
}

/// The locks that lie ahead of the first one of a party, round and round.
fn ahead_of(me: usize, locks: usize) -> impl Iterator<Item = usize> {
    (0..locks).cycle().skip(me + 1)
}
