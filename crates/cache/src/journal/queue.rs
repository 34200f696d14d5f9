//! The queue that every journal has, whatever makes its records last.
//!
//! Records rest in lanes, each in the order of its sequences. A batch takes the front of lanes that
//! have none in flight, so a lane's records reach the source in their order, and one number says how
//! far it has come. A record that a newer one of its key has superseded leaves its lane, unless it
//! is in flight.
//!
//! A queued write takes the size of its key and its value and 24 bytes beside them, up to twice that
//! while a lane grows, and 9 to 21 bytes in the index by key. A million writes with keys and values of
//! 16 bytes, each a `Vec` of its own, take 156 bytes each, of which 112 are those vectors
//! (`benches/journal.rs`).

mod dead;
mod held;
mod lane;

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use self::dead::Dead;
use self::held::{Held, Left};
use super::{
    AppendError, Batch, DeadLetter, JournalStatus, LANES, Lane, Limits, Mark, Record, Sequence,
};
use crate::runtime::{Runtime, Time, within};
use crate::{Key, Value};

pub(super) use self::held::Entry;

pub(super) struct Queue<K, V> {
    limits: Limits,
    runtime: Arc<dyn Runtime>,
    state: Mutex<State<K, V>>,
    /// Something was appended, or a batch came due.
    grown: Notify,
    /// Something left.
    shrunk: Notify,
}

struct State<K, V> {
    held: Held<K, V>,
    dead: Dead<K, V>,
    /// Of writes that were let in and are not yet held.
    expected: Size,
    appended: u64,
    applied: u64,
    returned: u64,
    flushing: usize,
    /// A write found no room: the next batch waits no longer to fill.
    pressed: bool,
    closed: bool,
    forfeited: bool,
    /// Why nothing is let in any more.
    refusal: Option<AppendError>,
}

/// How much some writes are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) records: u64,
    pub(super) bytes: u64,
}

enum Take<K, V> {
    Batch(Batch<K, V>),
    NotBefore(Time),
    /// Nothing is queued that is not in flight.
    Nothing,
    End,
}

impl<K: Key, V: Value> Queue<K, V> {
    pub(super) fn new(limits: Limits, runtime: Arc<dyn Runtime>) -> Self {
        let state = State {
            held: Held::new(&limits),
            dead: Dead::new(),
            expected: Size::default(),
            appended: 0,
            applied: 0,
            returned: 0,
            flushing: 0,
            pressed: false,
            closed: false,
            forfeited: false,
            refusal: None,
        };
        let (grown, shrunk) = (Notify::new(), Notify::new());
        Self { limits, runtime, state: Mutex::new(state), grown, shrunk }
    }

    /// Lets writes of these weights in, all or none; they are expected by [`publish`](Self::publish)
    /// or [`miss`](Self::miss) from now on.
    pub(super) fn expect(&self, writes: &[(&K, u32)]) -> Result<Size, AppendError> {
        let mut state = self.state.lock();
        let admitted = self.admit(&state, writes);
        match &admitted {
            Ok(size) => state.expected += *size,
            Err(error) => {
                state.pressed |= *error == AppendError::Full;
                drop(state);
                self.grown.notify_one();
            }
        }
        admitted
    }

    fn admit(&self, state: &State<K, V>, writes: &[(&K, u32)]) -> Result<Size, AppendError> {
        if let Some(refusal) = &state.refusal {
            return Err(refusal.clone());
        }
        let bytes = writes.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let size = Size { records: writes.len() as u64, bytes };
        if self.exceeded_by(size) {
            return Err(AppendError::TooLarge);
        }
        let freed = writes.iter().filter_map(|(key, _)| state.held.coalesces(key));
        let freed = freed.fold(Size::default(), |sum, bytes| Size {
            records: sum.records + 1,
            bytes: sum.bytes + bytes,
        });
        let held = Size { records: state.held.records, bytes: state.held.bytes };
        let mut total = held;
        total += state.expected;
        total += size;
        total -= freed;
        match self.exceeded_by(total) {
            true => Err(AppendError::Full),
            false => Ok(size),
        }
    }

    fn exceeded_by(&self, size: Size) -> bool {
        size.records > self.limits.records_max as u64 || size.bytes > self.limits.bytes_max
    }

    /// Holds what was expected, in the order of the sequences, and shows it.
    pub(super) fn publish(&self, entries: Vec<Entry<K, V>>) {
        let mut state = self.state.lock();
        let due_before = state.held.due();
        for entry in entries {
            state.expected -= Size { records: 1, bytes: u64::from(entry.weight) };
            state.appended += 1;
            state.held.push(entry);
        }
        let due = state.held.due();
        let begun = due_before == 0 && due > 0;
        let hurried = state.flushing > 0 || state.closed || due >= self.limits.batch_max;
        drop(state);
        if begun || hurried {
            self.grown.notify_one();
        }
    }

    /// Says to a write that there is no room elsewhere, and makes haste to make some.
    pub(super) fn hurry(&self) -> AppendError {
        let mut state = self.state.lock();
        state.pressed = true;
        let refusal = state.refusal.clone();
        drop(state);
        self.grown.notify_one();
        refusal.unwrap_or(AppendError::Full)
    }

    /// There is room again elsewhere.
    pub(super) fn announce_room(&self) {
        self.shrunk.notify_waiters();
    }

    /// Expected writes of this size will not come.
    pub(super) fn miss(&self, size: Size) {
        self.state.lock().expected -= size;
        self.notify();
    }

    /// Holds records that an earlier process left, whatever the limits say.
    pub(super) fn restore(&self, entries: Vec<Entry<K, V>>) {
        let mut state = self.state.lock();
        entries.into_iter().for_each(|entry| state.held.push(entry));
        state.held.coalesced = 0;
    }

    /// Of what was restored, the source has had this already.
    pub(super) fn forget(&self, reached: &[Mark]) {
        let mut state = self.state.lock();
        for mark in reached {
            state.held.settle(*mark);
            state.held.begin_after(*mark);
        }
    }

    pub(super) fn pending(&self, key: &K) -> Option<Option<V>> {
        self.state.lock().held.newest(key).map(|(_, value)| value.clone())
    }

    pub(super) fn room(&self) -> Notified<'_> {
        self.shrunk.notified()
    }

    pub(super) async fn next_batch(&self) -> Option<Batch<K, V>> {
        loop {
            let grown = std::pin::pin!(self.grown.notified());
            let take = self.take();
            match take {
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

    /// Takes a batch that is due, or says until when there is none.
    fn take(&self) -> Take<K, V> {
        let mut state = self.state.lock();
        if state.forfeited {
            return Take::End;
        }
        let Some(oldest) = state.held.oldest_due() else {
            return if state.is_over() { Take::End } else { Take::Nothing };
        };
        let due = oldest + self.limits.flush_interval;
        let full = state.held.due() >= self.limits.batch_max;
        let hurried = full || state.closed || state.flushing > 0 || state.pressed;
        if !hurried && self.runtime.now() < due {
            return Take::NotBefore(due);
        }
        state.pressed = false;
        state.held.take().map_or(Take::Nothing, Take::Batch)
    }

    /// The source has these records; the dead letters that are superseded by them.
    pub(super) fn applied(&self, batch: &Batch<K, V>) -> Vec<DeadLetter<K, V>> {
        let mut state = self.state.lock();
        state.applied += batch.records.len() as u64;
        let left = batch.records.iter().filter_map(|it| state.held.remove(it.lane, it.sequence));
        let left: Vec<_> = left.collect();
        let superseded = state.bury_deeper(&left);
        drop(state);
        self.notify();
        superseded
    }

    pub(super) fn returned(&self, batch: &Batch<K, V>) {
        let mut state = self.state.lock();
        state.returned += 1;
        state.held.land(&batch.records);
        drop(state);
        self.notify();
    }

    /// The source has come so far; the dead letters that are superseded by what leaves.
    pub(super) fn settle(&self, reached: &[Mark]) -> Vec<DeadLetter<K, V>> {
        let mut state = self.state.lock();
        let left: Vec<_> = reached.iter().flat_map(|mark| state.held.settle(*mark)).collect();
        state.applied += left.len() as u64;
        let superseded = state.bury_deeper(&left);
        drop(state);
        self.notify();
        superseded
    }

    /// Keeps room for a dead letter; `false` when there is none.
    pub(super) fn expect_dead(&self) -> bool {
        self.state.lock().dead.expect(self.limits.dead_max)
    }

    /// The expected dead letter could not be made to last.
    pub(super) fn miss_dead(&self) {
        self.state.lock().dead.miss();
    }

    /// Takes a record out of its lane, as the expected dead letter.
    pub(super) fn bury(&self, letter: DeadLetter<K, V>) {
        let mut state = self.state.lock();
        let Record { lane, sequence, .. } = letter.record;
        state.dead.insert(letter);
        state.held.remove(lane, sequence);
        drop(state);
        self.notify();
    }

    pub(super) fn dead(&self) -> Vec<DeadLetter<K, V>> {
        let state = self.state.lock();
        state.dead.all(|key| state.held.newest(key).map(|(sequence, _)| sequence))
    }

    pub(super) fn is_dead(&self, sequence: Sequence) -> bool {
        self.state.lock().dead.holds(sequence)
    }

    pub(super) fn drop_dead(&self, sequences: &[Sequence]) -> usize {
        self.state.lock().dead.remove(sequences)
    }

    /// Lets nothing in any more, for this reason; what is held goes on its way.
    pub(super) fn refuse(&self, refusal: AppendError) {
        let mut state = self.state.lock();
        state.closed |= refusal == AppendError::Closed;
        // The first reason is the one that explains the others.
        state.refusal.get_or_insert(refusal);
        drop(state);
        self.notify();
    }

    /// Lets nothing in and nothing out any more.
    pub(super) fn forfeit(&self, reason: &str) {
        self.state.lock().forfeited = true;
        self.refuse(AppendError::Failed(reason.to_owned()));
    }

    pub(super) fn refusal(&self) -> Option<AppendError> {
        self.state.lock().refusal.clone()
    }

    /// Hurries batches until nothing is left, of one lane or of all, that is held now.
    pub(super) async fn flush(&self, lane: Option<Lane>) {
        let _flushing = Flushing::begin(self);
        let begun = self.runtime.now();
        loop {
            let mut shrunk = std::pin::pin!(self.shrunk.notified());
            shrunk.as_mut().enable();
            if self.state.lock().held.oldest(lane).is_none_or(|oldest| oldest > begun) {
                return;
            }
            shrunk.await;
        }
    }

    /// How far each lane has come.
    pub(super) fn reached(&self) -> [Sequence; LANES] {
        self.state.lock().held.reached()
    }

    /// The first record that is held.
    pub(super) fn first(&self) -> Option<Sequence> {
        self.state.lock().held.first()
    }

    pub(super) fn status(&self) -> JournalStatus {
        let mut state = self.lock();
        JournalStatus {
            records: state.held.records,
            bytes: state.held.bytes,
            oldest: state.held.oldest(None),
            appended: state.appended,
            coalesced: state.held.coalesced,
            applied: state.applied,
            returned: state.returned,
            dead: state.dead.count() as u64,
            ..JournalStatus::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock()
    }

    fn notify(&self) {
        self.grown.notify_one();
        self.shrunk.notify_waiters();
    }
}

impl<K: Key, V: Value> State<K, V> {
    fn is_over(&self) -> bool {
        self.closed && self.held.records == 0 && self.expected.records == 0
    }

    fn bury_deeper(&mut self, left: &[Left<K>]) -> Vec<DeadLetter<K, V>> {
        if self.dead.count() == 0 {
            return Vec::new();
        }
        left.iter().flat_map(|left| self.dead.supersede(&left.key, left.sequence)).collect()
    }
}

/// While one lives, batches do not wait to fill.
struct Flushing<'a, K: Key, V: Value>(&'a Queue<K, V>);

impl<'a, K: Key, V: Value> Flushing<'a, K, V> {
    fn begin(queue: &'a Queue<K, V>) -> Self {
        queue.state.lock().flushing += 1;
        queue.grown.notify_one();
        Self(queue)
    }
}

impl<K: Key, V: Value> Drop for Flushing<'_, K, V> {
    fn drop(&mut self) {
        self.0.state.lock().flushing -= 1;
    }
}

impl std::ops::AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

impl std::ops::SubAssign for Size {
    fn sub_assign(&mut self, other: Self) {
        self.records = self.records.saturating_sub(other.records);
        self.bytes = self.bytes.saturating_sub(other.bytes);
    }
}
