//! The ratio between a hit through the cache and the memory structure's own look-up, measured in
//! turns in one run: what the machine does meanwhile, it does to all of them.
//!
//! `cargo bench -p larder --bench hit_ratio`
//!
//! Each subject holds the entries in memory of its own, and the turns rotate, so that none finds in
//! the processor's caches what the one before has left there. All are filled key by key, which puts
//! a key and its value next to each other. Each calls its look-up from one place only, which lets
//! the compiler inline all of them alike.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::FutureExt;
use larder::{Cache, Freshness, Strategy, Value, source};

const ROUNDS: usize = 900;
const LOOKUPS: usize = 5_000;
const SUBJECTS: [&str; 3] = ["quick_cache get", "Cache::peek", "Cache::get"];

type Bytes = Arc<[u8]>;

/// The same bytes under another type: what is compiled for the cache that is peeked into is then
/// not shared with the other one.
#[derive(Clone)]
struct Peeked(#[expect(dead_code, reason = "it is cloned and dropped")] Bytes);

fn main() {
    println!("| keys | subject | median ns | ratio to quick_cache (median, quartiles) |");
    println!("|---|---|---|---|");
    for count in [1_000, 100_000] {
        report(count, &measure(count));
    }
}

fn report(count: u64, nanos: &[Vec<f64>; 3]) {
    for (name, own) in SUBJECTS.iter().zip(nanos) {
        let ratios = own.iter().zip(&nanos[0]).map(|(own, bare)| own / bare).collect();
        let [low, middle, high] = quartiles(ratios);
        let [_, median, _] = quartiles(own.clone());
        println!("| {count} | {name} | {median:.1} | {middle:.2} ({low:.2} to {high:.2}) |");
    }
}

/// Nanoseconds a look-up, for each subject and round.
fn measure(count: u64) -> [Vec<f64>; 3] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("tokio");
    let bare = quick_cache::sync::Cache::new(2 * count as usize);
    (0..count).for_each(|key| bare.insert(name_of(key), value_of(key)));
    let peeked = runtime.block_on(filled(count, Peeked));
    let cache = runtime.block_on(filled(count, |bytes| bytes));
    let keys: Vec<String> = (0..count).map(|key| name_of(key * 7919 % count)).collect();

    let mut nanos: [Vec<f64>; 3] = Default::default();
    let at = |index: usize| keys[index % keys.len()].as_str();
    for turn in 0..ROUNDS * 3 {
        let (round, subject) = (turn / 3, (turn / 3 + turn) % 3);
        let mut span = round * LOOKUPS..(round + 1) * LOOKUPS;
        nanos[subject].push(match subject {
            0 => timed(async || span.for_each(|index| drop(black_box(bare.get(at(index)))))),
            1 => timed(async || span.for_each(|index| drop(black_box(peeked.peek(at(index)))))),
            _ => timed(async || {
                for index in &mut span {
                    drop(black_box(cache.get(at(index)).await));
                }
            }),
        });
    }
    nanos
}

/// Nanoseconds a look-up, in a task that never has to wait.
fn timed(look_up: impl AsyncFnOnce()) -> f64 {
    let started = Instant::now();
    look_up().now_or_never().expect("a hit waits for nothing");
    started.elapsed().as_nanos() as f64 / LOOKUPS as f64
}

fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}

async fn filled<V: Value>(count: u64, wrap: fn(Bytes) -> V) -> Cache<String, V> {
    let cache = Cache::builder("bench")
        .max_entries(2 * count)
        .source(source::load_with(move |key: String| async move {
            Ok(Some(wrap(Arc::from(key.into_bytes()))))
        }))
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
