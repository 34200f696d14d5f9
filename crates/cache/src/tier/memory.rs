//! The memory of this process, on quick_cache.
//!
//! quick_cache evicts by Clock-PRO and takes a shared lock of one shard per hit. It knows no time:
//! expired entries stay until they are read, swept or evicted.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::{Lookup, Refused, Tier, Usage};
use crate::entry::{Entry, EntryView};
use crate::runtime::Time;
use crate::{Key, Value};

type Weigh<K, V> = Arc<dyn Fn(&K, Option<&V>) -> u64 + Send + Sync>;

/// Entries in memory, bounded by their number or by their weight.
pub struct MemoryTier<K, V> {
    entries: Cache<K, Entry<V>, Scale<K, V>, RandomState, Evictions>,
    weigh: Option<Weigh<K, V>>,
    evictions: Evictions,
}

impl<K: Key, V: Value> MemoryTier<K, V> {
    /// At most `entries` entries, at least one.
    pub fn with_entries(entries: u64) -> Self {
        Self::new(entries, entries, None)
    }

    /// At most `bytes` bytes, as `weigh` weighs a key with its value, or with `None` for known
    /// absent. The weigher is called at every change, so it must be quick.
    ///
    /// The bound is kept per shard: one entry can weigh no more than a shard, which is the bound
    /// divided by a small multiple of the number of cores.
    pub fn with_bytes(
        bytes: u64,
        weigh: impl Fn(&K, Option<&V>) -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self::new(bytes / BYTES_PER_ENTRY_GUESS, bytes, Some(Arc::new(weigh)))
    }

    fn new(entries: u64, weight: u64, weigh: Option<Weigh<K, V>>) -> Self {
        let evictions = Evictions::default();
        let options = OptionsBuilder::new()
            .estimated_items_capacity(usize::try_from(entries.max(1)).unwrap_or(usize::MAX))
            .weight_capacity(weight.max(1))
            .build()
            .expect("both capacities are set");
        let scale = Scale(weigh.clone());
        let hasher = RandomState::default();
        let entries = Cache::with_options(options, scale, hasher, evictions.clone());
        Self { entries, weigh, evictions }
    }

    fn fits(&self, key: &K, entry: &Entry<V>) -> bool {
        let Some(weigh) = &self.weigh else { return true };
        weigh(key, entry.value.as_ref()) <= self.entries.shard_capacity()
    }
}

/// Only how many buckets to begin with: the weight decides what is evicted.
const BYTES_PER_ENTRY_GUESS: u64 = 256;

impl<K: Key, V: Value> Tier<K, V> for MemoryTier<K, V> {
    fn entry(&self, key: &K) -> Option<Entry<V>> {
        self.entries.peek(key)
    }

    fn insert(&self, key: K, entry: Entry<V>) -> Result<(), Refused> {
        if !self.fits(&key, &entry) {
            self.entries.remove(&key);
            return Err(Refused::TooLarge);
        }
        self.entries.insert(key, entry);
        Ok(())
    }

    fn remove(&self, key: &K) -> bool {
        self.entries.remove(key).is_some()
    }

    fn retain(&self, keep: &(dyn Fn(&K, Time) -> bool + Sync)) {
        self.entries.retain(|key, entry| keep(key, entry.stale_until));
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
}

impl<Q, K, V> Lookup<Q> for MemoryTier<K, V>
where
    Q: Hash + Eq + ?Sized,
    K: Key + Borrow<Q>,
    V: Value,
{
    /// quick_cache lends nothing: it hands out a clone of what it holds.
    type View<'a> = V;

    #[inline]
    fn lookup<R>(&self, key: &Q, see: impl FnOnce(EntryView<V>) -> R) -> Option<R> {
        let entry = self.entries.get(key)?;
        Some(see(EntryView { value: entry.value, fresh_until: entry.fresh_until }))
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

#[derive(Clone, Default)]
struct Evictions(Arc<AtomicU64>);

impl<K, V> Lifecycle<K, V> for Evictions {
    type RequestState = ();

    fn on_evict(&self, _state: &mut Self::RequestState, _key: K, _value: V) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
