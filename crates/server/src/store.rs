//! The commands' store, over keyspaces.
//!
//! What can be answered from memory is answered at once. Everything else is collected while the
//! bytes of one read are handled, and then started together: all keys of a pipeline that miss
//! become one query a keyspace.

mod answers;
mod explain;
mod work;

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use larder::runtime::{Runtime, Time};
use larder::{Edit as CacheEdit, Lease, Leased, Peek, WriteOptions};
use larder_protocol::error::Error;
use larder_protocol::reply::Reply;
use larder_protocol::store::{Answer, EditFn, Later, Mode, Outcome, Request, Store, Ticket};
use larder_protocol::value::Item;

use crate::failure;
use crate::key::Key;
use crate::keyspace::{Keyspace, lifetime};
use crate::status::Status;
use crate::value::Value;

use answers::Answers;
use explain::Traces;
use work::{Task, Work};

/// One client's view of the keyspaces.
pub(crate) struct ClientStore {
    status: Arc<Status>,
    runtime: Arc<dyn Runtime>,
    answers: Arc<Answers>,
    now: Time,
    work: Vec<Work>,
}

/// The immediate answer of a cache without a source, or what has to be done to have one.
enum Step {
    Done(Outcome),
    Later(Task),
}

impl ClientStore {
    /// A store whose late answers wake `waker`.
    pub(crate) fn new(status: Arc<Status>, waker: Waker) -> Self {
        let runtime = status.keyspaces.runtime().clone();
        let now = runtime.now();
        Self { status, runtime, answers: Answers::new(waker), now, work: Vec::new() }
    }

    /// Looks at the clock, once for all that follows until [`dispatch`](Self::dispatch).
    pub(crate) fn begin(&mut self) {
        self.now = self.runtime.now();
    }

    /// Starts what has been collected.
    pub(crate) fn dispatch(&mut self) {
        if !self.work.is_empty() {
            work::start(&self.status, &self.answers, std::mem::take(&mut self.work));
        }
    }

    /// The answers that have arrived.
    pub(crate) fn arrived(&self) -> Vec<(Ticket, Answer)> {
        self.answers.take()
    }

    fn route(&self, key: &[u8]) -> Result<(Arc<Keyspace>, Key), Error> {
        self.status.keyspaces.route_owned(key)
    }

    fn routed(&self, keys: &[&[u8]]) -> Result<Vec<(Arc<Keyspace>, Key)>, Error> {
        keys.iter().map(|key| self.route(key)).collect()
    }

    fn step(&mut self, request: Request<'_>, mode: Mode) -> Result<Step, Error> {
        match request {
            Request::Put { key, value, expiry } => self.put(key, value, lifetime(expiry), mode),
            Request::PutMany { pairs } => self.put_many(&pairs, mode),
            Request::Remove { keys } => self.remove(&keys, mode),
            Request::Update { key, edit } => self.update(key, edit, mode),
            Request::Lease { key } => Ok(Step::Later(Task::Lease(self.route(key)?))),
            Request::Fill { key, token, value, expiry } => {
                let (keyspace, key) = self.route(key)?;
                let value = keyspace.value(&key, value)?;
                let options =
                    WriteOptions { lifetime: lifetime(expiry), ..WriteOptions::default() };
                let task = Task::Fill {
                    at: (keyspace, key),
                    lease: Lease::from_token(token),
                    value,
                    options,
                };
                Ok(Step::Later(task))
            }
            Request::Drop { keys } => Ok(Step::Later(Task::Drop(self.routed(&keys)?))),
            Request::Clear => {
                self.status.keyspaces.iter().for_each(|keyspace| keyspace.cache.invalidate_all());
                Ok(Step::Done(Outcome::Done))
            }
            Request::Size => Ok(Step::Done(Outcome::Count(self.status.entries()))),
            Request::Keyspaces => Ok(Step::Done(Outcome::Reply(self.status.keyspaces()))),
            Request::Stats { keyspace } => self.status.statistics(keyspace).map(done),
            Request::Info { section } => Ok(done(Reply::Text(self.status.info(section)))),
        }
    }

    fn put(
        &self,
        key: &[u8],
        value: &[u8],
        lifetime: larder::Lifetime,
        mode: Mode,
    ) -> Result<Step, Error> {
        let (keyspace, key) = self.route(key)?;
        let value = keyspace.value(&key, value)?;
        if mode == Mode::Plain && keyspace.cache.is_plain() {
            keyspace.cache.put_now(&key, value, lifetime).map_err(|error| failure::of(&error))?;
            return Ok(Step::Done(Outcome::Done));
        }
        let options = WriteOptions { lifetime, ..WriteOptions::default() };
        Ok(Step::Later(Task::Put { at: (keyspace, key), value, options }))
    }

    fn put_many(&self, pairs: &[(&[u8], &[u8])], mode: Mode) -> Result<Step, Error> {
        let mut values = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let (keyspace, key) = self.route(key)?;
            let value = keyspace.value(&key, value)?;
            values.push(((keyspace, key), value));
        }
        if mode == Mode::Traced
            || !values.iter().all(|((keyspace, _), _)| keyspace.cache.is_plain())
        {
            return Ok(Step::Later(Task::PutMany(values)));
        }
        for ((keyspace, key), value) in values {
            let lifetime = larder::Lifetime::Policy;
            keyspace.cache.put_now(&key, value, lifetime).map_err(|error| failure::of(&error))?;
        }
        Ok(Step::Done(Outcome::Done))
    }

    fn remove(&self, keys: &[&[u8]], mode: Mode) -> Result<Step, Error> {
        let keys = self.routed(keys)?;
        keys.iter().try_for_each(|(keyspace, key)| keyspace.admit(key))?;
        if mode == Mode::Traced || !keys.iter().all(|(keyspace, _)| keyspace.cache.is_plain()) {
            return Ok(Step::Later(Task::Remove(keys)));
        }
        let mut removed = 0;
        for (keyspace, key) in keys {
            let existed = keyspace.cache.remove_now(&key).map_err(|error| failure::of(&error))?;
            removed += u64::from(existed);
        }
        Ok(Step::Done(Outcome::Count(removed)))
    }

    fn update(&self, key: &[u8], edit: EditFn, mode: Mode) -> Result<Step, Error> {
        let (keyspace, key) = self.route(key)?;
        if mode == Mode::Traced || !keyspace.cache.is_plain() {
            return Ok(Step::Later(Task::Update { at: (keyspace, key), edit }));
        }
        let now = self.now;
        let decide = |present: Option<larder::Present<'_, Value>>| {
            decide(&keyspace, &key, now, present, edit)
        };
        keyspace.cache.update_now(&key, decide).map_err(|error| failure::of(&error))?.map(done)
    }
}

impl Store for ClientStore {
    #[inline]
    fn read(
        &mut self,
        key: &[u8],
        see: &mut dyn FnMut(Option<Item<'_>>),
    ) -> Result<Result<(), Later>, Error> {
        let now = self.now;
        let (keyspace, key) = self.status.keyspaces.route(key)?;
        Ok(keyspace.cache.peek_at(now, key, |found| match found {
            Peek::Value(value, fresh_until) => {
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

    fn fetch(&mut self, ticket: Ticket, keys: &mut dyn Iterator<Item = &[u8]>, mode: Mode) {
        let task = Task::Fetch(keys.map(|key| self.route(key)).collect());
        self.work.push(Work { ticket, mode, task });
    }

    fn ask(
        &mut self,
        ticket: Ticket,
        request: Request<'_>,
        mode: Mode,
    ) -> Result<Result<Outcome, Later>, Error> {
        match self.step(request, mode)? {
            Step::Done(outcome) => Ok(Ok(outcome)),
            Step::Later(task) if mode == Mode::Plain && task.is_immediate() => {
                task.run_now(&Traces::default()).map(Ok)
            }
            Step::Later(task) => {
                self.work.push(Work { ticket, mode, task });
                Ok(Err(Later))
            }
        }
    }
}

fn done(reply: Reply) -> Step {
    Step::Done(Outcome::Reply(reply))
}

/// A value as commands look at it.
pub(crate) fn item(value: &Value, fresh_until: Time, now: Time) -> Item<'_> {
    let left = || fresh_until.since(now) + Duration::from_nanos(999_999);
    let expires_in_ms = (fresh_until != Time::NEVER).then(|| left().as_millis() as u64);
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
        let changed = keyspace.edit(key, present.map(|present| present.value), edit.change)?;
        Ok((changed, edit.reply))
    });
    match decided {
        Ok((changed, reply)) => (changed, Ok(reply)),
        Err(error) => (CacheEdit::Keep, Err(error)),
    }
}

/// The reply to `CACHE.LEASE`: the value, nothing when it is known absent, a number for a lease.
fn lease_reply(leased: Leased<Value>) -> Result<Reply, Error> {
    Ok(match leased {
        Leased::Lease(lease) => Reply::Integer(lease.token() as i64),
        Leased::Hit(None) => Reply::Null,
        Leased::Hit(Some(value)) => Reply::Bulk(value.view().string()?.into_owned()),
    })
}
