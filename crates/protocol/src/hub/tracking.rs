//! `CLIENT TRACKING`: which sessions' clients keep copies of which keys.
//!
//! The table notes who has read a key, and forgets them once they have been told that it changed.
//! A read that has to wait for a load is noted before it asks, so that no change is missed, and
//! the fill of its own load is no change to it, nor is that the key is found to have expired:
//!
//! ```text
//!            fill                 change
//!   asked ----------> filled --------------> stale: told right after the reply
//!     |                 |                      ^
//!     |                 | reply                | change
//!     +-----------------+-------> holds -------+--> told and forgotten
//! ```
//!
//! Whoever listens to a prefix is told of all keys that a session changed in one turn by one push,
//! at the end of the turn. The turn's input bounds how many that can be.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use indexmap::{IndexMap, IndexSet};
use parking_lot::Mutex;
use smallvec::SmallVec;

use super::{Cause, Change, Clients, Push};

/// Who is to be told of which keys.
#[derive(Debug)]
pub(crate) struct Table {
    inner: Mutex<Inner>,
    /// How many sessions track or did, and whatever else is counted there.
    listeners: Arc<AtomicUsize>,
    /// How many sessions have something gathered.
    turns: AtomicUsize,
}

#[derive(Debug, Default)]
struct Inner {
    /// The sessions that track, and those that did, without terms.
    members: HashMap<u64, Option<Terms>>,
    readers: IndexMap<Arc<[u8]>, SmallVec<[Reader; 2]>>,
    /// The sessions that are told of every key that begins so.
    prefixes: BTreeMap<Box<[u8]>, Vec<u64>>,
    /// What each session has changed in its present turn.
    gathered: HashMap<Option<u64>, Gathered>,
}

/// Keys, by the prefixes that somebody listens to.
type Gathered = BTreeMap<Box<[u8]>, IndexSet<Arc<[u8]>>>;

/// On what terms a session tracks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The session that is told instead.
    pub(crate) redirect: Option<u64>,
    /// It is not told of what it does itself.
    pub(crate) no_loop: bool,
    /// It is told by prefix, and not of what it has read.
    pub(crate) by_prefix: bool,
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
    /// Its question is open, and it has the answer to an earlier one.
    AskedAgain,
    /// Its question is open, and the key was filled meanwhile.
    Filled,
    /// Its question is open, and what it will be answered is out of date.
    Stale,
    /// It has its answer.
    Holds,
}

impl Table {
    pub(crate) fn new(listeners: Arc<AtomicUsize>) -> Self {
        Self { inner: Mutex::default(), listeners, turns: AtomicUsize::new(0) }
    }

    /// Takes a session in, or changes its terms.
    pub(crate) fn join(&self, id: u64, terms: Terms) {
        if self.inner.lock().members.insert(id, Some(terms)).is_none() {
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

    /// A session tracks no longer. As in Redis, what it has read is remembered: if it tracks again, it
    /// is told of that too.
    pub(crate) fn rest(&self, id: u64) {
        let mut inner = self.inner.lock();
        if let Some(terms) = inner.members.get_mut(&id) {
            *terms = None;
            inner.leave_prefixes(id);
        }
    }

    /// A session has gone.
    pub(crate) fn leave(&self, id: u64) {
        let mut inner = self.inner.lock();
        if inner.members.remove(&id).is_none() {
            return;
        }
        self.listeners.fetch_sub(1, Ordering::SeqCst);
        inner.leave_prefixes(id);
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
            Some(reader) if reader.state == State::Holds => reader.state = State::AskedAgain,
            Some(_) => {}
            None => readers.push(Reader { id, state: State::Asked }),
        }
    }

    /// Gives up keys beyond `keys_max`, though not so many at once that others would have to wait.
    pub(crate) fn shrink(&self, keys_max: usize, clients: &Clients) {
        const KEYS_AT_ONCE: usize = 10_000;
        let mut inner = self.inner.lock();
        let surplus = inner.readers.len().saturating_sub(keys_max);
        (0..surplus.min(KEYS_AT_ONCE)).for_each(|_| inner.give_up_one(clients));
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
        inner.tell_reader(id, &Push::Invalidate([name].into()), clients);
        if is_empty {
            inner.readers.swap_remove(key);
        }
    }

    pub(crate) fn changed(&self, change: &Change<'_>, clients: &Clients) {
        let mut inner = self.inner.lock();
        if inner.members.is_empty() {
            return;
        }
        let readers = inner.readers_to_tell(change);
        if !readers.is_empty() {
            let push = Push::Invalidate([change.key.into()].into());
            let concerned = readers.into_iter().filter(|id| inner.is_told(*id, change.seen_by()));
            concerned.for_each(|id| inner.tell_reader(id, &push, clients));
        }
        inner.gather(change);
        if change.doer().is_none() {
            inner.broadcast(None, clients);
        }
        self.turns.store(inner.gathered.len(), Ordering::Release);
    }

    /// Tells of what a session has changed in a turn that is over. Costs one load when nobody has
    /// changed anything that is listened to.
    pub(crate) fn end_turn(&self, id: u64, clients: &Clients) {
        if self.turns.load(Ordering::Acquire) > 0 {
            let mut inner = self.inner.lock();
            inner.broadcast(Some(id), clients);
            self.turns.store(inner.gathered.len(), Ordering::Release);
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
        self.inner.lock().members.values().flatten().count()
    }
}

impl Inner {
    /// Those who hold a copy of the key; they are forgotten. Who has yet to be answered stays.
    fn readers_to_tell(&mut self, change: &Change<'_>) -> Vec<u64> {
        let Some(readers) = self.readers.get_mut(change.key) else { return Vec::new() };
        let mut told = Vec::new();
        readers.retain(|reader| {
            let (state, is_told) = reader.after(change);
            if is_told {
                told.push(reader.id);
            }
            if let Some(state) = state {
                reader.state = state;
            }
            state.is_some()
        });
        if readers.is_empty() {
            self.readers.swap_remove(change.key);
        }
        told
    }

    fn leave_prefixes(&mut self, id: u64) {
        self.prefixes.retain(|_, ids| {
            ids.retain(|other| *other != id);
            !ids.is_empty()
        });
    }

    fn give_up_one(&mut self, clients: &Clients) {
        let last = self.readers.len().saturating_sub(1);
        let Some((key, readers)) = self.readers.swap_remove_index(last / 2) else { return };
        for reader in readers {
            self.tell_reader(reader.id, &Push::Invalidate([key.clone()].into()), clients);
        }
    }

    /// Notes the key under each prefix of it that somebody listens to.
    fn gather(&mut self, change: &Change<'_>) {
        for prefix in covering(&self.prefixes, change.key) {
            let gathered = self.gathered.entry(change.doer()).or_default();
            gathered.entry(prefix.into()).or_default().insert(change.key.into());
        }
    }

    /// Tells of what is gathered of one session, or of what nobody known has done.
    fn broadcast(&mut self, by: Option<u64>, clients: &Clients) {
        for (prefix, keys) in self.gathered.remove(&by).unwrap_or_default() {
            let push = Push::Invalidate(keys.into_iter().collect());
            let ids = self.prefixes.get(&prefix).into_iter().flatten();
            let concerned = ids.filter(|id| self.is_told(**id, by));
            concerned.for_each(|id| self.tell(*id, &push, clients));
        }
    }

    /// Whether a session wants to hear of what `by` did.
    fn is_told(&self, id: u64, by: Option<u64>) -> bool {
        by != Some(id) || self.terms(id).is_none_or(|terms| !terms.no_loop)
    }

    /// Tells a session of what it has read, unless it has come to be told by prefix since.
    fn tell_reader(&self, id: u64, push: &Push, clients: &Clients) {
        if self.terms(id).is_some_and(|terms| !terms.by_prefix) {
            self.tell(id, push, clients);
        }
    }

    /// The terms of a session that tracks at present.
    fn terms(&self, id: u64) -> Option<&Terms> {
        self.members.get(&id)?.as_ref()
    }

    fn tell(&self, id: u64, push: &Push, clients: &Clients) {
        let Some(terms) = self.terms(id) else { return };
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

impl Reader {
    /// Its state after a change of the key, unless it is forgotten, and whether it is told of the
    /// change now.
    fn after(self, change: &Change<'_>) -> (Option<State>, bool) {
        let came_upon_it = change.cause == Cause::Expired && change.by == Some(self.id);
        match self.state {
            State::Holds => (None, true),
            // That the key is gone is what the question will be answered; an earlier answer is not.
            State::Asked if came_upon_it => (Some(State::Asked), false),
            State::AskedAgain if came_upon_it => (Some(State::Asked), true),
            State::Asked | State::AskedAgain if change.cause == Cause::Loaded => {
                (Some(State::Filled), false)
            }
            _ => (Some(State::Stale), false),
        }
    }
}

/// The prefixes of `key` among `prefixes`, found by the shorter of two ways.
fn covering<'a>(prefixes: &'a BTreeMap<Box<[u8]>, Vec<u64>>, key: &[u8]) -> Vec<&'a [u8]> {
    if prefixes.len() <= key.len() {
        return prefixes.keys().map(|prefix| &**prefix).filter(|it| key.starts_with(it)).collect();
    }
    let each = (0..=key.len()).filter_map(|end| prefixes.get_key_value(&key[..end]));
    each.map(|(prefix, _)| &**prefix).collect()
}
