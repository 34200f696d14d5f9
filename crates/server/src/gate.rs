//! The gate before keys without a source: one may be alone inside, or many together.
//!
//! A command that touches one such key needs nothing of the kind, as the cache makes each change of a
//! key in one piece. `EXEC` and commands that write several keys must not be seen half done. So every
//! client goes through the gate once for all that it reads from its socket at a time, and whoever
//! wants to be alone closes it and waits until the others have left.
//!
//! Going through costs two changes of a counter that few others share. Nobody waits for anything
//! else inside, so nobody waits for ever outside. Those who found the gate closed get in before it is
//! closed again.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use parking_lot::{Condvar, Mutex, MutexGuard};

/// More lanes share less and make closing slower.
const LANES: usize = 16;

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Gate {
    /// Somebody is alone inside, or waits for the others to leave.
    closed: AtomicBool,
    lanes: [Lane; LANES],
    next_lane: AtomicUsize,
    turns: Mutex<Turns>,
    /// Told of all that those who wait may be waiting for.
    changed: Condvar,
}

/// Counts those inside who came this way, on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane {
    inside: AtomicUsize,
}

#[derive(Debug, Default)]
struct Turns {
    /// As `closed`, but exact.
    taken: bool,
    /// Those who found it closed.
    waiting: usize,
    /// How often it was opened.
    openings: u64,
    /// Those who were let in by the last opening and are still on their way.
    coming: usize,
}

/// One client's way through the gate. Dropping it leaves.
#[derive(Debug)]
pub struct Pass {
    gate: Arc<Gate>,
    lane: usize,
    stay: Stay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stay {
    Outside,
    Together,
    /// So many calls of [`Pass::isolate`] deep.
    Alone(usize),
}

impl Gate {
    /// A way through, not yet gone.
    pub fn pass(self: &Arc<Self>) -> Pass {
        let lane = self.next_lane.fetch_add(1, Ordering::Relaxed) % LANES;
        Pass { gate: self.clone(), lane, stay: Stay::Outside }
    }

    /// A task that is inside, together with others, whenever it does something, and never while it waits.
    pub fn carry(
        self: &Arc<Self>,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> BoxFuture<'static, ()> {
        Box::pin(Carried { pass: self.pass(), task: Box::pin(task) })
    }

    #[inline]
    fn enter(&self, lane: usize) {
        // Whoever closes looks at the lanes after that, so one of the two sees the other.
        self.lanes[lane].inside.fetch_add(1, Ordering::SeqCst);
        if self.closed.load(Ordering::SeqCst) {
            self.wait_outside(lane);
        }
    }

    #[inline]
    fn leave(&self, lane: usize) {
        self.lanes[lane].inside.fetch_sub(1, Ordering::SeqCst);
        if self.closed.load(Ordering::SeqCst) {
            drop(self.turns.lock());
            self.changed.notify_all();
        }
    }

    #[cold]
    fn wait_outside(&self, lane: usize) {
        let mut turns = self.turns.lock();
        if !turns.taken {
            return;
        }
        self.lanes[lane].inside.fetch_sub(1, Ordering::SeqCst);
        self.changed.notify_all();
        turns.waiting += 1;
        let openings = turns.openings;
        while turns.openings == openings {
            self.changed.wait(&mut turns);
        }
        turns.coming -= 1;
        self.lanes[lane].inside.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_all();
    }

    /// Waits until nobody is inside, and lets nobody in.
    fn close(&self) {
        let mut turns = self.turns.lock();
        while turns.taken || turns.coming > 0 {
            self.changed.wait(&mut turns);
        }
        turns.taken = true;
        self.closed.store(true, Ordering::SeqCst);
        self.wait_until_empty(turns);
    }

    fn wait_until_empty(&self, mut turns: MutexGuard<'_, Turns>) {
        let inside = |lane: &Lane| lane.inside.load(Ordering::SeqCst) > 0;
        while self.lanes.iter().any(inside) {
            self.changed.wait(&mut turns);
        }
    }

    fn open(&self) {
        let mut turns = self.turns.lock();
        turns.taken = false;
        turns.coming = std::mem::take(&mut turns.waiting);
        turns.openings += 1;
        self.closed.store(false, Ordering::SeqCst);
        self.changed.notify_all();
    }
}

impl Pass {
    /// Goes in, together with others.
    #[inline]
    pub fn enter(&mut self) {
        if self.stay == Stay::Outside {
            self.gate.enter(self.lane);
            self.stay = Stay::Together;
        }
    }

    /// Goes out, whatever it was doing inside.
    #[inline]
    pub fn leave(&mut self) {
        match self.stay {
            Stay::Outside => {}
            Stay::Together => self.gate.leave(self.lane),
            Stay::Alone(_) => self.gate.open(),
        }
        self.stay = Stay::Outside;
    }

    /// Is alone inside from here on, until [`release`](Self::release) was called as often as this.
    pub fn isolate(&mut self) {
        let depth = match self.stay {
            Stay::Alone(depth) => depth,
            Stay::Outside | Stay::Together => {
                // Two who are inside and want to be alone would wait for each other.
                self.leave();
                self.gate.close();
                0
            }
        };
        self.stay = Stay::Alone(depth + 1);
    }

    /// Ends what [`isolate`](Self::isolate) began.
    pub fn release(&mut self) {
        match self.stay {
            Stay::Alone(1) => {
                self.leave();
                self.enter();
            }
            Stay::Alone(depth) => self.stay = Stay::Alone(depth - 1),
            Stay::Outside | Stay::Together => {}
        }
    }
}

/// A task with a pass of its own.
struct Carried {
    pass: Pass,
    task: BoxFuture<'static, ()>,
}

impl Future for Carried {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.pass.enter();
        let polled = self.task.as_mut().poll(context);
        self.pass.leave();
        polled
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicU64;
    use std::thread;

    use super::*;

    #[test]
    fn nobody_sees_what_one_alone_has_half_done() {
        let (gate, pair) = (Arc::new(Gate::default()), [AtomicU64::new(0), AtomicU64::new(0)]);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| write(&gate, &pair));
                scope.spawn(|| read(&gate, &pair));
            }
        });
        assert_eq!(pair[0].load(Ordering::Relaxed), 2 * ROUNDS);
    }

    const ROUNDS: u64 = 2_000;

    fn write(gate: &Arc<Gate>, pair: &[AtomicU64; 2]) {
        let mut pass = gate.pass();
        for _ in 0..ROUNDS {
            pass.enter();
            pass.isolate();
            pair.iter().for_each(|half| {
                half.store(half.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                thread::yield_now();
            });
            pass.release();
            pass.leave();
        }
    }

    fn read(gate: &Arc<Gate>, pair: &[AtomicU64; 2]) {
        let mut pass = gate.pass();
        for _ in 0..ROUNDS {
            pass.enter();
            let [first, second] = pair.each_ref().map(|half| half.load(Ordering::Relaxed));
            assert_eq!(first, second);
            pass.leave();
        }
    }

    #[test]
    fn one_alone_may_isolate_again() {
        let gate = Arc::new(Gate::default());
        let mut pass = gate.pass();
        pass.enter();
        pass.isolate();
        pass.isolate();
        pass.release();
        assert_eq!(pass.stay, Stay::Alone(1));
        pass.release();
        assert_eq!(pass.stay, Stay::Together);
    }

    #[test]
    fn a_panic_inside_leaves_the_gate_open() {
        let gate = Arc::new(Gate::default());
        for alone in [false, true] {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let mut pass = gate.pass();
                pass.enter();
                if alone {
                    pass.isolate();
                }
                panic!("a command went wrong");
            }));
            assert!(panicked.is_err());
            let mut other = gate.pass();
            other.isolate();
            other.release();
        }
    }
}
