//! A store in memory that answers at once or when it is told to, and tells the hub of changes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use larder_protocol::error::Error;
use larder_protocol::hub::{Cause, Change as Changed, Hub};
use larder_protocol::reply::Reply;
use larder_protocol::store::{
    Answer, Change, Expiry, Held, Later, Message, Mode, Outcome, Particulars, Request, Store,
    Terms, Ticket, Transferred,
};
use larder_protocol::value::{Fields, Item, View};

/// When questions are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once.
    Now,
    /// When [`Memory::answer`] says so, except for keys that begin with `near:`.
    Later,
}

/// A store for all sessions of a hub. Its time stands still.
pub struct Memory {
    /// When questions are answered from now on.
    pub pace: Pace,
    /// The session that asks.
    pub asker: u64,
    hub: Arc<Hub>,
    entries: BTreeMap<Place, Entry>,
    asked: Vec<Asked>,
    leased: Option<Place>,
    drawn: u64,
    is_isolated: bool,
}

/// A database, and a key in it.
type Place = (u8, Vec<u8>);

/// A question that waits.
struct Asked {
    session: u64,
    ticket: Ticket,
    matter: Matter,
}

enum Matter {
    /// Items that are looked up when they are asked for no longer.
    Keys(Vec<Place>),
    Ready(Answer),
}

#[derive(Debug, Clone)]
struct Entry {
    value: Value,
    expires_in_ms: Option<u64>,
}

#[derive(Debug, Clone)]
enum Value {
    Bytes(Vec<u8>),
    Hash(Hash),
}

#[derive(Debug, Clone, Default)]
struct Hash(BTreeMap<Vec<u8>, Vec<u8>>);

impl Memory {
    /// An empty store.
    pub fn new(hub: Arc<Hub>, pace: Pace) -> Self {
        Self {
            pace,
            asker: 0,
            hub,
            entries: BTreeMap::new(),
            asked: Vec::new(),
            leased: None,
            drawn: 7,
            is_isolated: false,
        }
    }

    /// How many questions wait.
    pub fn waiting(&self) -> usize {
        self.asked.len()
    }

    /// Whether a session keeps the others away.
    pub fn is_isolated(&self) -> bool {
        self.is_isolated
    }

    /// Answers one of the questions that wait: for whom, under which ticket, and what.
    pub fn answer(&mut self, place: usize) -> Option<(u64, Ticket, Answer)> {
        let count = self.asked.len().max(1);
        let asked = (!self.asked.is_empty()).then(|| self.asked.remove(place % count))?;
        let answer = match asked.matter {
            Matter::Ready(answer) => answer,
            Matter::Keys(places) => {
                Answer::Items(places.iter().map(|place| Ok(self.held(place))).collect())
            }
        };
        Some((asked.session, asked.ticket, answer))
    }

    /// Fails one of the questions that wait.
    pub fn fail(&mut self, place: usize) -> Option<(u64, Ticket, Answer)> {
        let (session, ticket, _) = self.answer(place)?;
        Some((session, ticket, Answer::Outcome(Err(Error::new("TRYAGAIN", "the source is away")))))
    }

    /// Forgets the questions of a session that has gone.
    pub fn forget(&mut self, session: u64) {
        self.asked.retain(|asked| asked.session != session);
    }

    fn held(&self, place: &Place) -> Option<Box<dyn Held>> {
        self.entries.get(place).map(|entry| Box::new(entry.clone()) as Box<dyn Held>)
    }

    fn later(&mut self, ticket: Ticket, matter: Matter) {
        self.asked.push(Asked { session: self.asker, ticket, matter });
    }

    fn carry_out(&mut self, database: u8, request: Request<'_>) -> Result<Outcome, Error> {
        let place = |key: &[u8]| (database, key.to_vec());
        match request {
            Request::Put { key, value, expiry } => self.put(place(key), value.to_vec(), expiry),
            Request::PutMany { pairs, if_absent } => {
                let is_taken = |(key, _): &(&[u8], &[u8])| self.entries.contains_key(&place(key));
                let is_written = !(if_absent && pairs.iter().any(is_taken));
                for (key, value) in pairs.into_iter().filter(|_| is_written) {
                    self.put(place(key), value.to_vec(), Expiry::Default);
                }
                return Ok(Outcome::Written(is_written));
            }
            Request::Transfer { from, to, to_database, keep, replace } => {
                let to = (to_database, to.to_vec());
                return Ok(Outcome::Transferred(self.transfer(place(from), to, keep, replace)));
            }
            Request::Remove { keys } => {
                let removed = keys.into_iter().filter(|key| self.remove(&place(key)));
                return Ok(Outcome::Count(removed.count() as u64));
            }
            Request::Drop { keys } => {
                let dropped = keys.into_iter().filter(|key| self.remove(&place(key)));
                return Ok(Outcome::Count(dropped.count() as u64));
            }
            Request::Update { key, edit } => {
                let edit = edit(self.entries.get(&place(key)).map(Entry::item))?;
                self.change(place(key), edit.change);
                return Ok(Outcome::Reply(edit.reply));
            }
            Request::Clear { all } => {
                self.entries.retain(|(at, _), _| !all && *at != database);
                self.hub.cleared((!all).then_some(database));
            }
            Request::Size => return Ok(Outcome::Count(self.keys(database).len() as u64)),
            Request::RandomKey => {
                let key = self.keys(database).into_iter().next();
                return Ok(Outcome::Reply(key.map_or(Reply::Null, Reply::Bulk)));
            }
            Request::Lease { key } => return Ok(Outcome::Reply(self.lease(place(key)))),
            Request::Fill { key, token, value, expiry } => {
                let is_valid = token == 1 && self.leased.take() == Some(place(key));
                if is_valid {
                    self.put(place(key), value.to_vec(), expiry);
                }
                return Ok(Outcome::Filled(is_valid));
            }
            Request::Info { section } => {
                return Ok(Outcome::Reply(Reply::Text(format!("# {section}"))));
            }
            Request::Stats { .. } | Request::Journal(_) => {
                return Ok(Outcome::Reply(Reply::Map(Vec::new())));
            }
            Request::Flush { .. } => return Ok(Outcome::Written(true)),
            Request::Keyspaces => return Ok(Outcome::Reply(Reply::Array(Vec::new()))),
            Request::Rest { .. } => {}
        }
        Ok(Outcome::Done)
    }

    fn change(&mut self, place: Place, change: Change) {
        match change {
            Change::Keep => {}
            Change::Put { value, expiry } => self.put(place, value, expiry),
            Change::Grow(value) | Change::Sum(value) => self.put(place, value, Expiry::Keep),
            Change::Remove => {
                self.remove(&place);
            }
            Change::Expire(expiry) => self.expire(place, expiry),
            Change::SetFields(pairs) => {
                let new = || Entry { value: Value::Hash(Hash::default()), expires_in_ms: None };
                let entry = self.entries.entry(place.clone()).or_insert_with(new);
                if let Value::Hash(Hash(fields)) = &mut entry.value {
                    fields.extend(pairs);
                }
                self.tell(&place, Cause::Written);
            }
            Change::RemoveFields(names) => self.remove_fields(place, &names),
        }
    }

    fn put(&mut self, place: Place, value: Vec<u8>, expiry: Expiry) {
        let expires_in_ms = self.entries.get(&place).and_then(|entry| entry.expires_in_ms);
        let value = Value::Bytes(value);
        self.entries.insert(place.clone(), Entry { value, expires_in_ms });
        self.expire(place, expiry);
    }

    fn expire(&mut self, place: Place, expiry: Expiry) {
        let expires_in_ms = match expiry {
            Expiry::InMs(0) => {
                self.remove(&place);
                return;
            }
            Expiry::InMs(left) => Some(left),
            Expiry::Never | Expiry::Default => None,
            Expiry::Keep => self.entries.get(&place).and_then(|entry| entry.expires_in_ms),
        };
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.expires_in_ms = expires_in_ms;
            self.tell(&place, Cause::Written);
        }
    }

    fn transfer(&mut self, from: Place, to: Place, keep: bool, replace: bool) -> Transferred {
        let Some(entry) = self.entries.get(&from).cloned() else { return Transferred::Missing };
        if !replace && self.entries.contains_key(&to) {
            return Transferred::Occupied;
        }
        if !keep {
            self.remove(&from);
        }
        self.entries.insert(to.clone(), entry);
        self.tell(&to, Cause::Written);
        Transferred::Done
    }

    fn remove(&mut self, place: &Place) -> bool {
        let is_removed = self.entries.remove(place).is_some();
        if is_removed {
            self.tell(place, Cause::Removed);
        }
        is_removed
    }

    fn remove_fields(&mut self, place: Place, names: &[Vec<u8>]) {
        let Some(Entry { value: Value::Hash(Hash(fields)), .. }) = self.entries.get_mut(&place)
        else {
            return;
        };
        fields.retain(|name, _| !names.contains(name));
        if fields.is_empty() {
            self.remove(&place);
        } else {
            self.tell(&place, Cause::Written);
        }
    }

    fn lease(&mut self, place: Place) -> Reply {
        match self.entries.get(&place).map(|entry| entry.item().value.string()) {
            Some(Ok(value)) => Reply::Bulk(value.into_owned()),
            Some(Err(_)) => Reply::Null,
            None => {
                self.leased = Some(place);
                Reply::Integer(1)
            }
        }
    }

    fn tell(&self, (database, key): &Place, cause: Cause) {
        let by = Some(self.asker);
        self.hub.changed(&Changed { key, database: Some(*database), cause, is_copy: false, by });
    }

    fn keys(&self, database: u8) -> Vec<Vec<u8>> {
        let own = self.entries.keys().filter(|(at, _)| *at == database);
        own.map(|(_, key)| key.clone()).collect()
    }
}

impl Store for Memory {
    fn read(
        &mut self,
        terms: Terms,
        key: &[u8],
        see: &mut dyn FnMut(Option<Item<'_>>),
    ) -> Result<Result<(), Later>, Error> {
        if self.pace == Pace::Later && !key.starts_with(b"near:") {
            return Ok(Err(Later));
        }
        see(self.entries.get(&(terms.database, key.to_vec())).map(Entry::item));
        Ok(Ok(()))
    }

    fn fetch(&mut self, ticket: Ticket, terms: Terms, keys: &mut dyn Iterator<Item = &[u8]>) {
        let places = keys.map(|key| (terms.database, key.to_vec())).collect();
        let matter = match terms.mode {
            Mode::Plain => Matter::Keys(places),
            Mode::Traced => Matter::Ready(explained()),
        };
        self.later(ticket, matter);
    }

    fn ask(
        &mut self,
        ticket: Ticket,
        terms: Terms,
        request: Request<'_>,
    ) -> Result<Result<Outcome, Later>, Error> {
        let outcome = self.carry_out(terms.database, request);
        let answer = match (terms.mode, self.pace) {
            (Mode::Traced, _) => explained(),
            (Mode::Plain, Pace::Now) => return outcome.map(Ok),
            (Mode::Plain, Pace::Later) => Answer::Outcome(outcome),
        };
        self.later(ticket, Matter::Ready(answer));
        Ok(Err(Later))
    }

    fn inspect(&mut self, database: u8, key: &[u8]) -> Result<Option<Particulars>, Error> {
        let particulars = |entry: &Entry| Particulars {
            encoding: if matches!(entry.value, Value::Bytes(_)) { "raw" } else { "hashtable" },
            is_shared: false,
            idle_s: 5,
            frequency: 3,
            bytes: 100,
            is_copy: false,
        };
        Ok(self.entries.get(&(database, key.to_vec())).map(particulars))
    }

    fn scan(
        &mut self,
        database: u8,
        cursor: u64,
        count: usize,
        see: &mut dyn FnMut(&[u8], Item<'_>),
    ) -> u64 {
        let keys = self.keys(database);
        let start = usize::try_from(cursor).unwrap_or(usize::MAX).min(keys.len());
        let end = start.saturating_add(count.max(1)).min(keys.len());
        for key in &keys[start..end] {
            if let Some(entry) = self.entries.get(&(database, key.clone())) {
                see(key, entry.item());
            }
        }
        if end == keys.len() { 0 } else { end as u64 }
    }

    fn random(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(11);
        self.drawn >> 8
    }

    fn isolate(&mut self) {
        assert!(!self.is_isolated, "isolated twice");
        self.is_isolated = true;
    }

    fn release(&mut self) {
        assert!(self.is_isolated, "released what was not isolated");
        self.is_isolated = false;
    }
}

fn explained() -> Answer {
    let message = |what: &str| Message {
        from: "App",
        to: "Cache",
        what: what.into(),
        key: "key".into(),
        micros: 3,
    };
    Answer::Explained(vec![message("get"), message("miss")])
}

impl Held for Entry {
    fn item(&self) -> Item<'_> {
        let value = match &self.value {
            Value::Bytes(bytes) => View::Bytes(bytes),
            Value::Hash(hash) => View::Fields(hash),
        };
        Item { value, expires_in_ms: self.expires_in_ms }
    }
}

impl Fields for Hash {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn field(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.0.get(name).map(|value| Cow::Borrowed(value.as_slice()))
    }

    fn each(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        self.0.iter().for_each(|(name, value)| visit(name, value));
    }

    fn document(&self) -> Option<Cow<'_, [u8]>> {
        None
    }
}
