//! Real threads: nothing is lost, and no reader sees time go backwards.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use larder::runtime::Runtime;
use larder::source::{self, Change, Loaded};
use larder::strategy::{Order, WriteBehind, WriteThrough};
use larder::{Cache, Edit, Lifetime, Present, Strategy, WriteOptions};
use parking_lot::Mutex;

type Rows = Arc<Mutex<HashMap<String, u64>>>;

const WRITERS: u64 = 4;
const INCREMENTS: u64 = 300;
const KEYS: [&str; 2] = ["a", "b"];

#[test]
fn increments_from_many_threads_are_all_there_and_only_grow() {
    let cache_first = WriteThrough { order: Order::CacheFirst, ..WriteThrough::default() };
    let behind = WriteBehind { workers: 2, ..WriteBehind::default() };
    let all =
        [Strategy::write_through(), cache_first.into(), behind.into(), Strategy::write_around()];
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    for strategy in all {
        runtime.block_on(count(strategy));
    }
}

async fn count(strategy: Strategy) {
    let rows = Rows::default();
    let cache: Cache<String, u64> = Cache::builder("counters")
        .max_entries(10)
        .source(restless(rows.clone()))
        .strategy(strategy)
        .build()
        .expect("a cache");
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> =
        (0..3).map(|_| tokio::spawn(watch(cache.clone(), done.clone()))).collect();
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(increment(cache.clone()))).collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("a reader");
    }
    cache.flush().await;
    let total: u64 = rows.lock().values().sum();
    assert_eq!(total, WRITERS * INCREMENTS, "{}", cache.strategy());
    assert_eq!(cache.in_progress(), 0);
}

async fn increment(cache: Cache<String, u64>) {
    for _ in 0..INCREMENTS {
        let key = KEYS[cache.runtime().random() as usize % KEYS.len()];
        let add = |found: Option<Present<'_, u64>>| {
            (Edit::Put(found.map_or(1, |found| *found.value + 1), Lifetime::Policy), ())
        };
        cache.update(key.into(), WriteOptions::default(), add).await.expect("an increment");
        match cache.runtime().random() % 8 {
            0 => drop(cache.invalidate(&key.to_owned())),
            1 => cache.invalidate_all(),
            _ => {}
        }
    }
}

async fn watch(cache: Cache<String, u64>, done: Arc<AtomicBool>) {
    let mut newest = HashMap::new();
    while !done.load(Ordering::Relaxed) {
        for key in KEYS {
            let seen = cache.get(key).await.expect("a value").unwrap_or(0);
            let earlier = newest.insert(key, seen).unwrap_or(0);
            assert!(seen >= earlier, "{key} went from {earlier} back to {seen}");
        }
        tokio::task::yield_now().await;
    }
}

/// A source that lets others run before and after it does anything.
fn restless(rows: Rows) -> source::Closures<String, u64> {
    let (stored, turns) = (rows.clone(), Arc::new(AtomicU64::new(0)));
    let more_turns = turns.clone();
    source::load_many_with(move |keys: Vec<String>| {
        let (rows, turns) = (rows.clone(), turns.clone());
        async move {
            rest(&turns).await;
            let load = |key: &String| -> Loaded<u64> { Ok(rows.lock().get(key).copied()) };
            let values = keys.iter().map(load).collect();
            rest(&turns).await;
            Ok(values)
        }
    })
    .store_with(move |changes: Vec<Change<String, u64>>| {
        let (rows, turns) = (stored.clone(), more_turns.clone());
        async move {
            rest(&turns).await;
            for Change { key, value } in changes {
                rows.lock().extend(value.map(|value| (key, value)));
            }
            rest(&turns).await;
            Ok(())
        }
    })
}

async fn rest(turns: &AtomicU64) {
    for _ in 0..turns.fetch_add(1, Ordering::Relaxed) % 4 {
        tokio::task::yield_now().await;
    }
}
