//! How long a copy may be served, and what happens when it no longer may.

use std::time::Duration;

use crate::entry::Entry;
use crate::runtime::Time;

/// The freshness policy of a cache. The default: copies never expire, absence is not cached,
/// nothing stale is ever served, and loads may take as long as they like.
///
/// ```
/// use larder::{Freshness, LoadTimeout};
/// use std::time::Duration;
///
/// let minute = Duration::from_secs(60);
/// let policy = Freshness {
///     ttl_jitter: 0.1,                     // 54 to 60 seconds
///     negative_ttl: minute / 2,            // "there is no such row" is worth remembering, too
///     stale_if_error: 10 * minute,         // better old than nothing
///     refresh_ahead: minute / 6,           // a key that is read stays fresh
///     load_timeout: LoadTimeout { soft: None, hard: Some(minute / 12) },
///     ..Freshness::ttl(minute)
/// };
/// assert_eq!(policy.ttl, Some(minute));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Freshness {
    /// How long a copy is fresh; `None`: for ever.
    pub ttl: Option<Duration>,
    /// The share of `ttl` by which each copy's own is shortened at random, from 0 to 1, so that
    /// copies filled together do not expire together.
    pub ttl_jitter: f64,
    /// How long "known absent" is fresh; zero: absence is not cached.
    pub negative_ttl: Duration,
    /// For how long after expiry a copy is still served while it is being refreshed.
    pub stale_while_revalidate: Duration,
    /// For how long after expiry a copy is served when the load fails.
    pub stale_if_error: Duration,
    /// How long before expiry a read starts a refresh in the background; zero: never.
    pub refresh_ahead: Duration,
    /// How long a reader waits for a load.
    pub load_timeout: LoadTimeout,
}

/// How long a reader waits for a load. The load itself goes on and fills the cache when it ends.
///
/// ```
/// use larder::LoadTimeout;
/// use std::time::Duration;
///
/// // A stale copy after 50 ms, if there is one; otherwise an error after 2 s.
/// let patience = LoadTimeout {
///     soft: Some(Duration::from_millis(50)),
///     hard: Some(Duration::from_secs(2)),
/// };
/// # drop(patience);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadTimeout {
    /// After this long a stale copy is served, when there is one.
    pub soft: Option<Duration>,
    /// After this long the read is an error.
    pub hard: Option<Duration>,
}

/// The lifetime that one write gives its copy.
///
/// ```
/// use larder::{Cache, Lifetime, runtime::Simulated};
/// # use std::sync::Arc;
/// use std::time::Duration;
///
/// # let world = Simulated::new(1);
/// # let stock: Cache<&str, u64> =
/// #     Cache::builder("stock").max_entries(100).runtime(Arc::new(world.clone())).build()?;
/// stock.put_now(&"tea", 3, Lifetime::For(Duration::from_secs(5)))?;
/// stock.put_now(&"tea", 4, Lifetime::Keep)?; // still five seconds
/// world.advance(Duration::from_secs(6));
/// assert_eq!(stock.peek(&"tea"), None);
/// # Ok::<(), larder::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// As the policy says.
    #[default]
    Policy,
    /// As the present copy's; the policy's when there is none.
    Keep,
    /// For ever, whatever the policy says.
    Forever,
    /// For this long.
    For(Duration),
    /// Until this moment; one that has passed is at once.
    Until(Time),
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            ttl: None,
            ttl_jitter: 0.0,
            negative_ttl: Duration::ZERO,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            refresh_ahead: Duration::ZERO,
            load_timeout: LoadTimeout::default(),
        }
    }
}

impl Freshness {
    /// Copies that are fresh for `ttl`.
    ///
    /// ```
    /// # use larder::Freshness;
    /// # use std::time::Duration;
    /// let policy = Freshness::ttl(Duration::from_secs(60));
    /// assert!(policy.negative_ttl.is_zero(), "everything else is as by default");
    /// ```
    pub fn ttl(ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..Self::default() }
    }

    /// The entry for `value`, or `None` when it must not be cached at all.
    pub(crate) fn entry<V>(
        &self,
        value: Option<V>,
        lifetime: Lifetime,
        moment: Moment,
    ) -> Option<Entry<V>> {
        let fresh_until = match (&value, lifetime) {
            (None, _) if self.negative_ttl.is_zero() => return None,
            (None, _) => moment.now + self.negative_ttl,
            (_, Lifetime::Keep) if moment.kept.is_some() => moment.kept?,
            (_, Lifetime::Policy | Lifetime::Keep) => moment.now + self.jittered(moment.random),
            (_, Lifetime::Forever) => Time::NEVER,
            (_, Lifetime::For(span)) => moment.now + span,
            (_, Lifetime::Until(end)) => end,
        };
        Some(Entry { value, fresh_until })
    }

    /// The longest time for which an expired copy may be of use.
    pub(crate) fn stale_window(&self) -> Duration {
        self.stale_while_revalidate.max(self.stale_if_error)
    }

    fn jittered(&self, random: u64) -> Duration {
        let Some(ttl) = self.ttl else { return Duration::MAX };
        let share = self.ttl_jitter.clamp(0.0, 1.0) * (random as f64 / u64::MAX as f64);
        // A jitter that is not a number shortens nothing.
        Duration::try_from_secs_f64(ttl.as_secs_f64() * (1.0 - share)).unwrap_or(ttl)
    }
}

/// What an entry's deadlines are computed from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Time,
    pub(crate) random: u64,
    /// When the present copy expires, for [`Lifetime::Keep`].
    pub(crate) kept: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment { now: Time::from_nanos(1_000), random: u64::MAX, kept: None };

    fn fresh_nanos(policy: &Freshness, value: Option<u8>, lifetime: Lifetime) -> Option<u64> {
        let entry = policy.entry(value, lifetime, NOW)?;
        Some(entry.fresh_until.as_nanos() - NOW.now.as_nanos())
    }

    #[test]
    fn jitter_shortens_and_never_lengthens() {
        let policy = Freshness { ttl_jitter: 0.25, ..Freshness::ttl(Duration::from_nanos(1_000)) };
        assert_eq!(fresh_nanos(&policy, Some(1), Lifetime::Policy), Some(750));
    }

    #[test]
    fn absence_is_cached_only_for_its_own_ttl() {
        let mut policy = Freshness::ttl(Duration::from_nanos(1_000));
        assert_eq!(fresh_nanos(&policy, None, Lifetime::Policy), None);
        policy.negative_ttl = Duration::from_nanos(10);
        assert_eq!(fresh_nanos(&policy, None, Lifetime::Forever), Some(10));
    }

    #[test]
    fn an_end_is_kept_whatever_the_time_is() {
        let end = NOW.now + Duration::from_nanos(30);
        let policy = Freshness { ttl_jitter: 0.5, ..Freshness::ttl(Duration::from_nanos(1_000)) };
        assert_eq!(fresh_nanos(&policy, Some(1), Lifetime::Until(end)), Some(30));
    }

    #[test]
    fn the_stale_window_is_the_longer_of_the_two() {
        let policy = Freshness {
            stale_if_error: Duration::from_nanos(70),
            stale_while_revalidate: Duration::from_nanos(7),
            ..Freshness::ttl(Duration::from_nanos(100))
        };
        assert_eq!(policy.stale_window(), Duration::from_nanos(70));
    }
}
