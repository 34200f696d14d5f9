//! Real threads: no increment is lost, and no read misses one that was acknowledged before it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use larder::source::{self, Change, Loaded};
use larder::strategy::{Order, WriteBehind, WriteThrough};
use larder::{Cache, Edit, Lifetime, Present, Strategy, WriteOptions};
use parking_lot::Mutex;

type Rows = Arc<Mutex<HashMap<String, u64>>>;

/// The largest sum of each key that a writer was told is there.
type Promised = Arc<[AtomicU64; KEYS.len()]>;

const WRITERS: u64 = 4;
const INCREMENTS: u64 = 300;
const KEYS: [&str; 2] = ["a", "b"];

#[test]
fn increments_from_many_threads_are_all_there_and_seen_once_acknowledged() {
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
    let (done, promised) = (Arc::new(AtomicBool::new(false)), Promised::default());
    let readers: Vec<_> = (0..3)
        .map(|_| tokio::spawn(watch(cache.clone(), promised.clone(), done.clone())))
        .collect();
    let writers: Vec<_> =
        (0..WRITERS).map(|_| tokio::spawn(increment(cache.clone(), promised.clone()))).collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("a reader");
    }
    cache.flush().await.expect("a flush");
    let total: u64 = rows.lock().values().sum();
    assert_eq!(total, WRITERS * INCREMENTS, "{}", cache.strategy());
    assert_eq!(cache.in_progress(), 0);
}

async fn increment(cache: Cache<String, u64>, promised: Promised) {
    for _ in 0..INCREMENTS {
        let place = cache.runtime().random() as usize % KEYS.len();
        let key = KEYS[place];
        let add = |found: Option<Present<'_, u64>>| {
            let sum = found.map_or(1, |found| *found.value + 1);
            (Edit::Put(sum, Lifetime::Policy), sum)
        };
        let sum = cache.update(key.into(), WriteOptions::default(), add).await;
        promised[place].fetch_max(sum.expect("an increment"), Ordering::SeqCst);
        match cache.runtime().random() % 8 {
            0 => drop(cache.invalidate(&key.to_owned())),
            1 => cache.invalidate_all(),
            _ => {}
        }
    }
}

async fn watch(cache: Cache<String, u64>, promised: Promised, done: Arc<AtomicBool>) {
    while !done.load(Ordering::Relaxed) {
        for (key, promised) in KEYS.iter().zip(&*promised) {
            let promised = promised.load(Ordering::SeqCst);
            let seen = cache.get(*key).await.expect("a value").unwrap_or(0);
            assert!(seen >= promised, "{key}: {promised} was acknowledged, {seen} is read");
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
