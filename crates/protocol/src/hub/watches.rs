//! `WATCH`: which sessions want to know that a key has changed before their `EXEC`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::{Card, Cause, Change};

/// The keys that are watched.
#[derive(Debug)]
pub(crate) struct Watches {
    /// By key, whatever the database: few keys are watched in two at a time.
    keys: Mutex<HashMap<Box<[u8]>, Vec<Watch>>>,
    /// How many sessions watch, and whatever else is counted there.
    listeners: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Watch {
    database: u8,
    card: Arc<Card>,
    /// Whether there was something under the key.
    is_present: bool,
}

impl Watches {
    pub(crate) fn new(listeners: Arc<AtomicUsize>) -> Self {
        Self { keys: Mutex::default(), listeners }
    }

    pub(crate) fn add(&self, key: &[u8], database: u8, card: &Arc<Card>) {
        let watch = Watch { database, card: card.clone(), is_present: false };
        self.keys.lock().entry(key.into()).or_default().push(watch);
        self.listeners.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes that there is something under a key that `card` watches.
    pub(crate) fn note_present(&self, key: &[u8], database: u8, card: &Card) {
        let mut keys = self.keys.lock();
        for watch in keys.get_mut(key).into_iter().flatten() {
            if watch.card.id == card.id && watch.database == database {
                watch.is_present = true;
            }
        }
    }

    pub(crate) fn remove(&self, key: &[u8], database: u8, card: &Card) {
        let mut keys = self.keys.lock();
        let Some(watches) = keys.get_mut(key) else { return };
        let before = watches.len();
        watches.retain(|watch| watch.card.id != card.id || watch.database != database);
        self.listeners.fetch_sub(before - watches.len(), Ordering::SeqCst);
        if watches.is_empty() {
            keys.remove(key);
        }
    }

    pub(crate) fn changed(&self, change: &Change<'_>) {
        // A copy comes and goes without a change of what it is a copy of.
        let is_upkeep = matches!(change.cause, Cause::Loaded | Cause::Expired | Cause::Evicted);
        if change.is_copy && is_upkeep {
            return;
        }
        let keys = self.keys.lock();
        for watch in keys.get(change.key).into_iter().flatten() {
            if change.database.is_none_or(|database| database == watch.database) {
                watch.card.spoil();
            }
        }
    }

    /// Only what was there has changed by being cleared.
    pub(crate) fn cleared(&self, database: Option<u8>) {
        for watch in self.keys.lock().values().flatten() {
            if watch.is_present && database.is_none_or(|database| database == watch.database) {
                watch.card.spoil();
            }
        }
    }
}
