//! The runtime of a real process: tokio's timers and tasks, the kernel's coarse clock.

use futures_util::future::BoxFuture;
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Handle;

use super::{Runtime, Time};

/// Runs the engine on a tokio runtime with timers enabled.
#[derive(Debug)]
pub struct TokioRuntime {
    handle: Handle,
    seed: RandomState,
    draws: AtomicU64,
}

impl TokioRuntime {
    /// Runs on the runtime behind `handle`.
    pub fn new(handle: Handle) -> Self {
        Self { handle, seed: RandomState::new(), draws: AtomicU64::new(0) }
    }

    /// Runs on the runtime that the caller is in; `None` when it is in none.
    pub fn current() -> Option<Self> {
        Handle::try_current().ok().map(Self::new)
    }
}

impl Runtime for TokioRuntime {
    /// The kernel's tick, one to four milliseconds wide, read without a system call: a quarter of
    /// the cost of the precise clock, which would weigh as much as the look-up itself.
    fn now(&self) -> Time {
        to_time(clock_gettime(ClockId::MonotonicCoarse))
    }

    fn now_precise(&self) -> Time {
        to_time(clock_gettime(ClockId::Monotonic))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.handle.spawn(task);
    }

    fn sleep_until(&self, deadline: Time) -> BoxFuture<'static, ()> {
        let span = deadline.since(self.now_precise());
        let _context = self.handle.enter();
        Box::pin(tokio::time::sleep(span))
    }

    fn random(&self) -> u64 {
        self.seed.hash_one(self.draws.fetch_add(1, Ordering::Relaxed))
    }
}

fn to_time(spec: Timespec) -> Time {
    Time::from_nanos((spec.tv_sec as u64).wrapping_mul(1_000_000_000) + spec.tv_nsec as u64)
}
