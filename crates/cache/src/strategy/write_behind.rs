//! Write-behind: a write goes to the journal and to the cache and is answered; workers bring it to
//! the source, in batches.
//!
//! **Promise.** A read sees the newest acknowledged write, whatever has been evicted, because what
//! is pending is looked at before the source, from the first moment after a restart. Writes of one
//! key reach the source in their order. What an acknowledged write survives is the journal's to say:
//! [`FileJournal`](crate::journal::FileJournal) survives a crash,
//! [`MemoryJournal`](crate::journal::MemoryJournal) does **not**.
//!
//! Where the journal has an identity and the source keeps [fences](crate::source::Fences), each write
//! takes effect once, and in one process at a time: the workers begin by taking the journal over, and
//! the batches of whoever had it before are refused. Until the source has answered that, and whenever
//! it is away, writes are acknowledged all the same, as long as the journal has room.
//!
//! **A bad choice** where others read the source and must not see it late, and where the source
//! checks what is written: a refusal comes after the acknowledgement, as a dead letter.

mod crew;
mod drain;
mod worker;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt, select};

use super::backed::{Backed, settling};
use super::{Backoff, Policy, Reader, Write, Written};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Append, AppendError, Journal, Limits, Sequence};
use crate::options::WriteOptions;
use crate::parts::StoreOutcome;
use crate::runtime::{Time, within};
use crate::sabotage::{self, Mutation};
use crate::stats::Count;
use crate::trace::Participant::{self, Cache, Queue};
use crate::trace::{Tell, tell_together};
use crate::{Key, Value};

use crew::{Crew, Workplace};
pub use drain::{DrainState, DrainStatus};

pub(super) const NAME: &str = "write-behind";

/// Write-behind and its options.
///
/// ```
/// use larder::journal::Limits;
/// use larder::strategy::{OnFull, WriteBehind};
/// use std::time::Duration;
///
/// let strategy = WriteBehind {
///     limits: Limits { flush_interval: Duration::from_millis(20), ..Limits::default() },
///     on_full: OnFull::Reject,
///     ..WriteBehind::default()
/// };
/// # drop(strategy);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct WriteBehind {
    /// What the journal in memory may hold, and how it makes batches.
    pub limits: Limits,
    /// Tasks that bring batches to the source, at least one. Batches of different keys are on their way
    /// at the same time.
    pub workers: usize,
    /// What a write does when the journal is full.
    pub on_full: OnFull,
    /// How long a worker waits before it tries a batch again.
    pub backoff: Backoff,
}

/// What a write does when the journal is full.
///
/// ```
/// use larder::strategy::{OnFull, WriteBehind};
/// use std::time::Duration;
///
/// assert_eq!(WriteBehind::default().on_full, OnFull::Block(Duration::from_secs(2)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// Waits for room, so long at most; then it is refused as [`ErrorKind::Busy`].
    Block(Duration),
    /// Is refused as [`ErrorKind::Busy`].
    Reject,
    /// Waits until nothing of its key is pending, now or after a restart, and writes the source itself,
    /// so long at most for both: refused as [`ErrorKind::Busy`] when its time is over before the source was asked, and
    /// [`ErrorKind::Unknown`] when it is over after that.
    Through(Duration),
}

impl Default for WriteBehind {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            workers: 1,
            on_full: OnFull::Block(Duration::from_secs(2)),
            backoff: Backoff { first: Duration::from_millis(50), longest: Duration::from_secs(10) },
        }
    }
}

impl WriteBehind {
    pub(super) fn employ<K: Key, V: Value>(
        self,
        backed: Backed<K, V>,
        journal: Arc<dyn Journal<K, V>>,
    ) -> Arc<dyn Policy<K, V>> {
        let crew = Crew::new(backed.parts.runtime.now());
        Arc::new(AtWork { options: self, backed, journal, crew })
    }
}

struct AtWork<K: Key, V: Value> {
    options: WriteBehind,
    backed: Backed<K, V>,
    journal: Arc<dyn Journal<K, V>>,
    crew: Crew,
}

impl<K: Key, V: Value> Drop for AtWork<K, V> {
    /// Nobody can write any more: the workers bring in what is queued, and end.
    fn drop(&mut self) {
        self.journal.close();
    }
}

impl<K: Key, V: Value> Policy<K, V> for AtWork<K, V> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn reader(&self) -> Reader {
        Reader::Cache
    }

    fn write(
        self: Arc<Self>,
        writes: Vec<Write<K, V>>,
        options: WriteOptions,
    ) -> BoxFuture<'static, Result<Vec<Written>>> {
        async move { self.carry_out(writes, options).await }.boxed()
    }

    fn journal(&self) -> Option<&Arc<dyn Journal<K, V>>> {
        Some(&self.journal)
    }

    fn drained<'a>(&'a self, key: Option<&'a K>) -> BoxFuture<'a, Result<()>> {
        let flushed = match key {
            Some(key) => self.journal.flush_key(key),
            None => self.journal.flush(),
        };
        async move {
            match select(flushed, pin!(self.crew.ended())).await {
                Either::Left(_) => Ok(()),
                Either::Right(_) => Err(self.left_behind(key)),
            }
        }
        .boxed()
    }

    fn drain_status(&self) -> Option<DrainStatus> {
        let now = self.backed.parts.runtime.now();
        Some(self.crew.status(now, self.journal.status().oldest))
    }

    fn start(self: Arc<Self>) {
        let place = Workplace {
            backed: self.backed.clone(),
            journal: self.journal.clone(),
            backoff: self.options.backoff,
            drain: self.crew.drain().clone(),
        };
        self.crew.begin(place, self.options.workers);
    }

    fn stop(&self, deadline: Time) -> BoxFuture<'_, u64> {
        async move {
            self.journal.close();
            let ended = pin!(self.crew.ended());
            let flushed = select(self.journal.flush(), ended);
            within(&*self.backed.parts.runtime, deadline, flushed).await;
            self.crew.stop();
            self.journal.status().records
        }
        .boxed()
    }
}

impl<K: Key, V: Value> AtWork<K, V> {
    async fn carry_out(
        &self,
        writes: Vec<Write<K, V>>,
        options: WriteOptions,
    ) -> Result<Vec<Written>> {
        for write in &writes {
            self.let_delete_arrive(write).await?;
        }
        let existed: Vec<_> = writes.iter().map(|write| self.existed(write)).collect();
        let appends: Vec<_> = writes.iter().map(|write| self.append(write, &options)).collect();
        self.backed.parts.stats.add(Count::Writes, writes.len() as u64);
        writes.iter().for_each(|write| write.guard.doubt());
        match self.enqueue(appends.clone()).await {
            Ok(()) => {
                for (write, append) in writes.iter().zip(appends) {
                    self.install(write, append, &options);
                }
            }
            Err(error) => match (error, self.options.on_full) {
                (AppendError::Full, OnFull::Through(patience)) => {
                    self.write_through(writes, appends, &options, patience).await?;
                }
                (error, _) => return Err(self.refused(&writes, error)),
            },
        }
        Ok(existed.into_iter().map(|existed| Written { existed }).collect())
    }

    /// What to append: the write with what is already pending for its key merged in.
    fn append(&self, write: &Write<K, V>, options: &WriteOptions) -> Append<K, V> {
        let key = write.guard.key().clone();
        let value = write.value.as_ref().map(|value| match self.journal.pending(&key) {
            Some(pending) => self.backed.source.merge(pending.as_ref(), value),
            None => value.clone(),
        });
        Append { key, value, trace: options.trace.clone() }
    }

    async fn enqueue(&self, appends: Vec<Append<K, V>>) -> Result<(), AppendError> {
        let runtime = &*self.backed.parts.runtime;
        let deadline = match self.options.on_full {
            OnFull::Block(patience) => runtime.now() + patience,
            OnFull::Reject | OnFull::Through(_) => Time::ZERO,
        };
        loop {
            let room = self.journal.room();
            tell_append(&appends);
            if sabotage::is(Mutation::AcknowledgeBeforeAppend) {
                let (journal, appends) = (self.journal.clone(), appends.clone());
                runtime.spawn(Box::pin(async move { drop(journal.append(appends).await) }));
                return Ok(());
            }
            let answer = self.journal.append(appends.clone()).await;
            tell_answer(&appends, &answer);
            match answer {
                Ok(_) => return Ok(()),
                Err(AppendError::Full) if sabotage::is(Mutation::DropWhenFull) => return Ok(()),
                Err(AppendError::Full) if runtime.now() < deadline => {
                    if within(runtime, deadline, room).await.is_some() {
                        tell(&appends, Queue, Cache, || "room".to_owned());
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The journal has it, or the source: the cache shows it from now on.
    fn install(&self, write: &Write<K, V>, append: Append<K, V>, options: &WriteOptions) {
        let parts = &self.backed.parts;
        let earlier = parts.keys.entry(&append.key);
        let known = match append.value {
            Some(part) if !self.backed.source.is_whole(&part) => {
                self.backed.merged(earlier.as_ref(), &part).map(Some)
            }
            value => Some(value),
        };
        let entry =
            known.and_then(|value| parts.written_entry(value, write.lifetime, earlier.as_ref()));
        options.trace.tell(Cache, Cache, settling(&entry), &append.key);
        parts.install(&write.guard, entry);
    }

    /// Writes past a full journal, behind everything that it holds of these keys.
    async fn write_through(
        &self,
        writes: Vec<Write<K, V>>,
        appends: Vec<Append<K, V>>,
        options: &WriteOptions,
        patience: Duration,
    ) -> Result<()> {
        let runtime = &*self.backed.parts.runtime;
        let deadline = runtime.now() + patience;
        match within(runtime, deadline, pin!(self.cleared(&writes))).await {
            Some(cleared) => cleared.map_err(|error| self.untouched(&writes, error))?,
            None => return Err(self.refused(&writes, AppendError::Full)),
        }
        let left = deadline.since(runtime.now());
        match self.backed.store(&writes, options, Some(left)).await {
            StoreOutcome::Stored(_) => {
                for (write, append) in writes.iter().zip(appends) {
                    self.install(write, append, options);
                }
                Ok(())
            }
            StoreOutcome::Failed(error) => Err(self.backed.failed(&writes, error)),
            StoreOutcome::Unknown(error, late) => {
                Err(self.backed.lost_sight(writes, error, late, options))
            }
        }
    }

    /// Is ready when the journal holds nothing of these keys, and will not after a restart either: what
    /// was found in it then would hide the newer write that went past it.
    async fn cleared(&self, writes: &[Write<K, V>]) -> Result<()> {
        for write in writes {
            self.drained(Some(write.guard.key())).await?;
        }
        if sabotage::is(Mutation::PassWithoutCheckpoint) {
            return Ok(());
        }
        self.journal.checkpoint().await.map_err(|error| {
            let (kind, message) = self.reason(error);
            self.backed.parts.error(kind, message).at(writes[0].guard.key())
        })
    }

    /// A part of a row that follows a queued delete would be taken for a part of the row that is
    /// still there: it waits until the delete has arrived.
    async fn let_delete_arrive(&self, write: &Write<K, V>) -> Result<()> {
        let key = write.guard.key();
        let part = write.value.as_ref().filter(|value| !self.backed.source.is_whole(value));
        if part.is_none() || !matches!(self.journal.pending(key), Some(None)) {
            return Ok(());
        }
        let parts = &self.backed.parts;
        let deadline = match self.options.on_full {
            OnFull::Block(patience) | OnFull::Through(patience) => parts.runtime.now() + patience,
            OnFull::Reject => Time::ZERO,
        };
        within(&*parts.runtime, deadline, self.drained(Some(key))).await.unwrap_or_else(|| {
            let message = "a queued delete of this key must reach the source before a part of the \
                           new row is written; try again later";
            Err(parts.error(ErrorKind::Busy, message).at(key))
        })
    }

    /// Whether the key existed, as far as cache and journal know.
    fn existed(&self, write: &Write<K, V>) -> Option<bool> {
        let parts = &self.backed.parts;
        if let Some(pending) = self.journal.pending(write.guard.key()) {
            return Some(pending.is_some());
        }
        let now = parts.runtime.now();
        let entry = parts.keys.entry(write.guard.key()).filter(|entry| entry.is_fresh(now))?;
        Some(entry.value.is_some())
    }

    /// Says of queued writes, of one key or of all, that this process does not bring them any more.
    fn left_behind(&self, key: Option<&K>) -> Error {
        let (kind, reason) = match self.journal.refusal() {
            Some(error) => self.reason(error),
            None => (ErrorKind::Closed, "the workers have ended".to_owned()),
        };
        let message =
            format!("not all that is queued is in the source, and stays queued: {reason}");
        let error = self.backed.parts.error(kind, message);
        match key {
            Some(key) => error.at(key),
            None => error,
        }
    }

    fn refused(&self, writes: &[Write<K, V>], error: AppendError) -> Error {
        // What may be in the journal may reach the source: the copies stay in doubt and go.
        let is_known = !matches!(error, AppendError::Unknown(_));
        let (kind, message) = self.reason(error);
        let error = self.backed.parts.error(kind, message).at(writes[0].guard.key());
        match is_known {
            true => self.untouched(writes, error),
            false => self.count_failed(writes, error),
        }
    }

    /// Nothing of these writes is in the journal or in the source: the copies are right.
    fn untouched(&self, writes: &[Write<K, V>], error: Error) -> Error {
        writes.iter().for_each(|write| write.guard.trust());
        self.count_failed(writes, error)
    }

    fn count_failed(&self, writes: &[Write<K, V>], error: Error) -> Error {
        self.backed.parts.stats.add(Count::WriteErrors, writes.len() as u64);
        error
    }

    /// What the journal's answer is to a caller.
    fn reason(&self, error: AppendError) -> (ErrorKind, String) {
        match error {
            AppendError::Full => (
                ErrorKind::Busy,
                "the queue of writes is full because the source does not keep up; try again later"
                    .to_owned(),
            ),
            AppendError::TooLarge => (
                ErrorKind::Value,
                "the write is larger than the queue of writes may ever be".to_owned(),
            ),
            AppendError::Closed => (ErrorKind::Closed, "the cache is shutting down".to_owned()),
            AppendError::Failed(reason) if self.crew.is_fenced_off() => (
                ErrorKind::Fenced,
                format!("another process has taken the queue of writes over: {reason}"),
            ),
            AppendError::Failed(reason) => {
                (ErrorKind::Journal, format!("the journal takes no writes: {reason}"))
            }
            AppendError::Unknown(reason) => (
                ErrorKind::Unknown,
                format!("the journal failed and may or may not have the write: {reason}"),
            ),
            AppendError::Unencodable(reason) => {
                (ErrorKind::Value, format!("the journal cannot keep the write: {reason}"))
            }
        }
    }
}

fn tell_append<K: Key, V: Value>(appends: &[Append<K, V>]) {
    tell(appends, Cache, Queue, || match appends {
        [Append { value: Some(_), .. }] => "append".to_owned(),
        [Append { value: None, .. }] => "append delete".to_owned(),
        _ => format!("append {} writes", appends.len()),
    });
}

fn tell_answer<K: Key, V: Value>(appends: &[Append<K, V>], answer: &Result<Sequence, AppendError>) {
    tell(appends, Queue, Cache, || match answer {
        Ok(_) => "queued".to_owned(),
        Err(AppendError::Full) => "full".to_owned(),
        Err(AppendError::TooLarge) => "refused: too large".to_owned(),
        Err(AppendError::Closed) => "refused: closed".to_owned(),
        Err(AppendError::Failed(reason)) => format!("error: {reason}"),
        Err(AppendError::Unknown(reason)) => format!("unknown: {reason}"),
        Err(AppendError::Unencodable(reason)) => format!("refused: {reason}"),
    });
}

/// Records one message about all of `appends`.
fn tell<K: Key, V: Value>(
    appends: &[Append<K, V>],
    from: Participant,
    to: Participant,
    what: impl FnOnce() -> String,
) {
    let traced =
        appends.iter().filter_map(|append| Some((append.trace.as_ref()?, &append.key as _)));
    tell_together(traced, from, to, what);
}

impl From<WriteBehind> for super::Strategy {
    fn from(options: WriteBehind) -> Self {
        super::Strategy::WriteBehind(options)
    }
}
