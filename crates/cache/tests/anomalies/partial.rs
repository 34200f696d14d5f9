//! Values that name only a part of what a row holds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use larder::runtime::Simulated;
use larder::source::{Capabilities, Change, Loaded, Source, SourceError, Stored};
use larder::strategy::{Order, WriteBehind, WriteThrough};
use larder::{Cache, Freshness, Strategy};
use parking_lot::Mutex;

/// Two columns; one that is not named keeps what the row holds, or gets its default, zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Pair {
    a: Option<u64>,
    b: Option<u64>,
}

#[derive(Clone, Default)]
struct Pairs(Arc<Mutex<BTreeMap<String, Pair>>>);

fn pair(a: u64, b: u64) -> Pair {
    Pair { a: Some(a), b: Some(b) }
}

fn only_a(a: u64) -> Pair {
    Pair { a: Some(a), b: None }
}

fn only_b(b: u64) -> Pair {
    Pair { a: None, b: Some(b) }
}

impl Pair {
    fn over(self, base: Pair) -> Pair {
        Pair { a: self.a.or(base.a), b: self.b.or(base.b) }
    }
}

impl Source<String, Pair> for Pairs {
    fn capabilities(&self) -> Capabilities {
        Capabilities { writes: true, atomic_batches: true, returns_stored: false }
    }

    fn load(&self, keys: Vec<String>) -> BoxFuture<'_, Result<Vec<Loaded<Pair>>, SourceError>> {
        let rows = self.0.lock();
        let values = keys.iter().map(|key| Ok(rows.get(key).copied())).collect();
        std::future::ready(Ok(values)).boxed()
    }

    fn store(
        &self,
        changes: Vec<Change<String, Pair>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<Pair>>, SourceError>> {
        let mut rows = self.0.lock();
        let stored = vec![Stored::default(); changes.len()];
        for Change { key, value } in changes {
            let row = rows.remove(&key).unwrap_or(pair(0, 0));
            if let Some(value) = value {
                rows.insert(key, value.over(row));
            }
        }
        std::future::ready(Ok(stored)).boxed()
    }

    fn merge(&self, base: Option<&Pair>, change: &Pair) -> Pair {
        change.over(base.copied().unwrap_or_default())
    }

    fn is_whole(&self, change: &Pair) -> bool {
        change.a.is_some() && change.b.is_some()
    }
}

struct Kit {
    world: Simulated,
    rows: Pairs,
    cache: Cache<String, Pair>,
}

impl Kit {
    fn new(strategy: impl Into<Strategy>) -> Self {
        let (world, rows) = (Simulated::new(1), Pairs::default());
        let negative_ttl = Duration::from_secs(60);
        let cache = Cache::builder("pairs")
            .max_entries(100)
            .source(rows.clone())
            .strategy(strategy)
            .freshness(Freshness { negative_ttl, ..Freshness::default() })
            .runtime(Arc::new(world.clone()))
            .build()
            .expect("a cache");
        Self { world, rows, cache }
    }

    fn get(&self) -> Option<Pair> {
        let cache = self.cache.clone();
        self.world.block_on(async move { cache.get("k").await }).expect("a value")
    }

    fn put(&self, value: Pair) {
        let cache = self.cache.clone();
        self.world.block_on(async move { cache.put("k".into(), value).await }).expect("an answer");
    }

    fn remove(&self) {
        let cache = self.cache.clone();
        self.world.block_on(async move { cache.remove("k".into()).await }).expect("an answer");
    }

    fn flush(&self) {
        let cache = self.cache.clone();
        self.world.block_on(async move { cache.flush().await }).expect("a flush");
    }

    fn row(&self) -> Option<Pair> {
        self.rows.0.lock().get("k").copied()
    }
}

fn strategies() -> [Strategy; 4] {
    let cache_first = WriteThrough { order: Order::CacheFirst, ..WriteThrough::default() };
    let plain_queue = WriteBehind {
        limits: larder::journal::Limits { coalesce: false, ..Default::default() },
        ..WriteBehind::default()
    };
    [Strategy::write_through(), cache_first.into(), Strategy::write_behind(), plain_queue.into()]
}

#[test]
fn a_part_lies_over_the_copy_and_over_the_row() {
    for cached in [true, false] {
        for strategy in strategies() {
            let kit = Kit::new(strategy);
            kit.rows.0.lock().insert("k".into(), pair(1, 2));
            if cached {
                assert_eq!(kit.get(), Some(pair(1, 2)));
            }
            kit.put(only_a(3));
            assert_eq!(kit.get(), Some(pair(3, 2)), "{}", kit.cache.strategy());
            kit.put(only_b(4));
            kit.cache.invalidate(&"k".to_owned());
            assert_eq!(kit.get(), Some(pair(3, 4)), "{}", kit.cache.strategy());
            kit.flush();
            assert_eq!(kit.row(), Some(pair(3, 4)), "{}", kit.cache.strategy());
        }
    }
}

#[test]
fn a_part_after_a_delete_brings_nothing_of_the_row_back() {
    for strategy in strategies() {
        let kit = Kit::new(strategy);
        kit.rows.0.lock().insert("k".into(), pair(1, 2));
        kit.remove();
        kit.put(only_a(3));
        assert_eq!(kit.get().and_then(|found| found.b).unwrap_or(0), 0);
        kit.cache.invalidate(&"k".to_owned());
        assert_eq!(kit.get().and_then(|found| found.b).unwrap_or(0), 0);
        kit.flush();
        assert_eq!(kit.row(), Some(pair(3, 0)), "{}", kit.cache.strategy());
        assert_eq!(kit.get(), kit.row(), "{}", kit.cache.strategy());
    }
}

#[test]
fn a_part_of_a_new_row_is_not_taken_for_the_row() {
    for known_absent in [true, false] {
        for strategy in strategies() {
            let kit = Kit::new(strategy);
            if known_absent {
                assert_eq!(kit.get(), None);
            }
            kit.put(only_a(3));
            assert_eq!(kit.get().and_then(|found| found.a), Some(3));
            kit.flush();
            assert_eq!(kit.get(), Some(pair(3, 0)), "{}", kit.cache.strategy());
        }
    }
}
