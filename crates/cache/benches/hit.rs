//! What a hit costs: `Cache::get` against the memory structure's own look-up, with criterion's
//! statistics. `hit_ratio` measures the same in turns.
//!
//! `cargo bench -p larder --bench hit`

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::future::FutureExt;
use larder::{Cache, Freshness, Strategy, source};

type Bytes = Arc<[u8]>;

fn hit(criterion: &mut Criterion) {
    compare(criterion, "hit, 1,000 keys", 1_000);
    compare(criterion, "hit, 100,000 keys", 100_000);
}

fn compare(criterion: &mut Criterion, name: &str, count: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let cache = runtime.expect("tokio").block_on(filled(count));
    let bare = quick_cache::sync::Cache::new(2 * count as usize);
    (0..count).for_each(|key| bare.insert(name_of(key), value_of(key)));
    let keys: Vec<String> = (0..count).map(|key| name_of(key * 7919 % count)).collect();
    let at = |index: u64| keys[index as usize % keys.len()].as_str();

    let mut group = criterion.benchmark_group(name);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    group.bench_function("quick_cache get", |bencher| {
        bencher.iter_custom(|lookups| {
            timed(async || (0..lookups).for_each(|index| drop(black_box(bare.get(at(index))))))
        });
    });
    group.bench_function("Cache::get", |bencher| {
        bencher.iter_custom(|lookups| {
            timed(async || {
                for index in 0..lookups {
                    drop(black_box(cache.get(at(index)).await));
                }
            })
        });
    });
    group.finish();
}

/// How long look-ups take in a task that never has to wait.
fn timed(look_up: impl AsyncFnOnce()) -> Duration {
    let started = Instant::now();
    look_up().now_or_never().expect("a hit waits for nothing");
    started.elapsed()
}

async fn filled(count: u64) -> Cache<String, Bytes> {
    let cache = Cache::builder("bench")
        .max_entries(2 * count)
        .source(source::load_with(
            |key: String| async move { Ok(Some(Arc::from(key.into_bytes()))) },
        ))
        .strategy(Strategy::ReadThrough)
        .freshness(Freshness::ttl(Duration::from_secs(3600)))
        .build()
        .expect("a cache");
    for key in 0..count {
        assert!(cache.get_with(name_of(key), &Default::default()).await.is_ok_and(|v| v.is_some()));
    }
    cache
}

fn name_of(key: u64) -> String {
    format!("key:{key:012}")
}

fn value_of(key: u64) -> Bytes {
    Arc::from(name_of(key).into_bytes())
}

criterion_group!(benches, hit);
criterion_main!(benches);
