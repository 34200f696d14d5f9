//! The memory of this process, on quick_cache.
//!
//! quick_cache evicts by Clock-PRO and takes a shared lock of one shard per hit. It knows no time:
//! expired entries stay until they are read, swept or evicted.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::{Equivalent, Evicted, Inserted, Lookup, Refused, Tier, Usage};
use crate::entry::Entry;
use crate::hashing::RandomState;
use crate::runtime::Time;
use crate::{Key, Value};

type Weigh<K, V> = Arc<dyn Fn(&K, Option<&V>) -> u64 + Send + Sync>;

/// Entries in memory, bounded by their number or by their weight.
///
/// ```
/// use larder::runtime::Time;
/// use larder::tier::{MemoryTier, Tier};
/// use larder::Entry;
///
/// let tier = MemoryTier::with_entries(2);
/// for key in 0..10 {
///     let entry = Entry { value: Some(key * key), fresh_until: Time::NEVER };
///     assert_eq!(tier.insert(key, entry).outcome, Ok(()));
/// }
/// assert!(tier.usage().weight <= 2);
/// ```
pub struct MemoryTier<K, V> {
    entries: Cache<K, Entry<V>, Scale<K, V>, RandomState, Evictions>,
    weigh: Option<Weigh<K, V>>,
    evictions: Evictions,
}

impl<K: Key, V: Value> MemoryTier<K, V> {
    /// At most `entries` entries, at least one.
    ///
    /// ```
    /// # use larder::tier::{MemoryTier, Tier};
    /// let tier: MemoryTier<u64, String> = MemoryTier::with_entries(1_000);
    /// assert_eq!(tier.usage().weight_max, 1_000);
    /// ```
    pub fn with_entries(entries: u64) -> Self {
        Self::new(entries, entries, None)
    }

    /// At most `bytes` bytes, as `weigh` weighs a key with its value, or with `None` for known
    /// absent. The weigher is called at every change, so it must be quick.
    ///
    /// The bound is kept per shard: one entry can weigh no more than a shard, which is the bound
    /// divided by a small multiple of the number of cores.
    ///
    /// ```
    /// use larder::tier::{MemoryTier, Refused, Tier};
    /// # use larder::{Entry, runtime::Time};
    ///
    /// let weigh = |_key: &u64, value: Option<&String>| 64 + value.map_or(0, |value| value.len() as u64);
    /// let tier = MemoryTier::with_bytes(1 << 20, weigh);
    /// let entry = Entry { value: Some("x".repeat(2 << 20)), fresh_until: Time::NEVER };
    /// assert_eq!(tier.insert(7, entry).outcome, Err(Refused::TooLarge));
    /// ```
    pub fn with_bytes(
        bytes: u64,
        weigh: impl Fn(&K, Option<&V>) -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self::new(bytes / BYTES_PER_ENTRY_GUESS, bytes, Some(Arc::new(weigh)))
    }

    fn new(entries: u64, weight: u64, weigh: Option<Weigh<K, V>>) -> Self {
        let evictions = Evictions::default();
        let options = OptionsBuilder::new()
            .hot_allocation(HOT_SHARE)
            .estimated_items_capacity(usize::try_from(entries.max(1)).unwrap_or(usize::MAX))
            .weight_capacity(weight.max(1))
            .build()
            .expect("both capacities are set");
        let scale = Scale(weigh.clone());
        let entries =
            Cache::with_options(options, scale, RandomState::default(), evictions.clone());
        Self { entries, weigh, evictions }
    }

    fn fits(&self, key: &K, entry: &Entry<V>) -> bool {
        let Some(weigh) = &self.weigh else { return true };
        let weight_max = self.entries.shard_capacity() as f64 * HOT_SHARE;
        weigh(key, entry.value.as_ref()) <= weight_max as u64
    }
}

/// Only how many buckets to begin with: the weight decides what is evicted.
const BYTES_PER_ENTRY_GUESS: u64 = 256;

/// The share of a shard that is for entries read more than once, which is quick_cache's own default.
/// An entry that is larger than this share is not taken.
const HOT_SHARE: f64 = 0.97;

impl<K: Key, V: Value> Tier<K, V> for MemoryTier<K, V> {
    fn entry(&self, key: &K) -> Option<Entry<V>> {
        self.entries.peek(key)
    }

    fn insert(&self, key: K, entry: Entry<V>) -> Inserted<K> {
        if !self.fits(&key, &entry) {
            let replaced = self.entries.remove(&key).is_some();
            return Inserted::refused(Refused::TooLarge, replaced);
        }
        let mut change = Change::default();
        self.entries.insert_with_lifecycle(key, entry, &mut change);
        Inserted { outcome: Ok(()), replaced: change.replaced, evicted: change.evicted }
    }

    fn remove(&self, key: &K) -> bool {
        self.entries.remove(key).is_some()
    }

    fn retain(&self, keep: &(dyn Fn(&K, Time) -> bool + Sync)) {
        self.entries.retain(|key, entry| keep(key, entry.fresh_until));
    }

    fn clear(&self) {
        self.entries.clear();
    }

    fn usage(&self) -> Usage {
        Usage {
            entries: self.entries.len() as u64,
            weight: self.entries.weight(),
            weight_max: self.entries.capacity(),
            evictions: self.evictions.0.load(Ordering::Relaxed),
        }
    }

    /// Looks at every key, since quick_cache does not tell which ones it drops here.
    fn resize(&self, weight_max: u64) -> Evicted<K> {
        let before: Vec<K> = self.entries.iter().map(|(key, _)| key).collect();
        self.entries.set_capacity(weight_max.max(1));
        let gone = before.into_iter().filter(|key| self.entries.peek(key).is_none());
        let mut evicted = Evicted::default();
        evicted.extend(gone);
        evicted
    }
}

impl<Q, K, V> Lookup<Q> for MemoryTier<K, V>
where
    Q: Hash + Equivalent<K> + ?Sized,
    K: Key,
    V: Value,
{
    /// quick_cache lends nothing: it hands out a clone of what it holds.
    type View<'a> = V;

    #[inline]
    fn lookup<R>(&self, key: &Q, see: impl FnOnce(Entry<V>) -> R) -> Option<R> {
        self.entries.get(key).map(see)
    }
}

struct Scale<K, V>(Option<Weigh<K, V>>);

impl<K, V> Clone for Scale<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Weighter<K, Entry<V>> for Scale<K, V> {
    fn weight(&self, key: &K, entry: &Entry<V>) -> u64 {
        // quick_cache never evicts what weighs nothing.
        self.0.as_ref().map_or(1, |weigh| weigh(key, entry.value.as_ref()).max(1))
    }
}

/// Counts what is evicted for room.
#[derive(Clone, Default)]
struct Evictions(Arc<AtomicU64>);

/// One change of the entries.
struct Change<K> {
    /// Whether an eviction is under way.
    evicting: bool,
    /// Whether an earlier entry of the key has given way to the new one.
    replaced: bool,
    evicted: Evicted<K>,
}

impl<K> Default for Change<K> {
    fn default() -> Self {
        Self { evicting: false, replaced: false, evicted: Evicted::default() }
    }
}

impl<K, V> Lifecycle<K, V> for Evictions {
    type RequestState = Change<K>;

    fn before_evict(&self, change: &mut Change<K>, _key: &K, _value: &mut V) {
        change.evicting = true;
    }

    /// Told of what is evicted and of what is replaced, and only of the former beforehand. Not even
    /// the key would tell them apart: what is put may be evicted at once.
    fn on_evict(&self, change: &mut Change<K>, key: K, _value: V) {
        if std::mem::take(&mut change.evicting) {
            self.0.fetch_add(1, Ordering::Relaxed);
            change.evicted.extend([key]);
        } else {
            change.replaced = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(value: u64) -> Entry<u64> {
        Entry { value: Some(value), fresh_until: Time::NEVER }
    }

    #[test]
    fn only_what_makes_room_is_an_eviction() {
        let tier = MemoryTier::with_entries(64);
        (0..10).for_each(|value| drop(tier.insert(1_u64, entry(value))));
        assert!(tier.remove(&1));
        drop(tier.insert(2, entry(0)));
        tier.retain(&|_, _| false);
        drop(tier.insert(3, entry(0)));
        tier.clear();
        assert_eq!(tier.usage().evictions, 0, "replaced, removed, swept and cleared");
        (0..1_000).for_each(|key| drop(tier.insert(key, entry(0))));
        assert_eq!(tier.usage().evictions, 1_000 - tier.usage().entries);
    }

    #[test]
    fn a_smaller_bound_evicts_at_once_and_says_what() {
        let tier = MemoryTier::with_entries(1000);
        (0..1000).for_each(|key| drop(tier.insert(key, entry(0))));
        let held: Vec<u64> = (0..1000).filter(|key| tier.entry(key).is_some()).collect();
        let evicted: Vec<u64> = tier.resize(100).into_iter().collect();
        let usage = tier.usage();
        assert!(usage.entries <= usage.weight_max && usage.weight_max < 200, "{usage:?}");
        let left = held.iter().filter(|key| tier.entry(key).is_some()).count();
        assert_eq!(left + evicted.len(), held.len());
        assert!(evicted.iter().all(|key| tier.entry(key).is_none()));
    }

    #[test]
    fn an_entry_that_is_taken_is_there() {
        let tier = MemoryTier::with_bytes(1_000_000, |_: &u64, value| *value.unwrap_or(&1));
        let shard = tier.entries.shard_capacity();
        for weight in shard * 9 / 10..=shard {
            let taken = tier.insert(1, entry(weight)).outcome.is_ok();
            assert_eq!(tier.entry(&1).is_some(), taken, "{weight} of {shard}");
        }
    }
}
