//! How long copies are served, and what happens when they no longer may be.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use larder::runtime::{Runtime, Simulated, Task};
use larder::source::{self, SourceError, SourceErrorKind};
use larder::strategy::{Order, WriteThrough};
use larder::{
    Accept, Cache, Error, ErrorKind, Freshness, Leased, Lifetime, LoadTimeout, Peek, ReadOptions,
    Strategy, WriteOptions,
};

const SECOND: Duration = Duration::from_secs(1);

type Answer = Result<Option<u64>, Error>;

/// A cache whose source answers with how often it was asked.
struct Kit {
    world: Simulated,
    loads: Arc<AtomicU64>,
    /// What each load takes, in milliseconds.
    slow: Arc<AtomicU64>,
    /// Whether loads find nothing, or fail.
    mood: Arc<AtomicU64>,
    cache: Cache<String, u64>,
}

const FINDS: u64 = 0;
const FINDS_NOTHING: u64 = 1;
const FAILS: u64 = 2;

impl Kit {
    fn new(freshness: Freshness) -> Self {
        Self::with(Strategy::ReadThrough, freshness)
    }

    fn with(strategy: impl Into<Strategy>, freshness: Freshness) -> Self {
        let world = Simulated::new(3);
        let (loads, slow, mood): (Arc<AtomicU64>, Arc<AtomicU64>, Arc<AtomicU64>) =
            Default::default();
        let (count, delay, state, clock) =
            (loads.clone(), slow.clone(), mood.clone(), world.clone());
        let source = source::load_with(move |_: String| {
            let number = count.fetch_add(1, Relaxed) + 1;
            let (delay, mood, clock) = (delay.load(Relaxed), state.load(Relaxed), clock.clone());
            async move {
                if delay > 0 {
                    clock.sleep_until(clock.now() + Duration::from_millis(delay)).await;
                }
                match mood {
                    FAILS => Err(SourceError::new(SourceErrorKind::Unavailable, "down")),
                    FINDS_NOTHING => Ok(None),
                    _ => Ok(Some(number)),
                }
            }
        })
        .store_with(|_| async { Ok(()) });
        let cache = Cache::builder("test")
            .max_entries(1000)
            .source(source)
            .strategy(strategy)
            .freshness(freshness)
            .runtime(Arc::new(world.clone()))
            .build()
            .expect("a cache");
        Self { world, loads, slow, mood, cache }
    }

    fn reader(&self, key: &'static str) -> Task<Answer> {
        let cache = self.cache.clone();
        let task = self.world.start(async move { cache.get(key).await });
        self.world.run_until_idle();
        task
    }

    fn get(&self) -> Answer {
        self.world.block_on(self.reader("k"))
    }

    fn put(&self, value: u64, lifetime: Lifetime) {
        let cache = self.cache.clone();
        let options = WriteOptions { lifetime, ..WriteOptions::default() };
        let put = async move { cache.put_with("k".into(), value, options).await };
        self.world.block_on(put).expect("a write");
    }

    fn fresh_for(&self) -> Option<Duration> {
        let now = self.world.now();
        self.cache.peek_with("k", |found| match found {
            Peek::Value(_, until) => Some(until.since(now)),
            Peek::Absent | Peek::Miss => None,
        })
    }

    fn loads(&self) -> u64 {
        self.loads.load(Relaxed)
    }
}

#[test]
fn a_copy_is_fresh_for_its_ttl_and_not_a_nanosecond_longer() {
    let kit = Kit::new(Freshness::ttl(SECOND));
    assert_eq!(kit.get().unwrap(), Some(1));
    kit.world.advance(SECOND - Duration::from_nanos(1));
    assert_eq!(kit.get().unwrap(), Some(1));
    kit.world.advance(Duration::from_nanos(1));
    assert_eq!(kit.cache.peek("k"), None);
    assert_eq!(kit.get().unwrap(), Some(2));
}

#[test]
fn jitter_spreads_the_expiry_of_copies_filled_together() {
    let kit = Kit::new(Freshness { ttl_jitter: 0.2, ..Freshness::ttl(SECOND * 10) });
    let mut expiries = HashSet::new();
    for _ in 0..50 {
        kit.cache.invalidate(&"k".into());
        kit.get().unwrap();
        let fresh_for = kit.fresh_for().unwrap();
        assert!(fresh_for >= SECOND * 8 && fresh_for <= SECOND * 10, "{fresh_for:?}");
        expiries.insert(fresh_for);
    }
    assert!(expiries.len() > 40);
}

#[test]
fn absence_is_fresh_for_the_negative_ttl() {
    let kit = Kit::new(Freshness { negative_ttl: SECOND, ..Freshness::ttl(SECOND * 60) });
    kit.mood.store(FINDS_NOTHING, Relaxed);
    assert_eq!((kit.get().unwrap(), kit.get().unwrap(), kit.loads()), (None, None, 1));
    kit.world.advance(SECOND);
    assert_eq!((kit.get().unwrap(), kit.loads()), (None, 2));
}

#[test]
fn absence_without_a_negative_ttl_is_asked_for_every_time() {
    let kit = Kit::new(Freshness::ttl(SECOND * 60));
    kit.mood.store(FINDS_NOTHING, Relaxed);
    assert_eq!((kit.get().unwrap(), kit.get().unwrap(), kit.loads()), (None, None, 2));
    assert_eq!(kit.cache.usage().entries, 0);
}

#[test]
fn a_stale_copy_is_served_while_one_load_refreshes_it() {
    let policy = Freshness { stale_while_revalidate: SECOND, ..Freshness::ttl(SECOND) };
    let kit = Kit::new(policy);
    kit.get().unwrap();
    kit.world.advance(SECOND);
    kit.slow.store(100, Relaxed);
    for _ in 0..3 {
        assert_eq!(kit.reader("k").finished().unwrap().unwrap(), Some(1), "without waiting");
    }
    assert_eq!((kit.loads(), kit.cache.statistics().stale), (2, 3));
    kit.world.advance(Duration::from_millis(100));
    assert_eq!(kit.cache.peek("k"), Some(2));
    kit.world.advance(SECOND * 2);
    assert!(kit.reader("k").finished().is_none(), "beyond the window it is waited for");
}

#[test]
fn a_read_that_wants_a_fresh_copy_waits_for_it() {
    let policy = Freshness { stale_while_revalidate: SECOND, ..Freshness::ttl(SECOND) };
    let kit = Kit::new(policy);
    kit.get().unwrap();
    kit.world.advance(SECOND);
    let cache = kit.cache.clone();
    let options = ReadOptions { accept: Accept::Fresh, ..ReadOptions::default() };
    let get = async move { cache.get_with("k".into(), &options).await };
    assert_eq!(kit.world.block_on(get).unwrap(), Some(2));
}

#[test]
fn a_reload_asks_the_source_although_the_copy_is_fresh() {
    let kit = Kit::new(Freshness::ttl(SECOND));
    kit.get().unwrap();
    let cache = kit.cache.clone();
    let options = ReadOptions { accept: Accept::Reload, ..ReadOptions::default() };
    let get = async move { cache.get_with("k".into(), &options).await };
    assert_eq!(kit.world.block_on(get).unwrap(), Some(2));
    assert_eq!(kit.cache.peek("k"), Some(2));
}

#[test]
fn a_stale_copy_stands_in_for_a_load_that_fails() {
    let kit = Kit::new(Freshness { stale_if_error: SECOND, ..Freshness::ttl(SECOND) });
    kit.get().unwrap();
    kit.world.advance(SECOND);
    kit.mood.store(FAILS, Relaxed);
    assert_eq!(kit.get().unwrap(), Some(1));
    kit.mood.store(FINDS, Relaxed);
    assert_eq!(kit.get().unwrap(), Some(3), "it is no refresh: each read asks");
    kit.world.advance(SECOND * 2);
    kit.mood.store(FAILS, Relaxed);
    assert_eq!(kit.get().unwrap_err().kind(), ErrorKind::Source);
}

#[test]
fn a_hit_close_to_its_expiry_starts_one_load_and_does_not_wait() {
    let kit = Kit::new(Freshness { refresh_ahead: SECOND, ..Freshness::ttl(SECOND * 10) });
    kit.get().unwrap();
    kit.world.advance(SECOND * 8);
    assert_eq!((kit.get().unwrap(), kit.loads()), (Some(1), 1), "not yet");
    kit.world.advance(SECOND);
    kit.slow.store(100, Relaxed);
    for _ in 0..3 {
        assert_eq!(kit.reader("k").finished().unwrap().unwrap(), Some(1));
    }
    assert_eq!(kit.loads(), 2);
    kit.world.advance(Duration::from_millis(100));
    assert_eq!(kit.cache.peek("k"), Some(2));
    assert_eq!(kit.fresh_for(), Some(SECOND * 10));
}

#[test]
fn a_refresh_that_fails_leaves_the_copy() {
    let kit = Kit::new(Freshness { refresh_ahead: SECOND, ..Freshness::ttl(SECOND * 10) });
    kit.get().unwrap();
    kit.world.advance(SECOND * 9);
    kit.mood.store(FAILS, Relaxed);
    kit.get().unwrap();
    kit.world.run_until_idle();
    assert_eq!((kit.cache.peek("k"), kit.cache.statistics().load_errors), (Some(1), 1));
}

#[test]
fn after_the_soft_time_out_a_stale_copy_is_served_and_the_load_goes_on() {
    let load_timeout = LoadTimeout { soft: Some(SECOND), hard: Some(SECOND * 5) };
    let policy = Freshness { stale_if_error: SECOND * 60, load_timeout, ..Freshness::ttl(SECOND) };
    let kit = Kit::new(policy);
    kit.get().unwrap();
    kit.world.advance(SECOND);
    kit.slow.store(3000, Relaxed);
    let mut reader = kit.reader("k");
    kit.world.advance(SECOND - Duration::from_nanos(1));
    assert!(reader.finished().is_none());
    kit.world.advance(Duration::from_nanos(1));
    assert_eq!(reader.finished().unwrap().unwrap(), Some(1));
    kit.world.advance(SECOND * 2);
    assert_eq!(kit.cache.peek("k"), Some(2));
}

#[test]
fn after_the_hard_time_out_the_read_fails_and_the_load_fills_all_the_same() {
    let load_timeout = LoadTimeout { soft: None, hard: Some(SECOND) };
    let kit = Kit::new(Freshness { load_timeout, ..Freshness::default() });
    kit.slow.store(3000, Relaxed);
    let mut reader = kit.reader("k");
    kit.world.advance(SECOND);
    let error = reader.finished().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::LoadTimeout, true));
    kit.world.advance(SECOND * 2);
    assert_eq!((kit.cache.peek("k"), kit.loads()), (Some(1), 1));
    assert_eq!(kit.cache.in_progress(), 0);
}

#[test]
fn a_call_may_have_a_time_out_of_its_own() {
    let kit = Kit::new(Freshness::default());
    kit.slow.store(3000, Relaxed);
    let load_timeout = Some(LoadTimeout { soft: None, hard: Some(SECOND) });
    let options = ReadOptions { load_timeout, ..ReadOptions::default() };
    let cache = kit.cache.clone();
    let get = async move { cache.get_with("k".into(), &options).await };
    assert_eq!(kit.world.block_on(get).unwrap_err().kind(), ErrorKind::LoadTimeout);
}

#[test]
fn get_or_load_follows_the_same_policy() {
    let policy = Freshness { stale_while_revalidate: SECOND, ..Freshness::ttl(SECOND) };
    let kit = Kit::with(Strategy::CacheAside, policy);
    let get = |value: u64| {
        let cache = kit.cache.clone();
        let get =
            async move { cache.get_or_load("k".into(), || async move { Ok(Some(value)) }).await };
        kit.world.block_on(get).unwrap()
    };
    assert_eq!((get(1), get(2)), (Some(1), Some(1)));
    kit.world.advance(SECOND);
    assert_eq!(get(3), Some(1), "stale, and being refreshed");
    kit.world.run_until_idle();
    assert_eq!(get(4), Some(3));
}

#[test]
fn a_write_gives_its_copy_a_lifetime() {
    let cache_first = WriteThrough { order: Order::CacheFirst, ..WriteThrough::default() };
    for strategy in [Strategy::write_through(), cache_first.into(), Strategy::write_behind()] {
        let kit = Kit::with(strategy, Freshness::ttl(SECOND * 60));
        kit.put(1, Lifetime::Policy);
        assert_eq!(kit.fresh_for(), Some(SECOND * 60));
        kit.put(2, Lifetime::For(SECOND * 5));
        assert_eq!(kit.fresh_for(), Some(SECOND * 5));
        kit.world.advance(SECOND);
        kit.put(3, Lifetime::Keep);
        assert_eq!((kit.cache.peek("k"), kit.fresh_for()), (Some(3), Some(SECOND * 4)));
        kit.put(4, Lifetime::Forever);
        kit.world.advance(SECOND * 1_000_000);
        assert_eq!(kit.cache.peek("k"), Some(4));
        kit.put(5, Lifetime::For(SECOND));
        kit.world.advance(SECOND);
        kit.put(6, Lifetime::Keep);
        assert_eq!(kit.fresh_for(), Some(SECOND * 60), "there was nothing left to keep");
    }
}

#[test]
fn a_fill_may_give_its_copy_a_lifetime() {
    let kit = Kit::with(Strategy::CacheAside, Freshness::ttl(SECOND * 60));
    let Leased::Lease(lease) = kit.cache.lease("k".into()).unwrap() else { panic!("a hit") };
    assert!(kit.cache.fill_with("k".into(), lease, Some(1), &WriteOptions::ttl(SECOND)));
    assert_eq!(kit.fresh_for(), Some(SECOND));
}

#[test]
fn expire_changes_the_copy_and_asks_nobody() {
    let kit = Kit::new(Freshness::ttl(SECOND * 60));
    let key = "k".to_owned();
    assert!(!kit.cache.expire(&key, Lifetime::Forever), "there is no copy");
    kit.get().unwrap();
    assert!(kit.cache.expire(&key, Lifetime::For(SECOND)));
    assert_eq!(kit.fresh_for(), Some(SECOND));
    assert!(kit.cache.expire(&key, Lifetime::Keep));
    assert_eq!(kit.fresh_for(), Some(SECOND));
    assert!(kit.cache.expire(&key, Lifetime::Policy));
    assert_eq!(kit.fresh_for(), Some(SECOND * 60));
    assert!(kit.cache.expire(&key, Lifetime::For(Duration::ZERO)));
    assert_eq!((kit.cache.peek("k"), kit.cache.usage().entries), (None, 0));
    assert_eq!(kit.loads(), 1);
}

#[test]
fn a_sweep_drops_what_is_of_no_more_use() {
    let policy = Freshness { stale_if_error: SECOND, ..Freshness::ttl(SECOND) };
    let kit = Kit::new(policy);
    kit.get().unwrap();
    kit.world.advance(SECOND);
    kit.cache.sweep();
    assert_eq!(kit.cache.usage().entries, 1, "it may stand in for a load that fails");
    kit.world.advance(SECOND);
    kit.cache.sweep();
    assert_eq!(kit.cache.usage().entries, 0);
}
