//! The runtime of a real process: tokio's timers and tasks, and a clock that ticks.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use super::ticker::Ticker;
use super::{Runtime, Time};

/// Runs the engine on a tokio runtime with timers enabled.
///
/// Its clock is a number that a thread of the process renews every two milliseconds while anybody
/// asks for it: reading it is one load, where asking the kernel costs as much as half a look-up.
/// A forked child does not have that thread and must make a runtime of its own.
///
/// ```
/// use larder::Cache;
/// use larder::runtime::TokioRuntime;
/// use std::sync::Arc;
///
/// // A program that is not async itself.
/// let tokio = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
/// let runtime = TokioRuntime::new(tokio.handle().clone());
/// let names: Cache<u64, String> =
///     Cache::builder("names").max_entries(100).runtime(Arc::new(runtime)).build()?;
/// assert_eq!(names.peek(&7), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TokioRuntime {
    handle: Handle,
    clock: &'static Ticker,
    seed: RandomState,
    draws: AtomicU64,
}

impl TokioRuntime {
    /// Runs on the runtime behind `handle`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let runtime = larder::runtime::TokioRuntime::new(tokio::runtime::Handle::current());
    /// # drop(runtime);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(handle: Handle) -> Self {
        let clock = Ticker::of_process();
        Self { handle, clock, seed: RandomState::new(), draws: AtomicU64::new(0) }
    }

    /// Runs on the runtime that the caller is in; `None` when it is in none.
    ///
    /// ```
    /// # use larder::runtime::TokioRuntime;
    /// assert!(TokioRuntime::current().is_none(), "nobody runs tokio here");
    /// ```
    pub fn current() -> Option<Self> {
        Handle::try_current().ok().map(Self::new)
    }
}

impl Runtime for TokioRuntime {
    #[inline]
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn ticker(&self) -> Option<&'static Ticker> {
        Some(self.clock)
    }

    fn now_precise(&self) -> Time {
        self.clock.now_precise()
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
