//! Puts a cache together.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::cache::Cache;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::freshness::Freshness;
use crate::journal::{Journal, MemoryJournal};
use crate::keys::Keys;
use crate::load::Loader;
use crate::observer::Observer;
use crate::parts::Parts;
use crate::runtime::{Runtime, TokioRuntime};
use crate::source::{Breaker, BreakerOptions, Source};
use crate::stats::Counters;
use crate::strategy::{Backed, Plain, Policy, Reader, Strategy, WriteBehind};
use crate::tier::{MemoryTier, Tier};
use crate::{Key, Value};

type Weigh<K, V> = Arc<dyn Fn(&K, Option<&V>) -> u64 + Send + Sync>;

/// A cache in the making: a tier, and with a source also a strategy.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// use larder::{Cache, Freshness, Strategy, source};
/// use std::time::Duration;
///
/// let squares: Cache<u64, u64> = Cache::builder("squares")
///     .max_entries(1_000)
///     .source(source::load_with(|n: u64| async move { Ok(Some(n * n)) }))
///     .strategy(Strategy::ReadThrough)
///     .freshness(Freshness::ttl(Duration::from_secs(60)))
///     .build()?;
/// assert_eq!(squares.strategy(), "read-through");
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is built until `build`"]
pub struct Builder<K, V, T = MemoryTier<K, V>> {
    name: Box<str>,
    tier: Option<T>,
    source: Option<Arc<dyn Source<K, V>>>,
    strategy: Option<Strategy>,
    freshness: Freshness,
    runtime: Option<Arc<dyn Runtime>>,
    journal: Option<Arc<dyn Journal<K, V>>>,
    weigh: Weigh<K, V>,
    lease_time: Duration,
    observer: Option<Arc<dyn Observer<K>>>,
    breaker: Option<BreakerOptions>,
}

impl<K: Key, V: Value> Builder<K, V> {
    pub(crate) fn new(name: Box<str>) -> Self {
        Self {
            name,
            tier: None,
            source: None,
            strategy: None,
            freshness: Freshness::default(),
            runtime: None,
            journal: None,
            weigh: Arc::new(|_, _| size_of::<(K, V)>() as u64),
            lease_time: Duration::from_secs(10),
            observer: None,
            breaker: None,
        }
    }

    /// Holds at most so many entries in memory.
    ///
    /// ```
    /// # use larder::Cache;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let names: Cache<u64, String> = Cache::builder("names").max_entries(1_000).build()?;
    /// assert_eq!(names.usage().weight_max, 1_000);
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_entries(self, entries: u64) -> Self {
        self.tier(MemoryTier::with_entries(entries))
    }

    /// Holds at most so many bytes in memory, as `weigh` weighs a key with its value, `None` being
    /// known absent. See [`MemoryTier::with_bytes`].
    ///
    /// ```
    /// # use larder::Cache;
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let pages: Cache<u64, Arc<str>> = Cache::builder("pages")
    ///     .max_bytes(64 << 20, |_key, page: Option<&Arc<str>>| {
    ///         64 + page.map_or(0, |page| page.len() as u64)
    ///     })
    ///     .build()?;
    /// assert_eq!(pages.usage().weight_max, 64 << 20);
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_bytes(
        self,
        bytes: u64,
        weigh: impl Fn(&K, Option<&V>) -> u64 + Send + Sync + 'static,
    ) -> Self {
        let weigh: Weigh<K, V> = Arc::new(weigh);
        let tier = MemoryTier::with_bytes(bytes, {
            let weigh = weigh.clone();
            move |key: &K, value: Option<&V>| weigh(key, value)
        });
        Self { weigh, ..self.tier(tier) }
    }
}

impl<K: Key, V: Value, T: Tier<K, V>> Builder<K, V, T> {
    /// Holds its entries in `tier`.
    ///
    /// ```
    /// # use larder::Cache;
    /// # use larder::tier::MemoryTier;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let names: Cache<u64, String> =
    ///     Cache::builder("names").tier(MemoryTier::with_entries(1_000)).build()?;
    /// assert_eq!(names.usage().entries, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tier<U: Tier<K, V>>(self, tier: U) -> Builder<K, V, U> {
        Builder {
            name: self.name,
            tier: Some(tier),
            source: self.source,
            strategy: self.strategy,
            freshness: self.freshness,
            runtime: self.runtime,
            journal: self.journal,
            weigh: self.weigh,
            lease_time: self.lease_time,
            observer: self.observer,
            breaker: self.breaker,
        }
    }

    /// Stands in front of `source`.
    ///
    /// ```
    /// # use larder::{Cache, Strategy, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let squares: Cache<u64, u64> = Cache::builder("squares")
    ///     .max_entries(100)
    ///     .source(source::load_with(|n: u64| async move { Ok(Some(n * n)) }))
    ///     .strategy(Strategy::ReadThrough)
    ///     .build()?;
    /// assert_eq!(squares.get(&7).await?, Some(49));
    /// # Ok(())
    /// # }
    /// ```
    pub fn source(self, source: impl Source<K, V>) -> Self {
        self.shared_source(Arc::new(source))
    }

    /// Stands in front of a source that others know too.
    ///
    /// ```
    /// # use larder::{Cache, Strategy, source, source::Source};
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let source: Arc<dyn Source<u64, u64>> =
    ///     Arc::new(source::load_with(|n: u64| async move { Ok(Some(n * n)) }));
    /// // Two caches of one source do not know of each other: what one writes, the other may hold.
    /// let squares = |name| {
    ///     Cache::builder(name)
    ///         .max_entries(100)
    ///         .shared_source(source.clone())
    ///         .strategy(Strategy::ReadThrough)
    ///         .build()
    /// };
    /// let (small, large) = (squares("small")?, squares("large")?);
    /// assert_eq!(small.get(&7).await?, large.get(&7).await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn shared_source(mut self, source: Arc<dyn Source<K, V>>) -> Self {
        self.source = Some(source);
        self
    }

    /// Asks the source no more for a while after it could not be reached so many times in a row. See
    /// [`Breaker`].
    ///
    /// ```
    /// # use larder::{Cache, Strategy, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// use larder::source::{BreakerOptions, BreakerState};
    ///
    /// let squares = Cache::builder("squares")
    ///     .max_entries(100)
    ///     .source(source::load_with(|n: u64| async move { Ok(Some(n * n)) }))
    ///     .breaker(BreakerOptions::default())
    ///     .strategy(Strategy::ReadThrough)
    ///     .build()?;
    /// assert_eq!(squares.breaker_status().map(|breaker| breaker.state), Some(BreakerState::Closed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn breaker(mut self, options: BreakerOptions) -> Self {
        self.breaker = Some(options);
        self
    }

    /// Keeps cache and source in step this way.
    ///
    /// ```
    /// # use larder::{Cache, source, strategy::WriteThrough};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// // A strategy with options says only those that differ.
    /// let strategy = WriteThrough { timeout: Some(Duration::from_secs(2)), ..WriteThrough::default() };
    /// let source = source::load_with(|_: String| async { Ok(None) }).store_with(|_| async { Ok(()) });
    /// let stock: Cache<String, u64> =
    ///     Cache::builder("stock").max_entries(100).source(source).strategy(strategy).build()?;
    /// assert_eq!(stock.strategy(), "write-through");
    /// # Ok(())
    /// # }
    /// ```
    pub fn strategy(mut self, strategy: impl Into<Strategy>) -> Self {
        self.strategy = Some(strategy.into());
        self
    }

    /// How long copies may be served.
    ///
    /// ```
    /// # use larder::{Cache, Freshness};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let names: Cache<u64, String> = Cache::builder("names")
    ///     .max_entries(100)
    ///     .freshness(Freshness::ttl(Duration::from_secs(60)))
    ///     .build()?;
    /// # drop(names);
    /// # Ok(())
    /// # }
    /// ```
    pub fn freshness(mut self, freshness: Freshness) -> Self {
        self.freshness = freshness;
        self
    }

    /// Runs on this runtime; by default on the tokio runtime that `build` is called in.
    ///
    /// ```
    /// # use larder::{Cache, runtime::Simulated};
    /// # use std::sync::Arc;
    /// // In a test: virtual time, and no tokio.
    /// let world = Simulated::new(1);
    /// let names: Cache<u64, String> =
    ///     Cache::builder("names").max_entries(100).runtime(Arc::new(world.clone())).build()?;
    /// assert_eq!(world.block_on(async move { names.get(&7).await })?, None);
    /// # Ok::<(), larder::Error>(())
    /// ```
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Queues the writes of write-behind in this journal, instead of one in memory.
    ///
    /// ```
    /// # use larder::journal::{Journal, Limits, MemoryJournal};
    /// # use larder::runtime::TokioRuntime;
    /// # use larder::{Cache, Strategy, source};
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    /// let journal = MemoryJournal::new(Limits::default(), runtime, |key: &String, _| key.len() as u64);
    /// let journal: Arc<dyn Journal<String, u64>> = Arc::new(journal);
    /// let source = source::load_with(|_: String| async { Ok(None) }).store_with(|_| async { Ok(()) });
    /// let stock = Cache::builder("stock")
    ///     .max_entries(100)
    ///     .source(source)
    ///     .strategy(Strategy::write_behind())
    ///     .journal(journal.clone())
    ///     .build()?;
    /// stock.put("tea".to_owned(), 3).await?;
    /// assert_eq!(journal.pending(&"tea".to_owned()), Some(Some(3)));
    /// assert!(journal.dead().is_empty()); // what the source refused, for whoever keeps the journal
    /// # Ok(())
    /// # }
    /// ```
    pub fn journal(mut self, journal: Arc<dyn Journal<K, V>>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// How long a lease lasts that nobody fills under; ten seconds by default.
    ///
    /// ```
    /// # use larder::Cache;
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let names: Cache<u64, String> =
    ///     Cache::builder("names").max_entries(100).lease_time(Duration::from_secs(2)).build()?;
    /// # drop(names);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lease_time(mut self, lease_time: Duration) -> Self {
        self.lease_time = lease_time;
        self
    }

    /// Tells `observer` of every change of what the cache holds. Without one, nothing is spent on that.
    ///
    /// ```
    /// # use larder::{Cache, Change, Lifetime, Observer, runtime::Simulated};
    /// # use std::sync::{Arc, Mutex};
    /// #[derive(Default)]
    /// struct Diary(Mutex<Vec<String>>);
    ///
    /// impl Observer<u64> for Diary {
    ///     fn changed(&self, key: &u64, change: Change) {
    ///         self.0.lock().unwrap().push(format!("{key}: {change}"));
    ///     }
    ///
    ///     fn cleared(&self, _concerns: &dyn Fn(&u64) -> bool) {
    ///         self.0.lock().unwrap().push("cleared".to_owned());
    ///     }
    /// }
    ///
    /// let diary = Arc::new(Diary::default());
    /// let names: Cache<u64, String> = Cache::builder("names")
    ///     .max_entries(100)
    ///     .runtime(Arc::new(Simulated::new(1)))
    ///     .observer(diary.clone())
    ///     .build()?;
    /// names.put_now(&7, "Anna".to_owned(), Lifetime::Policy)?;
    /// names.invalidate_all();
    /// assert_eq!(*diary.0.lock().unwrap(), ["7: written, new", "cleared"]);
    /// # Ok::<(), larder::Error>(())
    /// ```
    pub fn observer(mut self, observer: Arc<dyn Observer<K>>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The cache.
    ///
    /// ```
    /// # use larder::{Cache, ErrorKind};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let unbounded = Cache::<u64, String>::builder("names").build();
    /// assert_eq!(unbounded.unwrap_err().kind(), ErrorKind::Misuse);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Misuse`](ErrorKind::Misuse) when the parts do not fit together: no bound, a source without
    /// a strategy or the reverse, a strategy that writes over a source that cannot, no runtime.
    pub fn build(mut self) -> Result<Cache<K, V, T>> {
        let runtime = self.take_runtime()?;
        let Some(tier) = self.tier.take() else {
            return Err(self.misuse("it has no bound: give max_entries, max_bytes or a tier"));
        };
        let tier = Arc::new(tier);
        let parts = Arc::new(Parts {
            name: self.name.clone(),
            keys: Arc::new(Keys::new(tier.clone(), self.observer.take())),
            freshness: self.freshness.clone(),
            runtime,
            stats: Counters::new(),
        });
        let breaker = self.break_circuit(&parts.runtime);
        let source = self.source.clone();
        let policy = self.employ(&parts)?;
        let update_loader = source
            .clone()
            .filter(|_| policy.reader() == Reader::Cache || policy.refuses_writes().is_none())
            .map(|source| Loader::new(parts.clone(), source, policy.journal().cloned()));
        let loader = update_loader.clone().filter(|_| policy.reader() == Reader::Cache);
        policy.clone().start();
        let lease_time = self.lease_time;
        let closed = AtomicBool::new(false);
        let engine =
            Engine { parts, policy, source, loader, update_loader, breaker, lease_time, closed };
        Ok(Cache::from_parts(tier, Arc::new(engine)))
    }

    /// Puts the breaker that was asked for before the source.
    fn break_circuit(
        &mut self,
        runtime: &Arc<dyn Runtime>,
    ) -> Option<Arc<Breaker<dyn Source<K, V>>>> {
        let (options, source) = (self.breaker.take()?, self.source.take()?);
        let breaker = Arc::new(Breaker::new(source, options, runtime.clone()));
        self.source = Some(breaker.clone());
        Some(breaker)
    }

    fn take_runtime(&mut self) -> Result<Arc<dyn Runtime>> {
        match self.runtime.take() {
            Some(runtime) => Ok(runtime),
            None => match TokioRuntime::current() {
                Some(runtime) => Ok(Arc::new(runtime)),
                None => Err(self.misuse("there is no runtime: build it inside tokio or give one")),
            },
        }
    }

    fn employ(&mut self, parts: &Arc<Parts<K, V>>) -> Result<Arc<dyn Policy<K, V>>> {
        match (self.source.take(), self.strategy.take()) {
            (None, None) => Ok(Arc::new(Plain::new(parts.clone()))),
            (None, Some(strategy)) => {
                Err(self.misuse(&format!("{} needs a source", strategy.name())))
            }
            (Some(_), None) => Err(self.misuse("it has a source and needs a strategy")),
            (Some(source), Some(strategy)) => {
                let writes = source.capabilities().writes;
                let backed = Backed { parts: parts.clone(), source };
                let journal = |options: &WriteBehind| self.journal_for(options, parts);
                let policy = strategy.employ(backed, journal);
                match policy.refuses_writes().is_none() && !writes {
                    true => Err(self.misuse("the strategy writes, and the source cannot store")),
                    false => Ok(policy),
                }
            }
        }
    }

    fn journal_for(&self, options: &WriteBehind, parts: &Parts<K, V>) -> Arc<dyn Journal<K, V>> {
        let weigh = self.weigh.clone();
        self.journal.clone().unwrap_or_else(|| {
            let weigh = move |key: &K, value: Option<&V>| weigh(key, value);
            Arc::new(MemoryJournal::new(options.limits.clone(), parts.runtime.clone(), weigh))
        })
    }

    fn misuse(&self, message: &str) -> Error {
        Error::new(ErrorKind::Misuse, &self.name, message)
    }
}
