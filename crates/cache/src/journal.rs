//! Journals: the ordered queue of writes that are acknowledged but not yet in the source.
//!
//! A journal keeps records in order per key, shows the newest one of each key as *pending*, and
//! hands them to workers in batches, at most one batch in flight per key. What durability an
//! acknowledged record has is the journal's to declare; [`MemoryJournal`] has none.

mod memory;

use futures_util::future::BoxFuture;

use crate::runtime::Time;
use crate::trace::Trace;

pub use memory::{Limits, MemoryJournal};

/// The place of a record in its journal. A later record has a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

/// A write that a journal holds.
#[derive(Debug, Clone)]
pub struct Record<K, V> {
    /// Its place.
    pub sequence: Sequence,
    /// The key.
    pub key: K,
    /// What to write; `None` is a delete.
    pub value: Option<V>,
    /// When the oldest write in it was appended.
    pub appended: Time,
    /// The traces of the requests whose writes are in it.
    pub traces: Vec<Trace>,
}

/// A write on its way into a journal.
#[derive(Debug, Clone)]
pub struct Append<K, V> {
    /// The key.
    pub key: K,
    /// What to write, with everything that is already pending for the key merged in; `None` is a
    /// delete.
    pub value: Option<V>,
    /// The request's trace.
    pub trace: Option<Trace>,
}

/// Records on their way to the source, in the order in which they must arrive.
#[derive(Debug)]
pub struct Batch<K, V> {
    /// The records, at least one.
    pub records: Vec<Record<K, V>>,
}

/// Why a journal did not take a write. Nothing of the call was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendError {
    /// It is full; [`Journal::room`] says when to try again.
    Full,
    /// It never fits: it alone is over the journal's limit.
    TooLarge,
    /// The journal has been closed.
    Closed,
    /// The journal failed, with its reason.
    Failed(String),
}

/// What a journal holds and has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JournalStatus {
    /// Records that the source does not have yet.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest of them was appended.
    pub oldest: Option<Time>,
    /// Writes appended so far.
    pub appended: u64,
    /// Of those, writes that took the place of a queued one.
    pub coalesced: u64,
    /// Records that the source now has.
    pub applied: u64,
    /// Batches that were given back to be tried again.
    pub returned: u64,
    /// Records that the source refused for good, kept aside with the reason.
    pub dead: u64,
}

/// A record that the source refused for good.
#[derive(Debug, Clone)]
pub struct DeadLetter<K, V> {
    /// The record.
    pub record: Record<K, V>,
    /// The source's reason.
    pub reason: String,
}

/// The queue between acknowledged writes and the source.
pub trait Journal<K, V>: Send + Sync + 'static {
    /// What an acknowledged write survives, in a sentence for operators.
    fn durability(&self) -> &'static str;

    /// Appends writes, all or none. When the future is ready they are as durable as this journal
    /// makes them, and visible through [`pending`](Self::pending).
    ///
    /// The caller holds the write turn of every key, so appends of one key come one at a time.
    fn append(&self, writes: Vec<Append<K, V>>) -> BoxFuture<'_, Result<Sequence, AppendError>>;

    /// The newest write of `key` that the source does not have yet: outside `None` when there is
    /// none, inside `None` when it is a delete.
    fn pending(&self, key: &K) -> Option<Option<V>>;

    /// Is ready when something left the journal after this call, so that an append may fit.
    fn room(&self) -> BoxFuture<'_, ()>;

    /// The next batch, once one is due; `None` when the journal is closed and empty. The batch's
    /// keys are given out no more until it is [`applied`](Self::applied), or
    /// [`returned`](Self::returned).
    fn next_batch(&self) -> BoxFuture<'_, Option<Batch<K, V>>>;

    /// The source has these records. Newer ones of the same keys stay.
    fn applied(&self, batch: Batch<K, V>);

    /// The source has none of these records; they are given out again, before newer ones.
    fn returned(&self, batch: Batch<K, V>);

    /// The source refuses this record for good. It is kept aside and no longer holds up its key.
    /// `false` when there is no room to keep it: then it stays in flight, because no record is ever
    /// dropped by itself.
    fn bury(&self, letter: DeadLetter<K, V>) -> bool;

    /// The records that were kept aside.
    fn dead(&self) -> Vec<DeadLetter<K, V>>;

    /// Gives out what it holds without waiting for batches to fill, and is ready when all that it
    /// held has left it.
    fn flush(&self) -> BoxFuture<'_, ()>;

    /// Takes no more appends.
    fn close(&self);

    /// What it holds and has done.
    fn status(&self) -> JournalStatus;
}
