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

    /// False when `card` watches the key already.
    pub(crate) fn add(&self, key: &[u8], database: u8, card: &Arc<Card>) -> bool {
        let mut keys = self.keys.lock();
        let watches = keys.entry(key.into()).or_default();
        let is_same = |watch: &Watch| watch.card.id == card.id && watch.database == database;
        if watches.iter().any(is_same) {
            return false;
        }
        watches.push(Watch { database, card: card.clone(), is_present: false });
        self.listeners.fetch_add(1, Ordering::SeqCst);
        true
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
            let is_concerned = change.database.is_none_or(|database| database == watch.database);
            // What had expired before it was watched is only cleared away.
            if is_concerned && (watch.is_present || !is_upkeep) {
                watch.card.spoil();
            }
        }
    }

    /// Takes a key for changed, in every database.
    pub(crate) fn spoil(&self, key: &[u8]) {
        self.keys.lock().get(key).into_iter().flatten().for_each(|watch| watch.card.spoil());
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
