//! The five strategies: each a read policy and a write policy, each in its own file.
//!
//! | strategy | a miss is loaded by | a write goes to |
//! |---|---|---|
//! | [cache-aside](cache_aside) | the application, under a lease | the application's own hands; then it invalidates |
//! | [read-through](read_through) | the cache, one flight per key | the application's own hands; then it invalidates |
//! | [write-through](write_through) | the cache | source and cache, both or an error |
//! | [write-behind](write_behind) | the cache, what is pending first | the journal, then the cache; workers write the source |
//! | [write-around](write_around) | as chosen | the source; a cached copy is dropped |
//!
//! A cache without a source has no strategy: it is [`plain`].
//!
//! A strategy names no concrete tier, source or journal. What all of them share is not here: races
//! between fills, writes and invalidations are settled in `keys`, loads in `load`.

mod backed;
pub mod cache_aside;
pub mod plain;
pub mod read_through;
pub mod write_around;
pub mod write_behind;
pub mod write_through;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::error::{Error, ErrorKind, Result};
use crate::freshness::Lifetime;
use crate::journal::Journal;
use crate::keys::WriteGuard;
use crate::options::WriteOptions;
use crate::runtime::Time;
use crate::source::Change;
use crate::{Key, Value};

pub use crate::backoff::Backoff;
pub use write_around::{ReadPolicy, WriteAround};
pub use write_behind::{DrainState, DrainStatus, OnFull, WriteBehind};
pub use write_through::{Order, WriteThrough};

pub(crate) use backed::Backed;
pub(crate) use plain::{Plain, put as put_plain};

/// How a cache and its source are kept in step.
///
/// ```
/// use larder::Strategy;
/// use larder::strategy::{WriteAround, WriteThrough};
///
/// let read = Strategy::ReadThrough;
/// let write = Strategy::WriteThrough(WriteThrough::default());
/// let pure: Strategy = WriteAround { drop_cached: false, ..WriteAround::default() }.into();
/// assert_eq!([read, write, pure].map(|s| s.name()), ["read-through", "write-through", "write-around"]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Strategy {
    /// The application loads and writes the source; the cache guards its fills by leases.
    CacheAside,
    /// The cache loads; the application writes the source and invalidates.
    ReadThrough,
    /// The cache loads, and writes the source before the write is answered.
    WriteThrough(WriteThrough),
    /// The cache loads; writes are queued in a journal and reach the source in batches.
    WriteBehind(WriteBehind),
    /// Writes go to the source and leave the cache alone, but for dropping the copy.
    WriteAround(WriteAround),
}

/// Who loads what a reader misses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Application,
    Cache,
}

/// A write whose turn has come.
pub(crate) struct Write<K: Key, V: Value> {
    pub(crate) guard: WriteGuard<K, V>,
    /// `None` deletes.
    pub(crate) value: Option<V>,
    /// How long the copy lives.
    pub(crate) lifetime: Lifetime,
}

/// What a write found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// Whether the key existed before, as far as the strategy can tell without asking.
    pub(crate) existed: Option<bool>,
}

/// A strategy at work.
pub(crate) trait Policy<K: Key, V: Value>: Send + Sync + 'static {
    /// The strategy's name, as configuration and metrics write it.
    fn name(&self) -> &'static str;

    fn reader(&self) -> Reader;

    /// Whether writes go through the cache; if not, with what to tell the caller.
    fn refuses_writes(&self) -> Option<&'static str> {
        None
    }

    /// Whether a copy is dropped or replaced by every write of its key.
    fn copies_follow_writes(&self) -> bool {
        true
    }

    /// How long a write waits for those before it, where its options do not say.
    fn timeout(&self) -> Option<Duration> {
        None
    }

    /// Carries out writes, all or none as far as the source can. Runs to its end once begun.
    fn write(
        self: Arc<Self>,
        writes: Vec<Write<K, V>>,
        options: WriteOptions,
    ) -> BoxFuture<'static, Result<Vec<Written>>>;

    /// Where acknowledged writes wait for the source.
    fn journal(&self) -> Option<&Arc<dyn Journal<K, V>>> {
        None
    }

    /// Waits until the source has what is queued now, of one key or of all; an error once nobody
    /// brings it there any more.
    fn drained<'a>(&'a self, _key: Option<&'a K>) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// How what is queued gets to the source.
    fn drain_status(&self) -> Option<DrainStatus> {
        None
    }

    /// Starts the tasks that the strategy needs.
    fn start(self: Arc<Self>) {}

    /// Brings what is queued to the source; the number of writes that did not make it by then.
    fn stop(&self, _deadline: Time) -> BoxFuture<'_, u64> {
        Box::pin(std::future::ready(0))
    }
}

impl Strategy {
    /// Write-through, the source first, without a write time-out.
    ///
    /// ```
    /// assert_eq!(larder::Strategy::write_through().name(), "write-through");
    /// ```
    pub fn write_through() -> Self {
        Strategy::WriteThrough(WriteThrough::default())
    }

    /// Write-behind with the default limits.
    ///
    /// ```
    /// assert_eq!(larder::Strategy::write_behind().name(), "write-behind");
    /// ```
    pub fn write_behind() -> Self {
        Strategy::WriteBehind(WriteBehind::default())
    }

    /// Write-around that drops the cached copy and loads on a miss.
    ///
    /// ```
    /// assert_eq!(larder::Strategy::write_around().name(), "write-around");
    /// ```
    pub fn write_around() -> Self {
        Strategy::WriteAround(WriteAround::default())
    }

    /// The name, as configuration and metrics write it.
    ///
    /// ```
    /// assert_eq!(larder::Strategy::CacheAside.name(), "cache-aside");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Strategy::CacheAside => cache_aside::NAME,
            Strategy::ReadThrough => read_through::NAME,
            Strategy::WriteThrough(_) => write_through::NAME,
            Strategy::WriteBehind(_) => write_behind::NAME,
            Strategy::WriteAround(_) => write_around::NAME,
        }
    }

    /// Puts the strategy to work. The only place that tells one strategy from another.
    pub(crate) fn employ<K: Key, V: Value>(
        self,
        backed: Backed<K, V>,
        journal: impl FnOnce(&WriteBehind) -> Arc<dyn Journal<K, V>>,
    ) -> Arc<dyn Policy<K, V>> {
        match self {
            Strategy::CacheAside => Arc::new(cache_aside::CacheAside),
            Strategy::ReadThrough => Arc::new(read_through::ReadThrough),
            Strategy::WriteThrough(options) => options.employ(backed),
            Strategy::WriteBehind(options) => {
                let journal = journal(&options);
                options.employ(backed, journal)
            }
            Strategy::WriteAround(options) => options.employ(backed),
        }
    }
}

impl<K: Key, V: Value> Write<K, V> {
    fn change(&self) -> Change<K, V> {
        Change { key: self.guard.key().clone(), value: self.value.clone() }
    }
}

/// The answer of a strategy whose writes are the application's.
async fn refuse<T>(advice: &'static str) -> Result<T> {
    // The engine asks `refuses_writes` first, and names the cache in its error.
    Err(Error::new(ErrorKind::Misuse, "", advice))
}
