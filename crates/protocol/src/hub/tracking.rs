//! `CLIENT TRACKING`: which sessions' clients keep copies of which keys.
//!
//! The table notes who has read a key, and forgets them once they have been told that it changed.
//! A read that has to wait for a load is noted before it asks, so that no change is missed, and
//! the fill of its own load is no change to it:
//!
//! ```text
//!            fill                 change
//!   asked ----------> filled --------------> stale: told right after the reply
//!     |                 |                      ^
//!     |                 | reply                | change
//!     +-----------------+-------> holds -------+--> told and forgotten
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use indexmap::IndexMap;
use parking_lot::Mutex;
use smallvec::SmallVec;

use super::{Cause, Change, Clients, Push};

/// Who is to be told of which keys.
#[derive(Debug)]
pub(crate) struct Table {
    inner: Mutex<Inner>,
    /// How many sessions track, and whatever else is counted there.
    listeners: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Inner {
    members: HashMap<u64, Terms>,
    readers: IndexMap<Arc<[u8]>, SmallVec<[Reader; 2]>>,
    /// The sessions that are told of every key that begins so.
    prefixes: BTreeMap<Box<[u8]>, Vec<u64>>,
}

/// On what terms a session tracks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The session that is told instead.
    pub(crate) redirect: Option<u64>,
    /// It is not told of what it does itself.
    pub(crate) no_loop: bool,
}

#[derive(Debug, Clone, Copy)]
struct Reader {
    id: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its question is open.
    Asked,
    /// Its question is open, and the key was filled meanwhile.
    Filled,
    /// Its question is open, and what it will be answered is out of date.
    Stale,
    /// It has its answer.
    Holds,
}

impl Table {
    pub(crate) fn new(listeners: Arc<AtomicUsize>) -> Self {
        Self { inner: Mutex::default(), listeners }
    }

    /// Takes a session in, or changes its terms.
    pub(crate) fn join(&self, id: u64, terms: Terms) {
        if self.inner.lock().members.insert(id, terms).is_none() {
            self.listeners.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Tells a session of every key that begins with `prefix`.
    pub(crate) fn broadcast(&self, id: u64, prefix: &[u8]) {
        let mut inner = self.inner.lock();
        let ids = inner.prefixes.entry(prefix.into()).or_default();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }

    pub(crate) fn leave(&self, id: u64) {
        let mut inner = self.inner.lock();
        if inner.members.remove(&id).is_none() {
            return;
        }
        self.listeners.fetch_sub(1, Ordering::SeqCst);
        inner.prefixes.retain(|_, ids| {
            ids.retain(|other| *other != id);
            !ids.is_empty()
        });
        if inner.members.is_empty() {
            // Those who left are otherwise forgotten key by key.
            inner.readers = IndexMap::new();
        }
    }

    /// Notes that a session is about to read `key`. At `keys_max` keys another is given up, and
    /// whoever holds it is told so.
    pub(crate) fn ask(&self, id: u64, key: &[u8], keys_max: usize, clients: &Clients) {
        let mut inner = self.inner.lock();
        if inner.readers.len() >= keys_max && !inner.readers.contains_key(key) {
            inner.give_up_one(clients);
        }
        if !inner.readers.contains_key(key) {
            inner.readers.insert(key.into(), SmallVec::new());
        }
        let Some(readers) = inner.readers.get_mut(key) else { return };
        match readers.iter_mut().find(|reader| reader.id == id) {
            Some(reader) if reader.state == State::Holds => reader.state = State::Asked,
            Some(_) => {}
            None => readers.push(Reader { id, state: State::Asked }),
        }
    }

    /// Notes that a session has been answered; tells it at once if the answer was out of date.
    pub(crate) fn settle(&self, id: u64, key: &[u8], clients: &Clients) {
        let mut inner = self.inner.lock();
        let Some((_, name, readers)) = inner.readers.get_full_mut(key) else { return };
        let name = name.clone();
        let Some(place) = readers.iter().position(|reader| reader.id == id) else { return };
        if readers[place].state != State::Stale {
            readers[place].state = State::Holds;
            return;
        }
        readers.remove(place);
        let is_empty = readers.is_empty();
        inner.tell(id, &Push::Invalidate(name), clients);
        if is_empty {
            inner.readers.swap_remove(key);
        }
    }

    pub(crate) fn changed(&self, change: &Change<'_>, clients: &Clients) {
        let mut inner = self.inner.lock();
        if inner.members.is_empty() {
            return;
        }
        let mut told = inner.readers_to_tell(change);
        let covering = inner.prefixes.iter().filter(|(prefix, _)| change.key.starts_with(prefix));
        told.extend(covering.flat_map(|(_, ids)| ids));
        if told.is_empty() {
            return;
        }
        let push = Push::Invalidate(change.key.into());
        for id in told {
            let is_own = change.by == Some(id);
            if !(is_own && inner.members.get(&id).is_some_and(|terms| terms.no_loop)) {
                inner.tell(id, &push, clients);
            }
        }
    }

    pub(crate) fn cleared(&self, clients: &Clients) {
        let mut inner = self.inner.lock();
        for readers in inner.readers.values_mut() {
            readers.retain(|reader| reader.state != State::Holds);
            readers.iter_mut().for_each(|reader| reader.state = State::Stale);
        }
        inner.readers.retain(|_, readers| !readers.is_empty());
        let members: Vec<u64> = inner.members.keys().copied().collect();
        members.into_iter().for_each(|id| inner.tell(id, &Push::InvalidateAll, clients));
    }

    /// How many keys, readers of keys and prefixes there are.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let inner = self.inner.lock();
        let readers = inner.readers.values().map(SmallVec::len).sum();
        (inner.readers.len(), readers, inner.prefixes.len())
    }

    /// How many sessions track.
    pub(crate) fn members(&self) -> usize {
        self.inner.lock().members.len()
    }
}

impl Inner {
    /// Those who hold a copy of the key; they are forgotten. Who has yet to be answered stays.
    fn readers_to_tell(&mut self, change: &Change<'_>) -> Vec<u64> {
        let Some(readers) = self.readers.get_mut(change.key) else { return Vec::new() };
        let mut told = Vec::new();
        readers.retain(|reader| {
            reader.state = match reader.state {
                State::Holds => {
                    told.push(reader.id);
                    return false;
                }
                State::Asked if change.cause == Cause::Loaded => State::Filled,
                State::Asked | State::Filled | State::Stale => State::Stale,
            };
            true
        });
        if readers.is_empty() {
            self.readers.swap_remove(change.key);
        }
        told
    }

    fn give_up_one(&mut self, clients: &Clients) {
        let last = self.readers.len().saturating_sub(1);
        let Some((key, readers)) = self.readers.swap_remove_index(last / 2) else { return };
        for reader in readers {
            self.tell(reader.id, &Push::Invalidate(key.clone()), clients);
        }
    }

    fn tell(&self, id: u64, push: &Push, clients: &Clients) {
        let Some(terms) = self.members.get(&id) else { return };
        let Some(redirect) = terms.redirect else {
            return clients.find(id).iter().for_each(|card| card.post(push.clone()));
        };
        match clients.find(redirect) {
            Some(card) => card.post(push.clone()),
            None => {
                let broken = Push::RedirectBroken(redirect);
                clients.find(id).iter().for_each(|card| card.post(broken.clone()));
            }
        }
    }
}
