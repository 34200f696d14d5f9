//! A journal with an identity, which outlives the cache that writes to it, as one in a file does.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use larder::journal::{
    Append, AppendError, Batch, DeadLetter, Journal, JournalStatus, Limits, Mark, MemoryJournal,
    Sequence,
};
use larder::runtime::Simulated;
use parking_lot::Mutex;

pub struct KeptJournal {
    records: MemoryJournal<String, u64>,
    /// What the next append is answered.
    answer: Mutex<Option<AppendError>>,
    forfeits: Mutex<Vec<String>>,
    checkpoints: Mutex<Checkpoints>,
}

/// What was asked to last, and what that is answered.
#[derive(Default)]
struct Checkpoints {
    asked: usize,
    answer: Option<AppendError>,
}

impl KeptJournal {
    pub fn new(world: &Simulated, limits: Limits) -> Arc<Self> {
        let records = MemoryJournal::new(limits, Arc::new(world.clone()), |_, _| 10);
        Arc::new(Self {
            records,
            answer: Mutex::default(),
            forfeits: Mutex::default(),
            checkpoints: Mutex::default(),
        })
    }

    /// The next append is taken, and answered with this all the same.
    pub fn answer_next_append(&self, error: AppendError) {
        *self.answer.lock() = Some(error);
    }

    /// From now on a checkpoint fails.
    pub fn fail_checkpoints(&self, error: AppendError) {
        self.checkpoints.lock().answer = Some(error);
    }

    /// How many checkpoints were asked for.
    pub fn checkpoints(&self) -> usize {
        self.checkpoints.lock().asked
    }

    /// The reasons for which it was forfeited.
    pub fn forfeits(&self) -> Vec<String> {
        self.forfeits.lock().clone()
    }
}

impl Journal<String, u64> for KeptJournal {
    fn durability(&self) -> &'static str {
        "memory, for as long as the test lasts"
    }

    fn identity(&self) -> Option<Arc<str>> {
        Some("kept".into())
    }

    fn append(
        &self,
        writes: Vec<Append<String, u64>>,
    ) -> BoxFuture<'_, Result<Sequence, AppendError>> {
        Box::pin(async move {
            let sequence = self.records.append(writes).await?;
            self.answer.lock().take().map_or(Ok(sequence), Err)
        })
    }

    fn checkpoint(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        let mut checkpoints = self.checkpoints.lock();
        checkpoints.asked += 1;
        Box::pin(std::future::ready(checkpoints.answer.clone().map_or(Ok(()), Err)))
    }

    fn forfeit(&self, reason: &str) {
        self.forfeits.lock().push(reason.to_owned());
        self.records.forfeit(reason);
    }

    fn refusal(&self) -> Option<AppendError> {
        self.records.refusal()
    }

    fn pending(&self, key: &String) -> Option<Option<u64>> {
        self.records.pending(key)
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        self.records.room()
    }

    fn next_batch(&self) -> BoxFuture<'_, Option<Batch<String, u64>>> {
        self.records.next_batch()
    }

    fn applied(&self, batch: Batch<String, u64>) {
        self.records.applied(batch);
    }

    fn returned(&self, batch: Batch<String, u64>) {
        self.records.returned(batch);
    }

    fn settle(&self, reached: &[Mark]) {
        self.records.settle(reached);
    }

    fn bury(&self, letter: DeadLetter<String, u64>) -> BoxFuture<'_, bool> {
        self.records.bury(letter)
    }

    fn dead(&self) -> Vec<DeadLetter<String, u64>> {
        self.records.dead()
    }

    fn drop_dead(&self, sequences: Vec<Sequence>) -> BoxFuture<'_, Result<usize, AppendError>> {
        self.records.drop_dead(sequences)
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        self.records.flush()
    }

    fn flush_key(&self, key: &String) -> BoxFuture<'_, ()> {
        self.records.flush_key(key)
    }

    fn close(&self) {
        self.records.close();
    }

    fn status(&self) -> JournalStatus {
        self.records.status()
    }
}
