//! Options of single calls.

use std::time::Duration;

use crate::freshness::{Lifetime, LoadTimeout};
use crate::trace::Trace;

/// How one read is to be answered.
///
/// ```
/// use larder::{LoadTimeout, ReadOptions};
/// use std::time::Duration;
///
/// // This reader would rather fail than wait.
/// let patience = LoadTimeout { soft: None, hard: Some(Duration::from_millis(50)) };
/// let options = ReadOptions { load_timeout: Some(patience), ..ReadOptions::default() };
/// # drop(options);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Which copy is good enough.
    pub accept: Accept,
    /// In place of the policy's.
    pub load_timeout: Option<LoadTimeout>,
    /// Where to record what happens.
    pub trace: Option<Trace>,
}

/// Which copy a read is content with.
///
/// ```
/// use larder::{Accept, ReadOptions};
///
/// let fresh = ReadOptions { accept: Accept::Fresh, ..ReadOptions::default() };
/// # drop(fresh);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accept {
    /// A fresh one, or a stale one where the policy allows it.
    #[default]
    Policy,
    /// Only a fresh one.
    Fresh,
    /// None: the source is asked, and the copy replaced.
    Reload,
}

/// How one write is to be carried out.
///
/// ```
/// use larder::{Lifetime, WriteOptions};
/// use std::time::Duration;
///
/// let options = WriteOptions {
///     lifetime: Lifetime::Keep, // the copy expires when the present one would
///     timeout: Some(Duration::from_secs(1)),
///     ..WriteOptions::default()
/// };
/// # drop(options);
/// ```
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// How long the cached copy lives. It never decides over the source's row.
    pub lifetime: Lifetime,
    /// In place of the strategy's write time-out, of those that have one. Without a strategy's, it
    /// bounds the wait for other writes of the key.
    pub timeout: Option<Duration>,
    /// Where to record what happens.
    pub trace: Option<Trace>,
}

impl WriteOptions {
    /// Gives the cached copy this long to live.
    ///
    /// ```
    /// # use larder::{Lifetime, WriteOptions};
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// assert_eq!(WriteOptions::ttl(minute).lifetime, Lifetime::For(minute));
    /// ```
    pub fn ttl(ttl: Duration) -> Self {
        Self { lifetime: Lifetime::For(ttl), ..Self::default() }
    }
}
