//! Clock, timers and tasks: the only way in which the engine meets the world.
//!
//! Nothing else in this crate reads a clock, sleeps, spawns or draws a random number, so that
//! [`Simulated`] can run every strategy under virtual time, one interleaving at a time.

mod clock;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod deadline;
mod simulated;
mod ticker;
mod time;
mod tokio;

use futures_util::future::BoxFuture;

pub use self::simulated::{Simulated, Task};
pub use self::ticker::Ticker;
pub use self::time::Time;
pub use self::tokio::TokioRuntime;

pub(crate) use self::clock::Clock;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use self::deadline::answered;

/// What the engine needs of the world.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// use larder::runtime::{Runtime, Time, TokioRuntime};
/// use std::time::Duration;
///
/// let runtime: &dyn Runtime = &TokioRuntime::new(tokio::runtime::Handle::current());
/// let begun = runtime.now_precise();
/// runtime.sleep_until(begun + Duration::from_millis(1)).await;
/// assert!(runtime.now_precise() > begun);
/// assert!(runtime.now() < Time::NEVER);
/// # Ok(())
/// # }
/// ```
pub trait Runtime: Send + Sync + 'static {
    /// The time, cheap enough to ask on every hit: it may lag by a few milliseconds, and never
    /// goes back.
    fn now(&self) -> Time;

    /// The time to the microsecond, on the same scale; for traces and measurements.
    fn now_precise(&self) -> Time {
        self.now()
    }

    /// The ticker whose time [`now`](Self::now) tells, if it tells that of one: a cache then reads it
    /// without asking. `None` unless a runtime says otherwise, as one with a time of its own must.
    fn ticker(&self) -> Option<&'static Ticker> {
        None
    }

    /// Runs `task` to its end, whoever started it.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Is ready at `deadline` or soon after. Dropping it cancels the timer.
    fn sleep_until(&self, deadline: Time) -> BoxFuture<'static, ()>;

    /// A random number, for jitter.
    fn random(&self) -> u64;
}

/// Waits for `future` until `deadline`; `None` when the deadline came first.
pub(crate) async fn within<F: Future + Unpin>(
    runtime: &dyn Runtime,
    deadline: Time,
    future: F,
) -> Option<F::Output> {
    use futures_util::future::{Either, select};
    if deadline == Time::NEVER {
        return Some(future.await);
    }
    match select(future, runtime.sleep_until(deadline)).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}
