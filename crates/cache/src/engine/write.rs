//! Writes, removals and updates.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Engine, Present};
use crate::error::{ErrorKind, Result};
use crate::freshness::Lifetime;
use crate::keys::{Replacement, WriteGuard};
use crate::options::{Accept, ReadOptions, WriteOptions};
use crate::runtime::Time;
use crate::strategy::{Write, Written, put_plain};
use crate::trace::Participant::{App, Cache};
use crate::trace::{Tell, Trace};
use crate::{Entry, Key, Value};

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
        let mut writes = Vec::with_capacity(changes.len());
        // In the order of the keys, so that two writers of several keys never wait for each other.
        for (key, value) in changes {
            writes.push(Write { guard: self.turn(&key).await?, value });
        }
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
        let guard = self.turn(&key).await?;
        let value = self.read_for_update(&key, options.trace.clone()).await?;
        let fresh_until =
            self.parts.keys.entry(&key).map_or(Time::NEVER, |entry| entry.fresh_until);
        let present = value.as_ref().map(|value| Present { value, fresh_until });
        let (edit, output) = decide(present);
        self.apply(guard, edit, options).await?;
        Ok(output)
    }

    async fn apply(
        &self,
        guard: WriteGuard<K, V>,
        edit: Edit<V>,
        options: WriteOptions,
    ) -> Result<()> {
        let (value, lifetime) = match edit {
            Edit::Keep => {
                options.trace.tell(App, Cache, "keep", guard.key());
                return Ok(());
            }
            Edit::Expire(lifetime) => {
                options.trace.tell(App, Cache, "expire", guard.key());
                self.expire(guard.key(), lifetime);
                options.trace.tell(Cache, App, "ok", guard.key());
                return Ok(());
            }
            Edit::Put(value, lifetime) => (Some(value), lifetime),
            Edit::Remove => (None, Lifetime::Policy),
        };
        self.admit_writes()?;
        options.trace.tell(App, Cache, verb(&value), guard.key());
        self.carry_out(vec![Write { guard, value }], WriteOptions { lifetime, ..options }).await?;
        Ok(())
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

    async fn carry_out(
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

    async fn turn(&self, key: &K) -> Result<WriteGuard<K, V>> {
        let turn = self.parts.keys.turn(key).await;
        turn.map_err(|_| {
            let message = "too many writers wait for this key; try again later";
            self.parts.error(ErrorKind::Busy, message).at(key)
        })
    }

    fn admit_writes(&self) -> Result<()> {
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
        let (stored, output) = self.parts.keys.replace(key, |entry| {
            let entry = entry.filter(|entry| entry.is_fresh(now));
            let fresh_until = entry.as_ref().map_or(Time::NEVER, |entry| entry.fresh_until);
            let value = entry.as_ref().and_then(|entry| entry.value.as_ref());
            let (edit, output) = decide(value.map(|value| Present { value, fresh_until }));
            (self.replacement(edit, entry), output)
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

fn verb<V>(value: &Option<V>) -> &'static str {
    if value.is_some() { "put" } else { "delete" }
}
