//! What a hit costs: `Cache::get` against the memory structure's own look-up.
//!
//! `cargo bench -p larder`

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::future::FutureExt;
use larder::{Cache, Freshness, Strategy, source};

const KEYS: u64 = 100_000;

fn hit(criterion: &mut Criterion) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("tokio");
    let cache = runtime.block_on(filled());
    let bare = quick_cache::sync::Cache::new(2 * KEYS as usize);
    (0..KEYS).for_each(|key| bare.insert(name(key), value(key)));
    let keys: Vec<String> = (0..KEYS).map(|key| name(key * 7919 % KEYS)).collect();

    let mut group = criterion.benchmark_group("hit");
    group.measurement_time(Duration::from_secs(4));
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

async fn filled() -> Cache<String, Arc<[u8]>> {
    let cache = Cache::builder("bench")
        .max_entries(2 * KEYS)
        .source(source::load_with(
            |key: String| async move { Ok(Some(Arc::from(key.into_bytes()))) },
        ))
        .strategy(Strategy::ReadThrough)
        .freshness(Freshness::ttl(Duration::from_secs(3600)))
        .build()
        .expect("a cache");
    let keys = (0..KEYS).map(name).collect();
    let values = cache.get_many(keys, &Default::default()).await;
    assert!(values.iter().all(Result::is_ok));
    cache
}

fn name(key: u64) -> String {
    format!("key:{key:012}")
}

fn value(key: u64) -> Arc<[u8]> {
    Arc::from(name(key).into_bytes())
}

criterion_group!(benches, hit);
criterion_main!(benches);
