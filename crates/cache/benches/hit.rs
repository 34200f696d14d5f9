//! What a hit costs: `Cache::get` against the memory structure's own look-up.
//!
//! `cargo bench -p larder`

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::future::FutureExt;
use larder::{Cache, Freshness, Strategy, source};

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

    let mut group = criterion.benchmark_group(name);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    let mut at = 0;
    let mut next = || {
        at = (at + 1) % keys.len();
        keys[at].as_str()
    };
    group.bench_function("quick_cache get", |bencher| bencher.iter(|| black_box(bare.get(next()))));
    group.bench_function("Cache::peek", |bencher| bencher.iter(|| black_box(cache.peek(next()))));
    group.bench_function("Cache::get", |bencher| {
        bencher
            .iter(|| black_box(cache.get(next()).now_or_never().expect("a hit waits for nothing")));
    });
    group.finish();
}

async fn filled(count: u64) -> Cache<String, Arc<[u8]>> {
    let cache = Cache::builder("bench")
        .max_entries(2 * count)
        .source(source::load_with(
            |key: String| async move { Ok(Some(Arc::from(key.into_bytes()))) },
        ))
        .strategy(Strategy::ReadThrough)
        .freshness(Freshness::ttl(Duration::from_secs(3600)))
        .build()
        .expect("a cache");
    let keys = (0..count).map(name_of).collect();
    let values = cache.get_many(keys, &Default::default()).await;
    assert!(values.iter().all(Result::is_ok));
    cache
}

fn name_of(key: u64) -> String {
    format!("key:{key:012}")
}

fn value_of(key: u64) -> Arc<[u8]> {
    Arc::from(name_of(key).into_bytes())
}

criterion_group!(benches, hit);
criterion_main!(benches);
