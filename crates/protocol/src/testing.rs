//! A store in memory and sessions over it, for the tests of this crate.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use crate::error::Error;
use crate::frame::integer;
use crate::hub::{Arrival, Hub};
use crate::reply::Reply;
use crate::store::{
    Answer, Begun, Change, Edit, Expiry, Held, Later, Message, Mode, Outcome, Particulars, Request,
    Store, Terms, Ticket, Transferred,
};
use crate::value::{Fields, Item, View};
use crate::{Limits, Session};

/// What every session of these tests takes for the time.
pub(crate) const NOW_UNIX_MS: u64 = 1_000_000;

/// Redis' reply to a command against the wrong type.
pub(crate) const WRONG_TYPE: &str =
    "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

/// Checks the replies to `script`, a request a line, from a store that answers at once and from
/// one that answers later.
#[track_caller]
pub(crate) fn says(script: &str, replies: &str) {
    for pace in [Pace::Now, Pace::Later] {
        assert_eq!(run(script, pace), replies, "answered {pace:?}: {script}");
    }
}

/// The replies to `script`, which must not depend on when the store answers.
#[track_caller]
pub(crate) fn replies(script: &str) -> String {
    let replies = run(script, Pace::Now);
    assert_eq!(run(script, Pace::Later), replies);
    replies
}

/// The replies to `script` of a server with these limits.
#[track_caller]
pub(crate) fn replies_within(limits: Limits, script: &str) -> String {
    run_within(limits, script, Pace::Now)
}

/// A session as the tests begin it: number 7, the usual limits.
pub(crate) fn session() -> Session {
    session_within(Limits::default())
}

fn session_within(limits: Limits) -> Session {
    Hub::new(limits).join(7, Arrival::default())
}

fn run(script: &str, pace: Pace) -> String {
    run_within(Limits::default(), script, pace)
}

fn run_within(limits: Limits, script: &str, pace: Pace) -> String {
    let (mut session, mut memory) = (session_within(limits), Memory::new(pace));
    let input = format!("{script}\r\n");
    session.receive(input.as_bytes(), NOW_UNIX_MS, &mut memory);
    memory.settle(&mut session);
    assert!(!session.is_waiting());
    String::from_utf8_lossy(session.output()).into_owned()
}

/// When the store answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Now,
    Later,
}

/// A store whose time stands still. The key `row:1` holds a row.
pub(crate) struct Memory {
    pub(crate) pace: Pace,
    /// Questions that were asked and not yet answered.
    pub(crate) asked: VecDeque<(Ticket, Answer)>,
    /// The keys of each fetch so far.
    pub(crate) fetched: Vec<Vec<String>>,
    entries: BTreeMap<(u8, Vec<u8>), Entry>,
    /// The database of the question at hand.
    database: u8,
    /// The number drawn last.
    random: u64,
    leased: Option<Vec<u8>>,
    /// What there was before a transaction that runs as a whole: one whose keys begin with `whole:`.
    before: Option<BTreeMap<(u8, Vec<u8>), Entry>>,
}

#[derive(Clone)]
struct Entry {
    value: Value,
    expires_in_ms: Option<u64>,
}

#[derive(Clone)]
enum Value {
    Bytes(Vec<u8>),
    Hash(Hash),
}

#[derive(Clone, Default)]
struct Hash {
    fields: BTreeMap<Vec<u8>, Vec<u8>>,
    document: Option<Vec<u8>>,
}

impl Memory {
    pub(crate) fn new(pace: Pace) -> Self {
        let fields = BTreeMap::from([(b"name".to_vec(), b"x".to_vec())]);
        let row = Hash { fields, document: Some(br#"{"name":"x"}"#.to_vec()) };
        let mut memory = Self {
            pace,
            asked: VecDeque::new(),
            fetched: Vec::new(),
            entries: BTreeMap::new(),
            database: 0,
            random: 7,
            leased: None,
            before: None,
        };
        // Only the row counts as loaded from elsewhere: `DBSIZE` and `FLUSHDB` leave it out.
        memory.entries.insert((0, b"row:1".to_vec()), Entry::lasting(Value::Hash(row)));
        memory
    }

    /// Answers questions, oldest first, until none is left.
    pub(crate) fn settle(&mut self, session: &mut Session) {
        while let Some((ticket, answer)) = self.asked.pop_front() {
            session.answer(ticket, answer);
            session.advance(NOW_UNIX_MS, self);
        }
    }

    /// When questions are answered now: at once where a transaction has made sure of its keys.
    fn pace(&self) -> Pace {
        if self.before.is_some() { Pace::Now } else { self.pace }
    }

    fn carry_out(&mut self, request: Request<'_>) -> Result<Outcome, Error> {
        match request {
            Request::Put { key, value, expiry } => self.put(key, value.to_vec(), expiry),
            Request::PutMany { pairs, if_absent } => {
                let taken = if_absent && pairs.iter().any(|(key, _)| self.entry(key).is_some());
                if !taken {
                    let put = |(key, value): &(&[u8], &[u8])| {
                        self.put(key, value.to_vec(), Expiry::Default)
                    };
                    pairs.iter().for_each(put);
                }
                return Ok(Outcome::Written(!taken));
            }
            Request::Transfer { from, to, to_database, keep, replace } => {
                let to = (to_database, to.to_vec());
                let outcome = match self.entry(from).cloned() {
                    None => Transferred::Missing,
                    Some(_) if !replace && self.entries.contains_key(&to) => Transferred::Occupied,
                    Some(entry) => {
                        if !keep {
                            self.take(from);
                        }
                        self.entries.insert(to, entry);
                        Transferred::Done
                    }
                };
                return Ok(Outcome::Transferred(outcome));
            }
            Request::Remove { keys } | Request::Drop { keys } => {
                let there = |key: &&[u8]| self.take(key).is_some();
                return Ok(Outcome::Count(keys.into_iter().filter(there).count() as u64));
            }
            Request::Update { key, edit } => {
                let Edit { change, reply } = edit(self.entry(key).map(Entry::item))?;
                self.change(key, change);
                return Ok(Outcome::Reply(reply));
            }
            Request::Clear { all } => {
                let database = self.database;
                self.entries.retain(|(at, key), _| key == b"row:1" || !all && *at != database);
            }
            Request::Rest { .. } => {}
            Request::Size => {
                return Ok(Outcome::Count(self.keys().count() as u64));
            }
            Request::RandomKey => {
                let key = self.keys().next().map_or(Reply::Null, |key| Reply::Bulk(key.to_vec()));
                return Ok(Outcome::Reply(key));
            }
            Request::Lease { key } => return Ok(Outcome::Reply(self.lease(key))),
            Request::Fill { key, token, value, expiry } => {
                let valid = token == 1 && self.leased.take_if(|leased| leased == key).is_some();
                if valid {
                    self.put(key, value.to_vec(), expiry);
                }
                return Ok(Outcome::Filled(valid));
            }
            Request::Keyspaces => {
                let prefix = Reply::Bulk(b"row:".to_vec());
                return Ok(Outcome::Reply(Reply::Array(vec![prefix])));
            }
            Request::Stats { keyspace } => {
                let name = Reply::Bulk(keyspace.unwrap_or(b"all").to_vec());
                return Ok(Outcome::Reply(Reply::Map(vec![(name, Reply::Integer(0))])));
            }
            Request::Flush { .. } => return Ok(Outcome::Written(true)),
            Request::Journal(request) => {
                return Ok(Outcome::Reply(Reply::Text(format!("{request:?}"))));
            }
            Request::Info { section } => {
                return Ok(Outcome::Reply(Reply::Text(format!("# {section}"))));
            }
        }
        Ok(Outcome::Done)
    }

    fn lease(&mut self, key: &[u8]) -> Reply {
        match self.entry(key).map(|entry| entry.item().value.string()) {
            Some(Ok(value)) => Reply::Bulk(value.into_owned()),
            Some(Err(_)) => Reply::Null,
            None => {
                self.leased = Some(key.to_vec());
                Reply::Integer(1)
            }
        }
    }

    fn change(&mut self, key: &[u8], change: Change) {
        match change {
            Change::Keep => {}
            Change::Put { value, expiry } => self.put(key, value, expiry),
            Change::Grow(value) | Change::Sum(value) => self.put(key, value, Expiry::Keep),
            Change::Remove => drop(self.take(key)),
            Change::Expire(expiry) => self.expire(key, expiry),
            Change::SetFields(pairs) => {
                let new = || Entry::lasting(Value::Hash(Hash::default()));
                let entry = self.entries.entry((self.database, key.to_vec())).or_insert_with(new);
                if let Value::Hash(hash) = &mut entry.value {
                    hash.fields.extend(pairs);
                }
            }
            Change::RemoveFields(names) => {
                if let Some(Entry { value: Value::Hash(hash), .. }) =
                    self.entries.get_mut(&(self.database, key.to_vec()))
                {
                    hash.fields.retain(|name, _| !names.contains(name));
                    if hash.fields.is_empty() {
                        self.take(key);
                    }
                }
            }
        }
    }

    fn put(&mut self, key: &[u8], value: Vec<u8>, expiry: Expiry) {
        let earlier = self.entry(key).and_then(|entry| entry.expires_in_ms);
        let value = Value::Bytes(value);
        self.entries.insert((self.database, key.to_vec()), Entry { value, expires_in_ms: earlier });
        self.expire(key, expiry);
    }

    fn expire(&mut self, key: &[u8], expiry: Expiry) {
        let left = match expiry {
            Expiry::InMs(0) => return drop(self.take(key)),
            Expiry::InMs(left) => Some(left),
            Expiry::Never | Expiry::Default => None,
            Expiry::Keep => return,
        };
        if let Some(entry) = self.entries.get_mut(&(self.database, key.to_vec())) {
            entry.expires_in_ms = left;
        }
    }

    /// The keys of the database, without the row.
    fn keys(&self) -> impl Iterator<Item = &[u8]> {
        let own = |(at, key): &&(u8, Vec<u8>)| *at == self.database && key != b"row:1";
        self.entries.keys().filter(own).map(|(_, key)| key.as_slice())
    }

    fn entry(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.get(&(self.database, key.to_vec()))
    }

    fn take(&mut self, key: &[u8]) -> Option<Entry> {
        self.entries.remove(&(self.database, key.to_vec()))
    }

    fn later(&mut self, ticket: Ticket, answer: Answer) {
        self.asked.push_back((ticket, answer));
    }
}

impl Store for Memory {
    fn read(
        &mut self,
        terms: Terms,
        key: &[u8],
        see: &mut dyn FnMut(Option<Item<'_>>),
    ) -> Result<Result<(), Later>, Error> {
        // Known without loading, whatever the pace: so that a pipeline has hits and misses.
        if self.pace() == Pace::Later && !key.starts_with(b"near:") {
            return Ok(Err(Later));
        }
        self.database = terms.database;
        see(self.entry(key).map(Entry::item));
        Ok(Ok(()))
    }

    fn fetch(&mut self, ticket: Ticket, terms: Terms, keys: &mut dyn Iterator<Item = &[u8]>) {
        self.database = terms.database;
        let keys: Vec<Vec<u8>> = keys.map(<[u8]>::to_vec).collect();
        let names: Vec<_> = keys.iter().map(|key| String::from_utf8_lossy(key).into()).collect();
        let answer = match terms.mode {
            Mode::Plain => Answer::Items(keys.iter().map(|key| Ok(self.held(key))).collect()),
            Mode::Traced => Answer::Explained(vec![message("fetch", &names.join(" "))]),
        };
        self.fetched.push(names);
        self.later(ticket, answer);
    }

    fn ask(
        &mut self,
        ticket: Ticket,
        terms: Terms,
        request: Request<'_>,
    ) -> Result<Result<Outcome, Later>, Error> {
        let name = match &request {
            Request::Put { key, .. } => ("put", key.to_vec()),
            Request::Update { key, .. } => ("update", key.to_vec()),
            _ => ("other", Vec::new()),
        };
        self.database = terms.database;
        let outcome = self.carry_out(request);
        match (terms.mode, self.pace()) {
            (Mode::Traced, _) => {
                let messages = vec![message(name.0, &String::from_utf8_lossy(&name.1))];
                self.later(ticket, Answer::Explained(messages));
                Ok(Err(Later))
            }
            (Mode::Plain, Pace::Now) => outcome.map(Ok),
            (Mode::Plain, Pace::Later) => {
                self.later(ticket, Answer::Outcome(outcome));
                Ok(Err(Later))
            }
        }
    }

    fn inspect(&mut self, database: u8, key: &[u8]) -> Result<Option<Particulars>, Error> {
        self.database = database;
        let kept = |entry: &Entry| match entry.value {
            Value::Bytes(ref bytes) => match integer::parse(bytes) {
                Some(number) => ("int", (0..10_000).contains(&number)),
                None => ("raw", false),
            },
            Value::Hash(_) => ("hashtable", false),
        };
        let particulars = |(encoding, is_shared)| Particulars {
            encoding,
            is_shared,
            idle_s: 5,
            frequency: 3,
            bytes: 100,
            is_copy: false,
        };
        Ok(self.entry(key).map(kept).map(particulars))
    }

    fn begin(
        &mut self,
        ticket: Ticket,
        _: Terms,
        keys: &mut dyn Iterator<Item = &[u8]>,
        _: &mut dyn Iterator<Item = &[u8]>,
    ) -> Result<Begun, Error> {
        let keys: Vec<&[u8]> = keys.collect();
        if keys.is_empty() || !keys.iter().all(|key| key.starts_with(b"whole:")) {
            return Ok(Begun::Apart);
        }
        if keys.contains(&b"whole:away".as_slice()) {
            self.later(ticket, Answer::Outcome(Err(Error::new("TRYAGAIN", "it is away"))));
            return Ok(Begun::Whole);
        }
        self.before = Some(self.entries.clone());
        self.later(ticket, Answer::Outcome(Ok(Outcome::Done)));
        Ok(Begun::Whole)
    }

    fn commit(&mut self, ticket: Ticket) -> Result<Result<(), Later>, Error> {
        let is_poison =
            |entry: &Entry| matches!(&entry.value, Value::Bytes(value) if value == b"poison");
        if self.entries.values().any(is_poison) {
            self.abandon();
            self.later(ticket, Answer::Outcome(Err(Error::new("UNKNOWN", "who knows"))));
            return Ok(Err(Later));
        }
        self.before = None;
        if self.pace == Pace::Later {
            self.later(ticket, Answer::Outcome(Ok(Outcome::Done)));
            return Ok(Err(Later));
        }
        Ok(Ok(()))
    }

    fn abandon(&mut self) {
        if let Some(before) = self.before.take() {
            self.entries = before;
        }
    }

    fn random(&mut self) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.random >> 8
    }

    fn scan(
        &mut self,
        database: u8,
        cursor: u64,
        count: usize,
        see: &mut dyn FnMut(&[u8], Item<'_>),
    ) -> u64 {
        self.database = database;
        let keys: Vec<Vec<u8>> = self.keys().map(<[u8]>::to_vec).collect();
        let start = usize::try_from(cursor).unwrap_or(usize::MAX).min(keys.len());
        let end = start.saturating_add(count).min(keys.len());
        for key in &keys[start..end] {
            if let Some(entry) = self.entry(key) {
                see(key, entry.item());
            }
        }
        if end == keys.len() { 0 } else { end as u64 }
    }
}

impl Memory {
    fn held(&self, key: &[u8]) -> Option<Box<dyn Held>> {
        self.entry(key).map(|entry| Box::new(entry.clone()) as Box<dyn Held>)
    }
}

fn message(what: &str, key: &str) -> Message {
    Message { from: "App", to: "Cache", what: what.into(), key: key.into(), micros: 3 }
}

impl Entry {
    fn lasting(value: Value) -> Self {
        Self { value, expires_in_ms: None }
    }
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
        self.fields.len()
    }

    fn field(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.fields.get(name).map(|value| Cow::Borrowed(value.as_slice()))
    }

    fn each(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        self.fields.iter().for_each(|(name, value)| visit(name, value));
    }

    fn document(&self) -> Option<Cow<'_, [u8]>> {
        self.document.as_deref().map(Cow::Borrowed)
    }
}
