//! The commands' store, over keyspaces.
//!
//! What can be answered from memory is answered at once. Everything else is collected while the
//! bytes of one read are handled, and then started together: all keys of a pipeline that miss
//! become one query a keyspace, and its plain writes one write.

mod answers;
mod change;
mod dead;
mod explain;
mod flush;
mod joint;
mod listing;
mod sharing;
#[cfg(test)]
mod tests;
mod transfer;
mod whole;
mod work;

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use larder::runtime::{Runtime, Time};
use larder::{Edit as CacheEdit, Entry, Lease, Leased, Peek, WriteOptions};
use larder_protocol::error::Error;
use larder_protocol::reply::Reply;
use larder_protocol::store::{
    Answer, Begun, EditFn, Expiry, Later, Mode, Outcome, Particulars, Request, Store, Terms, Ticket,
};
use larder_protocol::value::Item;

use crate::actor;
use crate::gate::Pass;
use crate::key::Key;
use crate::keyspace::{Keyspace, lifetime};
use crate::shared_tier::Fill;
use crate::status::Status;
use crate::value::{Counting, Value};
use crate::wall;

use answers::Answers;
use explain::Traces;
use whole::Whole;
use work::{Place, Task, Work};

/// One client's view of the keyspaces.
pub(crate) struct ClientStore {
    client: u64,
    status: Arc<Status>,
    runtime: Arc<dyn Runtime>,
    answers: Arc<Answers>,
    pass: Pass,
    now: Time,
    /// How uses are counted, if they are.
    counting: Option<Counting>,
    work: Vec<Work>,
    /// What this batch has read that workers may answer from now on.
    fills: Vec<Fill>,
    /// The transaction that is being drafted.
    whole: Option<Whole>,
}

/// The immediate answer of a cache without a source, or what has to be done to have one.
enum Step {
    Done(Outcome),
    Later(Task),
}

impl ClientStore {
    /// The store of `client`, whose late answers wake `waker`.
    pub(crate) fn new(client: u64, status: Arc<Status>, waker: Waker) -> Self {
        let keyspaces = &status.keyspaces;
        let runtime = keyspaces.runtime().clone();
        Self {
            client,
            now: runtime.now_precise(),
            runtime,
            answers: Answers::new(waker),
            pass: keyspaces.gate().pass(),
            counting: None,
            work: Vec::new(),
            fills: Vec::new(),
            whole: None,
            status,
        }
    }

    /// Begins a batch of commands, which ends with [`dispatch`](Self::dispatch), or when this is
    /// dropped: looks at the clock, once for all of them, and goes through the [gate](crate::gate).
    pub(crate) fn begin(&mut self) {
        self.now = self.runtime.now_precise();
        self.counting = self.status.keyspaces.tuning().counting();
        actor::set(Some(self.client));
        self.pass.enter();
    }

    /// The time of day at which the batch began.
    pub(crate) fn unix_ms(&self) -> u64 {
        self.status.wall.unix_ms(self.now)
    }

    /// Ends a batch, and starts what has been collected.
    pub(crate) fn dispatch(&mut self) {
        self.pass.leave();
        self.share();
        if !self.work.is_empty() {
            work::start(&self.status, &self.answers, std::mem::take(&mut self.work));
        }
        actor::set(None);
        self.status.keyspaces.hub().end_turn(self.client);
    }

    /// The answers that have arrived.
    pub(crate) fn arrived(&mut self) -> Vec<(Ticket, Answer)> {
        let arrived = self.answers.take();
        if let Some(whole) = self.answers.take_whole() {
            self.whole = Some(whole);
        }
        arrived
    }

    /// Has a task started with those of this batch.
    fn later(&mut self, ticket: Ticket, terms: Terms, task: Task) -> Result<(), Error> {
        let load = Some(self.status.keyspaces.hub().load(terms.bytes)?);
        self.work.push(Work { ticket, terms, task, load });
        Ok(())
    }

    fn route(&self, key: &[u8], terms: Terms) -> Result<Place, Error> {
        self.status.keyspaces.route_owned(key, terms.database)
    }

    fn routed(&self, keys: &[&[u8]], terms: Terms) -> Result<Vec<Place>, Error> {
        keys.iter().map(|key| self.route(key, terms)).collect()
    }

    /// Does something that others must not see half done.
    fn alone<R>(&mut self, act: impl FnOnce(&Self) -> R) -> R {
        self.pass.isolate();
        let output = act(self);
        self.pass.release();
        output
    }

    fn step(&mut self, terms: Terms, request: Request<'_>) -> Result<Step, Error> {
        match request {
            Request::Put { key, value, expiry } => {
                self.put(terms, key, value, lifetime(expiry, self.now))
            }
            Request::PutMany { pairs, if_absent } => self.put_many(terms, &pairs, if_absent),
            Request::Transfer { from, to, to_database, keep, replace } => {
                let from = self.route(from, terms)?;
                let to = self.route(to, Terms { database: to_database, ..terms })?;
                self.transfer(terms, transfer::Transfer { from, to, keep, replace })
            }
            Request::Remove { keys } => self.remove(terms, &keys),
            Request::Update { key, edit } => self.update(terms, key, edit),
            Request::Clear { all } => Ok(self.clear(terms, all)),
            Request::Rest { ms } => Ok(Step::Later(Task::Rest(Duration::from_millis(ms)))),
            Request::Lease { key } => Ok(Step::Later(Task::Lease(self.route(key, terms)?))),
            Request::Fill { key, token, value, expiry } => {
                self.fill(terms, key, Lease::from_token(token), value, expiry)
            }
            Request::Journal(request) => self.journal(request),
            Request::Flush { of, timeout_ms } => self.flush(terms, of, timeout_ms),
            Request::Drop { keys } => Ok(Step::Later(Task::Drop(self.routed(&keys, terms)?))),
            request => self.tell(terms, request).map(Step::Done),
        }
    }

    /// Answers what changes nothing.
    fn tell(&mut self, terms: Terms, request: Request<'_>) -> Result<Outcome, Error> {
        match request {
            Request::Size => Ok(Outcome::Count(self.status.keyspaces.keys(terms.database))),
            Request::RandomKey => Ok(Outcome::Reply(self.any_key(terms.database))),
            Request::Keyspaces => Ok(Outcome::Reply(self.status.keyspaces())),
            Request::Stats { keyspace } => self.status.statistics(keyspace).map(Outcome::Reply),
            Request::Info { section } => Ok(Outcome::Reply(Reply::Text(self.status.info(section)))),
            _ => Err(Error::plain("internal: this command changes something")),
        }
    }

    fn fill(
        &self,
        terms: Terms,
        key: &[u8],
        lease: Lease,
        value: &[u8],
        expiry: Expiry,
    ) -> Result<Step, Error> {
        let (keyspace, key) = self.route(key, terms)?;
        let value = keyspace.value(&key, value)?.used(self.now);
        let lifetime = lifetime(expiry, self.now);
        let options = WriteOptions { lifetime, ..WriteOptions::default() };
        Ok(Step::Later(Task::Fill { at: (keyspace, key), lease, value, options }))
    }
}

impl Store for ClientStore {
    #[inline]
    fn read(
        &mut self,
        terms: Terms,
        key: &[u8],
        see: &mut dyn FnMut(Option<Item<'_>>),
    ) -> Result<Result<(), Later>, Error> {
        let (now, counting) = (self.now, self.counting);
        let (keyspace, key) = self.status.keyspaces.route(key, terms.database)?;
        if let Some(item) = self.whole.as_ref().and_then(|whole| whole.read(keyspace, &key, now)) {
            see(item);
            return Ok(Ok(()));
        }
        Ok(keyspace.cache.peek_at(now, &key, |found| match found {
            Peek::Value(value, fresh_until) => {
                if terms.touch {
                    value.touch(now, counting, &*self.runtime);
                }
                see(Some(item(&value, fresh_until, now)));
                Ok(())
            }
            Peek::Absent => {
                see(None);
                Ok(())
            }
            Peek::Miss => Err(Later),
        }))
    }

    fn read_whole(
        &mut self,
        terms: Terms,
        key: &[u8],
        see: &mut dyn FnMut(Option<Item<'_>>),
    ) -> Result<Result<(), Later>, Error> {
        match self.lease_to_share(terms, key) {
            Some(lease) => self.read_to_share(terms, key, lease, see),
            None => self.read(terms, key, see),
        }
    }

    fn fetch(&mut self, ticket: Ticket, terms: Terms, keys: &mut dyn Iterator<Item = &[u8]>) {
        let task = Task::Fetch(keys.map(|key| self.route(key, terms)).collect());
        self.work.push(Work { ticket, terms, task, load: None });
    }

    fn ask(
        &mut self,
        ticket: Ticket,
        terms: Terms,
        request: Request<'_>,
    ) -> Result<Result<Outcome, Later>, Error> {
        if self.whole.is_some() && terms.mode == Mode::Plain {
            return self.ask_whole(terms, request).map(Ok);
        }
        match self.step(terms, request)? {
            Step::Done(outcome) => Ok(Ok(outcome)),
            Step::Later(task) if terms.mode == Mode::Plain && task.is_immediate() => {
                task.run_now(&Traces::default()).map(Ok)
            }
            Step::Later(task) => {
                self.later(ticket, terms, task)?;
                Ok(Err(Later))
            }
        }
    }

    fn inspect(&mut self, database: u8, key: &[u8]) -> Result<Option<Particulars>, Error> {
        let (keyspace, key) = self.status.keyspaces.route_owned(key, database)?;
        Ok(self.particulars(&keyspace, &key))
    }

    fn scan(
        &mut self,
        database: u8,
        cursor: u64,
        count: usize,
        see: &mut dyn FnMut(&[u8], Item<'_>),
    ) -> u64 {
        self.list(database, cursor, count, see)
    }

    fn begin(
        &mut self,
        ticket: Ticket,
        terms: Terms,
        keys: &mut dyn Iterator<Item = &[u8]>,
        watched: &mut dyn Iterator<Item = &[u8]>,
    ) -> Result<Begun, Error> {
        self.begin_whole(ticket, terms, keys, watched)
    }

    fn commit(&mut self, ticket: Ticket) -> Result<Result<(), Later>, Error> {
        self.commit_whole(ticket)
    }

    fn abandon(&mut self) {
        self.whole = None;
    }

    fn random(&mut self) -> u64 {
        // The system's: passwords are made of it. It has some once it has started.
        getrandom::u64().unwrap_or_else(|_| self.runtime.random())
    }

    fn isolate(&mut self) {
        self.pass.isolate();
    }

    fn release(&mut self) {
        self.pass.release();
    }
}

impl Keyspace {
    /// The entry of a key, unnoticed. In a keyspace without a source one that has expired is taken out,
    /// as where it is read.
    fn come_upon(&self, key: &Key) -> Option<Entry<Value>> {
        let entry = self.cache.glance(key);
        if entry.is_none() && self.cache.is_plain() {
            // It may have been written again meanwhile: only the cache can tell.
            let kept = self.cache.update_now(key, |_| (CacheEdit::Keep, ()));
            debug_assert!(kept.is_ok(), "nothing is written");
        }
        entry
    }
}

impl Drop for ClientStore {
    fn drop(&mut self) {
        self.answers.abandon();
    }
}

impl Value {
    /// Notes a use at `now`, and counts it if that is asked for.
    #[inline]
    fn touch(&self, now: Time, counting: Option<Counting>, runtime: &dyn Runtime) {
        match counting {
            None => self.usage().note(now),
            Some(counting) => self.usage().count(now, counting, runtime.random()),
        }
    }
}

fn done(reply: Reply) -> Step {
    Step::Done(Outcome::Reply(reply))
}

/// A value as commands look at it.
pub(crate) fn item(value: &Value, fresh_until: Time, now: Time) -> Item<'_> {
    let expires_in_ms = (fresh_until != Time::NEVER).then(|| wall::left_ms(now, fresh_until));
    Item { value: value.view(), expires_in_ms }
}

/// Lets a command decide, and says what that means for the cache.
fn decide(
    keyspace: &Keyspace,
    key: &Key,
    now: Time,
    present: Option<larder::Present<'_, Value>>,
    edit: EditFn,
) -> (CacheEdit<Value>, Result<Reply, Error>) {
    let found = present.map(|present| item(present.value, present.fresh_until, now));
    let decided = edit(found).and_then(|edit| {
        let changed = keyspace.edit(key, present.map(|present| present.value), edit.change, now)?;
        Ok((changed, edit.reply))
    });
    match decided {
        Ok((changed, reply)) => (used(changed, present, now), Ok(reply)),
        Err(error) => (CacheEdit::Keep, Err(error)),
    }
}

/// A changed value is as much in use as the one that it replaces.
fn used(
    edit: CacheEdit<Value>,
    present: Option<larder::Present<'_, Value>>,
    now: Time,
) -> CacheEdit<Value> {
    if let CacheEdit::Put(value, _) = &edit {
        if let Some(present) = present {
            value.usage().follow(present.value.usage());
        }
        value.usage().note(now);
    }
    edit
}

/// The reply to `CACHE.LEASE`: the value, nothing when it is known absent, a number for a lease.
fn lease_reply(leased: Leased<Value>) -> Result<Reply, Error> {
    Ok(match leased {
        Leased::Lease(lease) => Reply::Integer(lease.token() as i64),
        Leased::Hit(None) => Reply::Null,
        Leased::Hit(Some(value)) => Reply::Bulk(value.view().string()?.into_owned()),
    })
}
