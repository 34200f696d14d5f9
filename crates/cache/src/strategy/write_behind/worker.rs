//! Brings batches from the journal to the source.

use std::fmt::Debug;
use std::sync::Arc;

use super::crew::{Orders, Stopped, Workplace};
use crate::journal::{Batch, DeadLetter, Record};
use crate::parts::caught;
use crate::sabotage::{self, Mutation};
use crate::source::{Change, Fence, Fenced, SourceError, SourceErrorKind};
use crate::stats::Count;
use crate::trace::Participant::{self, Cache, Database, Queue, Worker as W};
use crate::trace::tell_together;
use crate::{Key, Value};

pub(super) struct Worker<K: Key, V: Value> {
    place: Arc<Workplace<K, V>>,
    orders: Orders,
    /// What batches are fenced with, where the source keeps fences.
    epoch: Option<u64>,
}

/// What became of a batch.
enum Attempt {
    Applied,
    /// The source may take it later.
    TryAgain(SourceError),
    /// The source will never take all of it.
    Refused(SourceError),
    /// The source takes nothing of this journal from this process any more.
    Fenced(SourceError),
}

/// How the attempts to bring a batch ended.
enum Decision {
    Applied,
    Refused(SourceError),
    Fenced(SourceError),
}

impl<K: Key, V: Value> Worker<K, V> {
    pub(super) fn new(place: Arc<Workplace<K, V>>, orders: Orders, epoch: Option<u64>) -> Self {
        Self { place, orders, epoch }
    }

    /// Works until the journal is closed and empty, or the crew is to stop.
    pub(super) async fn run(mut self) {
        let place = self.place.clone();
        while let Ok(Some(batch)) = self.orders.unless_stopped(place.journal.next_batch()).await {
            tell(&batch.records, Queue, W, || format!("batch of {}", batch.records.len()));
            let mut waiting = vec![batch];
            if self.bring(&mut waiting).await.is_err() {
                // The latest first, so that the earliest is given out first.
                waiting.into_iter().for_each(|batch| place.journal.returned(batch));
                return;
            }
        }
    }

    /// Brings the last of the batches that wait to the source, and then those before it, however long
    /// that takes. A batch that the source refuses is halved until the records that it refuses are
    /// found; the halves go in order, so no record overtakes another one of its key. A batch that was
    /// not decided is left.
    async fn bring(&mut self, waiting: &mut Vec<Batch<K, V>>) -> Result<(), Stopped> {
        while let Some(batch) = waiting.pop() {
            match self.attempt_until_decided(&batch).await {
                Ok(Decision::Applied) => self.finish(batch),
                Ok(Decision::Refused(error)) => self.split(batch, &error, waiting).await?,
                Ok(Decision::Fenced(error)) => {
                    self.forfeit(error);
                    // They are the other process's to bring.
                    waiting.clear();
                }
                Err(Stopped) => {
                    waiting.push(batch);
                    return Err(Stopped);
                }
            }
        }
        Ok(())
    }

    fn finish(&self, batch: Batch<K, V>) {
        tell(&batch.records, W, Queue, || "done".to_owned());
        self.place.drain.applied(self.place.backed.parts.runtime.now(), batch.records.len());
        self.place.journal.applied(batch);
    }

    fn forfeit(&self, error: SourceError) {
        let parts = &self.place.backed.parts;
        let reason = error.to_string();
        if self.place.drain.fence_off(parts.runtime.now(), error) {
            tracing::error!(
                cache = &*parts.name,
                reason,
                "another process has taken the journal over: writes are refused from now on, and \
                 what is still queued here stays in the journal"
            );
            self.place.journal.forfeit(&reason);
        }
    }

    async fn split(
        &mut self,
        batch: Batch<K, V>,
        error: &SourceError,
        waiting: &mut Vec<Batch<K, V>>,
    ) -> Result<(), Stopped> {
        if let [record] = &*batch.records {
            let buried = self.bury(record.clone(), error).await;
            if buried.is_err() {
                waiting.push(batch);
            }
            return buried;
        }
        tell(&batch.records, W, W, || "halve the batch".to_owned());
        let (mut earlier, mut later) = batch.halve();
        if sabotage::is(Mutation::LaterHalfFirst) {
            later.iter_mut().for_each(|later| std::mem::swap(later, &mut earlier));
        }
        waiting.extend(later);
        waiting.push(earlier);
        Ok(())
    }

    async fn bury(&mut self, record: Record<K, V>, error: &SourceError) -> Result<(), Stopped> {
        let place = self.place.clone();
        let parts = &place.backed.parts;
        tracing::error!(
            cache = &*parts.name, key = ?record.key, %error,
            "the source refuses a queued write; it is kept as a dead letter"
        );
        parts.stats.add(Count::WriteErrors, 1);
        let buried = std::slice::from_ref(&record);
        tell(buried, W, Queue, || "keep as dead letter".to_owned());
        tell(buried, W, Cache, || "drop copy".to_owned());
        let key = record.key.clone();
        let reason = error.message().to_owned();
        let letter = DeadLetter { record, reason, superseded: false };
        let mut failures = 0;
        if sabotage::is(Mutation::BuryWithoutKeeping) {
            place.journal.applied(Batch { records: vec![letter.record], marks: Vec::new() });
            return Ok(());
        }
        while !place.journal.bury(letter.clone()).await {
            place.pause(&mut failures, &mut self.orders).await?;
        }
        // The copy shows a write that the source will never have.
        parts.keys.invalidate(&key);
        Ok(())
    }

    async fn attempt_until_decided(&mut self, batch: &Batch<K, V>) -> Result<Decision, Stopped> {
        let place = self.place.clone();
        let parts = &place.backed.parts;
        let mut failures = 0;
        loop {
            let error = match self.attempt(batch).await {
                Attempt::Applied => return Ok(Decision::Applied),
                Attempt::Refused(error) => return Ok(Decision::Refused(error)),
                Attempt::Fenced(error) => return Ok(Decision::Fenced(error)),
                Attempt::TryAgain(error) => error,
            };
            tracing::warn!(
                cache = &*parts.name, records = batch.records.len(), failures, %error,
                "a batch of queued writes failed and is tried again"
            );
            parts.stats.add(Count::WriteRetries, 1);
            place.drain.failed(parts.runtime.now(), error);
            tell(&batch.records, W, W, || "wait, then try again".to_owned());
            place.pause(&mut failures, &mut self.orders).await?;
        }
    }

    async fn attempt(&self, batch: &Batch<K, V>) -> Attempt {
        tell(&batch.records, W, Database, || errand(&batch.records));
        let stored = caught(self.store(batch)).await;
        tell(&batch.records, Database, W, || reply(&stored));
        match stored {
            Ok(_) => Attempt::Applied,
            Err(error) => match error.kind() {
                SourceErrorKind::Rejected => {
                    self.place.drain.answered();
                    Attempt::Refused(error)
                }
                SourceErrorKind::Fenced => Attempt::Fenced(error),
                // The same rows again: the second time changes nothing.
                _ => Attempt::TryAgain(error),
            },
        }
    }

    /// Stores the batch, where there are fences together with how far it brings its lanes.
    async fn store(&self, batch: &Batch<K, V>) -> Result<Fenced<V>, SourceError> {
        let place = &self.place;
        let changes = batch.records.iter().map(change).collect();
        let epoch = self.epoch.filter(|_| !sabotage::is(Mutation::StoreWithoutFence));
        let fenced = epoch.and_then(|epoch| {
            let (fences, journal) = (place.backed.source.fences()?, place.journal.identity()?);
            Some((fences, Fence { journal, epoch, marks: batch.marks.clone() }))
        });
        match fenced {
            Some((fences, fence)) => fences.store_fenced(changes, fence).await,
            None => place.backed.source.store(changes).await.map(Fenced::Stored),
        }
    }
}

fn change<K: Key, V: Value>(record: &Record<K, V>) -> Change<K, V> {
    Change { key: record.key.clone(), value: record.value.clone() }
}

/// What diagrams call the call that stores `records`.
fn errand<K, V>(records: &[Record<K, V>]) -> String {
    let deletes = records.iter().filter(|record| record.value.is_none()).count();
    let rows = |count| if count == 1 { "row" } else { "rows" };
    match (records.len() - deletes, deletes) {
        (0, deletes) => format!("delete {deletes} {}", rows(deletes)),
        (puts, 0) => format!("write {puts} {}", rows(puts)),
        (puts, deletes) => format!("write {puts}, delete {deletes} rows"),
    }
}

/// What diagrams call the end of that call.
fn reply<V>(stored: &Result<Fenced<V>, SourceError>) -> String {
    match stored {
        Ok(Fenced::Stored(_)) => "stored".to_owned(),
        Ok(Fenced::Already) => "stored before".to_owned(),
        Err(error) => match error.kind() {
            SourceErrorKind::Rejected => format!("refused: {}", error.message()),
            SourceErrorKind::Fenced => format!("fenced off: {}", error.message()),
            _ => format!("error: {}", error.message()),
        },
    }
}

/// Records one message about all of `records`.
fn tell<K: Key, V>(
    records: &[Record<K, V>],
    from: Participant,
    to: Participant,
    what: impl FnOnce() -> String,
) {
    let traced = records
        .iter()
        .flat_map(|record| record.traces.iter().map(|trace| (trace, &record.key as &dyn Debug)));
    tell_together(traced, from, to, what);
}
