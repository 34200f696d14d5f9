//! A bounded journal in memory.
//!
//! **It does not survive the process.** A crash, a kill or a power failure loses every write that
//! was acknowledged and not yet flushed, at most what its limits allow. It is the right choice only
//! where that is acceptable; a graceful shutdown flushes it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use futures_util::future::{BoxFuture, FutureExt};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Append, AppendError, Batch, DeadLetter, Journal, JournalStatus, Record, Sequence};
use crate::runtime::{Runtime, Time, within};
use crate::{Key, Value};

/// The limits of a [`MemoryJournal`].
///
/// ```
/// use larder::journal::Limits;
/// use std::time::Duration;
///
/// let limits = Limits {
///     records_max: 10_000,
///     flush_interval: Duration::from_millis(20),
///     ..Limits::default()
/// };
/// # drop(limits);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Records that it holds at most.
    pub records_max: usize,
    /// Bytes that they hold at most, as the cache's weigher weighs them.
    pub bytes_max: u64,
    /// Records in one batch at most.
    pub batch_max: usize,
    /// A record waits no longer than this for its batch to fill.
    pub flush_interval: Duration,
    /// Whether a write takes the place of a queued one of the same key.
    pub coalesce: bool,
    /// Dead letters that it holds at most. At the limit a refused record stays in its batch and holds
    /// up its worker, because none is ever dropped by itself.
    pub dead_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            records_max: 100_000,
            bytes_max: 64 << 20,
            batch_max: 512,
            flush_interval: Duration::from_millis(100),
            coalesce: true,
            dead_max: 10_000,
        }
    }
}

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
    limits: Limits,
    weigh: Weigh<K, V>,
    runtime: Arc<dyn Runtime>,
    state: Mutex<State<K, V>>,
    /// Something was appended, or a batch came due.
    grown: Notify,
    /// Something left.
    shrunk: Notify,
}

struct State<K, V> {
    lanes: HashMap<K, Lane<K, V>, RandomState>,
    /// Keys with a record that is not in flight, the longest waiting first.
    due: VecDeque<K>,
    dead: Vec<DeadLetter<K, V>>,
    status: JournalStatus,
    next_sequence: u64,
    flushing: usize,
    /// A write found no room: the next batch waits no longer to fill.
    pressed: bool,
    closed: bool,
}

/// The records of one key, oldest first.
struct Lane<K, V> {
    records: VecDeque<Record<K, V>>,
    /// How many of the first are in a batch.
    in_flight: usize,
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
        let state = State {
            lanes: HashMap::default(),
            due: VecDeque::new(),
            dead: Vec::new(),
            status: JournalStatus::default(),
            next_sequence: 1,
            flushing: 0,
            pressed: false,
            closed: false,
        };
        Self {
            limits,
            weigh: Arc::new(weigh),
            runtime,
            state: Mutex::new(state),
            grown: Notify::new(),
            shrunk: Notify::new(),
        }
    }

    fn append_now(&self, writes: Vec<Append<K, V>>) -> Result<Sequence, AppendError> {
        let mut state = self.state.lock();
        if let Err(error) = self.admit(&state, &writes) {
            state.pressed |= error == AppendError::Full;
            self.grown.notify_one();
            return Err(error);
        }
        let now = self.runtime.now();
        let due_before = state.due.len();
        for write in writes {
            self.append_one(&mut state, write, now);
        }
        let begun = due_before == 0 && !state.due.is_empty();
        if begun || state.flushing > 0 || state.due.len() >= self.limits.batch_max {
            self.grown.notify_one();
        }
        Ok(Sequence(state.next_sequence - 1))
    }

    fn admit(&self, state: &State<K, V>, writes: &[Append<K, V>]) -> Result<(), AppendError> {
        if state.closed {
            return Err(AppendError::Closed);
        }
        let bytes: u64 = writes.iter().map(|write| self.bytes(&write.key, &write.value)).sum();
        if writes.len() > self.limits.records_max || bytes > self.limits.bytes_max {
            return Err(AppendError::TooLarge);
        }
        let coalesced = writes.iter().filter_map(|write| self.coalesces(state, &write.key));
        let (freed_records, freed_bytes) = coalesced
            .fold((0, 0), |(count, sum), old| (count + 1, sum + self.bytes(&old.key, &old.value)));
        let records = state.status.records + writes.len() as u64 - freed_records;
        let bytes = (state.status.bytes + bytes).saturating_sub(freed_bytes);
        match records > self.limits.records_max as u64 || bytes > self.limits.bytes_max {
            true => Err(AppendError::Full),
            false => Ok(()),
        }
    }

    /// The queued record whose place a write of `key` takes.
    fn coalesces<'a>(&self, state: &'a State<K, V>, key: &K) -> Option<&'a Record<K, V>> {
        let lane = state.lanes.get(key).filter(|_| self.limits.coalesce)?;
        lane.records.back().filter(|_| lane.records.len() > lane.in_flight)
    }

    fn append_one(&self, state: &mut State<K, V>, write: Append<K, V>, now: Time) {
        let sequence = Sequence(state.next_sequence);
        state.next_sequence += 1;
        state.status.appended += 1;
        let coalesces = self.coalesces(state, &write.key).is_some();
        let bytes = self.bytes(&write.key, &write.value);
        state.status.bytes += bytes;
        let lane = state.lanes.entry(write.key.clone()).or_insert_with(Lane::new);
        if let Some(queued) = lane.records.back_mut().filter(|_| coalesces) {
            state.status.coalesced += 1;
            state.status.bytes -= self.bytes(&queued.key, &queued.value);
            queued.sequence = sequence;
            queued.value = write.value;
            queued.traces.extend(write.trace);
            return;
        }
        state.status.records += 1;
        if lane.records.is_empty() {
            state.due.push_back(write.key.clone());
        }
        let traces = write.trace.into_iter().collect();
        let Append { key, value, .. } = write;
        lane.records.push_back(Record {
            sequence,
            lane: super::Lane(0),
            key,
            value,
            appended: now,
            traces,
        });
    }

    /// Takes a batch that is due, or says until when there is none.
    fn take_batch(&self) -> Take<K, V> {
        let mut state = self.state.lock();
        let Some(oldest) = state.oldest_due() else {
            return if state.closed && state.lanes.is_empty() { Take::End } else { Take::Nothing };
        };
        let due = oldest + self.limits.flush_interval;
        let full = state.due.len() >= self.limits.batch_max;
        let hurried = full || state.closed || state.flushing > 0 || state.pressed;
        if !hurried && self.runtime.now() < due {
            return Take::NotBefore(due);
        }
        state.pressed = false;
        let mut records = Vec::new();
        while records.len() < self.limits.batch_max {
            let Some(key) = state.due.pop_front() else { break };
            let Some(lane) = state.lanes.get_mut(&key) else { continue };
            lane.in_flight = lane.records.len().min(self.limits.batch_max - records.len());
            records.extend(lane.records.iter().take(lane.in_flight).cloned());
        }
        Take::Batch(Batch { records, marks: Vec::new() })
    }

    /// Takes a batch's records off their lanes.
    fn remove(&self, batch: &Batch<K, V>) {
        let mut state = self.state.lock();
        let state = &mut *state;
        for record in &batch.records {
            let Some(lane) = state.lanes.get_mut(&record.key) else { continue };
            // By sequence: a newer record of the same key stays.
            let place = lane.records.iter().position(|held| held.sequence == record.sequence);
            let Some(gone) = place.and_then(|place| lane.records.remove(place)) else { continue };
            lane.in_flight -= 1;
            state.status.records -= 1;
            state.status.bytes -= (self.weigh)(&gone.key, gone.value.as_ref());
            if lane.records.is_empty() {
                state.lanes.remove(&record.key);
            } else if lane.in_flight == 0 {
                state.put_in_line(&record.key);
            }
        }
        self.notify();
    }

    /// Marks a batch's records as queued again, before everything else.
    fn requeue(&self, batch: &Batch<K, V>) {
        let mut state = self.state.lock();
        let state = &mut *state;
        for record in batch.records.iter().rev() {
            let Some(lane) = state.lanes.get_mut(&record.key) else { continue };
            lane.in_flight = lane.in_flight.saturating_sub(1);
            if lane.in_flight == 0 {
                state.due.push_front(record.key.clone());
            }
        }
        self.notify();
    }

    fn bury_now(&self, letter: DeadLetter<K, V>) -> bool {
        let batch = Batch { records: vec![letter.record.clone()], marks: Vec::new() };
        {
            let mut state = self.state.lock();
            if state.dead.len() >= self.limits.dead_max {
                return false;
            }
            state.status.dead += 1;
            state.dead.push(letter);
        }
        self.remove(&batch);
        true
    }

    fn notify(&self) {
        self.grown.notify_one();
        self.shrunk.notify_waiters();
    }

    fn bytes(&self, key: &K, value: &Option<V>) -> u64 {
        (self.weigh)(key, value.as_ref())
    }

    async fn wait_for_batch(&self) -> Option<Batch<K, V>> {
        loop {
            let grown = std::pin::pin!(self.grown.notified());
            match self.take_batch() {
                Take::Batch(batch) => {
                    // Another worker may find more.
                    self.grown.notify_one();
                    return Some(batch);
                }
                Take::End => {
                    self.grown.notify_one();
                    return None;
                }
                Take::NotBefore(due) => drop(within(&*self.runtime, due, grown).await),
                Take::Nothing => grown.await,
            }
        }
    }

    /// Waits until nothing is held that was appended by now.
    async fn wait_until_flushed(&self) {
        let begun = self.runtime.now();
        loop {
            let mut shrunk = std::pin::pin!(self.shrunk.notified());
            shrunk.as_mut().enable();
            if self.state.lock().oldest_held().is_none_or(|oldest| oldest > begun) {
                return;
            }
            shrunk.await;
        }
    }
}

enum Take<K, V> {
    Batch(Batch<K, V>),
    NotBefore(Time),
    /// Nothing is queued that is not in flight.
    Nothing,
    End,
}

/// While one lives, batches do not wait to fill.
struct Flushing<'a, K: Key, V: Value>(&'a MemoryJournal<K, V>);

impl<'a, K: Key, V: Value> Flushing<'a, K, V> {
    fn begin(journal: &'a MemoryJournal<K, V>) -> Self {
        journal.state.lock().flushing += 1;
        journal.grown.notify_one();
        Self(journal)
    }
}

impl<K: Key, V: Value> Drop for Flushing<'_, K, V> {
    fn drop(&mut self) {
        self.0.state.lock().flushing -= 1;
    }
}

impl<K: Key, V: Value> Journal<K, V> for MemoryJournal<K, V> {
    fn durability(&self) -> &'static str {
        "memory: acknowledged writes that are not yet in the source are lost if the process dies"
    }

    fn append(&self, writes: Vec<Append<K, V>>) -> BoxFuture<'_, Result<Sequence, AppendError>> {
        std::future::ready(self.append_now(writes)).boxed()
    }

    fn pending(&self, key: &K) -> Option<Option<V>> {
        let state = self.state.lock();
        state.lanes.get(key)?.records.back().map(|newest| newest.value.clone())
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        self.shrunk.notified().boxed()
    }

    fn next_batch(&self) -> BoxFuture<'_, Option<Batch<K, V>>> {
        self.wait_for_batch().boxed()
    }

    fn applied(&self, batch: Batch<K, V>) {
        self.state.lock().status.applied += batch.records.len() as u64;
        self.remove(&batch);
    }

    fn returned(&self, batch: Batch<K, V>) {
        self.state.lock().status.returned += 1;
        self.requeue(&batch);
    }

    fn bury(&self, letter: DeadLetter<K, V>) -> BoxFuture<'_, bool> {
        std::future::ready(self.bury_now(letter)).boxed()
    }

    fn dead(&self) -> Vec<DeadLetter<K, V>> {
        self.state.lock().dead.clone()
    }

    fn drop_dead(&self, sequences: Vec<Sequence>) -> BoxFuture<'_, Result<usize, AppendError>> {
        let mut state = self.state.lock();
        let before = state.dead.len();
        state.dead.retain(|letter| !sequences.contains(&letter.record.sequence));
        std::future::ready(Ok(before - state.dead.len())).boxed()
    }

    fn forfeit(&self, _reason: &str) {
        self.close();
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        async {
            let _flushing = Flushing::begin(self);
            self.wait_until_flushed().await;
        }
        .boxed()
    }

    fn close(&self) {
        self.state.lock().closed = true;
        self.grown.notify_one();
        self.shrunk.notify_waiters();
    }

    fn status(&self) -> JournalStatus {
        let state = self.state.lock();
        JournalStatus { oldest: state.oldest_held(), ..state.status }
    }
}

impl<K: Key, V> State<K, V> {
    fn oldest_due(&self) -> Option<Time> {
        let lane = self.lanes.get(self.due.front()?)?;
        lane.records.front().map(|record| record.appended)
    }

    /// Puts a key among those that are due by how long its oldest record has waited.
    fn put_in_line(&mut self, key: &K) {
        let oldest = |key: &K| self.lanes.get(key)?.records.front().map(|record| record.appended);
        let waiting_since = oldest(key);
        let place = self.due.partition_point(|other| oldest(other) <= waiting_since);
        self.due.insert(place, key.clone());
    }

    fn oldest_held(&self) -> Option<Time> {
        let fronts = self.lanes.values().filter_map(|lane| lane.records.front());
        fronts.map(|record| record.appended).min()
    }
}

impl<K, V> Lane<K, V> {
    fn new() -> Self {
        Self { records: VecDeque::new(), in_flight: 0 }
    }
}
