//! Brings batches from the journal to the source.

use std::fmt::Debug;
use std::sync::Arc;

use super::Backoff;
use crate::journal::{Batch, DeadLetter, Journal, Record};
use crate::parts::{Parts, StoreOutcome};
use crate::source::{Change, Source, SourceError, SourceErrorKind};
use crate::stats::Count;
use crate::trace::Participant::{self, Cache, Database, Queue, Worker as W};
use crate::trace::tell_together;
use crate::{Key, Value};

pub(super) struct Worker<K: Key, V: Value> {
    parts: Arc<Parts<K, V>>,
    source: Arc<dyn Source<K, V>>,
    journal: Arc<dyn Journal<K, V>>,
    backoff: Backoff,
}

/// What became of a batch.
enum Attempt {
    Applied,
    /// The source may take it later.
    TryAgain(SourceError),
    /// The source will never take all of it.
    Refused(SourceError),
}

impl<K: Key, V: Value> Worker<K, V> {
    pub(super) fn new(
        parts: Arc<Parts<K, V>>,
        source: Arc<dyn Source<K, V>>,
        journal: Arc<dyn Journal<K, V>>,
        backoff: Backoff,
    ) -> Self {
        Self { parts, source, journal, backoff }
    }

    /// Works until the journal is closed and empty.
    pub(super) async fn run(self) {
        while let Some(batch) = self.journal.next_batch().await {
            self.bring(batch).await;
        }
    }

    /// Brings a batch to the source, however long that takes. A batch that the source refuses is
    /// halved until the records that it refuses are found; the halves go in order, so no record
    /// overtakes another one of its key.
    async fn bring(&self, batch: Batch<K, V>) {
        tell(&batch.records, Queue, W, || format!("batch of {}", batch.records.len()));
        let mut waiting = vec![batch];
        while let Some(batch) = waiting.pop() {
            match self.attempt_until_decided(&batch).await {
                Ok(()) => {
                    tell(&batch.records, W, Queue, || "done".to_owned());
                    self.journal.applied(batch);
                }
                Err(error) => self.split(batch, error, &mut waiting).await,
            }
        }
    }

    async fn split(
        &self,
        mut batch: Batch<K, V>,
        error: SourceError,
        waiting: &mut Vec<Batch<K, V>>,
    ) {
        if batch.records.len() > 1 {
            tell(&batch.records, W, W, || "halve the batch".to_owned());
            let (earlier, later) = batch.halve();
            waiting.extend(later);
            waiting.push(earlier);
        } else if let Some(record) = batch.records.pop() {
            self.bury(record, &error).await;
        }
    }

    async fn bury(&self, record: Record<K, V>, error: &SourceError) {
        tracing::error!(
            cache = &*self.parts.name, key = ?record.key, %error,
            "the source refuses a queued write; it is kept as a dead letter"
        );
        self.parts.stats.add(Count::WriteErrors, 1);
        let buried = std::slice::from_ref(&record);
        tell(buried, W, Queue, || "keep as dead letter".to_owned());
        tell(buried, W, Cache, || "drop copy".to_owned());
        let key = record.key.clone();
        let letter = DeadLetter { record, reason: error.message().to_owned() };
        let mut failures = 0;
        while !self.journal.bury(letter.clone()).await {
            self.pause(&mut failures).await;
        }
        // The copy shows a write that the source will never have.
        self.parts.keys.invalidate(&key);
    }

    async fn attempt_until_decided(&self, batch: &Batch<K, V>) -> Result<(), SourceError> {
        let mut failures = 0;
        loop {
            match self.attempt(batch).await {
                Attempt::Applied => return Ok(()),
                Attempt::Refused(error) => return Err(error),
                Attempt::TryAgain(error) => {
                    tracing::warn!(
                        cache = &*self.parts.name, records = batch.records.len(), failures, %error,
                        "a batch of queued writes failed and is tried again"
                    );
                    self.parts.stats.add(Count::WriteRetries, 1);
                    tell(&batch.records, W, W, || "wait, then try again".to_owned());
                    self.pause(&mut failures).await;
                }
            }
        }
    }

    async fn attempt(&self, batch: &Batch<K, V>) -> Attempt {
        tell(&batch.records, W, Database, || errand(&batch.records));
        let changes = batch.records.iter().map(change).collect();
        match self.parts.store(self.source.clone(), changes, None).await {
            StoreOutcome::Stored(_) => {
                tell(&batch.records, Database, W, || "stored".to_owned());
                Attempt::Applied
            }
            StoreOutcome::Failed(error) if error.kind() == SourceErrorKind::Rejected => {
                tell(&batch.records, Database, W, || format!("refused: {}", error.message()));
                Attempt::Refused(error)
            }
            // The same rows again: the second time changes nothing.
            StoreOutcome::Failed(error) | StoreOutcome::Unknown(error, _) => {
                tell(&batch.records, Database, W, || format!("error: {}", error.message()));
                Attempt::TryAgain(error)
            }
        }
    }

    async fn pause(&self, failures: &mut u32) {
        let range = self.backoff.first.saturating_mul(1 << (*failures).min(20));
        let range = range.min(self.backoff.longest);
        let share = 0.5 + 0.5 * (self.parts.runtime.random() as f64 / u64::MAX as f64);
        *failures += 1;
        let deadline = self.parts.runtime.now() + range.mul_f64(share);
        self.parts.runtime.sleep_until(deadline).await;
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
