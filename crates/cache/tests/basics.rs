//! What a cache does when nothing goes wrong.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use larder::runtime::{Runtime, Simulated};
use larder::source::{self, Change, SourceError, SourceErrorKind};
use larder::strategy::{WriteBehind, WriteThrough};
use larder::tier::Equivalent;
use larder::{
    Cache, Edit, ErrorKind, Freshness, Lease, Leased, Lifetime, ReadOptions, Strategy, ToKey,
};
use parking_lot::Mutex;

type Rows = Arc<Mutex<std::collections::BTreeMap<String, u32>>>;

struct Kit {
    world: Simulated,
    rows: Rows,
    queries: Arc<AtomicUsize>,
}

impl Kit {
    fn new() -> Self {
        Self { world: Simulated::new(7), rows: Rows::default(), queries: Arc::default() }
    }

    fn source(&self) -> source::Closures<String, u32> {
        let (rows, queries) = (self.rows.clone(), self.queries.clone());
        let (stored, clock) = (self.rows.clone(), self.world.clone());
        source::load_many_with(move |keys: Vec<String>| {
            queries.fetch_add(1, Ordering::Relaxed);
            let rows = rows.lock();
            let values: Vec<_> = keys.iter().map(|key| Ok(rows.get(key).copied())).collect();
            let clock = clock.clone();
            async move {
                clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
                Ok(values)
            }
        })
        .store_with(move |changes: Vec<Change<String, u32>>| {
            let stored = stored.clone();
            async move {
                for change in changes {
                    match change.value {
                        Some(value) => drop(stored.lock().insert(change.key, value)),
                        None => drop(stored.lock().remove(&change.key)),
                    }
                }
                Ok(())
            }
        })
    }

    fn cache(&self, strategy: impl Into<Strategy>, freshness: Freshness) -> Cache<String, u32> {
        Cache::builder("test")
            .max_entries(100)
            .source(self.source())
            .strategy(strategy)
            .freshness(freshness)
            .runtime(Arc::new(self.world.clone()))
            .build()
            .unwrap()
    }

    fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        self.world.block_on(future)
    }

    fn get(&self, cache: &Cache<String, u32>, key: &'static str) -> Option<u32> {
        let cache = cache.clone();
        self.run(async move { cache.get(key).await }).unwrap()
    }
}

#[test]
fn a_miss_loads_once_and_then_hits() {
    let kit = Kit::new();
    kit.rows.lock().insert("a".into(), 1);
    let cache = kit.cache(Strategy::ReadThrough, Freshness::default());
    assert_eq!(cache.peek("a"), None);
    assert_eq!(kit.get(&cache, "a"), Some(1));
    assert_eq!(kit.get(&cache, "a"), Some(1));
    assert_eq!(cache.peek("a"), Some(1));
    assert_eq!(kit.queries.load(Ordering::Relaxed), 1);
    assert_eq!(cache.in_progress(), 0);
}

#[test]
fn a_hundred_concurrent_misses_of_one_key_make_one_query() {
    let kit = Kit::new();
    kit.rows.lock().insert("a".into(), 1);
    let cache = kit.cache(Strategy::ReadThrough, Freshness::default());
    let readers: Vec<_> = (0..100)
        .map(|_| {
            let cache = cache.clone();
            kit.world.start(async move { cache.get("a").await.unwrap() })
        })
        .collect();
    let values = kit.run(async move {
        let mut values = Vec::new();
        for reader in readers {
            values.push(reader.await);
        }
        values
    });
    assert_eq!(values, vec![Some(1); 100]);
    assert_eq!(kit.queries.load(Ordering::Relaxed), 1);
    assert_eq!(cache.statistics().joined, 99);
}

#[test]
fn get_many_loads_what_is_missed_by_one_query() {
    let kit = Kit::new();
    kit.rows.lock().extend((0..1000).map(|key| (format!("k{key}"), key)));
    let cache = kit.cache(Strategy::ReadThrough, Freshness::default());
    let keys: Vec<String> = (0..1001).map(|key| format!("k{key}")).collect();
    let values = kit.run({
        let cache = cache.clone();
        async move { cache.get_many(keys, &ReadOptions::default()).await }
    });
    assert_eq!(*values[999].as_ref().unwrap(), Some(999));
    assert_eq!(*values[1000].as_ref().unwrap(), None);
    assert_eq!(kit.queries.load(Ordering::Relaxed), 1);
}

#[test]
fn misses_that_come_one_by_one_are_loaded_by_a_handful_of_queries() {
    let kit = Kit::new();
    let cache = kit.cache(Strategy::ReadThrough, Freshness::default());
    for key in 0..1000 {
        let cache = cache.clone();
        kit.world.start(async move { cache.get(&*format!("k{key}")).await.unwrap() });
    }
    kit.world.advance(Duration::from_secs(1));
    assert!(kit.queries.load(Ordering::Relaxed) <= 8);
    assert_eq!(cache.statistics().loads, 1000);
}

#[test]
fn write_through_is_in_source_and_cache_when_it_returns() {
    let kit = Kit::new();
    let cache = kit.cache(WriteThrough::default(), Freshness::default());
    let writer = cache.clone();
    kit.run(async move { writer.put("a".into(), 5).await }).unwrap();
    assert_eq!(kit.rows.lock().get("a"), Some(&5));
    assert_eq!(cache.peek("a"), Some(5));
}

#[test]
fn write_behind_answers_before_the_source_has_it_and_flushes() {
    let kit = Kit::new();
    let cache = kit.cache(WriteBehind::default(), Freshness::default());
    let writer = cache.clone();
    kit.world.start(async move {
        writer.put("a".into(), 5).await.unwrap();
        writer.put("a".into(), 6).await.unwrap();
    });
    kit.world.run_until_idle();
    assert_eq!(cache.peek("a"), Some(6));
    assert_eq!(kit.rows.lock().get("a"), None);
    assert_eq!(cache.journal_status().unwrap().records, 1);
    assert_eq!(cache.journal_status().unwrap().coalesced, 1);
    kit.world.advance(Duration::from_millis(200));
    assert_eq!(kit.rows.lock().get("a"), Some(&6));
    assert_eq!(cache.journal_status().unwrap().records, 0);
}

#[test]
fn shutdown_flushes_what_is_queued() {
    let kit = Kit::new();
    let cache = kit.cache(WriteBehind::default(), Freshness::default());
    let writer = cache.clone();
    kit.run(async move {
        writer.put("a".into(), 5).await.unwrap();
        writer.shutdown(Duration::from_secs(1)).await.unwrap();
        assert_eq!(writer.put("b".into(), 1).await.unwrap_err().kind(), ErrorKind::Closed);
    });
    assert_eq!(kit.rows.lock().get("a"), Some(&5));
}

#[test]
fn write_around_leaves_the_cache_alone_but_drops_the_copy() {
    let kit = Kit::new();
    kit.rows.lock().insert("a".into(), 1);
    let cache = kit.cache(Strategy::write_around(), Freshness::default());
    assert_eq!(kit.get(&cache, "a"), Some(1));
    let writer = cache.clone();
    kit.run(async move { writer.put("a".into(), 2).await }).unwrap();
    assert_eq!(cache.peek("a"), None);
    assert_eq!(kit.get(&cache, "a"), Some(2));
}

#[test]
fn cache_aside_fills_under_a_lease_and_refuses_a_void_one() {
    let kit = Kit::new();
    let cache = kit.cache(Strategy::CacheAside, Freshness::default());
    assert_eq!(kit.get(&cache, "a"), None);
    let Leased::Lease(lease) = cache.lease("a".into()).unwrap() else { panic!("a hit") };
    assert!(cache.fill("a".into(), lease, Some(1)));
    assert_eq!(cache.lease("a".into()).unwrap(), Leased::Hit(Some(1)));
    assert!(!cache.fill("a".into(), lease, Some(2)), "a lease fills once");
    assert!(!cache.fill("b".into(), Lease::from_token(99), Some(2)));
    let writer = cache.clone();
    let error = kit.run(async move { writer.put("a".into(), 5).await }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
}

#[test]
fn a_lease_runs_out() {
    let kit = Kit::new();
    let cache = kit.cache(Strategy::CacheAside, Freshness::default());
    let Leased::Lease(lease) = cache.lease("a".into()).unwrap() else { panic!("a hit") };
    kit.world.advance(Duration::from_secs(11));
    assert!(!cache.fill("a".into(), lease, Some(1)));
}

#[test]
fn entries_expire_and_are_loaded_again() {
    let kit = Kit::new();
    kit.rows.lock().insert("a".into(), 1);
    let cache = kit.cache(Strategy::ReadThrough, Freshness::ttl(Duration::from_secs(10)));
    assert_eq!(kit.get(&cache, "a"), Some(1));
    kit.rows.lock().insert("a".into(), 2);
    kit.world.advance(Duration::from_secs(9));
    assert_eq!(kit.get(&cache, "a"), Some(1));
    kit.world.advance(Duration::from_secs(2));
    assert_eq!(kit.get(&cache, "a"), Some(2));
}

#[test]
fn an_update_is_atomic_over_its_key() {
    let kit = Kit::new();
    for strategy in [Strategy::write_through(), Strategy::write_behind(), Strategy::write_around()]
    {
        kit.rows.lock().insert("n".into(), 0);
        let cache = kit.cache(strategy, Freshness::default());
        let updates: Vec<_> = (0..50)
            .map(|_| {
                let cache = cache.clone();
                kit.world.start(async move {
                    let add = |found: Option<larder::Present<'_, u32>>| {
                        let sum = found.map_or(0, |found| *found.value) + 1;
                        (Edit::Put(sum, Lifetime::Policy), sum)
                    };
                    cache.update("n".into(), Default::default(), add).await.unwrap()
                })
            })
            .collect();
        let flushed = cache.clone();
        kit.run(async move {
            for update in updates {
                update.await;
            }
            flushed.flush().await.unwrap();
        });
        assert_eq!(kit.rows.lock().get("n"), Some(&50), "{}", cache.strategy());
    }
}

#[test]
fn a_plain_cache_answers_at_once() {
    let world = Simulated::new(1);
    let cache: Cache<String, u32> =
        Cache::builder("plain").max_entries(10).runtime(Arc::new(world.clone())).build().unwrap();
    cache.put_now(&"a".into(), 1, Lifetime::For(Duration::from_secs(5))).unwrap();
    assert_eq!(cache.peek("a"), Some(1));
    assert!(cache.remove_now(&"a".into()).unwrap());
    assert!(!cache.remove_now(&"a".into()).unwrap());
    cache.put_now(&"b".into(), 1, Lifetime::For(Duration::from_secs(5))).unwrap();
    world.advance(Duration::from_secs(6));
    assert_eq!(cache.peek("b"), None);
    assert_eq!(world.now().as_nanos(), 7_000_000_000);
    cache.sweep();
    assert_eq!(cache.usage().entries, 0);
}

/// A key of two parts, in the form in which it is looked up.
#[derive(Hash)]
struct ShelfRef<'a> {
    shop: u8,
    name: &'a str,
}

impl Equivalent<(u8, String)> for ShelfRef<'_> {
    fn equivalent(&self, (shop, name): &(u8, String)) -> bool {
        (self.shop, self.name) == (*shop, name.as_str())
    }
}

impl ToKey<(u8, String)> for ShelfRef<'_> {
    fn to_key(&self) -> (u8, String) {
        (self.shop, self.name.to_owned())
    }
}

#[test]
fn a_key_is_looked_up_by_a_form_that_is_no_part_of_it() {
    let kit = Kit::new();
    let cache: Cache<(u8, String), u32> =
        Cache::builder("test").max_entries(10).runtime(Arc::new(kit.world)).build().unwrap();
    cache.put_now(&(1, "tea".to_owned()), 3, Lifetime::Policy).unwrap();
    let look_up = |shop, name| cache.peek(&ShelfRef { shop, name });
    assert_eq!([look_up(1, "tea"), look_up(2, "tea"), look_up(1, "te")], [Some(3), None, None]);
}

#[test]
fn a_slow_load_holds_up_a_later_one_only_for_a_moment() {
    let world = Simulated::new(3);
    let clock = world.clone();
    let source = source::load_with(move |key: String| {
        let clock = clock.clone();
        let seconds = if key == "slow" { 60 } else { 0 };
        async move {
            clock.sleep_until(clock.now() + Duration::from_secs(seconds)).await;
            Ok(Some(1))
        }
    });
    let cache: Cache<String, u32> = Cache::builder("test")
        .max_entries(10)
        .source(source)
        .strategy(Strategy::ReadThrough)
        .runtime(Arc::new(world.clone()))
        .build()
        .unwrap();
    let slow = cache.clone();
    world.start(async move { slow.get("slow").await.unwrap() });
    world.run_until_idle();
    let quick = cache.clone();
    let mut quick = world.start(async move { quick.get("quick").await.unwrap() });
    world.advance(Duration::from_millis(2));
    assert_eq!(quick.finished(), Some(Some(1)));
}

#[test]
fn a_source_that_panicked_while_it_stored_leaves_the_outcome_unknown() {
    let kit = Kit::new();
    let source = kit.source().store_with(|_| async {
        Err(SourceError::new(SourceErrorKind::Panicked, "a thread of the source is gone"))
    });
    let cache: Cache<String, u32> = Cache::builder("test")
        .max_entries(10)
        .source(source)
        .strategy(Strategy::write_through())
        .runtime(Arc::new(kit.world.clone()))
        .build()
        .unwrap();
    let error = kit.run(async move { cache.put("a".into(), 1).await }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
}
