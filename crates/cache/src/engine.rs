//! The engine: what every call of a cache does once it is not a plain hit.

mod answer;
mod dead;
mod read;
mod transact;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::entry::Version;
use crate::error::{Error, ErrorKind, Result};
use crate::freshness::Moment;
use crate::journal::Journal;
use crate::keys::Fill;
use crate::load::Loader;
use crate::options::WriteOptions;
use crate::parts::Parts;
use crate::source::{Breaker, Source};
use crate::stats::Count;
use crate::strategy::{Policy, Reader};
use crate::trace::Participant::{App, Cache};
use crate::trace::Tell;
use crate::{Key, Value};

pub use dead::Replayed;
pub use read::Present;
pub use transact::Transaction;
pub use write::Edit;

pub(crate) struct Engine<K: Key, V: Value> {
    pub(crate) parts: Arc<Parts<K, V>>,
    pub(crate) policy: Arc<dyn Policy<K, V>>,
    /// `None` in a cache without a source.
    pub(crate) source: Option<Arc<dyn Source<K, V>>>,
    /// Loads what is missed, where the cache does so.
    pub(crate) loader: Option<Arc<Loader<K, V>>>,
    /// Loads what an update begins with, where the cache loads or writes.
    pub(crate) update_loader: Option<Arc<Loader<K, V>>>,
    /// What `source` is wrapped in, if it is.
    pub(crate) breaker: Option<Arc<Breaker<dyn Source<K, V>>>>,
    pub(crate) lease_time: Duration,
    pub(crate) closed: AtomicBool,
}

/// The right to fill one key after a miss. A write or an invalidation of the key voids it, and so
/// does its time running out.
///
/// ```
/// use larder::{Cache, Lease, Leased, runtime::Simulated};
/// # use std::sync::Arc;
///
/// # let runtime = Arc::new(Simulated::new(1));
/// # let stock: Cache<&str, u64> = Cache::builder("stock").max_entries(100).runtime(runtime).build()?;
/// if let Leased::Lease(lease) = stock.lease("tea")? {
///     let token = lease.token(); // to a client, which loads, and back
///     assert!(stock.fill("tea", Lease::from_token(token), Some(3)));
/// }
/// # Ok::<(), larder::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease(Version);

/// The answer to a request for a lease.
///
/// ```
/// use larder::{Cache, Leased, Lifetime, runtime::Simulated};
/// # use std::sync::Arc;
///
/// # let runtime = Arc::new(Simulated::new(1));
/// # let stock: Cache<&str, u64> = Cache::builder("stock").max_entries(100).runtime(runtime).build()?;
/// assert!(matches!(stock.lease("tea")?, Leased::Lease(_)));
/// stock.put_now(&"tea", 3, Lifetime::Policy)?;
/// assert_eq!(stock.lease("tea")?, Leased::Hit(Some(3)));
/// # Ok::<(), larder::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leased<V> {
    /// The key is cached; `None` is known absent. There is nothing to fill.
    Hit(Option<V>),
    /// Load the value and [fill](crate::Cache::fill) it under this lease.
    Lease(Lease),
}

/// Writes that were acknowledged and had not reached the source when the cache was shut down.
///
/// ```
/// use larder::Unflushed;
///
/// let left = Unflushed { writes: 12 };
/// assert_eq!(left.to_string(), "12 acknowledged writes have not reached the source");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{writes} acknowledged writes have not reached the source")]
pub struct Unflushed {
    /// How many records the journal still holds.
    pub writes: u64,
}

impl Lease {
    /// The lease as a number, to send it elsewhere.
    ///
    /// ```
    /// # use larder::Lease;
    /// assert_eq!(Lease::from_token(7).token(), 7);
    /// ```
    pub fn token(self) -> u64 {
        self.0.0
    }

    /// The lease that a number stands for. A number that no lease gave fills nothing.
    ///
    /// ```
    /// # use larder::Lease;
    /// assert_eq!(Lease::from_token(7), Lease::from_token(7));
    /// ```
    pub fn from_token(token: u64) -> Self {
        Self(Version(token))
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    pub(crate) fn journal(&self) -> Option<&Arc<dyn Journal<K, V>>> {
        self.policy.journal()
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.source.is_none()
    }

    /// Drops the key's copy; says whether there was one.
    pub(crate) fn invalidate(&self, key: &K) -> bool {
        let dropped = self.parts.keys.invalidate(key);
        self.parts.stats.add(Count::Invalidations, dropped.into());
        dropped
    }

    pub(crate) fn lease(&self, key: K, options: &WriteOptions) -> Result<Leased<V>> {
        if self.policy.reader() == Reader::Cache {
            let advice = "this cache loads by itself: read the key, no lease is needed";
            return Err(self.parts.error(ErrorKind::Misuse, advice).at(&key));
        }
        options.trace.tell(App, Cache, "lease", &key);
        let now = self.parts.runtime.now();
        if let Some(entry) = self.parts.keys.entry(&key).filter(|entry| entry.is_fresh(now)) {
            self.parts.stats.add(Count::Hits, 1);
            let what = if entry.value.is_some() { "hit" } else { "hit: absent" };
            options.trace.tell(Cache, App, what, &key);
            return Ok(Leased::Hit(entry.value));
        }
        self.parts.stats.add(Count::Misses, 1);
        options.trace.tell(Cache, App, "miss: lease granted", &key);
        Ok(Leased::Lease(Lease(self.parts.keys.lease(&key, now, now + self.lease_time))))
    }

    pub(crate) fn fill(
        &self,
        key: K,
        lease: Lease,
        value: Option<V>,
        options: &WriteOptions,
    ) -> bool {
        options.trace.tell(App, Cache, "fill", &key);
        let parts = &self.parts;
        let now = parts.runtime.now();
        let moment = Moment { now, random: parts.runtime.random(), kept: None };
        let entry = parts.freshness.entry(value, options.lifetime, moment);
        let fill = parts.keys.fill(&key, lease.0, now, entry);
        match fill {
            Fill::Void => parts.stats.add(Count::FillsVoid, 1),
            Fill::Refused => parts.stats.add(Count::Refused, 1),
            Fill::Filled | Fill::Nothing => {}
        }
        // Absence that the policy does not keep is taken note of all the same.
        let filled = matches!(fill, Fill::Filled | Fill::Nothing);
        let what = match fill {
            Fill::Filled | Fill::Nothing => "filled",
            Fill::Void => "fill refused: void",
            Fill::Refused => "fill refused: too large",
        };
        options.trace.tell(Cache, App, what, &key);
        filled
    }

    pub(crate) async fn flush(&self) -> Result<()> {
        self.policy.drained(None).await
    }

    pub(crate) async fn flush_key(&self, key: &K) -> Result<()> {
        self.policy.drained(Some(key)).await
    }

    pub(crate) async fn shutdown(&self, patience: Duration) -> Result<(), Unflushed> {
        self.closed.store(true, Ordering::Release);
        let deadline = self.parts.runtime.now() + patience;
        match self.policy.stop(deadline).await {
            0 => Ok(()),
            writes => Err(Unflushed { writes }),
        }
    }

    /// An error when the cache has a source, whose answer has to be waited for.
    pub(crate) fn check_plain(&self) -> Result<()> {
        match self.is_plain() {
            true => Ok(()),
            false => {
                let advice = "a cache with a source cannot answer at once; use the call that waits";
                Err(self.parts.error(ErrorKind::Misuse, advice))
            }
        }
    }

    fn closed_error(&self) -> Option<Error> {
        let closed = self.closed.load(Ordering::Acquire);
        closed.then(|| self.parts.error(ErrorKind::Closed, "the cache has been shut down"))
    }
}
