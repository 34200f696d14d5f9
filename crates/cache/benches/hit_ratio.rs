//! The ratio between a hit through the cache and the memory structure's own look-up, measured in
//! turns in one run: what the machine does meanwhile, it does to all of them.
//!
//! `cargo bench -p larder --bench hit_ratio`

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::FutureExt;
use larder::{Cache, Freshness, Strategy, source};

const ROUNDS: usize = 401;
const LOOKUPS: usize = 10_000;

type Bytes = Arc<[u8]>;

fn main() {
    println!("| keys | subject | median ns | ratio to quick_cache (median, quartiles) |");
    println!("|---|---|---|---|");
    for count in [1_000, 100_000] {
        compare(count);
    }
}

fn compare(count: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let cache = runtime.expect("tokio").block_on(filled(count));
    let bare = quick_cache::sync::Cache::new(2 * count as usize);
    (0..count).for_each(|key| bare.insert(name_of(key), value_of(key)));
    let keys: Vec<String> = (0..count).map(|key| name_of(key * 7919 % count)).collect();

    let mut nanos: [Vec<f64>; 3] = Default::default();
    let at = |index: usize| keys[index % keys.len()].as_str();
    for round in 0..ROUNDS {
        let span = round * LOOKUPS..(round + 1) * LOOKUPS;
        nanos[0].push(timed(async || {
            span.clone().for_each(|index| drop(black_box(bare.get(at(index)))))
        }));
        nanos[1].push(timed(async || {
            span.clone().for_each(|index| drop(black_box(cache.peek(at(index)))))
        }));
        nanos[2].push(timed(async || {
            for index in span.clone() {
                drop(black_box(cache.get(at(index)).await));
            }
        }));
    }
    for (name, own) in ["quick_cache get", "Cache::peek", "Cache::get"].iter().zip(&nanos) {
        let ratios = own.iter().zip(&nanos[0]).map(|(own, bare)| own / bare).collect();
        let [low, middle, high] = quartiles(ratios);
        let [_, median, _] = quartiles(own.clone());
        println!("| {count} | {name} | {median:.1} | {middle:.2} ({low:.2} to {high:.2}) |");
    }
}

/// Nanoseconds a look-up, in a task that never has to wait.
fn timed(look_up: impl AsyncFn()) -> f64 {
    let started = Instant::now();
    look_up().now_or_never().expect("a hit waits for nothing");
    started.elapsed().as_nanos() as f64 / LOOKUPS as f64
}

fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
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
    let values = cache.get_many((0..count).map(name_of).collect(), &Default::default()).await;
    assert!(values.iter().all(Result::is_ok));
    cache
}

fn name_of(key: u64) -> String {
    format!("key:{key:012}")
}

fn value_of(key: u64) -> Bytes {
    Arc::from(name_of(key).into_bytes())
}
