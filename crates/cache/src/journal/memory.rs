//! A bounded journal in memory.
//!
//! **It does not survive the process.** A crash, a kill or a power failure loses every write that
//! was acknowledged and not yet flushed, at most what its limits allow. It is the right choice only
//! where that is acceptable; a graceful shutdown flushes it.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use parking_lot::Mutex;

use super::queue::{Entry, Queue};
use super::{
    Append, AppendError, Batch, DeadLetter, Journal, JournalStatus, LANES, Lane, Limits, Mark,
    Sequence,
};
use crate::hashing;
use crate::runtime::Runtime;
use crate::{Key, Value};

type Weigh<K, V> = Arc<dyn Fn(&K, Option<&V>) -> u64 + Send + Sync>;

/// A journal that lives and dies with its process.
///
/// ```
/// use larder::journal::{Journal, Limits, MemoryJournal};
/// # use larder::runtime::Simulated;
/// # use std::sync::Arc;
///
/// # let runtime = Arc::new(Simulated::new(1));
/// let journal = MemoryJournal::<String, u64>::new(Limits::default(), runtime, |_, _| 64);
/// assert!(journal.durability().starts_with("memory"));
/// ```
pub struct MemoryJournal<K, V> {
    weigh: Weigh<K, V>,
    runtime: Arc<dyn Runtime>,
    queue: Queue<K, V>,
    /// The next write's, under a lock that keeps appends in the order of their sequences.
    next: Mutex<Sequence>,
}

impl<K: Key, V: Value> MemoryJournal<K, V> {
    /// An empty journal. `weigh` is what [`Limits::bytes_max`] counts.
    ///
    /// ```
    /// # use larder::journal::{Journal, Limits, MemoryJournal};
    /// # use larder::runtime::Simulated;
    /// # use std::sync::Arc;
    /// # let runtime = Arc::new(Simulated::new(1));
    /// let weigh = |key: &String, value: Option<&String>| (key.len() + value.map_or(0, String::len)) as u64;
    /// let journal = MemoryJournal::new(Limits::default(), runtime, weigh);
    /// assert_eq!(journal.status().records, 0);
    /// ```
    pub fn new(
        limits: Limits,
        runtime: Arc<dyn Runtime>,
        weigh: impl Fn(&K, Option<&V>) -> u64 + Send + Sync + 'static,
    ) -> Self {
        let queue = Queue::new(limits, runtime.clone());
        Self { weigh: Arc::new(weigh), runtime, queue, next: Mutex::new(Sequence(1)) }
    }

    fn append_now(&self, writes: Vec<Append<K, V>>) -> Result<Sequence, AppendError> {
        let weights: Vec<u32> = writes.iter().map(|write| self.weight(write)).collect();
        let keys = writes.iter().map(|write| &write.key);
        let sizes: Vec<(&K, u32)> = keys.zip(weights.iter().copied()).collect();
        let mut next = self.next.lock();
        self.queue.expect(&sizes)?;
        let (now, first) = (self.runtime.now(), next.0);
        next.0 += writes.len() as u64;
        let entries = (first..).zip(writes).zip(weights);
        let entries = entries.map(|((sequence, write), weight)| Entry {
            sequence: Sequence(sequence),
            lane: lane_of(&write.key),
            key: write.key,
            value: write.value,
            appended: now,
            weight,
            trace: write.trace,
        });
        self.queue.publish(entries.collect());
        Ok(Sequence(next.0 - 1))
    }

    fn bury_now(&self, letter: DeadLetter<K, V>) -> bool {
        let has_room = self.queue.expect_dead();
        if has_room {
            self.queue.bury(letter);
        }
        has_room
    }

    /// Whoever weighs more than four gigabytes weighs four gigabytes.
    fn weight(&self, write: &Append<K, V>) -> u32 {
        u32::try_from((self.weigh)(&write.key, write.value.as_ref())).unwrap_or(u32::MAX)
    }
}

fn lane_of(key: &impl std::hash::Hash) -> Lane {
    Lane((hashing::fixed(key) % LANES as u64) as u8)
}

impl<K: Key, V: Value> Journal<K, V> for MemoryJournal<K, V> {
    fn durability(&self) -> &'static str {
        "memory: acknowledged writes that are not yet in the source are lost if the process dies"
    }

    fn append(&self, writes: Vec<Append<K, V>>) -> BoxFuture<'_, Result<Sequence, AppendError>> {
        std::future::ready(self.append_now(writes)).boxed()
    }

    fn pending(&self, key: &K) -> Option<Option<V>> {
        self.queue.pending(key)
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        self.queue.room().boxed()
    }

    fn next_batch(&self) -> BoxFuture<'_, Option<Batch<K, V>>> {
        self.queue.next_batch().boxed()
    }

    fn applied(&self, batch: Batch<K, V>) {
        self.queue.applied(&batch);
    }

    fn returned(&self, batch: Batch<K, V>) {
        self.queue.returned(&batch);
    }

    fn settle(&self, reached: &[Mark]) {
        self.queue.settle(reached);
    }

    fn bury(&self, letter: DeadLetter<K, V>) -> BoxFuture<'_, bool> {
        std::future::ready(self.bury_now(letter)).boxed()
    }

    fn dead(&self) -> Vec<DeadLetter<K, V>> {
        self.queue.dead()
    }

    fn drop_dead(&self, sequences: Vec<Sequence>) -> BoxFuture<'_, Result<usize, AppendError>> {
        std::future::ready(Ok(self.queue.drop_dead(&sequences))).boxed()
    }

    fn forfeit(&self, reason: &str) {
        self.queue.forfeit(reason);
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        self.queue.flush(None).boxed()
    }

    fn flush_key(&self, key: &K) -> BoxFuture<'_, ()> {
        self.queue.flush(Some(lane_of(key))).boxed()
    }

    fn refusal(&self) -> Option<AppendError> {
        self.queue.refusal()
    }

    fn close(&self) {
        self.queue.refuse(AppendError::Closed);
    }

    fn status(&self) -> JournalStatus {
        self.queue.status()
    }
}
