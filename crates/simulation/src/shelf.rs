//! A tier that loses an entry, or takes none, when a client says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use larder::Entry;
use larder::runtime::Time;
use larder::tier::{Inserted, Lookup, Refused, Tier, Usage};
use parking_lot::Mutex;

/// Entries in memory, in an order that is the same in every run. Clones are the same shelf.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    entries: BTreeMap<String, Entry<u64>>,
    refuses: bool,
}

impl Shelf {
    /// From now on it takes no entry, or takes them again.
    pub fn refuse(&self, refuses: bool) {
        self.0.lock().refuses = refuses;
    }
}

impl Tier<String, u64> for Shelf {
    fn entry(&self, key: &String) -> Option<Entry<u64>> {
        self.0.lock().entries.get(key).copied()
    }

    fn insert(&self, key: String, entry: Entry<u64>) -> Inserted<String> {
        let mut held = self.0.lock();
        if held.refuses {
            let replaced = held.entries.remove(&key).is_some();
            return Inserted::refused(Refused::Unavailable, replaced);
        }
        let replaced = held.entries.insert(key, entry).is_some();
        Inserted { outcome: Ok(()), replaced, evicted: Default::default() }
    }

    fn remove(&self, key: &String) -> bool {
        self.0.lock().entries.remove(key).is_some()
    }

    fn retain(&self, keep: &(dyn Fn(&String, Time) -> bool + Sync)) {
        self.0.lock().entries.retain(|key, entry| keep(key, entry.fresh_until));
    }

    fn clear(&self) {
        self.0.lock().entries.clear();
    }

    fn usage(&self) -> Usage {
        let entries = self.0.lock().entries.len() as u64;
        Usage { entries, weight: entries, weight_max: u64::MAX, evictions: 0 }
    }
}

impl Lookup<str> for Shelf {
    type View<'a> = u64;

    fn lookup<R>(&self, key: &str, see: impl FnOnce(Entry<u64>) -> R) -> Option<R> {
        let entry = self.0.lock().entries.get(key).copied()?;
        Some(see(entry))
    }
}
