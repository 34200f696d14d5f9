//! What a journal may hold.

use std::time::Duration;

/// The limits of a journal.
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
    /// Bytes that they hold at most: in memory as the cache's weigher weighs them, in files as they
    /// are encoded.
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
