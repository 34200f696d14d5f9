//! A transaction over keys of one write-through keyspace: drafted here, carried out as one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use larder::runtime::Time;
use larder::{Edit as CacheEdit, Lifetime, Present, Transaction, WriteOptions};
use larder_protocol::error::Error;
use larder_protocol::store::{Begun, EditFn, Later, Outcome, Request, Terms, Ticket, Transferred};
use larder_protocol::value::Item;

use super::answers::Answers;
use super::explain::Traces;
use super::transfer::Transfer;
use super::work::{Place, Task};
use super::{ClientStore, Step, decide, item};
use crate::failure;
use crate::key::{Key, KeyRef};
use crate::keyspace::{Keyspace, lifetime};
use crate::value::Value;

/// A transaction that is being drafted. No other writer gets at its keys until it is gone.
pub(super) struct Whole {
    keyspace: Arc<Keyspace>,
    transaction: Transaction<Key, Value>,
    terms: Terms,
    drafts: BTreeMap<Key, Draft>,
}

/// A key as the transaction has it.
struct Draft {
    /// Its value as commands see it.
    value: Option<Value>,
    /// Until when its copy is fresh, as far as that can be told before it is there.
    fresh_until: Time,
    /// What becomes of it.
    change: Option<CacheEdit<Value>>,
}

/// A transaction that waits for its keys.
pub(super) struct Begin {
    keyspace: Arc<Keyspace>,
    keys: BTreeSet<Key>,
    terms: Terms,
    client: Arc<Answers>,
}

impl Begin {
    /// Makes sure of the keys, and leaves the transaction where its client finds it.
    pub(super) async fn run(self) -> Result<Outcome, Error> {
        let Self { keyspace, keys, terms, client } = self;
        let begun = keyspace.cache.begin(keys.clone(), WriteOptions::default()).await;
        let transaction = begun.map_err(|error| failure::of(&error))?;
        let draft = |key: Key| {
            let present = transaction.present(&key);
            let fresh_until = present.map_or(Time::NEVER, |present| present.fresh_until);
            let value = present.map(|present| present.value.clone());
            (key, Draft { value, fresh_until, change: None })
        };
        let drafts = keys.into_iter().map(draft).collect();
        client.deliver_whole(Whole { keyspace, transaction, terms, drafts });
        Ok(Outcome::Done)
    }
}

impl Whole {
    /// Carries it out: all of it, or nothing.
    pub(super) async fn commit(self) -> Result<Outcome, Error> {
        let drafts = self.drafts.into_iter();
        let edits = drafts.filter_map(|(key, draft)| Some((key, draft.change?))).collect();
        let committed = self.transaction.commit(edits).await;
        committed.map(|()| Outcome::Done).map_err(|error| failure::of(&error))
    }

    /// What a key has, as far as the transaction has come; `None` for a key of others.
    pub(super) fn read(
        &self,
        keyspace: &Arc<Keyspace>,
        key: &KeyRef<'_>,
        now: Time,
    ) -> Option<Option<Item<'_>>> {
        let own = Arc::ptr_eq(keyspace, &self.keyspace);
        let draft = own.then(|| self.drafts.get(&Key::from(*key))).flatten()?;
        Some(draft.value.as_ref().map(|value| item(value, draft.fresh_until, now)))
    }
}

impl Whole {
    /// The draft of a key, when it is one of the transaction's.
    fn draft(&mut self, (keyspace, key): &Place) -> Result<&mut Draft, Error> {
        let known = match Arc::ptr_eq(keyspace, &self.keyspace) {
            true => self.drafts.get_mut(key),
            false => None,
        };
        known.ok_or_else(|| Error::plain("internal: the transaction does not have this key"))
    }

    fn put(&mut self, at: &Place, part: Value, lifetime: Lifetime) -> Result<(), Error> {
        let (keyspace, _) = at;
        let draft = self.draft(at)?;
        let over = |base: Option<&Value>| keyspace.merged(base, &part);
        let (written, lifetime) = match &draft.change {
            // What another command leaves of the row is to be written as well.
            Some(CacheEdit::Put(earlier, before)) => {
                (over(Some(earlier)), if lifetime == Lifetime::Keep { *before } else { lifetime })
            }
            // The row is to be deleted: none of its columns stays.
            Some(CacheEdit::Remove) => (over(None), lifetime),
            Some(CacheEdit::Expire(before)) if lifetime == Lifetime::Keep => {
                (part.clone(), *before)
            }
            Some(CacheEdit::Expire(_) | CacheEdit::Keep) | None => (part.clone(), lifetime),
        };
        draft.value = Some(over(draft.value.as_ref()));
        draft.change = Some(CacheEdit::Put(written, lifetime));
        draft.relive(lifetime);
        Ok(())
    }

    fn remove(&mut self, at: &Place) -> Result<(), Error> {
        let draft = self.draft(at)?;
        draft.value = None;
        draft.change = Some(CacheEdit::Remove);
        Ok(())
    }

    fn expire(&mut self, at: &Place, lifetime: Lifetime) -> Result<(), Error> {
        let draft = self.draft(at)?;
        match &mut draft.change {
            Some(CacheEdit::Put(_, written)) => *written = lifetime,
            Some(CacheEdit::Remove) => {}
            change => *change = Some(CacheEdit::Expire(lifetime)),
        }
        draft.relive(lifetime);
        Ok(())
    }

    fn edit(&mut self, at: &Place, edit: CacheEdit<Value>) -> Result<(), Error> {
        match edit {
            CacheEdit::Keep => Ok(()),
            CacheEdit::Put(value, lifetime) => self.put(at, value, lifetime),
            CacheEdit::Remove => self.remove(at),
            CacheEdit::Expire(lifetime) => self.expire(at, lifetime),
        }
    }

    fn update(&mut self, at: &Place, edit: EditFn, now: Time) -> Result<Outcome, Error> {
        let draft = self.draft(at)?;
        let fresh_until = draft.fresh_until;
        let present = draft.value.as_ref().map(|value| Present { value, fresh_until });
        let (edit, reply) = decide(&at.0, &at.1, now, present, edit);
        self.edit(at, edit)?;
        reply.map(Outcome::Reply)
    }

    fn exists(&mut self, at: &Place) -> Result<bool, Error> {
        Ok(self.draft(at)?.value.is_some())
    }
}

impl Draft {
    fn relive(&mut self, lifetime: Lifetime) {
        match lifetime {
            Lifetime::Until(end) => self.fresh_until = end,
            Lifetime::Forever => self.fresh_until = Time::NEVER,
            Lifetime::Policy | Lifetime::Keep | Lifetime::For(_) => {}
        }
    }
}

impl ClientStore {
    /// Begins a transaction as a whole, where all of its keys are of one keyspace that can.
    pub(super) fn begin_whole(
        &mut self,
        ticket: Ticket,
        terms: Terms,
        keys: &mut dyn Iterator<Item = &[u8]>,
        watched: &mut dyn Iterator<Item = &[u8]>,
    ) -> Result<Begun, Error> {
        let mut places = Vec::new();
        for key in keys {
            // A key that cannot be is an error of its own command.
            match self.route(key, terms) {
                Ok((keyspace, key)) if keyspace.admit(&key).is_ok() => places.push((keyspace, key)),
                _ => return Ok(Begun::Apart),
            }
        }
        let Some((keyspace, _)) = places.first() else { return Ok(Begun::Apart) };
        let keyspace = keyspace.clone();
        let is_own = |(other, _): &Place| Arc::ptr_eq(other, &keyspace);
        if !keyspace.is_transactional() || !places.iter().all(is_own) {
            return Ok(Begun::Apart);
        }
        places.extend(watched.filter_map(|key| self.route(key, terms).ok()).filter(is_own));
        let keys = places.into_iter().map(|(_, key)| key).collect();
        let begin = Begin { keyspace, keys, terms, client: self.answers.clone() };
        self.later(ticket, terms, Task::Begin(begin))?;
        Ok(Begun::Whole)
    }

    /// Carries the transaction out.
    pub(super) fn commit_whole(&mut self, ticket: Ticket) -> Result<Result<(), Later>, Error> {
        let Some(whole) = self.whole.take() else { return Ok(Ok(())) };
        let terms = whole.terms;
        self.later(ticket, terms, Task::Commit(whole))?;
        Ok(Err(Later))
    }

    /// Answers a request of a transaction that is being drafted.
    pub(super) fn ask_whole(
        &mut self,
        terms: Terms,
        request: Request<'_>,
    ) -> Result<Outcome, Error> {
        let now = self.now;
        match request {
            Request::Put { key, value, expiry } => {
                let at = self.route(key, terms)?;
                let value = at.0.value(&at.1, value)?.used(now);
                self.drafting()?.put(&at, value, lifetime(expiry, now))?;
                Ok(Outcome::Done)
            }
            Request::PutMany { pairs, if_absent } => {
                self.put_many_in_whole(terms, &pairs, if_absent)
            }
            Request::Transfer { from, to, to_database, keep, replace } => {
                let from = self.route(from, terms)?;
                let to = self.route(to, Terms { database: to_database, ..terms })?;
                self.transfer_in_whole(&Transfer { from, to, keep, replace })
            }
            Request::Remove { keys } => {
                let places = self.routed(&keys, terms)?;
                places.iter().try_for_each(|(keyspace, key)| keyspace.admit(key))?;
                let mut removed = 0;
                for at in &places {
                    let whole = self.drafting()?;
                    removed += u64::from(whole.exists(at)?);
                    whole.remove(at)?;
                }
                Ok(Outcome::Count(removed))
            }
            Request::Update { key, edit } => {
                let at = self.route(key, terms)?;
                self.drafting()?.update(&at, edit, now)
            }
            request => match self.step(terms, request)? {
                Step::Done(outcome) => Ok(outcome),
                Step::Later(task) if task.is_immediate() => task.run_now(&Traces::default()),
                Step::Later(_) => Err(Error::plain(
                    "this command has to wait, which a transaction of one keyspace cannot: send it \
                     outside of MULTI",
                )),
            },
        }
    }

    fn put_many_in_whole(
        &mut self,
        terms: Terms,
        pairs: &[(&[u8], &[u8])],
        if_absent: bool,
    ) -> Result<Outcome, Error> {
        let now = self.now;
        let made = pairs.iter().map(|(key, value)| {
            let at = self.route(key, terms)?;
            let value = at.0.value(&at.1, value)?.used(now);
            Ok((at, value))
        });
        let values = made.collect::<Result<Vec<(Place, Value)>, Error>>()?;
        let whole = self.drafting()?;
        for (at, _) in values.iter().filter(|_| if_absent) {
            if whole.exists(at)? {
                return Ok(Outcome::Written(false));
            }
        }
        for (at, value) in values {
            whole.put(&at, value, Lifetime::Policy)?;
        }
        Ok(Outcome::Written(true))
    }

    fn transfer_in_whole(&mut self, transfer: &Transfer) -> Result<Outcome, Error> {
        transfer.admit()?;
        let now = self.now;
        let whole = self.drafting()?;
        let Some(value) = whole.draft(&transfer.from)?.value.clone() else {
            return Ok(Outcome::Transferred(Transferred::Missing));
        };
        if !transfer.replace && whole.exists(&transfer.to)? {
            return Ok(Outcome::Transferred(Transferred::Occupied));
        }
        if !transfer.is_to_itself() {
            let (keyspace, key) = &transfer.to;
            let value = keyspace.adopted(key, &value)?.used(now);
            whole.put(&transfer.to, value, Lifetime::Policy)?;
            if !transfer.keep {
                whole.remove(&transfer.from)?;
            }
        }
        Ok(Outcome::Transferred(Transferred::Done))
    }

    fn drafting(&mut self) -> Result<&mut Whole, Error> {
        self.whole.as_mut().ok_or_else(|| Error::plain("internal: no transaction is being drafted"))
    }
}
