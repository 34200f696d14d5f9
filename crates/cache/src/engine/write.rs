//! Writes, removals and updates.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::FutureExt;

use super::{Engine, Present};
use crate::error::{ErrorKind, Result};
use crate::freshness::Lifetime;
use crate::keys::{Replacement, WriteGuard, WriteQueueFull};
use crate::options::{Accept, ReadOptions, WriteOptions};
use crate::runtime::{Time, within};
use crate::strategy::{Write, Written, put_plain};
use crate::trace::Participant::{App, Cache};
use crate::trace::{Tell, Trace};
use crate::{Entry, Key, Value};

/// How long a write that says nothing else waits behind one that timed out and has not ended.
const OVERDUE_PATIENCE: Duration = Duration::from_secs(10);

/// What an update makes of the present value.
///
/// ```
/// use larder::{Cache, Edit, Lifetime, runtime::Simulated};
/// # use std::sync::Arc;
///
/// # let runtime = Arc::new(Simulated::new(1));
/// # let stock: Cache<&str, u64> = Cache::builder("stock").max_entries(100).runtime(runtime).build()?;
/// stock.put_now(&"tea", 1, Lifetime::Policy)?;
/// let left = stock.update_now(&"tea", |present| match present.map(|present| *present.value) {
///     None | Some(0) => (Edit::Keep, None),
///     Some(1) => (Edit::Remove, Some(0)),
///     Some(count) => (Edit::Put(count - 1, Lifetime::Keep), Some(count - 1)),
/// })?;
/// assert_eq!((left, stock.peek(&"tea")), (Some(0), None));
/// # Ok::<(), larder::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit<V> {
    /// It stays.
    Keep,
    /// This takes its place.
    Put(V, Lifetime),
    /// The key is deleted.
    Remove,
    /// The cached copy gets another lifetime; the source is not asked. One that is over drops the
    /// copy.
    Expire(Lifetime),
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Writes keys, `None` deleting one; says of each, in the order of the keys, whether it existed.
    pub(crate) async fn write(
        &self,
        changes: BTreeMap<K, Option<V>>,
        options: WriteOptions,
    ) -> Result<Vec<(K, Option<bool>)>> {
        self.admit_writes()?;
        tell_changes(&changes, &options.trace);
        match self.is_plain() {
            true => self.write_plain(changes, &options),
            false => self.write_told(changes, options).await,
        }
    }

    async fn write_told(
        &self,
        changes: BTreeMap<K, Option<V>>,
        options: WriteOptions,
    ) -> Result<Vec<(K, Option<bool>)>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<K> = changes.keys().cloned().collect();
        let guards = self.turns(&keys, &options).await?;
        let lifetime = options.lifetime;
        let writes = guards.into_iter().zip(changes.into_values());
        let writes = writes.map(|(guard, value)| Write { guard, value, lifetime }).collect();
        let written = self.carry_out(writes, options).await?;
        Ok(keys.into_iter().zip(written).map(|(key, written)| (key, written.existed)).collect())
    }

    /// Deletes keys; says how many of them existed. One of which the source cannot tell counts.
    pub(crate) async fn remove(&self, keys: Vec<K>, options: WriteOptions) -> Result<u64> {
        if self.policy.refuses_writes().is_some() {
            return Ok(self.drop_copies(keys, &options));
        }
        self.admit_writes()?;
        let changes: BTreeMap<K, Option<V>> = keys.into_iter().map(|key| (key, None)).collect();
        tell_changes(&changes, &options.trace);
        let present = match self.journal() {
            // The journal does not know what the source holds, and the answer is to be right.
            Some(_) => self.present(changes.keys().cloned().collect(), &options.trace).await,
            None => BTreeMap::new(),
        };
        let written = match self.is_plain() {
            true => self.write_plain(changes, &options)?,
            false => self.write_told(changes, options).await?,
        };
        let existed = written
            .into_iter()
            .map(|(key, existed)| existed.or_else(|| present.get(&key).copied()).unwrap_or(true));
        Ok(existed.filter(|existed| *existed).count() as u64)
    }

    /// Which keys have a value. A source that is down stops no delete: a key that it was asked for in
    /// vain is not among the answers.
    async fn present(&self, keys: Vec<K>, trace: &Option<Trace>) -> BTreeMap<K, bool> {
        let accept = Accept::Fresh;
        let options = ReadOptions { accept, trace: trace.clone(), ..ReadOptions::default() };
        let answers = self.look_up(&keys, &options).await;
        let known = keys.into_iter().zip(answers);
        known
            .filter_map(|(key, answer)| Some((key, answer.into_result().ok()?.is_some())))
            .collect()
    }

    fn drop_copies(&self, keys: Vec<K>, options: &WriteOptions) -> u64 {
        let mut dropped = 0;
        for key in keys {
            options.trace.tell(App, Cache, "invalidate", &key);
            options.trace.tell(Cache, Cache, "drop copy", &key);
            let now = self.parts.runtime.now();
            let present = self.parts.keys.entry(&key).filter(|entry| entry.is_fresh(now));
            // A copy that says "known absent" is dropped too, but was nothing to delete.
            let existed = present.is_some_and(|entry| entry.value.is_some());
            dropped += u64::from(self.invalidate(&key) && existed);
            options.trace.tell(Cache, App, "ok", &key);
        }
        dropped
    }

    /// Reads `key`, decides, writes: with no other write of the key between.
    pub(crate) async fn update<R>(
        &self,
        key: K,
        options: WriteOptions,
        decide: impl FnOnce(Option<Present<'_, V>>) -> (Edit<V>, R),
    ) -> Result<R> {
        if self.is_plain() {
            options.trace.tell(App, Cache, "update", &key);
            let output = self.update_plain(&key, decide)?;
            options.trace.tell(Cache, App, "ok", &key);
            return Ok(output);
        }
        options.trace.tell(App, Cache, "update", &key);
        let keys = [key];
        let guards = self.turns(&keys, &options).await?;
        let values = self.read_for_update(&keys, &options.trace).await?;
        let present = self.present_of(&keys[0], &values[0]);
        let (edit, output) = decide(present);
        self.apply(guards, vec![edit], options).await?;
        Ok(output)
    }

    /// The value that an update of `key` found, with what is known of its copy.
    pub(super) fn present_of<'v>(&self, key: &K, value: &'v Option<V>) -> Option<Present<'v, V>> {
        let value = value.as_ref()?;
        let fresh_until = self.parts.keys.entry(key).map_or(Time::NEVER, |it| it.fresh_until);
        Some(Present { value, fresh_until })
    }

    /// Carries out an edit for each of the keys whose turn it is. Those that stay as they are keep
    /// their turns until the others are written.
    pub(super) async fn apply(
        &self,
        guards: Vec<WriteGuard<K, V>>,
        edits: Vec<Edit<V>>,
        options: WriteOptions,
    ) -> Result<()> {
        let (mut writes, mut kept) = (Vec::new(), Vec::new());
        for (guard, edit) in guards.into_iter().zip(edits) {
            match write_of(edit) {
                Ok((value, lifetime)) => writes.push(Write { guard, value, lifetime }),
                Err(expiry) => kept.push((guard, expiry)),
            }
        }
        if !writes.is_empty() {
            self.admit_writes()?;
            let told = writes.iter().map(|write| (verb(&write.value), write.guard.key()));
            told.for_each(|(verb, key)| options.trace.tell(App, Cache, verb, key));
            self.carry_out(writes, options.clone()).await?;
        }
        kept.iter().for_each(|(guard, expiry)| self.keep(guard.key(), *expiry, &options));
        Ok(())
    }

    /// Leaves the value of `key` as it is, and gives its copy another lifetime if that is asked for.
    fn keep(&self, key: &K, expiry: Option<Lifetime>, options: &WriteOptions) {
        let Some(lifetime) = expiry else { return options.trace.tell(App, Cache, "keep", key) };
        options.trace.tell(App, Cache, "expire", key);
        self.expire(key, lifetime);
        options.trace.tell(Cache, App, "ok", key);
    }

    /// Gives the key's copy another lifetime; says whether there is a copy.
    pub(crate) fn expire(&self, key: &K, lifetime: Lifetime) -> bool {
        let now = self.parts.runtime.now();
        self.parts.keys.expire(key, |entry| match entry.is_fresh(now) && entry.value.is_some() {
            true => self.relive(entry, lifetime),
            false => Replacement::Keep,
        })
    }

    /// The entry with another lifetime.
    fn relive(&self, mut entry: Entry<V>, lifetime: Lifetime) -> Replacement<V> {
        let now = self.parts.runtime.now();
        entry.fresh_until = match lifetime {
            Lifetime::Keep => return Replacement::Keep,
            Lifetime::Forever => Time::NEVER,
            Lifetime::For(span) => now + span,
            Lifetime::Until(end) => end,
            Lifetime::Policy => self.parts.freshness.ttl.map_or(Time::NEVER, |ttl| now + ttl),
        };
        match entry.is_fresh(now) {
            true => Replacement::Lifetime(entry),
            false => Replacement::Expire,
        }
    }

    pub(super) async fn carry_out(
        &self,
        writes: Vec<Write<K, V>>,
        options: WriteOptions,
    ) -> Result<Vec<Written>> {
        let trace = options.trace.clone();
        let keys: Vec<K> = match trace {
            Some(_) => writes.iter().map(|write| write.guard.key().clone()).collect(),
            None => Vec::new(),
        };
        let work = self.policy.clone().write(writes, options);
        let written = self.parts.run_to_end(work).await.unwrap_or_else(|| {
            let message = "the runtime ended during the write; its outcome is unknown";
            Err(self.parts.error(ErrorKind::Unknown, message))
        });
        let answer = match &written {
            Err(error) if trace.is_some() => Cow::Owned(format!("error: {}", error.message())),
            _ => Cow::Borrowed("ok"),
        };
        keys.iter().for_each(|key| trace.tell(Cache, App, &answer, key));
        written
    }

    /// The turns to write `keys`, which are in their order, so that two writers of several keys never
    /// wait for each other.
    pub(super) async fn turns(
        &self,
        keys: &[K],
        options: &WriteOptions,
    ) -> Result<Vec<WriteGuard<K, V>>> {
        let timeout = options.timeout.or_else(|| self.policy.timeout());
        let deadline = timeout.map_or(Time::NEVER, |span| self.parts.runtime.now() + span);
        let mut guards = Vec::with_capacity(keys.len());
        for key in keys {
            guards.push(self.turn(key, deadline).await?);
        }
        Ok(guards)
    }

    async fn turn(&self, key: &K, deadline: Time) -> Result<WriteGuard<K, V>> {
        let mut turn = pin!(self.parts.keys.turn(key));
        let come = match turn.as_mut().now_or_never() {
            Some(come) => Some(come),
            None => self.wait_for_turn(key, turn, deadline).await,
        };
        let message = match come {
            Some(Ok(guard)) => return Ok(guard),
            Some(Err(WriteQueueFull)) => "too many writers wait for this key; try again later",
            None => "an earlier write of this key has not ended; try again later",
        };
        Err(self.parts.error(ErrorKind::Busy, message).at(key))
    }

    /// Waits until `deadline`; behind a write that timed out, not for ever in any case.
    async fn wait_for_turn<F: Future + Unpin>(
        &self,
        key: &K,
        mut turn: F,
        deadline: Time,
    ) -> Option<F::Output> {
        let runtime = &*self.parts.runtime;
        loop {
            let look = deadline.min(runtime.now() + OVERDUE_PATIENCE);
            let come = within(runtime, look, &mut turn).await;
            if come.is_some() || look == deadline || self.parts.keys.is_overdue(key) {
                return come;
            }
        }
    }

    pub(super) fn admit_writes(&self) -> Result<()> {
        if let Some(error) = self.closed_error() {
            return Err(error);
        }
        match self.policy.refuses_writes() {
            Some(advice) => Err(self.parts.error(ErrorKind::Misuse, advice)),
            None => Ok(()),
        }
    }

    /// Writes one key at once, in a cache without a source.
    pub(crate) fn write_now(&self, key: &K, value: Option<V>, lifetime: Lifetime) -> Result<bool> {
        let written = put_plain(&self.parts, key, value, lifetime)?;
        Ok(written.existed == Some(true))
    }

    fn write_plain(
        &self,
        changes: BTreeMap<K, Option<V>>,
        options: &WriteOptions,
    ) -> Result<Vec<(K, Option<bool>)>> {
        let each = changes.into_iter().map(|(key, value)| {
            let existed = self.write_now(&key, value, options.lifetime)?;
            options.trace.tell(Cache, App, "ok", &key);
            Ok((key, Some(existed)))
        });
        each.collect()
    }

    /// [`update`](Self::update) in a cache without a source: at once.
    pub(crate) fn update_plain<R>(
        &self,
        key: &K,
        decide: impl FnOnce(Option<Present<'_, V>>) -> (Edit<V>, R),
    ) -> Result<R> {
        let now = self.parts.runtime.now();
        let window = self.parts.freshness.stale_window();
        let (stored, output) = self.parts.keys.replace(key, |entry| {
            let has_expired = entry.as_ref().is_some_and(|entry| now >= entry.fresh_until + window);
            let entry = entry.filter(|entry| entry.is_fresh(now));
            let fresh_until = entry.as_ref().map_or(Time::NEVER, |entry| entry.fresh_until);
            let value = entry.as_ref().and_then(|entry| entry.value.as_ref());
            let (edit, output) = decide(value.map(|value| Present { value, fresh_until }));
            let replacement = match self.replacement(edit, entry) {
                // As where it is read, the next sweep need not be waited for.
                Replacement::Keep if has_expired => Replacement::Expire,
                other => other,
            };
            (replacement, output)
        });
        stored.map_err(|refused| self.parts.error(ErrorKind::Value, refused).at(key))?;
        Ok(output)
    }

    fn replacement(&self, edit: Edit<V>, entry: Option<Entry<V>>) -> Replacement<V> {
        match (edit, entry) {
            (Edit::Keep | Edit::Expire(_), None) | (Edit::Keep, Some(_)) => Replacement::Keep,
            (Edit::Remove, _) => Replacement::Remove,
            (Edit::Put(value, lifetime), entry) => {
                self.parts.replacement(value, lifetime, entry.as_ref())
            }
            (Edit::Expire(lifetime), Some(entry)) => self.relive(entry, lifetime),
        }
    }
}

fn tell_changes<K: Key, V>(changes: &BTreeMap<K, Option<V>>, trace: &Option<Trace>) {
    changes.iter().for_each(|(key, value)| trace.tell(App, Cache, verb(value), key));
}

/// What an edit writes and for how long its copy lives; otherwise what it does to the copy alone.
fn write_of<V>(edit: Edit<V>) -> Result<(Option<V>, Lifetime), Option<Lifetime>> {
    match edit {
        Edit::Keep => Err(None),
        Edit::Expire(lifetime) => Err(Some(lifetime)),
        Edit::Put(value, lifetime) => Ok((Some(value), lifetime)),
        Edit::Remove => Ok((None, Lifetime::Policy)),
    }
}

fn verb<V>(value: &Option<V>) -> &'static str {
    if value.is_some() { "put" } else { "delete" }
}
