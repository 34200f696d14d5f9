//! How an SQLite file is opened.

use std::time::Duration;

use crate::source::{SourceError, SourceErrorKind};

/// What a commit waits for before it is acknowledged.
///
/// ```
/// use larder::source::sqlite::{Durability, SqliteOptions};
///
/// // What can be had again need not wait for the disk.
/// let options = SqliteOptions::default().durability(Durability::Normal);
/// # drop(options);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The write-ahead log is synced at every commit (`synchronous=FULL`): an acknowledged write
    /// survives a power failure.
    #[default]
    Full,
    /// The log is synced at checkpoints only (`synchronous=NORMAL`): an acknowledged write survives
    /// the death of the process, and a power failure may take back the latest ones, in order.
    Normal,
}

/// How an SQLite file is opened. The defaults suit a file that larder shares with few others.
///
/// ```
/// use larder::source::sqlite::SqliteOptions;
/// use std::time::Duration;
///
/// let options = SqliteOptions::default()
///     .readers(4)
///     .busy_timeout(Duration::from_secs(1))
///     .create(false);
/// # drop(options);
/// ```
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    pub(super) readers: usize,
    pub(super) queue: usize,
    pub(super) durability: Durability,
    pub(super) busy_timeout: Duration,
    pub(super) create: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: 2,
            queue: 1024,
            durability: Durability::Full,
            busy_timeout: Duration::from_secs(5),
            create: true,
        }
    }
}

impl SqliteOptions {
    /// Most reader threads that one file may have.
    pub const READERS_MAX: usize = 64;

    /// The number of threads that read, 2 unless told. Each holds a connection.
    ///
    /// ```
    /// # use larder::source::sqlite::{Durability, SqliteOptions};
    /// # use std::time::Duration;
    /// let options = SqliteOptions::default().readers(4);
    /// # drop((options, Durability::Full, Duration::ZERO));
    /// ```
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }

    /// How many jobs may wait for the writer, and how many for the readers: 1024 unless told. One
    /// more is refused with [`SourceErrorKind::Unavailable`].
    ///
    /// ```
    /// # use larder::source::sqlite::{Durability, SqliteOptions};
    /// # use std::time::Duration;
    /// let options = SqliteOptions::default().queue(10_000);
    /// # drop((options, Durability::Full, Duration::ZERO));
    /// ```
    pub fn queue(mut self, jobs: usize) -> Self {
        self.queue = jobs;
        self
    }

    /// What a commit waits for: [`Durability::Full`] unless told.
    ///
    /// ```
    /// # use larder::source::sqlite::{Durability, SqliteOptions};
    /// # use std::time::Duration;
    /// let options = SqliteOptions::default().durability(Durability::Normal);
    /// # drop((options, Durability::Full, Duration::ZERO));
    /// ```
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long a statement waits for another program's lock before it fails with
    /// [`SourceErrorKind::Busy`]: 5 s unless told.
    ///
    /// ```
    /// # use larder::source::sqlite::{Durability, SqliteOptions};
    /// # use std::time::Duration;
    /// let options = SqliteOptions::default().busy_timeout(Duration::from_secs(1));
    /// # drop((options, Durability::Full, Duration::ZERO));
    /// ```
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Whether a missing file is made, as it is unless told.
    ///
    /// ```
    /// # use larder::source::sqlite::{Durability, SqliteOptions};
    /// # use std::time::Duration;
    /// let options = SqliteOptions::default().create(false);
    /// # drop((options, Durability::Full, Duration::ZERO));
    /// ```
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    pub(super) fn check(&self) -> Result<(), SourceError> {
        let wrong = |sentence: String| SourceError::new(SourceErrorKind::Misconfigured, sentence);
        if !(1..=Self::READERS_MAX).contains(&self.readers) {
            let most = Self::READERS_MAX;
            return Err(wrong(format!("SQLite needs 1 to {most} readers, not {}", self.readers)));
        }
        if self.queue == 0 {
            return Err(wrong("SQLite's queue must have room for at least one job".into()));
        }
        Ok(())
    }
}
