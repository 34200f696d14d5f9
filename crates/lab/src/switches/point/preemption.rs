//! Being made to give way.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tokio::runtime::Runtime;
use tokio::task::{self, coop};

use super::{Contest, Point};
use crate::failure::Result;
use crate::switches::crew;
use crate::switches::figures::Figures;
use crate::switches::interruptions::{Interruptions, Steps};

pub(in crate::switches) const POINT: Point = Point {
    name: "call, budget",
    measured: "All parties compute without end and look at the clock at every step. The kernel's tick \
               makes a thread give way; a task gives way at the call that finds its budget used up, the \
               129th in a row. What is measured is the gap between the last step before and the first \
               step after, less a step. Gaps of more than half a millisecond do not count: another \
               process ran within them.",
    limps: "The tick can come anywhere; the budget only ends a task at a call that asks for it, and a task \
            that calls nothing is never made to give way. The kernel lets a thread run for milliseconds, \
            the budget a task for microseconds. The tick itself is part of the gap, and takes longest in \
            a virtual machine.",
    threads_share_a_core: true,
    threads,
    tasks,
};

fn threads(contest: Contest) -> Result<Figures> {
    let interruptions = Interruptions::new(contest);
    let (shared, core) = (&interruptions, &Core::default());
    let party = |me| {
        move || {
            shared.arrive();
            while !shared.have_begun() {
                thread::yield_now();
            }
            shared.note(compute_until_preempted(me, shared, core));
        }
    };
    crew::threads((0..contest.parties).map(party))?;
    interruptions.figures()
}

/// Steps on a core that all parties share: whoever finds that the last step was another's has been
/// switched to.
fn compute_until_preempted(me: usize, shared: &Interruptions, core: &Core) -> Steps {
    let mut steps = Steps::default();
    while !shared.are_over() {
        let now = shared.nanoseconds();
        let (before, party) = core.step(now, me);
        // One who is switched out between clock and step is late: that step tells nothing.
        if let Some(gap) = now.checked_sub(before) {
            steps.took(gap, party != me);
            shared.count(party != me);
        }
    }
    steps
}

/// The last step that was made on a core: when, and by whom.
#[derive(Default)]
struct Core(AtomicU64);

impl Core {
    const PARTY_BITS: u32 = 16;

    /// Makes a step the last one, in a single operation; answers the one before.
    fn step(&self, now: u64, party: usize) -> (u64, usize) {
        let before = self.0.swap(now << Self::PARTY_BITS | party as u64, Ordering::Relaxed);
        let party = before & ((1 << Self::PARTY_BITS) - 1);
        (before >> Self::PARTY_BITS, party as usize)
    }
}

fn tasks(contest: Contest, runtime: &Runtime) -> Result<Figures> {
    let shared = Arc::new(Interruptions::new(contest));
    let party = |_| {
        let shared = Arc::clone(&shared);
        async move {
            shared.arrive();
            while !shared.have_begun() {
                task::yield_now().await;
            }
            let steps = compute_within_budget(&shared).await;
            shared.note(steps);
        }
    };
    let parties = (0..contest.parties).map(party);
    crew::tasks(runtime, parties)?;
    shared.figures()
}

/// Steps of which each asks for the budget. The gap after the last one on the same thread is what
/// it took the runtime to get here, whichever task that step was of.
async fn compute_within_budget(shared: &Interruptions) -> Steps {
    thread_local!(static LAST_STEP: Cell<u64> = const { Cell::new(0) });

    let mut steps = Steps::default();
    while !shared.are_over() {
        let gives_way = !coop::has_budget_remaining();
        coop::consume_budget().await;
        let now = shared.nanoseconds();
        let before = LAST_STEP.replace(now);
        steps.took(now.saturating_sub(before), gives_way);
        shared.count(gives_way);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_remembers_the_last_step() {
        let core = Core::default();
        core.step(7_000_000_000, 999);
        assert_eq!(core.step(7_000_000_031, 3), (7_000_000_000, 999));
        assert_eq!(core.step(1, 0), (7_000_000_031, 3));
    }
}
