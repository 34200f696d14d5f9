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
///
/// ```
/// use larder::runtime::Time;
/// use std::time::Duration;
///
/// let later = Time::ZERO + Duration::from_secs(2);
/// assert!(later < Time::NEVER);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// Before every moment that a clock tells.
    pub const ZERO: Time = Time(0);
    /// A moment that never comes.
    pub const NEVER: Time = Time(u64::MAX);

    /// The moment `nanos` nanoseconds after the clock's start.
    ///
    /// ```
    /// # use larder::runtime::Time;
    /// assert_eq!(Time::from_nanos(7).as_nanos(), 7);
    /// ```
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's start.
    ///
    /// ```
    /// # use larder::runtime::Time;
    /// assert_eq!(Time::ZERO.as_nanos(), 0);
    /// ```
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    ///
    /// ```
    /// # use larder::runtime::Time;
    /// # use std::time::Duration;
    /// let (earlier, later) = (Time::from_nanos(3), Time::from_nanos(10));
    /// assert_eq!(later.since(earlier), Duration::from_nanos(7));
    /// assert_eq!(earlier.since(later), Duration::ZERO);
    /// ```
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
