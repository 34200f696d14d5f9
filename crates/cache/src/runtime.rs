//! Clock, timers and tasks: the only way in which the engine meets the world.
//!
//! Nothing else in this crate reads a clock, sleeps, spawns or draws a random number, so that
//! [`Simulated`] can run every strategy under virtual time, one interleaving at a time.

mod clock;
mod simulated;
mod ticker;
mod tokio;

use std::ops::Add;
use std::time::Duration;

use futures_util::future::BoxFuture;

pub use self::simulated::{Simulated, Task};
pub use self::ticker::Ticker;
pub use self::tokio::TokioRuntime;

pub(crate) use self::clock::Clock;

/// A moment on a runtime's own monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// Before every moment that a clock tells.
    pub const ZERO: Time = Time(0);
    /// A moment that never comes.
    pub const NEVER: Time = Time(u64::MAX);

    /// The moment `nanos` nanoseconds after the clock's start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    /// Saturates at [`Time::NEVER`].
    fn add(self, span: Duration) -> Time {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Time(self.0.saturating_add(nanos))
    }
}

/// What the engine needs of the world.
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
