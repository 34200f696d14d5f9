//! Journals: the ordered queue of writes that are acknowledged but not yet in the source.
//!
//! A journal keeps records in order per key, shows the newest one of each key as *pending*, and
//! hands them to workers in batches, at most one batch in flight per lane and hence per key. What an
//! acknowledged record survives is the journal's to declare: [`MemoryJournal`] ends with its
//! process.

mod codec;
mod disk;
mod file;
mod limits;
mod memory;
mod queue;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::runtime::Time;
use crate::trace::Trace;

pub use codec::{BytesCodec, Codec, CodecError, SerdeCodec};
pub use disk::{Directory, Disk};
pub use file::{
    Damage, DeadReport, FileJournal, FileOptions, Inspection, OpenError, RecordReport,
    SegmentReport, SyncMode, inspect,
};
pub use limits::Limits;
pub use memory::MemoryJournal;

/// The place of a record in its journal. A later record has a larger one.
///
/// ```
/// # use larder::journal::{Append, AppendError, DeadLetter, Journal, Limits, MemoryJournal, Sequence};
/// # use larder::runtime::Simulated;
/// # use std::sync::Arc;
/// # let world = Simulated::new(1);
/// # let limits = Limits { records_max: 2, coalesce: false, ..Limits::default() };
/// # let runtime = Arc::new(world.clone());
/// # let journal = Arc::new(MemoryJournal::<&str, u64>::new(limits, runtime, |_, _| 1));
/// # let append = |key, value| {
/// #     let journal = journal.clone();
/// #     let write = Append { key, value, trace: None };
/// #     world.block_on(async move { journal.append(vec![write]).await })
/// # };
/// let (first, second) = (append("tea", Some(3))?, append("tea", None)?);
/// assert!(first < second);
/// # Ok::<(), AppendError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

/// A part of the keys, by their hash. Records of a lane reach the source in the order of their
/// sequences, so that one number says how far the lane has come there.
///
/// ```
/// use larder::journal::{LANES, Lane};
///
/// assert!(usize::from(Lane(3).0) < LANES);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub u8);

/// How many lanes a journal has. A journal's files and the source's fences depend on it.
pub const LANES: usize = 16;

/// How far a lane has come: every record of it up to `sequence` is accounted for.
///
/// ```
/// use larder::journal::{Lane, Mark, Sequence};
///
/// let reached = Mark { lane: Lane(3), sequence: Sequence(70) };
/// assert!(Sequence(69) <= reached.sequence); // is in the source
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The lane.
    pub lane: Lane,
    /// The last sequence.
    pub sequence: Sequence,
}

/// A write that a journal holds.
///
/// ```
/// # use larder::journal::{Append, AppendError, DeadLetter, Journal, Limits, MemoryJournal, Sequence};
/// # use larder::runtime::Simulated;
/// # use std::sync::Arc;
/// # let world = Simulated::new(1);
/// # let limits = Limits { records_max: 2, coalesce: false, ..Limits::default() };
/// # let runtime = Arc::new(world.clone());
/// # let journal = Arc::new(MemoryJournal::<&str, u64>::new(limits, runtime, |_, _| 1));
/// # let append = |key, value| {
/// #     let journal = journal.clone();
/// #     let write = Append { key, value, trace: None };
/// #     world.block_on(async move { journal.append(vec![write]).await })
/// # };
/// append("tea", Some(3))?;
/// # let worker = journal.clone();
/// # let batch = world.block_on(async move { worker.next_batch().await }).unwrap();
/// let record = &batch.records[0];
/// assert_eq!((record.key, record.value), ("tea", Some(3)));
/// # Ok::<(), AppendError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Record<K, V> {
    /// Its place.
    pub sequence: Sequence,
    /// The lane of its key.
    pub lane: Lane,
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
///
/// ```
/// use larder::journal::Append;
///
/// let put = Append { key: "tea", value: Some(3), trace: None };
/// let delete: Append<&str, u64> = Append { key: "milk", value: None, trace: None };
/// # drop((put, delete));
/// ```
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
///
/// ```
/// # use larder::journal::{Append, AppendError, DeadLetter, Journal, Limits, MemoryJournal, Sequence};
/// # use larder::runtime::Simulated;
/// # use std::sync::Arc;
/// # let world = Simulated::new(1);
/// # let limits = Limits { records_max: 2, coalesce: false, ..Limits::default() };
/// # let runtime = Arc::new(world.clone());
/// # let journal = Arc::new(MemoryJournal::<&str, u64>::new(limits, runtime, |_, _| 1));
/// # let append = |key, value| {
/// #     let journal = journal.clone();
/// #     let write = Append { key, value, trace: None };
/// #     world.block_on(async move { journal.append(vec![write]).await })
/// # };
/// append("tea", Some(3))?;
/// append("milk", Some(5))?;
/// # let worker = journal.clone();
/// let batch = world.block_on(async move { worker.next_batch().await }).unwrap();
/// assert_eq!(batch.records.len(), 2);
/// journal.applied(batch); // the source has them now
/// assert_eq!(journal.status().records, 0);
/// # Ok::<(), AppendError>(())
/// ```
#[derive(Debug)]
pub struct Batch<K, V> {
    /// The records in the order of their sequences, at least one.
    pub records: Vec<Record<K, V>>,
    /// How far each lane is in the source once the source has the records: what a lane holds up to
    /// its mark is in the batch, or was in the source before, or has been superseded by a later
    /// record.
    pub marks: Vec<Mark>,
}

impl<K, V> Batch<K, V> {
    /// The earlier half and the later half, to be brought in that order; the later one is `None`
    /// when there is but one record.
    ///
    /// ```
    /// # use larder::journal::{Batch, Lane, Mark, Record, Sequence};
    /// # use larder::runtime::Time;
    /// # let record = |sequence, lane| Record {
    /// #     sequence: Sequence(sequence), lane: Lane(lane), key: sequence, value: Some(1),
    /// #     appended: Time::ZERO, traces: Vec::new(),
    /// # };
    /// let mark = |lane, sequence| Mark { lane: Lane(lane), sequence: Sequence(sequence) };
    /// let batch = Batch {
    ///     records: vec![record(1, 0), record(2, 3), record(4, 0), record(6, 7)],
    ///     marks: vec![mark(0, 5), mark(3, 3), mark(7, 6)],
    /// };
    /// let (earlier, later) = batch.halve();
    /// assert_eq!(earlier.marks, [mark(3, 3), mark(0, 1)]);
    /// assert_eq!(later.unwrap().marks, [mark(0, 5), mark(7, 6)]);
    /// ```
    pub fn halve(mut self) -> (Self, Option<Self>) {
        if self.records.len() < 2 {
            return (self, None);
        }
        let later = self.records.split_off(self.records.len() / 2);
        // A lane's own mark belongs to the half that ends the lane: once that half is in the source,
        // somebody else's batch may take the lane further.
        let ends_later = |mark: &Mark| later.iter().any(|record| record.lane == mark.lane);
        let (marks, mut earlier): (Vec<_>, Vec<_>) = self.marks.into_iter().partition(ends_later);
        for record in self.records.iter().rev() {
            if earlier.iter().all(|mark| mark.lane != record.lane) {
                earlier.push(Mark { lane: record.lane, sequence: record.sequence });
            }
        }
        self.marks = earlier;
        (self, Some(Self { records: later, marks }))
    }
}

/// Why a journal did not take a write. Nothing of the call was appended, unless it is
/// [`Unknown`](Self::Unknown).
///
/// ```
/// # use larder::journal::{Append, AppendError, DeadLetter, Journal, Limits, MemoryJournal, Sequence};
/// # use larder::runtime::Simulated;
/// # use std::sync::Arc;
/// # let world = Simulated::new(1);
/// # let limits = Limits { records_max: 2, coalesce: false, ..Limits::default() };
/// # let runtime = Arc::new(world.clone());
/// # let journal = Arc::new(MemoryJournal::<&str, u64>::new(limits, runtime, |_, _| 1));
/// # let append = |key, value| {
/// #     let journal = journal.clone();
/// #     let write = Append { key, value, trace: None };
/// #     world.block_on(async move { journal.append(vec![write]).await })
/// # };
/// append("tea", Some(3))?;
/// append("milk", Some(5))?;
/// assert_eq!(append("coffee", Some(1)), Err(AppendError::Full)); // it has room for two
/// # Ok::<(), AppendError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendError {
    /// It is full; [`Journal::room`] says when to try again.
    Full,
    /// It never fits: it alone is over the journal's limit.
    TooLarge,
    /// The journal has been closed.
    Closed,
    /// The journal failed before, with its reason.
    Failed(String),
    /// The disk failed, with its reason, while it was about this write: whether it is in the journal is
    /// found out when the journal is opened the next time.
    Unknown(String),
    /// The key or the value cannot be written as bytes, for this reason.
    Unencodable(String),
}

/// What a journal holds and has done.
///
/// ```
/// # use larder::journal::{Append, AppendError, DeadLetter, Journal, Limits, MemoryJournal, Sequence};
/// # use larder::runtime::Simulated;
/// # use std::sync::Arc;
/// # let world = Simulated::new(1);
/// # let limits = Limits { records_max: 2, coalesce: false, ..Limits::default() };
/// # let runtime = Arc::new(world.clone());
/// # let journal = Arc::new(MemoryJournal::<&str, u64>::new(limits, runtime, |_, _| 1));
/// # let append = |key, value| {
/// #     let journal = journal.clone();
/// #     let write = Append { key, value, trace: None };
/// #     world.block_on(async move { journal.append(vec![write]).await })
/// # };
/// append("tea", Some(3))?;
/// let status = journal.status();
/// assert_eq!((status.records, status.appended, status.applied), (1, 1, 0));
/// # Ok::<(), AppendError>(())
/// ```
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
    /// Files of the log.
    pub segments: u64,
    /// Bytes of the log's files on the disk.
    pub disk_bytes: u64,
    /// Groups of writes that went to the disk together.
    pub groups: u64,
    /// Times that the disk was told to make the log last. [`appended`](Self::appended) by this is how
    /// many writes share one.
    pub syncs: u64,
    /// Records that were found when the journal was opened.
    pub recovered: u64,
    /// Bytes at the end of the log that were cut off when the journal was opened: a group that was
    /// being written when the last process ended.
    pub torn_bytes: u64,
}

/// A record that the source refused for good.
///
/// ```
/// # use larder::journal::{Append, AppendError, DeadLetter, Journal, Limits, MemoryJournal, Sequence};
/// # use larder::runtime::Simulated;
/// # use std::sync::Arc;
/// # let world = Simulated::new(1);
/// # let limits = Limits { records_max: 2, coalesce: false, ..Limits::default() };
/// # let runtime = Arc::new(world.clone());
/// # let journal = Arc::new(MemoryJournal::<&str, u64>::new(limits, runtime, |_, _| 1));
/// # let append = |key, value| {
/// #     let journal = journal.clone();
/// #     let write = Append { key, value, trace: None };
/// #     world.block_on(async move { journal.append(vec![write]).await })
/// # };
/// append("tea", Some(3))?;
/// # let worker = journal.clone();
/// # let mut batch = world.block_on(async move { worker.next_batch().await }).unwrap();
/// # let record = batch.records.remove(0);
/// let letter = DeadLetter { record, reason: "the shelf is full".to_owned(), superseded: false };
/// # let keeper = journal.clone();
/// # assert!(world.block_on(async move { keeper.bury(letter).await }));
/// assert_eq!(journal.dead()[0].reason, "the shelf is full");
/// # Ok::<(), AppendError>(())
/// ```
#[derive(Debug, Clone)]
pub struct DeadLetter<K, V> {
    /// The record.
    pub record: Record<K, V>,
    /// The source's reason.
    pub reason: String,
    /// Whether a newer write of its key is in the source, or on its way: to write this one after it
    /// would bring an older value back.
    pub superseded: bool,
}

/// The queue between acknowledged writes and the source.
///
/// ```
/// # use larder::journal::{Append, AppendError, DeadLetter, Journal, Limits, MemoryJournal, Sequence};
/// # use larder::runtime::Simulated;
/// # use std::sync::Arc;
/// # let world = Simulated::new(1);
/// # let limits = Limits { records_max: 2, coalesce: false, ..Limits::default() };
/// # let runtime = Arc::new(world.clone());
/// # let journal = Arc::new(MemoryJournal::<&str, u64>::new(limits, runtime, |_, _| 1));
/// # let append = |key, value| {
/// #     let journal = journal.clone();
/// #     let write = Append { key, value, trace: None };
/// #     world.block_on(async move { journal.append(vec![write]).await })
/// # };
/// append("tea", Some(3))?;
/// append("tea", None)?;
/// assert_eq!(journal.pending(&"tea"), Some(None)); // the newest: a delete
/// assert_eq!(journal.pending(&"milk"), None); // the source knows best
/// # Ok::<(), AppendError>(())
/// ```
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

    /// What the source fences the journal by: the same for as long as its records live. `None` for a
    /// journal that ends with its process.
    fn identity(&self) -> Option<Arc<str>> {
        None
    }

    /// The source said how far it had come before this process took the journal over: what it has
    /// leaves the journal. Called once, before the first batch is asked for.
    fn settle(&self, _reached: &[Mark]) {}

    /// The source refuses this record for good. It is kept aside, as durably as the journal keeps
    /// records, and no longer holds up its key. `false` when there is no room to keep it, or keeping
    /// it failed: then it stays in flight, because no record is ever dropped by itself.
    fn bury(&self, letter: DeadLetter<K, V>) -> BoxFuture<'_, bool>;

    /// The records that were kept aside.
    fn dead(&self) -> Vec<DeadLetter<K, V>>;

    /// Takes these dead letters away; how many there were.
    fn drop_dead(&self, sequences: Vec<Sequence>) -> BoxFuture<'_, Result<usize, AppendError>>;

    /// Is ready when the next process finds in the journal nothing of what has left it by now: a write
    /// that goes past the journal is newer than that.
    fn checkpoint(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Takes no more appends for this reason, and gives out no more batches: another process has
    /// taken the journal over.
    fn forfeit(&self, reason: &str);

    /// Gives out what it holds without waiting for batches to fill, and is ready when all that it
    /// held has left it.
    fn flush(&self) -> BoxFuture<'_, ()>;

    /// As [`flush`](Self::flush), for what it holds of `key`.
    fn flush_key(&self, key: &K) -> BoxFuture<'_, ()>;

    /// Takes no more appends.
    fn close(&self);

    /// Why it takes no more appends, once it takes none.
    fn refusal(&self) -> Option<AppendError> {
        None
    }

    /// What it holds and has done.
    fn status(&self) -> JournalStatus;
}
