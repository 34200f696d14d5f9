//! What the handle of a journal and its committer share.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::future::FutureExt;
use tokio::sync::Notify;

use super::desk::{Desk, lane_of};
use super::identity::Identity;
use super::letter::{self, RawLetter};
use super::options::FileOptions;
use super::ticket::Ticket;
use crate::journal::queue::Queue;
use crate::journal::{
    AppendError, Codec, CodecError, DeadLetter, Disk, JournalStatus, Record, Sequence,
};
use crate::runtime::{Runtime, Time};
use crate::{Key, Value};

pub(super) struct Shared<K, V> {
    pub(super) options: FileOptions,
    pub(super) identity: Identity,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) codec: Arc<dyn Codec<K, V>>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) queue: Queue<K, V>,
    pub(super) desk: Desk<K, V>,
    pub(super) counters: Counters,
    /// A lane has come further than the log says.
    pub(super) moved: AtomicBool,
    rewritings: Rewritings,
    /// One change of the letters' files at a time.
    letters: tokio::sync::Mutex<()>,
    /// The committer's end.
    pub(super) over: Ticket,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) groups: AtomicU64,
    pub(super) syncs: AtomicU64,
    pub(super) segments: AtomicU64,
    pub(super) disk_bytes: AtomicU64,
    pub(super) recovered: AtomicU64,
    pub(super) torn_bytes: AtomicU64,
}

impl<K: Key, V: Value> Shared<K, V> {
    pub(super) fn new(
        options: FileOptions,
        identity: Identity,
        (disk, codec, runtime): Surroundings<K, V>,
        queue: Queue<K, V>,
        next: Sequence,
    ) -> Self {
        Self {
            options,
            identity,
            disk,
            codec,
            runtime,
            queue,
            desk: Desk::new(next),
            counters: Counters::default(),
            moved: AtomicBool::new(false),
            rewritings: Rewritings::default(),
            letters: tokio::sync::Mutex::default(),
            over: Ticket::default(),
        }
    }

    /// Milliseconds since 1970; zero when nobody knows.
    pub(super) fn now_ms(&self) -> u64 {
        self.options.time_of_day.map_or(0, |time_of_day| time_of_day())
    }

    /// Records have left: the log is to say so.
    pub(super) fn note_progress(&self) {
        self.moved.store(true, Ordering::Release);
        self.desk.bell.notify_one();
    }

    /// Is ready when all that is in the journal lasts.
    pub(super) async fn checkpoint(&self) -> Result<(), AppendError> {
        self.desk.ask_for_sync().outcome().await
    }

    /// Is ready when the log says for good how far the queue has come by now.
    pub(super) async fn keep_progress(&self) -> Result<(), AppendError> {
        loop {
            let begun = self.rewritings.finished().await;
            self.checkpoint().await?;
            // While letters are rewritten the log does not say it.
            if self.rewritings.begun.load(Ordering::Acquire) == begun {
                return Ok(());
            }
        }
    }

    /// Whether there are letters whose files do not say yet that they are superseded. Until they do, the
    /// log does not say how far the lanes have come: a crash must not lose both.
    pub(super) fn is_rewriting(&self) -> bool {
        self.rewritings.are_under_way()
    }

    /// Makes a letter last, and takes its record out of the queue.
    pub(super) async fn bury(&self, letter: DeadLetter<K, V>) -> bool {
        let expected = Expected::dead(&self.queue);
        if expected.is_none() {
            return false;
        }
        let _alone = self.letters.lock().await;
        if let Err(reason) = self.write_letter(&letter).await {
            let sequence = letter.record.sequence.0;
            tracing::error!(
                place = self.disk.place(),
                sequence,
                reason,
                "a dead letter is not kept"
            );
            return false;
        }
        self.queue.bury(letter);
        expected.into_iter().for_each(Expected::came);
        self.note_progress();
        true
    }

    async fn write_letter(&self, letter: &DeadLetter<K, V>) -> Result<(), String> {
        let raw = self.raw(letter).map_err(|error| error.to_string())?;
        let name = letter::name(letter.record.sequence);
        let written = self.disk.replace(&name, raw.encode(self.identity)).await;
        written.map_err(|error| error.to_string())
    }

    fn raw(&self, letter: &DeadLetter<K, V>) -> Result<RawLetter, CodecError> {
        let record = &letter.record;
        let mut key = Vec::new();
        self.codec.encode_key(&record.key, &mut key)?;
        let value = record.value.as_ref().map(|value| {
            let mut bytes = Vec::new();
            self.codec.encode_value(value, &mut bytes).map(|()| bytes)
        });
        let age = self.runtime.now().since(record.appended).as_millis() as u64;
        Ok(RawLetter {
            sequence: record.sequence,
            appended_ms: self.now_ms().saturating_sub(age),
            superseded: letter.superseded,
            key,
            value: value.transpose()?,
            reason: letter.reason.clone(),
        })
    }

    /// The letter that was made to last.
    pub(super) fn letter(&self, raw: RawLetter) -> Result<DeadLetter<K, V>, CodecError> {
        let value = raw.value.as_deref().map(|value| self.codec.decode_value(value));
        let record = Record {
            sequence: raw.sequence,
            lane: lane_of(&raw.key),
            key: self.codec.decode_key(&raw.key)?,
            value: value.transpose()?,
            appended: Time::ZERO,
            traces: Vec::new(),
        };
        Ok(DeadLetter { record, reason: raw.reason, superseded: raw.superseded })
    }

    /// Takes letters away, for good.
    pub(super) async fn drop_dead(&self, sequences: &[Sequence]) -> Result<usize, AppendError> {
        let _alone = self.letters.lock().await;
        // Their records may not come back to life.
        self.checkpoint().await?;
        let mut dropped = 0;
        for sequence in sequences.iter().filter(|sequence| self.queue.is_dead(**sequence)) {
            let removed = self.disk.remove(&letter::name(*sequence)).await;
            removed.map_err(|error| AppendError::Failed(error.to_string()))?;
            dropped += self.queue.drop_dead(&[*sequence]);
        }
        Ok(dropped)
    }

    /// Has the files of these letters say that they are superseded.
    pub(super) fn rewrite(self: &Arc<Self>, letters: Vec<DeadLetter<K, V>>) {
        if letters.is_empty() {
            return;
        }
        let rewriting = Rewriting::begin(self);
        let rewrite = async move {
            let shared = &rewriting.0;
            let _alone = shared.letters.lock().await;
            for letter in letters.iter().filter(|it| shared.queue.is_dead(it.record.sequence)) {
                if let Err(reason) = shared.write_letter(letter).await {
                    let sequence = letter.record.sequence.0;
                    tracing::warn!(
                        place = shared.disk.place(),
                        sequence,
                        reason,
                        "the file of a dead letter does not say that a newer write followed it"
                    );
                }
            }
        };
        self.runtime.spawn(rewrite.boxed());
    }

    /// Whether the log is as long as it may become. One segment it always has.
    pub(super) fn is_log_full(&self) -> bool {
        self.counters.segments.load(Ordering::Relaxed) > 1
            && self.counters.disk_bytes.load(Ordering::Relaxed) > self.options.log_bytes_max
    }

    pub(super) fn status(&self) -> JournalStatus {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        JournalStatus {
            segments: of(&self.counters.segments),
            disk_bytes: of(&self.counters.disk_bytes),
            groups: of(&self.counters.groups),
            syncs: of(&self.counters.syncs),
            recovered: of(&self.counters.recovered),
            torn_bytes: of(&self.counters.torn_bytes),
            ..self.queue.status()
        }
    }
}

/// What a journal is put into.
pub(super) type Surroundings<K, V> = (Arc<dyn Disk>, Arc<dyn Codec<K, V>>, Arc<dyn Runtime>);

/// Changes of the files of dead letters.
#[derive(Default)]
struct Rewritings {
    begun: AtomicU64,
    ended: AtomicU64,
    one_ended: Notify,
}

impl Rewritings {
    fn are_under_way(&self) -> bool {
        self.ended.load(Ordering::Acquire) < self.begun.load(Ordering::Acquire)
    }

    /// Is ready when none is under way; how many there have been.
    async fn finished(&self) -> u64 {
        loop {
            let mut one_ended = pin!(self.one_ended.notified());
            one_ended.as_mut().enable();
            let ended = self.ended.load(Ordering::Acquire);
            if ended == self.begun.load(Ordering::Acquire) {
                return ended;
            }
            one_ended.await;
        }
    }
}

/// While one lives, files of dead letters are changed.
struct Rewriting<K: Key, V: Value>(Arc<Shared<K, V>>);

impl<K: Key, V: Value> Rewriting<K, V> {
    fn begin(shared: &Arc<Shared<K, V>>) -> Self {
        shared.rewritings.begun.fetch_add(1, Ordering::AcqRel);
        Self(shared.clone())
    }
}

impl<K: Key, V: Value> Drop for Rewriting<K, V> {
    fn drop(&mut self) {
        self.0.rewritings.ended.fetch_add(1, Ordering::AcqRel);
        self.0.rewritings.one_ended.notify_waiters();
        self.0.note_progress();
    }
}

/// The place of a dead letter, given up unless the letter comes.
struct Expected<'a, K: Key, V: Value>(Option<&'a Queue<K, V>>);

impl<'a, K: Key, V: Value> Expected<'a, K, V> {
    fn dead(queue: &'a Queue<K, V>) -> Option<Self> {
        queue.expect_dead().then_some(Self(Some(queue)))
    }

    fn came(mut self) {
        self.0 = None;
    }
}

impl<K: Key, V: Value> Drop for Expected<'_, K, V> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.miss_dead();
        }
    }
}
