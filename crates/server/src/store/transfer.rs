//! `COPY` and `RENAME`: one key's value for another key.

use std::sync::Arc;

use larder::runtime::Runtime;
use larder::{Entry, Lifetime, ReadOptions, WriteOptions};
use larder_protocol::error::Error;
use larder_protocol::store::{Outcome, Terms, Transferred};

use super::change::is_immediate;
use super::explain::Traces;
use super::work::{Place, Task};
use super::{ClientStore, Step};
use crate::failure;
use crate::value::Value;

/// A transfer of a value.
///
/// Between keys without a source it is atomic. Where one has a source it is a read, a write and, for
/// `RENAME`, a removal, one after the other: others may see both keys for a moment, and a failure after the
/// write leaves both. What a strategy refuses is refused before anything has changed.
pub(super) struct Transfer {
    pub(super) from: Place,
    pub(super) to: Place,
    /// Whether `from` stays.
    pub(super) keep: bool,
    /// Whether `to` gives way if it exists.
    pub(super) replace: bool,
}

impl ClientStore {
    pub(super) fn transfer(&mut self, terms: Terms, transfer: Transfer) -> Result<Step, Error> {
        transfer.admit()?;
        if !is_immediate(terms, [&transfer.from, &transfer.to]) {
            return Ok(Step::Later(Task::Transfer(transfer)));
        }
        let outcome = self.alone(|store| transfer.run_now(&*store.runtime))?;
        Ok(Step::Done(Outcome::Transferred(outcome)))
    }
}

impl Transfer {
    /// Refuses what would be refused half-way.
    pub(super) fn admit(&self) -> Result<(), Error> {
        let removed_from = (!self.keep).then_some(&self.from);
        for (keyspace, key) in removed_from.into_iter().chain([&self.to]) {
            keyspace.admit(key)?;
            if !keyspace.takes_writes() {
                let (name, strategy) = (&keyspace.name, keyspace.cache.strategy());
                let text = format!(
                    "keyspace '{name}' is {strategy}: its rows are the application's to write, so \
                     change them there and DEL both keys"
                );
                return Err(Error::new("READONLY", text));
            }
        }
        Ok(())
    }

    /// Carries it out between keys without a source.
    fn run_now(self, runtime: &dyn Runtime) -> Result<Transferred, Error> {
        let (keyspace, key) = &self.from;
        let Some(Entry { value: Some(value), fresh_until }) = keyspace.come_upon(key) else {
            return Ok(Transferred::Missing);
        };
        let (other, other_key) = &self.to;
        if !self.replace && other.come_upon(other_key).is_some() {
            return Ok(Transferred::Occupied);
        }
        if self.is_to_itself() {
            return Ok(Transferred::Done);
        }
        let value = if self.keep { value.duplicate().used(runtime.now()) } else { value };
        let lifetime = Lifetime::Until(fresh_until);
        // In the order in which Redis tells of them.
        if !self.keep {
            keyspace.cache.remove_now(key).map_err(|error| failure::of(&error))?;
        }
        let put = other.cache.put_now(other_key, value.clone(), lifetime);
        if put.is_err() && !self.keep {
            // It found room here before.
            keyspace.cache.put_now(key, value, lifetime).map_err(|error| failure::of(&error))?;
        }
        put.map_err(|error| failure::of(&error))?;
        Ok(Transferred::Done)
    }

    /// Carries it out where a key has a source, or somebody watches.
    pub(super) async fn run(
        self,
        traces: &Traces,
        runtime: &Arc<dyn Runtime>,
    ) -> Result<Outcome, Error> {
        let Some(value) = read(&self.from, traces).await? else {
            return Ok(Outcome::Transferred(Transferred::Missing));
        };
        if !self.replace && read(&self.to, traces).await?.is_some() {
            return Ok(Outcome::Transferred(Transferred::Occupied));
        }
        if !self.is_to_itself() {
            self.write(value, traces, runtime).await?;
        }
        Ok(Outcome::Transferred(Transferred::Done))
    }

    async fn write(
        &self,
        value: Value,
        traces: &Traces,
        runtime: &Arc<dyn Runtime>,
    ) -> Result<(), Error> {
        let (keyspace, key) = &self.to;
        let value = keyspace.adopted(key, &value)?.used(runtime.now());
        let options = WriteOptions {
            lifetime: self.lifetime(),
            trace: traces.of(keyspace),
            ..WriteOptions::default()
        };
        let put = keyspace.cache.put_with(key.clone(), value, options).await;
        put.map_err(|error| failure::of(&error))?;
        if !self.keep {
            let (keyspace, key) = &self.from;
            let options = WriteOptions { trace: traces.of(keyspace), ..WriteOptions::default() };
            let removed = keyspace.cache.remove_many(vec![key.clone()], options).await;
            removed.map_err(|error| failure::of(&error))?;
        }
        Ok(())
    }

    /// A value without a source takes its expiry along; that of a copy says nothing about the row.
    fn lifetime(&self) -> Lifetime {
        let (keyspace, key) = &self.from;
        match keyspace.cache.glance(key) {
            Some(entry) if keyspace.cache.is_plain() => Lifetime::Until(entry.fresh_until),
            _ => Lifetime::Policy,
        }
    }

    pub(super) fn is_to_itself(&self) -> bool {
        Arc::ptr_eq(&self.from.0, &self.to.0) && self.from.1 == self.to.1
    }

    /// Both of its keys.
    pub(super) fn places(&self) -> [&Place; 2] {
        [&self.from, &self.to]
    }
}

async fn read((keyspace, key): &Place, traces: &Traces) -> Result<Option<Value>, Error> {
    let options = ReadOptions { trace: traces.of(keyspace), ..ReadOptions::default() };
    let read = keyspace.cache.get_with(key.clone(), &options).await;
    read.map_err(|error| failure::of(&error))
}
