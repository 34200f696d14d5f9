//! The typed handle.

mod form;
mod hit;
mod operators;
mod transaction;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::builder::Builder;
use crate::engine::{Edit, Engine, Lease, Leased, Present, Unflushed};
use crate::entry::Entry;
use crate::error::Result;
use crate::freshness::Lifetime;
use crate::options::{ReadOptions, WriteOptions};
use crate::runtime::{Clock, Runtime, Time};
use crate::source::SourceError;
use crate::stats::Statistics;
use crate::tier::{Lookup, MemoryTier, Tier, Usage};
use crate::{Key, Value};

pub use form::{ToKey, ToValue};
pub use hit::Get;

/// A cache in front of a source, or on its own.
///
/// A handle is cheap to clone; all clones are the same cache. `T` is the tier whose hits this
/// handle serves; everything that is not a hit goes to the engine behind it.
#[doc = include_str!("../docs/cache/cache.md")]
///
/// # Cancellation
///
/// Every future may be dropped at any time. A load that has begun goes on and fills the cache; a
/// write that has begun runs to its end.
pub struct Cache<K: Key, V: Value, T = MemoryTier<K, V>> {
    tier: Arc<T>,
    clock: Clock,
    refresh_ahead_nanos: u64,
    engine: Arc<Engine<K, V>>,
}

/// What a look at the tier found.
///
/// ```
/// use larder::{Cache, Peek, Strategy, runtime::Simulated, source};
/// # use std::sync::Arc;
///
/// let squares: Cache<u64, u64> = Cache::builder("squares")
///     .max_entries(100)
///     .source(source::load_with(|n: u64| async move { Ok(Some(n * n)) }))
///     .strategy(Strategy::ReadThrough)
///     .runtime(Arc::new(Simulated::new(1)))
///     .build()?;
/// assert!(squares.peek_with(&7, |found| found == Peek::Miss));
/// # Ok::<(), larder::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peek<W> {
    /// A fresh value, and when it expires.
    Value(W, Time),
    /// There is none: known absent, or not there in a cache that does not load by itself.
    Absent,
    /// Nothing fresh: a read would have to wait.
    Miss,
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Begins a cache. `name` stands in its errors; a server gives the keyspace's.
    #[doc = include_str!("../docs/cache/builder.md")]
    pub fn builder(name: impl Into<Box<str>>) -> Builder<K, V> {
        Builder::new(name.into())
    }
}

impl<K: Key, V: Value, T: Tier<K, V>> Cache<K, V, T> {
    pub(crate) fn from_parts(tier: Arc<T>, engine: Arc<Engine<K, V>>) -> Self {
        let clock = Clock::of(&engine.parts.runtime);
        let ahead = engine.parts.freshness.refresh_ahead.as_nanos();
        let refresh_ahead_nanos = u64::try_from(ahead).unwrap_or(u64::MAX);
        Self { tier, clock, refresh_ahead_nanos, engine }
    }

    /// Shows to `see` what the tier holds of `key`, without waiting and without copying.
    ///
    /// ```
    /// # use larder::{Cache, Peek, runtime::Simulated};
    /// # use std::sync::Arc;
    /// let cache: Cache<String, String> =
    ///     Cache::builder("names").max_entries(10).runtime(Arc::new(Simulated::new(1))).build()?;
    /// cache.put_now(&"a".to_owned(), "Anna".to_owned(), Default::default())?;
    /// let length = cache.peek_with("a", |found| match found {
    ///     Peek::Value(name, _) => name.len(),
    ///     Peek::Absent | Peek::Miss => 0,
    /// });
    /// assert_eq!(length, 4);
    /// # Ok::<(), larder::Error>(())
    /// ```
    #[inline]
    pub fn peek_with<Q, R>(&self, key: &Q, see: impl FnOnce(Peek<T::View<'_>>) -> R) -> R
    where
        T: Lookup<Q>,
        Q: ToKey<K> + ?Sized,
    {
        self.peek_at(self.clock.now(), key, see)
    }

    /// [`peek_with`](Self::peek_with) by a caller that has just asked the runtime for the time.
    #[doc = include_str!("../docs/cache/peek_at.md")]
    #[inline]
    pub fn peek_at<Q, R>(&self, now: Time, key: &Q, see: impl FnOnce(Peek<T::View<'_>>) -> R) -> R
    where
        T: Lookup<Q>,
        Q: ToKey<K> + ?Sized,
    {
        let look = self.look(now);
        let mut see = Some(see);
        let found = self.tier.lookup(key, |entry: Entry<_>| {
            let see = see.take_if(|_| entry.is_fresh(now))?;
            let found = match entry.value {
                Some(value) => Peek::Value(value, entry.fresh_until),
                None => Peek::Absent,
            };
            Some((see(found), entry.fresh_until))
        });
        match (found, see) {
            (Some(Some((output, fresh_until))), _) => {
                if !look.is_calm(fresh_until) {
                    self.refresh(key);
                }
                output
            }
            (Some(None), Some(see)) => see(self.expired(now, key)),
            (None, Some(see)) => see(self.unserved()),
            (Some(None) | None, None) => unreachable!("`see` is used up only for an output"),
        }
    }

    /// The fresh value of `key`, if the tier has one. Never waits; starts no load, except that a
    /// hit close to its expiry starts a refresh where the policy says so.
    #[doc = include_str!("../docs/cache/peek.md")]
    #[inline]
    pub fn peek<Q>(&self, key: &Q) -> Option<V>
    where
        T: Lookup<Q>,
        for<'a> T::View<'a>: ToValue<V>,
        Q: ToKey<K> + ?Sized,
    {
        self.fresh(key).flatten()
    }

    /// The fresh entry of `key`, unnoticed: it counts as no read, starts no load and no refresh, and
    /// keeps the entry from no eviction. For those who look after a cache, rather than use it.
    #[doc = include_str!("../docs/cache/glance.md")]
    pub fn glance(&self, key: &K) -> Option<Entry<V>> {
        let now = self.clock.now();
        self.tier.entry(key).filter(|entry| entry.is_fresh(now))
    }

    /// How long before its expiry a read of a copy has it loaded anew. Whoever answers from what the
    /// cache has shown has to ask it again by then.
    #[doc = include_str!("../docs/cache/refresh_ahead.md")]
    pub fn refresh_ahead(&self) -> Duration {
        Duration::from_nanos(self.refresh_ahead_nanos)
    }

    /// The value of `key`; `None` when there is none.
    ///
    /// A hit is answered at once. What happens on a miss is the strategy's to say: the cache loads
    /// it, or, where the application does, the answer is `None`.
    #[doc = include_str!("../docs/cache/get.md")]
    ///
    /// # Errors
    ///
    /// What the load met, [`LoadTimeout`](crate::ErrorKind::LoadTimeout), or
    /// [`Busy`](crate::ErrorKind::Busy) when too many loads are under way.
    #[inline]
    pub fn get<'a, Q>(&'a self, key: &'a Q) -> Get<'a, Q, K, V, T>
    where
        T: Lookup<Q>,
        Q: ToKey<K> + ?Sized,
    {
        Get::new(self, key)
    }

    /// [`get`](Self::get) with options.
    #[doc = include_str!("../docs/cache/get_with.md")]
    pub async fn get_with(&self, key: K, options: &ReadOptions) -> Result<Option<V>> {
        self.engine.read_one(key, options).await
    }

    /// The values of `keys`, in their order. What is missed is loaded by one query.
    #[doc = include_str!("../docs/cache/get_many.md")]
    pub async fn get_many(&self, keys: Vec<K>, options: &ReadOptions) -> Vec<Result<Option<V>>> {
        self.engine.read(keys, options).await
    }

    /// The value of `key`, loaded by `load` on a miss: one flight per key, whoever else asks.
    ///
    /// This is how a cache without a loader of its own, such as cache-aside, is kept from
    /// stampedes. `None` is remembered as absent for the policy's `negative_ttl`.
    #[doc = include_str!("../docs/cache/get_or_load.md")]
    ///
    /// # Errors
    ///
    /// What `load` met, as every reader of the same flight is told;
    /// [`Misuse`](crate::ErrorKind::Misuse) with write-behind, whose reads look at queued writes
    /// first, which `load` does not know of.
    pub async fn get_or_load<F>(&self, key: K, load: impl FnOnce() -> F) -> Result<Option<V>>
    where
        F: Future<Output = Result<Option<V>, SourceError>> + Send + 'static,
    {
        self.engine.read_or_load(key, &ReadOptions::default(), load).await
    }

    /// Writes `key` by the strategy.
    #[doc = include_str!("../docs/cache/put.md")]
    ///
    /// # Errors
    ///
    /// [`Misuse`](crate::ErrorKind::Misuse) where the strategy leaves writes to the application;
    /// otherwise what the source met. After [`Unknown`](crate::ErrorKind::Unknown) the write may or
    /// may not have taken effect, and nothing of the key is cached.
    pub async fn put(&self, key: K, value: V) -> Result<()> {
        self.put_with(key, value, WriteOptions::default()).await
    }

    /// [`put`](Self::put) with options.
    #[doc = include_str!("../docs/cache/put_with.md")]
    pub async fn put_with(&self, key: K, value: V, options: WriteOptions) -> Result<()> {
        self.engine.write(BTreeMap::from([(key, Some(value))]), options).await.map(drop)
    }

    /// Writes several keys, as one unit of the source where it can. A key that is given twice takes
    /// its last value.
    #[doc = include_str!("../docs/cache/put_many.md")]
    pub async fn put_many(
        &self,
        pairs: impl IntoIterator<Item = (K, V)>,
        options: WriteOptions,
    ) -> Result<()> {
        let changes = pairs.into_iter().map(|(key, value)| (key, Some(value))).collect();
        self.engine.write(changes, options).await.map(drop)
    }

    /// Writes and deletes several keys, `None` deleting one, as one unit of the source where it can. A
    /// key that is given twice takes its last value.
    ///
    /// After an error none of them is written, and no copy of any is newer than before; after
    /// [`Unknown`](crate::ErrorKind::Unknown) all are written or none, and none is cached. With
    /// write-behind the unit is the journal's: the source may have some before it has the others.
    #[doc = include_str!("../docs/cache/write_many.md")]
    pub async fn write_many(
        &self,
        changes: impl IntoIterator<Item = (K, Option<V>)>,
        options: WriteOptions,
    ) -> Result<()> {
        self.engine.write(changes.into_iter().collect(), options).await.map(drop)
    }

    /// Writes `key` at once, in a cache without a source.
    #[doc = include_str!("../docs/cache/put_now.md")]
    ///
    /// # Errors
    ///
    /// [`Misuse`](crate::ErrorKind::Misuse) in a cache with a source;
    /// [`Value`](crate::ErrorKind::Value) when the entry alone is larger than the tier.
    pub fn put_now(&self, key: &K, value: V, lifetime: Lifetime) -> Result<()> {
        self.engine.check_plain()?;
        self.engine.write_now(key, Some(value), lifetime).map(drop)
    }

    /// Removes `key`, in a cache without a source; says whether it was there.
    #[doc = include_str!("../docs/cache/remove_now.md")]
    ///
    /// # Errors
    ///
    /// [`Misuse`](crate::ErrorKind::Misuse) in a cache with a source.
    pub fn remove_now(&self, key: &K) -> Result<bool> {
        self.engine.check_plain()?;
        self.engine.write_now(key, None, Lifetime::Policy)
    }

    /// [`update`](Self::update) at once, in a cache without a source.
    #[doc = include_str!("../docs/cache/update_now.md")]
    ///
    /// # Errors
    ///
    /// As [`put_now`](Self::put_now).
    pub fn update_now<R>(
        &self,
        key: &K,
        decide: impl FnOnce(Option<Present<'_, V>>) -> (Edit<V>, R),
    ) -> Result<R> {
        self.engine.check_plain()?;
        self.engine.update_plain(key, decide)
    }

    /// Deletes `key` by the strategy, or invalidates it where the strategy leaves writes to the
    /// application. Says whether there was something to delete, or a copy to drop.
    #[doc = include_str!("../docs/cache/remove.md")]
    pub async fn remove(&self, key: K) -> Result<bool> {
        Ok(self.remove_many(vec![key], WriteOptions::default()).await? > 0)
    }

    /// [`remove`](Self::remove) for several keys; says how many there were. A key of which nobody can
    /// tell counts, such as one that is not cached while the source is down.
    #[doc = include_str!("../docs/cache/remove_many.md")]
    pub async fn remove_many(&self, keys: Vec<K>, options: WriteOptions) -> Result<u64> {
        self.engine.remove(keys, options).await
    }

    /// Reads `key`, lets `decide` say what becomes of it, and writes that, with no other write of
    /// the key between. `decide` may be dropped unused when the read fails.
    #[doc = include_str!("../docs/cache/update.md")]
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`put`](Self::put).
    pub async fn update<R>(
        &self,
        key: K,
        options: WriteOptions,
        decide: impl FnOnce(Option<Present<'_, V>>) -> (Edit<V>, R),
    ) -> Result<R> {
        self.engine.update(key, options, decide).await
    }

    /// Reads `keys`, lets `decide` say what becomes of them, and writes that as
    /// [`write_many`](Self::write_many) does, with no other write of any of these keys between. A key
    /// of which `decide` says nothing stays as it is. `decide` may be dropped unused when a read fails.
    ///
    /// Transactions whose keys overlap take turns, and none waits for another in a circle.
    #[doc = include_str!("../docs/cache/transact.md")]
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`put`](Self::put); [`Misuse`](crate::ErrorKind::Misuse) in a cache
    /// without a source, and when `decide` changes a key that is not among `keys`.
    pub async fn transact<R>(
        &self,
        keys: BTreeSet<K>,
        options: WriteOptions,
        decide: impl FnOnce(BTreeMap<K, Option<Present<'_, V>>>) -> (BTreeMap<K, Edit<V>>, R),
    ) -> Result<R> {
        self.engine.clone().transact(keys, options, decide).await
    }

    /// Drops the copy of `key`, and voids every flight, lease and write that could bring back what
    /// it held: a read that starts after this returned sees nothing older. Says whether there was
    /// a copy.
    #[doc = include_str!("../docs/cache/invalidate.md")]
    pub fn invalidate(&self, key: &K) -> bool {
        self.engine.invalidate(key)
    }

    /// [`invalidate`](Self::invalidate) for every key that starts with `prefix`. Costs a walk over
    /// the tier.
    #[doc = include_str!("../docs/cache/invalidate_prefix.md")]
    pub fn invalidate_prefix(&self, prefix: impl AsRef<[u8]>)
    where
        K: AsRef<[u8]>,
    {
        let prefix = prefix.as_ref().to_owned();
        self.invalidate_where(move |key| key.as_ref().starts_with(&prefix));
    }

    /// [`invalidate`](Self::invalidate) for every key that `concerns` names, whether it has a copy or
    /// not. Costs a walk over the tier; `concerns` may not call the cache.
    #[doc = include_str!("../docs/cache/invalidate_where.md")]
    pub fn invalidate_where(&self, concerns: impl Fn(&K) -> bool + Sync) {
        self.engine.parts.keys.invalidate_where(&concerns);
    }

    /// [`invalidate`](Self::invalidate) for every key.
    #[doc = include_str!("../docs/cache/invalidate_all.md")]
    pub fn invalidate_all(&self) {
        self.engine.parts.keys.invalidate_all();
    }

    /// Asks for the right to fill `key`, or for its value if it is cached.
    #[doc = include_str!("../docs/cache/lease.md")]
    ///
    /// # Errors
    ///
    /// [`Misuse`](crate::ErrorKind::Misuse) where the cache loads by itself.
    pub fn lease(&self, key: K) -> Result<Leased<V>> {
        self.lease_with(key, &WriteOptions::default())
    }

    /// [`lease`](Self::lease) with options, of which only the trace counts.
    #[doc = include_str!("../docs/cache/lease_with.md")]
    pub fn lease_with(&self, key: K, options: &WriteOptions) -> Result<Leased<V>> {
        self.engine.lease(key, options)
    }

    /// Fills `key` under a lease, `None` being known absent. `false` when the lease is void: a
    /// write or an invalidation came first, another fill did, or its time ran out.
    #[doc = include_str!("../docs/cache/fill.md")]
    pub fn fill(&self, key: K, lease: Lease, value: Option<V>) -> bool {
        self.fill_with(key, lease, value, &WriteOptions::default())
    }

    /// [`fill`](Self::fill) with options.
    #[doc = include_str!("../docs/cache/fill_with.md")]
    pub fn fill_with(
        &self,
        key: K,
        lease: Lease,
        value: Option<V>,
        options: &WriteOptions,
    ) -> bool {
        self.engine.fill(key, lease, value, options)
    }

    /// Gives the copy of `key` another lifetime; says whether there is a copy.
    #[doc = include_str!("../docs/cache/expire.md")]
    pub fn expire(&self, key: &K, lifetime: Lifetime) -> bool {
        self.engine.expire(key, lifetime)
    }

    /// Waits until every write that was acknowledged before this call is in the source, or is a dead
    /// letter. While the source is down that takes as long as it is: whoever waits no longer than so
    /// long drops the future.
    #[doc = include_str!("../docs/cache/flush.md")]
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Fenced`](crate::ErrorKind::Fenced) once another process has taken the journal over,
    /// [`ErrorKind::Closed`](crate::ErrorKind::Closed) once the cache has been shut down: this process
    /// brings no more, and not all of it is there.
    pub async fn flush(&self) -> Result<()> {
        self.engine.flush().await
    }

    /// As [`flush`](Self::flush), for the writes of `key`. What else is queued may wait on.
    #[doc = include_str!("../docs/cache/flush_key.md")]
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush), when a write of `key` is left.
    pub async fn flush_key(&self, key: &K) -> Result<()> {
        self.engine.flush_key(key).await
    }

    /// Takes no more writes and loads, and brings to the source what is queued, waiting no longer
    /// than `patience`. After that no other write of the source is begun; one that is under way ends. What
    /// is left stays in the journal, for as long as that lasts.
    #[doc = include_str!("../docs/cache/shutdown.md")]
    ///
    /// # Errors
    ///
    /// [`Unflushed`] tells how many writes did not make it.
    pub async fn shutdown(&self, patience: Duration) -> Result<(), Unflushed> {
        self.engine.shutdown(patience).await
    }

    /// Removes the entries that can be of no use any more. Expired entries also make room when the
    /// tier is full; a sweep only keeps them from lying about until then, and has an
    /// [`Observer`](crate::Observer) told of them.
    ///
    /// It costs one comparison while no entry can have expired, and otherwise a walk over the tier, which
    /// holds up a part of it at a time and takes tens of milliseconds for a million entries. So it may
    /// be called often where entries expire seldom or together. Where some expire all the time every
    /// call walks: who calls it should then wait for a multiple of what the last walk took.
    #[doc = include_str!("../docs/cache/sweep.md")]
    pub fn sweep(&self) {
        let now = self.engine.parts.runtime.now();
        self.engine.parts.keys.sweep(now, self.engine.parts.freshness.stale_window());
    }

    /// The name that the cache was built with.
    #[doc = include_str!("../docs/cache/name.md")]
    pub fn name(&self) -> &str {
        &self.engine.parts.name
    }

    /// The strategy's name; `none` without a source.
    #[doc = include_str!("../docs/cache/strategy.md")]
    pub fn strategy(&self) -> &'static str {
        self.engine.policy.name()
    }

    /// Whether the cache has no source, so that every call can be answered at once.
    #[doc = include_str!("../docs/cache/is_plain.md")]
    pub fn is_plain(&self) -> bool {
        self.engine.is_plain()
    }

    /// What it has done so far.
    #[doc = include_str!("../docs/cache/statistics.md")]
    pub fn statistics(&self) -> Statistics {
        self.engine.parts.stats.read()
    }

    /// How much its tier holds.
    #[doc = include_str!("../docs/cache/usage.md")]
    pub fn usage(&self) -> Usage {
        self.tier.usage()
    }

    /// Changes how much its tier may hold: entries or bytes, as it was built. What is too much then
    /// is evicted at once.
    #[doc = include_str!("../docs/cache/resize.md")]
    pub fn resize(&self, weight_max: u64) {
        self.engine.parts.keys.resize(weight_max);
    }

    /// How many keys a load, a lease or a write is under way for.
    #[doc = include_str!("../docs/cache/in_progress.md")]
    pub fn in_progress(&self) -> usize {
        self.engine.parts.keys.in_progress()
    }

    /// The runtime that it runs on.
    #[doc = include_str!("../docs/cache/runtime.md")]
    pub fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.engine.parts.runtime
    }
}

impl<K: Key, V: Value, T> Clone for Cache<K, V, T> {
    fn clone(&self) -> Self {
        Self {
            tier: self.tier.clone(),
            clock: self.clock.clone(),
            refresh_ahead_nanos: self.refresh_ahead_nanos,
            engine: self.engine.clone(),
        }
    }
}

impl<K: Key, V: Value, T: Tier<K, V>> fmt::Debug for Cache<K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.name())
            .field("strategy", &self.strategy())
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}
