//! How often a sweep walks over the tier.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use larder::runtime::{Simulated, Time};
use larder::tier::{MemoryTier, Tier};
use larder::{Cache, Entry, Lifetime};

use crate::kit::{Call, SECOND, TestTier, name};

struct Kit {
    world: Simulated,
    walks: Arc<AtomicU64>,
    cache: Cache<String, u64, TestTier>,
}

impl Kit {
    fn new(entries: MemoryTier<String, u64>) -> Self {
        let (world, walks) = (Simulated::new(1), Arc::new(AtomicU64::new(0)));
        let count = walks.clone();
        let counted = TestTier::new(entries, move |call| {
            count.fetch_add(u64::from(call == Call::Retain), Relaxed);
        });
        let cache =
            Cache::builder("test").tier(counted).runtime(Arc::new(world.clone())).build().unwrap();
        Self { world, walks, cache }
    }

    fn put(&self, key: &str, lifetime: Lifetime) {
        self.cache.put_now(&name(key), 1, lifetime).unwrap();
    }

    /// How many walks a sweep takes, and how many entries it leaves.
    fn sweep(&self) -> (u64, u64) {
        let before = self.walks.load(Relaxed);
        self.cache.sweep();
        (self.walks.load(Relaxed) - before, self.cache.usage().entries)
    }
}

#[test]
fn a_sweep_walks_only_when_something_may_have_expired() {
    let kit = Kit::new(MemoryTier::with_entries(100));
    assert_eq!(kit.sweep(), (1, 0), "nobody knows what is in a tier at first");
    kit.put("for ever", Lifetime::Forever);
    kit.put("two", Lifetime::For(2 * SECOND));
    kit.put("four", Lifetime::For(4 * SECOND));
    assert_eq!(kit.sweep(), (0, 3));
    kit.world.advance(2 * SECOND);
    assert_eq!(kit.sweep(), (1, 2));
    assert_eq!(kit.sweep(), (0, 2));
    kit.put("three", Lifetime::For(SECOND));
    kit.world.advance(SECOND);
    assert_eq!(kit.sweep(), (1, 2));
    kit.world.advance(SECOND);
    assert_eq!(kit.sweep(), (1, 1), "the walks before took note of it");
    kit.world.advance(1_000 * SECOND);
    assert_eq!(kit.sweep(), (0, 1));
}

#[test]
fn a_lifetime_that_was_prolonged_costs_one_walk() {
    let kit = Kit::new(MemoryTier::with_entries(100));
    kit.sweep();
    kit.put("k", Lifetime::For(SECOND));
    assert!(kit.cache.expire(&name("k"), Lifetime::For(10 * SECOND)));
    kit.world.advance(SECOND);
    assert_eq!([kit.sweep(), kit.sweep()], [(1, 1), (0, 1)]);
    kit.world.advance(9 * SECOND);
    assert_eq!(kit.sweep(), (1, 0));
}

#[test]
fn a_sweep_finds_what_was_in_the_tier_before_the_cache() {
    let entries = MemoryTier::with_entries(100);
    let old = Entry { value: Some(1), fresh_until: Time::ZERO };
    entries.insert(name("k"), old).outcome.unwrap();
    assert_eq!(Kit::new(entries).sweep(), (1, 0));
}
