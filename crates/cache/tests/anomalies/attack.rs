//! Attacks on the engine's own races and bounds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use larder::runtime::{Runtime, Simulated};
use larder::strategy::{ReadPolicy, WriteAround, WriteBehind};
use larder::{
    Accept, Cache, Edit, ErrorKind, Freshness, Leased, Lifetime, Present, ReadOptions, Strategy,
    WriteOptions,
};

use crate::kit::Point::{LoadRead, LoadReturn, StoreReply};
use crate::kit::{Database, Fault, Hold, TestTier};
use crate::larder_subject::TestCache;

struct Kit {
    world: Simulated,
    database: Database,
    cache: TestCache,
}

impl Kit {
    fn new(strategy: impl Into<Strategy>) -> Self {
        Self::fresh_for(strategy, Freshness::default())
    }

    fn fresh_for(strategy: impl Into<Strategy>, freshness: Freshness) -> Self {
        let (world, database) = (Simulated::new(1), Database::with(&[("k", 1)]));
        let cache = Cache::builder("test")
            .tier(TestTier::new())
            .source(database.clone())
            .strategy(strategy)
            .freshness(freshness)
            .runtime(Arc::new(world.clone()))
            .build()
            .expect("a cache");
        Self { world, database, cache }
    }

    fn run<T: Send + 'static, F>(&self, call: impl FnOnce(TestCache) -> F) -> T
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.world.block_on(call(self.cache.clone()))
    }

    fn get(&self, key: &'static str) -> Option<u64> {
        self.run(|cache| async move { cache.get(key).await }).expect("a value")
    }

    fn increment(&self) -> u64 {
        let add = |found: Option<Present<'_, u64>>| {
            let sum = found.map_or(0, |found| *found.value) + 1;
            (Edit::Put(sum, Lifetime::Policy), sum)
        };
        let options = WriteOptions::default();
        self.run(|cache| async move { cache.update("k".into(), options, add).await })
            .expect("a sum")
    }
}

fn writing() -> [Strategy; 5] {
    let around = |read, drop_cached| WriteAround { read, drop_cached, timeout: None }.into();
    [
        Strategy::write_through(),
        Strategy::write_behind(),
        around(ReadPolicy::Through, true),
        around(ReadPolicy::Through, false),
        around(ReadPolicy::Aside, true),
    ]
}

#[test]
fn an_update_begins_with_what_the_source_holds_whoever_loads_otherwise() {
    for strategy in writing() {
        let kit = Kit::new(strategy.clone());
        assert_eq!((kit.increment(), kit.increment()), (2, 3), "{strategy:?}");
        kit.run(|cache| async move { cache.flush().await }).expect("a flush");
        assert_eq!(kit.database.row("k"), Some(3), "{strategy:?}");
    }
}

#[test]
fn a_closure_that_panics_before_it_loads_leaves_no_flight_behind() {
    let kit = Kit::new(Strategy::CacheAside);
    let cache = kit.cache.clone();
    let broken = async move {
        let load = || -> std::future::Ready<_> { panic!("no connection to load with") };
        cache.get_or_load("k".into(), load).await
    };
    let outcome = kit.run(|_| AssertUnwindSafe(broken).catch_unwind());
    assert!(outcome.is_err() || outcome.is_ok_and(|answer| answer.is_err()));
    assert_eq!(kit.cache.in_progress(), 0);
}

#[test]
fn get_or_load_does_not_pass_by_what_is_pending() {
    let kit = Kit::new(Strategy::write_behind());
    kit.run(|cache| async move { cache.put("k".into(), 2).await }).unwrap();
    kit.cache.invalidate(&"k".into());
    let load = || async { Ok(Some(1)) };
    let answer = kit.run(|cache| async move { cache.get_or_load("k".into(), load).await });
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Misuse);
    assert_eq!(kit.get("k"), Some(2));
}

#[test]
fn a_write_of_nothing_is_done_at_once() {
    for strategy in writing() {
        let kit = Kit::new(strategy);
        kit.database.fail_store(Fault::Fails);
        let nothing: [(String, u64); 0] = [];
        kit.run(|cache| async move { cache.put_many(nothing, Default::default()).await }).unwrap();
        let removed =
            kit.run(|cache| async move { cache.remove_many(vec![], Default::default()).await });
        assert_eq!(removed.unwrap(), 0);
    }
}

#[test]
fn a_reload_does_not_join_a_load_that_began_before_it() {
    let kit = Kit::new(Strategy::ReadThrough);
    let hold = kit.database.hold(LoadReturn);
    let cache = kit.cache.clone();
    let early = kit.world.start(async move { cache.get("k").await.unwrap() });
    kit.world.run_until_idle();
    kit.database.put("k", Some(2));
    let reload = ReadOptions { accept: Accept::Reload, ..ReadOptions::default() };
    let cache = kit.cache.clone();
    let late = kit.world.start(async move { cache.get_with("k".into(), &reload).await.unwrap() });
    kit.world.run_until_idle();
    hold.release();
    kit.world.block_on(early);
    assert_eq!(kit.world.block_on(late), Some(2));
    assert_eq!(kit.cache.peek("k"), Some(2));
}

#[test]
fn a_lease_does_not_undo_a_newer_fill() {
    let kit = Kit::new(Strategy::CacheAside);
    let Leased::Lease(lease) = kit.cache.lease("k".into()).unwrap() else { panic!("a hit") };
    let load = || async { Ok(Some(2)) };
    let loaded = kit.run(|cache| async move { cache.get_or_load("k".into(), load).await });
    assert_eq!(loaded.unwrap(), Some(2));
    assert!(!kit.cache.fill("k".into(), lease, Some(1)));
    assert_eq!(kit.cache.peek("k"), Some(2));
}

#[test]
fn a_load_does_not_undo_a_newer_fill() {
    let kit = Kit::new(Strategy::CacheAside);
    let hold = kit.database.hold(LoadReturn);
    let (cache, database) = (kit.cache.clone(), kit.database.clone());
    let load = move || database.load_one("k".into());
    let loaded = kit.world.start(async move { cache.get_or_load("k".into(), load).await.unwrap() });
    kit.world.run_until_idle();
    let Leased::Lease(lease) = kit.cache.lease("k".into()).unwrap() else { panic!("a hit") };
    assert!(kit.cache.fill("k".into(), lease, Some(2)));
    hold.release();
    assert_eq!(kit.world.block_on(loaded), Some(1));
    assert_eq!(kit.cache.peek("k"), Some(2));
}

#[test]
fn a_fill_with_absence_that_is_not_kept_is_no_void_fill() {
    let kit = Kit::new(Strategy::CacheAside);
    let Leased::Lease(lease) = kit.cache.lease("k".into()).unwrap() else { panic!("a hit") };
    assert!(kit.cache.fill("k".into(), lease, None));
    assert!(!kit.cache.fill("k".into(), lease, None), "a lease fills once");
}

#[test]
fn leases_that_nobody_filled_do_not_keep_loads_out() {
    let kit = Kit::new(Strategy::CacheAside);
    for key in 0..300_000 {
        kit.cache.lease(format!("leased{key}")).unwrap();
    }
    kit.world.advance(Duration::from_secs(11));
    let load = || async { Ok(Some(2)) };
    let loaded = kit.run(|cache| async move { cache.get_or_load("k".into(), load).await });
    assert_eq!(loaded.unwrap(), Some(2));
}

#[test]
fn loads_that_were_voided_before_they_began_are_bounded() {
    let kit = Kit::new(Strategy::ReadThrough);
    let holds: Vec<_> = (0..4).map(|_| kit.database.hold(LoadRead)).collect();
    let mut busy = 0;
    for _ in 0..300_000 {
        let asked = kit.cache.get("k").now_or_never();
        busy += usize::from(asked.is_some_and(|answer| answer.is_err()));
        kit.cache.invalidate(&"k".into());
    }
    assert!(busy > 0, "every load waits in the queue");
    holds.into_iter().for_each(Hold::release);
    kit.world.run_until_idle();
    assert_eq!(kit.get("k"), Some(1));
}

#[test]
fn lifetimes_at_the_edge_of_time_do_not_panic() {
    let forever = Freshness { ttl_jitter: f64::NAN, ..Freshness::ttl(Duration::MAX) };
    let kit = Kit::fresh_for(Strategy::write_through(), forever);
    assert_eq!(kit.get("k"), Some(1));
    let long = WriteOptions::ttl(Duration::MAX);
    kit.run(|cache| async move { cache.put_with("k".into(), 2, long).await }).unwrap();
    assert!(kit.cache.expire(&"k".into(), Lifetime::For(Duration::MAX)));
    kit.world.advance(Duration::from_secs(1 << 32));
    assert_eq!(kit.cache.peek("k"), Some(2));
}

#[test]
fn a_write_that_panics_after_the_commit_leaves_no_older_copy() {
    for strategy in [Strategy::write_through(), Strategy::write_around()] {
        let kit = Kit::new(strategy);
        assert_eq!(kit.get("k"), Some(1));
        kit.database.fail_store(Fault::Panics);
        let error = kit.run(|cache| async move { cache.put("k".into(), 2).await }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        assert_eq!(kit.get("k"), Some(2));
    }
}

#[test]
fn a_cache_that_panics_after_the_commit_holds_no_older_copy() {
    let world = Simulated::new(1);
    let database = Database::with(&[("k", 1)]);
    let weigh = |_: &String, value: Option<&u64>| {
        assert_ne!(value, Some(&2), "a weigher that cannot weigh this");
        1
    };
    let cache = Cache::builder("test")
        .max_bytes(1000, weigh)
        .source(database.clone())
        .strategy(Strategy::write_through())
        .runtime(Arc::new(world.clone()))
        .build()
        .unwrap();
    let reader = cache.clone();
    world.block_on(async move { reader.get("k").await.unwrap() });
    let writer = cache.clone();
    let write = world.start(async move { writer.put("k".into(), 2).await });
    catch_unwind(AssertUnwindSafe(|| world.run_until_idle())).unwrap_err();
    assert_eq!(world.block_on(write).unwrap_err().kind(), ErrorKind::Unknown);
    assert_eq!(database.row("k"), Some(2));
    assert_eq!(cache.peek("k"), None);
    assert_eq!(cache.in_progress(), 0);
}

#[test]
fn the_workers_of_a_dropped_cache_bring_in_its_writes_and_end() {
    let kit = Kit::new(WriteBehind { workers: 3, ..WriteBehind::default() });
    let source = kit.database.clone();
    kit.run(|cache| async move { cache.put("k".into(), 2).await }).unwrap();
    drop(kit.cache);
    kit.world.advance(Duration::from_secs(1));
    assert_eq!(source.row("k"), Some(2));
    drop(kit.database);
    assert_eq!(source.clones(), 1, "a worker still holds the source");
}

#[test]
fn a_delete_is_queued_while_the_source_is_down() {
    let kit = Kit::new(Strategy::write_behind());
    kit.database.fail_load(Fault::Fails);
    kit.run(|cache| async move { cache.remove("k".into()).await }).unwrap();
    assert_eq!(kit.get("k"), None);
    kit.run(|cache| async move { cache.flush().await }).expect("a flush");
    assert_eq!(kit.database.row("k"), None);
}

#[test]
fn an_invalidation_during_a_write_leaves_no_copy() {
    for strategy in [Strategy::write_through(), Strategy::write_around()] {
        let kit = Kit::new(strategy);
        let hold = kit.database.hold(StoreReply);
        let writer = kit.cache.clone();
        let write = kit.world.start(async move { writer.put("k".into(), 2).await });
        kit.world.run_until_idle();
        kit.database.put("k", Some(3));
        kit.cache.invalidate(&"k".into());
        hold.release();
        kit.world.block_on(write).unwrap();
        assert_eq!(kit.cache.peek("k"), None);
        assert_eq!(kit.get("k"), Some(3));
    }
}

#[test]
fn an_invalidation_during_an_update_leaves_no_copy() {
    for strategy in writing() {
        let kit = Kit::new(strategy.clone());
        let hold = kit.database.hold(LoadReturn);
        let cache = kit.cache.clone();
        let update = kit.world.start(async move {
            let decide = |_: Option<Present<'_, u64>>| (Edit::Put(2, Lifetime::Policy), ());
            cache.update("k".into(), WriteOptions::default(), decide).await
        });
        kit.world.run_until_idle();
        kit.cache.invalidate(&"k".into());
        hold.release();
        kit.world.block_on(update).unwrap();
        kit.run(|cache| async move { cache.flush().await }).expect("a flush");
        kit.database.put("k", Some(3));
        kit.cache.invalidate(&"k".into());
        if strategy.name() != "write-around" {
            assert_eq!(kit.get("k"), Some(3), "{strategy:?}");
        }
        assert_eq!(kit.cache.in_progress(), 0, "{strategy:?}");
    }
}

#[test]
fn writers_of_overlapping_keys_do_not_wait_for_each_other_for_ever() {
    for strategy in writing() {
        let kit = Kit::new(strategy);
        let writers: Vec<_> = (0..40u64)
            .map(|n| {
                let cache = kit.cache.clone();
                let keys = [n % 3, (n + 1) % 3, (n * 7) % 3];
                let pairs = keys.map(|key| (format!("k{key}"), n));
                kit.world.start(async move { cache.put_many(pairs, Default::default()).await })
            })
            .collect();
        kit.world.block_on(async move {
            for writer in writers {
                writer.await.unwrap();
            }
        });
        assert_eq!(kit.cache.in_progress(), 0);
    }
}

#[test]
fn time_goes_on_for_whoever_waits_behind_a_write_that_timed_out() {
    let kit = Kit::new(Strategy::write_through());
    let hold = kit.database.hold(StoreReply);
    let options = WriteOptions { timeout: Some(Duration::from_secs(1)), ..Default::default() };
    let error =
        kit.run(|cache| async move { cache.put_with("k".into(), 2, options).await }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    let begun = kit.world.now();
    let error = kit.run(|cache| async move { cache.put("k".into(), 3).await }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    assert!(kit.world.now().since(begun) <= Duration::from_secs(10));
    assert_eq!(kit.get("k"), Some(2));
    assert_eq!(kit.cache.peek("k"), None, "nothing is cached while an outcome is unknown");
    hold.release();
    kit.world.run_until_idle();
    kit.run(|cache| async move { cache.put("k".into(), 3).await }).unwrap();
    assert_eq!(kit.cache.peek("k"), Some(3));
    assert_eq!(kit.database.commits("k").last(), Some(&Some(3)));
    assert_eq!(kit.cache.in_progress(), 0);
}
