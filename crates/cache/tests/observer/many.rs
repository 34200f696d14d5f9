//! Changes of many keys: evictions, sweeps, invalidations of ranges, and many threads.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;

use larder::runtime::Simulated;
use larder::tier::{MemoryTier, Tier};
use larder::{Cache, Freshness, Lifetime, Strategy};

use crate::kit::{Diary, Kit, SECOND, TestTier, name};

#[test]
fn who_follows_what_is_told_knows_which_keys_are_there() {
    let kit = Kit::build(|_, _, builder| builder.max_entries(50));
    for number in 0..1_000_u64 {
        let key = format!("k{}", number * 7919 % 300);
        kit.cache.put_now(&key, number, Lifetime::Policy).unwrap();
    }
    let lines = kit.diary.lines();
    let evicted = lines.iter().filter(|line| line.ends_with(": evicted, gone")).count();
    assert_eq!(evicted as u64, kit.cache.usage().evictions);
    assert_eq!(kit.diary.keys(), held(&kit.cache));
}

#[test]
fn what_makes_room_is_told_after_what_it_made_room_for() {
    let kit = Kit::build(|_, _, builder| builder.max_entries(1));
    kit.cache.put_now(&name("a"), 1, Lifetime::Policy).unwrap();
    kit.cache.put_now(&name("b"), 2, Lifetime::Policy).unwrap();
    kit.told(&["a: written, new", "b: written, new", "a: evicted, gone"]);
}

#[test]
fn a_sweep_tells_of_each_key_that_has_expired() {
    let kit = Kit::plain();
    kit.cache.put_now(&name("a"), 1, Lifetime::For(SECOND)).unwrap();
    kit.cache.put_now(&name("b"), 2, Lifetime::Forever).unwrap();
    kit.diary.lines();
    kit.world.advance(SECOND);
    kit.told(&[]);
    kit.cache.sweep();
    kit.told(&["a: expired, gone"]);
    kit.cache.sweep();
    kit.told(&[]);
    assert_eq!(kit.diary.keys(), BTreeSet::from([name("b")]));
}

#[test]
fn a_sweep_leaves_what_may_still_be_served_stale() {
    let policy = Freshness { stale_if_error: SECOND, ..Freshness::ttl(SECOND) };
    let kit = Kit::with(Strategy::ReadThrough, policy);
    kit.get("a").unwrap();
    kit.diary.lines();
    kit.world.advance(SECOND);
    kit.cache.sweep();
    kit.told(&[]);
    kit.world.advance(SECOND);
    kit.cache.sweep();
    kit.told(&["a: expired, gone"]);
}

#[test]
fn invalidating_many_is_told_in_one_word() {
    let kit = Kit::plain();
    for key in ["a1", "a2", "b1", "c1"] {
        kit.cache.put_now(&name(key), 1, Lifetime::Policy).unwrap();
    }
    kit.diary.lines();
    kit.cache.invalidate_prefix("a");
    assert_eq!(kit.diary.keys(), BTreeSet::from([name("b1"), name("c1")]));
    kit.cache.invalidate_where(|key| key == "b1");
    assert_eq!(kit.diary.keys(), BTreeSet::from([name("c1")]));
    kit.cache.invalidate_all();
    kit.told(&["cleared", "cleared", "cleared"]);
    assert!(kit.diary.keys().is_empty() && held(&kit.cache).is_empty());
}

#[test]
fn threads_that_do_everything_at_once_leave_the_observer_with_the_truth() {
    const ROUNDS: u64 = 1_000;
    const THREADS: u64 = 4;
    let (world, diary) = (Simulated::new(1), Arc::new(Diary::default()));
    // Whoever has changed the tier is overtaken before it can tell.
    let tier = TestTier::new(MemoryTier::with_entries(3), |_| thread::yield_now());
    let cache: Cache<String, u64, TestTier> = Cache::builder("test")
        .tier(tier)
        .runtime(Arc::new(world.clone()))
        .observer(diary.clone())
        .build()
        .unwrap();
    // What goes wrong is put right by later changes: it has to be looked for often.
    let mut fault = None;
    let barrier = Barrier::new(THREADS as usize + 1);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (cache, barrier) = (&cache, &barrier);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    barrier.wait();
                    let first = (round * THREADS + thread) * 20;
                    (first..first + 20).for_each(|step| disturb(cache, step));
                    barrier.wait();
                }
            });
        }
        for round in 0..ROUNDS {
            barrier.wait();
            barrier.wait();
            // The others wait for the next round, and for this thread even if it has found a fault.
            world.advance(SECOND);
            cache.sweep();
            let (told, held, lines) = (diary.keys(), held(&cache), diary.lines());
            if told != held && fault.is_none() {
                fault = Some((round, told, held, lines));
            }
        }
    });
    assert!(fault.is_none(), "{fault:#?}");
}

/// Does something to some key.
fn disturb(cache: &Cache<String, u64, TestTier>, step: u64) {
    let random = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let key = format!("k{}", random % 6);
    match random / 6 % 40 {
        0 => cache.sweep(),
        1 | 2 => cache.invalidate_where(|key| key.as_str() < "k3"),
        3 => cache.invalidate_all(),
        4..8 => drop(cache.remove_now(&key).unwrap()),
        8..10 => drop(cache.expire(&key, Lifetime::For(SECOND / 10))),
        10..12 => drop(cache.invalidate(&key)),
        12..20 => cache.put_now(&key, step, Lifetime::For(SECOND / 2)).unwrap(),
        _ => cache.put_now(&key, step, Lifetime::Policy).unwrap(),
    }
}

/// The keys of these tests that have a fresh entry.
fn held<T: Tier<String, u64>>(cache: &Cache<String, u64, T>) -> BTreeSet<String> {
    let names = ["a1", "a2", "b1", "c1"].map(name).into_iter();
    let names = names.chain((0..300).map(|number| format!("k{number}")));
    names.filter(|key| cache.glance(key).is_some()).collect()
}

#[test]
fn a_change_is_foretold_before_the_tier_shows_it() {
    let diary = Arc::new(Diary::default());
    let told = diary.clone();
    let tier = TestTier::new(MemoryTier::with_entries(10), move |call| {
        assert!(told.is_foretold(), "{call:?}");
    });
    let cache: Cache<String, u64, TestTier> = Cache::builder("test")
        .tier(tier)
        .runtime(Arc::new(Simulated::new(1)))
        .observer(diary.clone())
        .build()
        .unwrap();
    cache.put_now(&name("a"), 1, Lifetime::Policy).unwrap();
    assert!(cache.remove_now(&name("a")).unwrap());
    cache.put_now(&name("a"), 2, Lifetime::Policy).unwrap();
    cache.invalidate_all();
    assert!(!diary.is_foretold());
    assert_eq!(diary.lines().len(), 4);
}
