//! How a durable journal is kept.

use std::time::Duration;

use crate::journal::Limits;

/// How a [`FileJournal`](super::FileJournal) is kept.
///
/// ```
/// use larder::journal::{FileOptions, SyncMode};
/// use std::time::Duration;
///
/// let options = FileOptions {
///     sync: SyncMode::Interval(Duration::from_millis(50)),
///     ..FileOptions::default()
/// };
/// # drop(options);
/// ```
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// What it may hold, and how it makes batches.
    pub limits: Limits,
    /// What an acknowledged write survives.
    pub sync: SyncMode,
    /// The length of a file of the log. It is taken from the disk at once, and a second one when the
    /// first is half full.
    pub segment_bytes: u64,
    /// Bytes of the log from which on it counts as full. It grows beyond what is held while a record
    /// that the source does not take keeps the segments behind it from being removed.
    pub log_bytes_max: u64,
    /// Milliseconds since 1970, kept with every record for those who look at the journal. Without it
    /// they see no times.
    pub time_of_day: Option<fn() -> u64>,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            limits: Limits { records_max: 1_000_000, bytes_max: 256 << 20, ..Limits::default() },
            sync: SyncMode::Always,
            segment_bytes: 64 << 20,
            log_bytes_max: 4 << 30,
            time_of_day: None,
        }
    }
}

/// When what is written is made to last.
///
/// ```
/// use larder::journal::SyncMode;
///
/// assert!(SyncMode::Always.durability().contains("power failure"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// Before a write is acknowledged. Writes that arrive during one sync share the next one.
    Always,
    /// So often. A power failure loses what was acknowledged since; a crash of the process does not.
    Interval(Duration),
    /// When the operating system sees fit, often after half a minute. A power failure loses what was
    /// acknowledged since; a crash of the process does not.
    Os,
}

impl SyncMode {
    /// What an acknowledged write survives, in a sentence for operators.
    ///
    /// ```
    /// # use larder::journal::SyncMode;
    /// assert!(SyncMode::Os.durability().contains("may lose"));
    /// ```
    pub fn durability(self) -> &'static str {
        match self {
            Self::Always => {
                "synced: an acknowledged write survives a crash of the process and a power failure"
            }
            Self::Interval(_) => {
                "synced at intervals: an acknowledged write survives a crash of the process; a power \
                 failure may lose those of the last interval"
            }
            Self::Os => {
                "left to the operating system: an acknowledged write survives a crash of the \
                 process; a power failure may lose those of the last half minute or more"
            }
        }
    }
}
