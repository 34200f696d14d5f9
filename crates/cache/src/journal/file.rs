//! A journal in files: acknowledged writes survive the process.
//!
//! ```text
//! journal                 whose journal it is, and its format
//! 000000000007.log        a segment of the log, full
//! 000000000008.log        the segment that is written
//! 000000000009.log        the next one, made ahead
//! dead-….letter           a dead letter each
//! lock                    locked while a process has the journal
//! ```
//!
//! The log is read when the journal is opened, and never again: what is pending is in memory too. A
//! segment is removed when the source has all that it holds.
//!
//! | file | what is in it |
//! |---|---|
//! | `desk` | where writes gather for the next group |
//! | `committer` | the task that writes groups |
//! | `log`, `segment`, `group`, `item`, `identity`, `letter` | the files and what they are made of |
//! | `recover`, `files`, `scan`, `restore` | how a journal is opened |
//! | `inspect` | how one is looked at |

mod bytes;
mod committer;
mod desk;
mod error;
mod files;
mod group;
mod identity;
mod inspect;
mod item;
mod letter;
mod log;
mod options;
mod recover;
mod restore;
mod scan;
mod segment;
mod shared;
mod ticket;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::{BoxFuture, FutureExt};

use self::committer::Committer;
use self::desk::{Encoded, lane_of};
use self::shared::Shared;
use super::{
    Append, AppendError, Batch, Codec, DeadLetter, Directory, Disk, Journal, JournalStatus, Mark,
    Sequence,
};
use crate::runtime::Runtime;
use crate::{Key, Value};

pub use error::{Damage, OpenError};
pub use inspect::{DeadReport, Inspection, RecordReport, SegmentReport, inspect};
pub use options::{FileOptions, SyncMode};

/// A journal whose acknowledged writes survive the process, and, by [`SyncMode`], the machine.
///
/// ```
/// use larder::journal::{Append, FileJournal, FileOptions, Journal, SerdeCodec};
/// use larder::runtime::TokioRuntime;
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("stock");
/// let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
/// let open = || FileJournal::<String, u64>::open(&path, FileOptions::default(), SerdeCodec, runtime.clone());
///
/// let journal = open().await?;
/// let write = Append { key: "tea".to_owned(), value: Some(3), trace: None };
/// journal.append(vec![write]).await.expect("there is room");
/// journal.end().await;
///
/// let journal = open().await?;
/// assert_eq!(journal.pending(&"tea".to_owned()), Some(Some(3)));
/// # journal.end().await;
/// # Ok(())
/// # }
/// ```
pub struct FileJournal<K: Key, V: Value> {
    shared: Arc<Shared<K, V>>,
    identity: Arc<str>,
    /// The first sequence of this opening.
    opening: Sequence,
    /// The last mark that a batch had.
    marked: AtomicU64,
}

impl<K: Key, V: Value> FileJournal<K, V> {
    /// Opens the journal in `path`, and makes it where there is none.
    ///
    /// ```
    /// # use larder::journal::{FileJournal, FileOptions, Journal, OpenError, SerdeCodec};
    /// # use larder::runtime::TokioRuntime;
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), OpenError> {
    /// # let folder = tempfile::tempdir().expect("a folder");
    /// # let path = folder.path();
    /// let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    /// let options = FileOptions::default();
    /// let journal = FileJournal::<String, u64>::open(path, options, SerdeCodec, runtime).await?;
    /// assert!(journal.durability().starts_with("synced"));
    /// # journal.end().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(
        path: impl AsRef<Path>,
        options: FileOptions,
        codec: impl Codec<K, V>,
        runtime: Arc<dyn Runtime>,
    ) -> Result<Self, OpenError> {
        let place = path.as_ref().display().to_string();
        let disk = Directory::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => OpenError::InUse { place },
            _ => OpenError::Disk { place, error },
        })?;
        Self::open_on(Arc::new(disk), options, Arc::new(codec), runtime).await
    }

    /// Opens the journal on a disk.
    ///
    /// ```
    /// # use larder::journal::{BytesCodec, Directory, FileJournal, FileOptions, Journal};
    /// # use larder::runtime::TokioRuntime;
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path();
    /// # let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    /// let (disk, codec) = (Arc::new(Directory::open(path)?), Arc::new(BytesCodec));
    /// let journal = FileJournal::open_on(disk, FileOptions::default(), codec, runtime).await?;
    /// assert_eq!(journal.status().recovered, 0);
    /// # journal.end().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open_on(
        disk: Arc<dyn Disk>,
        options: FileOptions,
        codec: Arc<dyn Codec<K, V>>,
        runtime: Arc<dyn Runtime>,
    ) -> Result<Self, OpenError> {
        let opened = recover::open(options, (disk.clone(), codec, runtime.clone())).await;
        let (shared, log) = opened.inspect_err(|_| disk.release())?;
        let opening = shared.desk.next();
        disk.host(Committer::new(shared.clone(), log).run().boxed(), &*runtime);
        let identity = shared.identity.text().into();
        Ok(Self { shared, identity, opening, marked: AtomicU64::new(0) })
    }

    /// Is ready when all that was acknowledged lasts whatever the mode, and the journal may be opened
    /// again. Nothing can be appended any more; to drop the journal does the same, later.
    ///
    /// ```
    /// # use larder::journal::{Append, AppendError, BytesCodec, FileJournal, FileOptions, Journal};
    /// # use larder::runtime::TokioRuntime;
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path();
    /// # let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    /// let journal = FileJournal::open(path, FileOptions::default(), BytesCodec, runtime).await?;
    /// journal.end().await;
    /// let write = Append { key: b"tea".to_vec(), value: None, trace: None };
    /// assert_eq!(journal.append(vec![write]).await, Err(AppendError::Closed));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn end(&self) {
        self.shared.desk.end();
        // The committer says nothing but that it ended.
        let _ = self.shared.over.outcome().await;
    }

    /// The journal has not given out the batches that the source speaks of: another copy of it has.
    fn is_behind(&self, reached: &[Mark]) -> bool {
        let own = self.opening.0.max(self.marked.load(Ordering::Acquire) + 1);
        reached.iter().any(|mark| mark.sequence.0 >= own)
    }
}

impl<K: Key, V: Value> Drop for FileJournal<K, V> {
    fn drop(&mut self) {
        self.shared.desk.end();
    }
}

impl<K: Key, V: Value> Journal<K, V> for FileJournal<K, V> {
    fn durability(&self) -> &'static str {
        self.shared.options.sync.durability()
    }

    fn append(&self, writes: Vec<Append<K, V>>) -> BoxFuture<'_, Result<Sequence, AppendError>> {
        async move {
            let shared = &self.shared;
            if writes.is_empty() {
                return Ok(Sequence(shared.desk.next().0 - 1));
            }
            if shared.is_log_full() {
                return Err(shared.queue.hurry());
            }
            let encoded = Encoded::new(&writes, &*shared.codec, shared.now_ms())?;
            let now = shared.runtime.now();
            let (last, ticket) = shared.desk.put(writes, encoded, &shared.queue, now)?;
            ticket.outcome().await.map(|()| last)
        }
        .boxed()
    }

    fn pending(&self, key: &K) -> Option<Option<V>> {
        self.shared.queue.pending(key)
    }

    fn room(&self) -> BoxFuture<'_, ()> {
        self.shared.queue.room().boxed()
    }

    fn next_batch(&self) -> BoxFuture<'_, Option<Batch<K, V>>> {
        async {
            let batch = self.shared.queue.next_batch().await?;
            let batch = self.made_to_last(batch).await;
            let last = batch.marks.iter().map(|mark| mark.sequence.0).max().unwrap_or_default();
            self.marked.fetch_max(last, Ordering::AcqRel);
            Some(batch)
        }
        .boxed()
    }

    fn applied(&self, batch: Batch<K, V>) {
        let superseded = self.shared.queue.applied(&batch);
        self.shared.rewrite(superseded);
        self.shared.note_progress();
    }

    fn returned(&self, batch: Batch<K, V>) {
        self.shared.queue.returned(&batch);
    }

    fn identity(&self) -> Option<Arc<str>> {
        Some(self.identity.clone())
    }

    fn settle(&self, reached: &[Mark]) {
        if self.is_behind(reached) {
            return self.forfeit(
                "the source has writes of this journal that the journal does not have: its \
                 directory is an older copy",
            );
        }
        let superseded = self.shared.queue.settle(reached);
        self.shared.rewrite(superseded);
        self.shared.note_progress();
    }

    fn bury(&self, letter: DeadLetter<K, V>) -> BoxFuture<'_, bool> {
        self.shared.bury(letter).boxed()
    }

    fn dead(&self) -> Vec<DeadLetter<K, V>> {
        self.shared.queue.dead()
    }

    fn drop_dead(&self, sequences: Vec<Sequence>) -> BoxFuture<'_, Result<usize, AppendError>> {
        async move { self.shared.drop_dead(&sequences).await }.boxed()
    }

    fn checkpoint(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        async {
            self.shared.keep_progress().await.map_err(|error| match error {
                // There was no write whose fate could be unknown.
                AppendError::Unknown(reason) => AppendError::Failed(reason),
                error => error,
            })
        }
        .boxed()
    }

    fn forfeit(&self, reason: &str) {
        self.shared.queue.forfeit(reason);
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        self.shared.queue.flush(None).boxed()
    }

    fn flush_key(&self, key: &K) -> BoxFuture<'_, ()> {
        let mut bytes = Vec::new();
        // A key that cannot be encoded is not in the journal.
        let encoded = self.shared.codec.encode_key(key, &mut bytes);
        let lane = encoded.ok().map(|()| lane_of(&bytes));
        async move {
            if lane.is_some() {
                self.shared.queue.flush(lane).await;
            }
        }
        .boxed()
    }

    fn refusal(&self) -> Option<AppendError> {
        self.shared.queue.refusal()
    }

    fn close(&self) {
        self.shared.queue.refuse(AppendError::Closed);
    }

    fn status(&self) -> JournalStatus {
        self.shared.status()
    }
}

impl<K: Key, V: Value> FileJournal<K, V> {
    /// Where syncs come at intervals, a batch waits for one. Its marks pass over records that newer
    /// ones have superseded; were those lost by a power failure, the older ones would be lost too.
    async fn made_to_last(&self, batch: Batch<K, V>) -> Batch<K, V> {
        let mut taken = Taken { shared: &self.shared, batch: Some(batch) };
        if matches!(self.shared.options.sync, SyncMode::Interval(_)) {
            // When it fails, the source still has to have the batch: the files may be lost.
            let _ = self.shared.checkpoint().await;
        }
        taken.batch.take().unwrap_or(Batch { records: Vec::new(), marks: Vec::new() })
    }
}

/// A batch that is given back if nobody takes it.
struct Taken<'a, K: Key, V: Value> {
    shared: &'a Shared<K, V>,
    batch: Option<Batch<K, V>>,
}

impl<K: Key, V: Value> Drop for Taken<'_, K, V> {
    fn drop(&mut self) {
        if let Some(batch) = &self.batch {
            self.shared.queue.returned(batch);
        }
    }
}
