//! Changes: at once where there is no source, otherwise a task.

use larder::{Lifetime, Present};
use larder_protocol::error::Error;
use larder_protocol::store::{EditFn, Mode, Outcome, Terms};

use super::work::{Place, Task};
use super::{ClientStore, Step, decide, done};
use crate::failure;
use crate::value::Value;

impl ClientStore {
    pub(super) fn put(
        &self,
        terms: Terms,
        key: &[u8],
        value: &[u8],
        lifetime: Lifetime,
    ) -> Result<Step, Error> {
        let at = self.route(key, terms)?;
        let value = at.0.value(&at.1, value)?.used(self.now);
        if self.may_change_now(terms, &at) {
            put_now(at, value, lifetime)?;
            return Ok(Step::Done(Outcome::Done));
        }
        let options = larder::WriteOptions { lifetime, ..larder::WriteOptions::default() };
        Ok(Step::Later(Task::Put { at, value, options }))
    }

    /// Whether a key can be changed at once, which it cannot before the writes that came earlier.
    fn may_change_now(&self, terms: Terms, at: &Place) -> bool {
        self.work.is_empty() && is_immediate(terms, [at])
    }

    pub(super) fn put_many(
        &mut self,
        terms: Terms,
        pairs: &[(&[u8], &[u8])],
        if_absent: bool,
    ) -> Result<Step, Error> {
        let made = pairs.iter().map(|(key, value)| {
            let at = self.route(key, terms)?;
            let value = at.0.value(&at.1, value)?.used(self.now);
            Ok((at, value))
        });
        let values = made.collect::<Result<Vec<(Place, Value)>, Error>>()?;
        if !is_immediate(terms, values.iter().map(|(at, _)| at)) {
            return Ok(Step::Later(Task::PutMany { values, if_absent }));
        }
        let written = self.alone(|_| put_many_now(values, if_absent))?;
        Ok(Step::Done(Outcome::Written(written)))
    }

    pub(super) fn remove(&mut self, terms: Terms, keys: &[&[u8]]) -> Result<Step, Error> {
        let places = self.routed(keys, terms)?;
        places.iter().try_for_each(|(keyspace, key)| keyspace.admit(key))?;
        if !is_immediate(terms, &places) {
            return Ok(Step::Later(Task::Remove(places)));
        }
        let removed = match places.len() {
            1 => remove_now(&places)?,
            _ => self.alone(|_| remove_now(&places))?,
        };
        Ok(Step::Done(Outcome::Count(removed)))
    }

    pub(super) fn update(&self, terms: Terms, key: &[u8], edit: EditFn) -> Result<Step, Error> {
        let at = self.route(key, terms)?;
        if !self.may_change_now(terms, &at) {
            return Ok(Step::Later(Task::Update { at, edit }));
        }
        let ((keyspace, key), now) = (at, self.now);
        let decide = |present: Option<Present<'_, Value>>| {
            if let Some(present) = present.filter(|_| terms.touch) {
                present.value.touch(now, self.counting, &*self.runtime);
            }
            decide(&keyspace, &key, now, present, edit)
        };
        keyspace.cache.update_now(&key, decide).map_err(|error| failure::of(&error))?.map(done)
    }

    /// Drops the copies that are listed in the database, or all; never a row.
    pub(super) fn clear(&mut self, terms: Terms, all: bool) -> Step {
        let database = terms.database;
        self.alone(|store| {
            let keyspaces = &store.status.keyspaces;
            match all {
                true => keyspaces.iter().for_each(|keyspace| keyspace.cache.invalidate_all()),
                false => keyspaces.listed_in(database).for_each(|keyspace| {
                    keyspace.cache.invalidate_where(|key| key.database() == database);
                }),
            }
            keyspaces.hub().cleared((!all).then_some(database));
        });
        Step::Done(Outcome::Done)
    }
}

/// Whether every one of `places` can be changed at once, and nobody wants to see how.
pub(super) fn is_immediate<'p>(terms: Terms, places: impl IntoIterator<Item = &'p Place>) -> bool {
    terms.mode == Mode::Plain && places.into_iter().all(|(keyspace, _)| keyspace.cache.is_plain())
}

fn put_now((keyspace, key): Place, value: Value, lifetime: Lifetime) -> Result<(), Error> {
    keyspace.cache.put_now(&key, value, lifetime).map_err(|error| failure::of(&error))
}

/// Says whether the keys were written.
fn put_many_now(values: Vec<(Place, Value)>, if_absent: bool) -> Result<bool, Error> {
    if if_absent && values.iter().any(|((keyspace, key), _)| keyspace.come_upon(key).is_some()) {
        return Ok(false);
    }
    for (at, value) in values {
        put_now(at, value, Lifetime::Policy)?;
    }
    Ok(true)
}

fn remove_now(places: &[Place]) -> Result<u64, Error> {
    let mut removed = 0;
    for (keyspace, key) in places {
        let existed = keyspace.cache.remove_now(key).map_err(|error| failure::of(&error))?;
        removed += u64::from(existed);
    }
    Ok(removed)
}
