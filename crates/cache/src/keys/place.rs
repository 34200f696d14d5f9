//! Where a key's entry is in the tier. Whatever changes an entry does it here.

use super::Keys;
use crate::entry::Entry;
use crate::observer::{Cause, Change};
use crate::tier::{Evicted, Inserted, Refused};
use crate::{Key, Value};

/// The place of one key's entry, for whoever holds the key's stripe. The observer is told of what
/// is done to it.
pub(super) struct Place<'a, K: Key, V: Value> {
    keys: &'a Keys<K, V>,
    key: &'a K,
    /// What has made room. Their stripes are not held: it is told later.
    evicted: Evicted<K>,
}

impl<'a, K: Key, V: Value> Place<'a, K, V> {
    pub(super) fn new(keys: &'a Keys<K, V>, key: &'a K) -> Self {
        Self { keys, key, evicted: Evicted::default() }
    }

    /// The present entry, fresh or not.
    pub(super) fn entry(&self) -> Option<Entry<V>> {
        self.keys.tier.entry(self.key)
    }

    /// Puts `entry` there. If the tier refuses it, there is none afterwards.
    pub(super) fn put(&mut self, entry: Entry<V>, cause: Cause) -> Result<(), Refused> {
        self.foretell();
        let (has_value, fresh_until) = (entry.value.is_some(), entry.fresh_until);
        let inserted = self.keys.tier.insert(self.key.clone(), entry);
        let Inserted { outcome, replaced, evicted } = inserted;
        // Only now: a sweep that is under way has seen the entry or will leave this alone.
        self.keys.earliest_expiry.note(fresh_until);
        self.evicted.extend(evicted);
        self.tell(Change { cause, replaced, present: has_value && outcome.is_ok() });
        outcome
    }

    /// Removes the entry; says whether there was one. It is told either way.
    pub(super) fn remove(&mut self, cause: Cause) -> bool {
        self.foretell();
        let replaced = self.keys.tier.remove(self.key);
        self.tell(Change { cause, replaced, present: false });
        replaced
    }

    /// What made room meanwhile, to be told when the stripe is let go.
    pub(super) fn into_evicted(self) -> Evicted<K> {
        self.evicted
    }

    fn foretell(&self) {
        if let Some(observer) = &self.keys.observer {
            observer.changing(self.key);
        }
    }

    fn tell(&self, change: Change) {
        if let Some(observer) = &self.keys.observer {
            observer.changed(self.key, change);
        }
    }
}

impl<K: Key, V: Value> Keys<K, V> {
    /// Bounds the tier anew.
    pub(crate) fn resize(&self, weight_max: u64) {
        self.tell_evicted(self.tier.resize(weight_max));
    }

    /// Tells of entries that made room, each under the stripe of its key, so that it takes its turn
    /// among what else becomes of that key. The key may have an entry again by then.
    pub(super) fn tell_evicted(&self, evicted: Evicted<K>) {
        let Some(observer) = &self.observer else { return };
        for key in evicted {
            let _stripe = self.stripe(&key);
            let present = self.tier.entry(&key).is_some_and(|entry| entry.value.is_some());
            observer.changed(&key, Change { cause: Cause::Evicted, replaced: true, present });
        }
    }
}
