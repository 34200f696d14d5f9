//! A cache with an observer that writes down what it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use larder::runtime::{Runtime, Simulated, Time};
use larder::source::{self, Change as RowChange, SourceError, SourceErrorKind};
use larder::tier::{Inserted, MemoryTier, Tier, Usage};
use larder::{
    Accept, Builder, Cache, Cause, Change, Entry, Error, Freshness, Observer, ReadOptions,
    Strategy, WriteOptions,
};
use parking_lot::Mutex;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What each call of the source takes.
pub(crate) const CALL: Duration = Duration::from_millis(1);

/// Writes down what it is told, and keeps an index of the keys by that alone.
#[derive(Default)]
pub(crate) struct Diary {
    lines: Mutex<Vec<String>>,
    keys: Mutex<BTreeSet<String>>,
    /// The changes that are under way; `None` is one of many keys.
    foretold: Mutex<Vec<Option<String>>>,
}

/// The rows of a source that fails when it is told to.
#[derive(Clone, Default)]
pub(crate) struct Rows {
    rows: Arc<Mutex<BTreeMap<String, u64>>>,
    failures: Arc<Mutex<Vec<SourceErrorKind>>>,
}

pub(crate) struct Kit {
    pub(crate) world: Simulated,
    pub(crate) rows: Rows,
    pub(crate) diary: Arc<Diary>,
    pub(crate) cache: Cache<String, u64>,
}

/// A memory tier, and what is to happen between a change of it and whatever follows.
pub(crate) struct TestTier {
    entries: MemoryTier<String, u64>,
    then: Box<dyn Fn(Call) + Send + Sync>,
}

/// A change of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Insert,
    Remove,
    Retain,
    Clear,
}

impl TestTier {
    pub(crate) fn new(
        entries: MemoryTier<String, u64>,
        then: impl Fn(Call) + Send + Sync + 'static,
    ) -> Self {
        Self { entries, then: Box::new(then) }
    }
}

impl Tier<String, u64> for TestTier {
    fn entry(&self, key: &String) -> Option<Entry<u64>> {
        self.entries.entry(key)
    }

    fn insert(&self, key: String, entry: Entry<u64>) -> Inserted<String> {
        let inserted = self.entries.insert(key, entry);
        (self.then)(Call::Insert);
        inserted
    }

    fn remove(&self, key: &String) -> bool {
        let removed = self.entries.remove(key);
        (self.then)(Call::Remove);
        removed
    }

    fn retain(&self, keep: &(dyn Fn(&String, Time) -> bool + Sync)) {
        self.entries.retain(keep);
        (self.then)(Call::Retain);
    }

    fn clear(&self) {
        self.entries.clear();
        (self.then)(Call::Clear);
    }

    fn usage(&self) -> Usage {
        self.entries.usage()
    }
}

impl Observer<String> for Diary {
    fn changing(&self, key: &String) {
        self.foretold.lock().push(Some(key.clone()));
    }

    fn clearing(&self) {
        self.foretold.lock().push(None);
    }

    fn changed(&self, key: &String, change: Change) {
        if change.cause != Cause::Evicted {
            self.fulfil(Some(key));
        }
        self.lines.lock().push(format!("{key}: {change}"));
        let mut keys = self.keys.lock();
        match change.present {
            true => keys.insert(key.clone()),
            false => keys.remove(key),
        };
    }

    fn cleared(&self, concerns: &dyn Fn(&String) -> bool) {
        self.fulfil(None);
        self.lines.lock().push("cleared".to_owned());
        self.keys.lock().retain(|key| !concerns(key));
    }
}

impl Diary {
    /// What is told has been foretold, once.
    fn fulfil(&self, key: Option<&String>) {
        let mut foretold = self.foretold.lock();
        let place = foretold.iter().position(|earlier| earlier.as_ref() == key);
        foretold.swap_remove(place.expect("every change is foretold"));
    }

    /// Whether a change is under way.
    pub(crate) fn is_foretold(&self) -> bool {
        !self.foretold.lock().is_empty()
    }

    /// What was told since it was last asked.
    pub(crate) fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock())
    }

    /// The keys that have a value, as far as it was told.
    pub(crate) fn keys(&self) -> BTreeSet<String> {
        self.keys.lock().clone()
    }
}

impl Rows {
    pub(crate) fn put(&self, key: &str, value: u64) {
        self.rows.lock().insert(key.to_owned(), value);
    }

    pub(crate) fn remove(&self, key: &str) {
        self.rows.lock().remove(key);
    }

    /// The next call fails.
    pub(crate) fn fail(&self, kind: SourceErrorKind) {
        self.failures.lock().push(kind);
    }

    fn check(&self) -> Result<(), SourceError> {
        self.failures.lock().pop().map_or(Ok(()), |kind| Err(SourceError::new(kind, "no")))
    }

    fn apply(&self, change: RowChange<String, u64>) {
        match change.value {
            Some(value) => self.rows.lock().insert(change.key, value),
            None => self.rows.lock().remove(&change.key),
        };
    }

    fn source(&self, world: &Simulated) -> source::Closures<String, u64> {
        let (loaded, stored) = (self.clone(), self.clone());
        let (clock, clock_too) = (world.clone(), world.clone());
        source::load_many_with(move |keys: Vec<String>| {
            let (rows, call) = (loaded.clone(), clock.sleep_until(clock.now() + CALL));
            async move {
                call.await;
                rows.check()?;
                let rows = rows.rows.lock();
                Ok(keys.iter().map(|key| Ok(rows.get(key).copied())).collect())
            }
        })
        .store_with(move |changes: Vec<RowChange<String, u64>>| {
            let (rows, call) = (stored.clone(), clock_too.sleep_until(clock_too.now() + CALL));
            async move {
                call.await;
                rows.check()?;
                changes.into_iter().for_each(|change| rows.apply(change));
                Ok(())
            }
        })
    }
}

impl Kit {
    /// A cache of two rows, `a` and `b`, that forgets absence at once.
    pub(crate) fn new(strategy: impl Into<Strategy>) -> Self {
        Self::with(strategy, Freshness::ttl(10 * SECOND))
    }

    pub(crate) fn with(strategy: impl Into<Strategy>, freshness: Freshness) -> Self {
        Self::build(|world, rows, builder| {
            rows.put("a", 1);
            rows.put("b", 2);
            builder.source(rows.source(world)).strategy(strategy).freshness(freshness)
        })
    }

    /// A cache without a source.
    pub(crate) fn plain() -> Self {
        Self::build(|_, _, builder| builder)
    }

    pub(crate) fn build(
        furnish: impl FnOnce(&Simulated, &Rows, Builder<String, u64>) -> Builder<String, u64>,
    ) -> Self {
        let (world, rows, diary) = (Simulated::new(3), Rows::default(), Arc::new(Diary::default()));
        let builder = Cache::builder("test").max_entries(100).runtime(Arc::new(world.clone()));
        let cache = furnish(&world, &rows, builder.observer(diary.clone())).build().unwrap();
        Self { world, rows, diary, cache }
    }

    /// What was told since it was last asked.
    #[track_caller]
    pub(crate) fn told(&self, expected: &[&str]) {
        assert_eq!(self.diary.lines(), expected);
    }

    pub(crate) fn get(&self, key: &str) -> Result<Option<u64>, Error> {
        self.read(key, Accept::Policy)
    }

    pub(crate) fn reload(&self, key: &str) -> Result<Option<u64>, Error> {
        self.read(key, Accept::Reload)
    }

    fn read(&self, key: &str, accept: Accept) -> Result<Option<u64>, Error> {
        let (cache, key) = (self.cache.clone(), key.to_owned());
        let options = ReadOptions { accept, ..ReadOptions::default() };
        self.world.block_on(async move { cache.get_with(key, &options).await })
    }

    pub(crate) fn put(&self, key: &str, value: u64) -> Result<(), Error> {
        self.put_with(key, value, WriteOptions::default())
    }

    pub(crate) fn put_with(
        &self,
        key: &str,
        value: u64,
        options: WriteOptions,
    ) -> Result<(), Error> {
        let (cache, key) = (self.cache.clone(), key.to_owned());
        self.world.block_on(async move { cache.put_with(key, value, options).await })
    }

    pub(crate) fn remove(&self, key: &str) -> bool {
        let (cache, key) = (self.cache.clone(), key.to_owned());
        self.world.block_on(async move { cache.remove(key).await }).unwrap()
    }
}

pub(crate) fn name(key: &str) -> String {
    key.to_owned()
}
