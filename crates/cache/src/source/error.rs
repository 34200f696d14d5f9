//! Errors of sources.

use std::fmt;
use std::sync::Arc;

/// What went wrong, by who can do something about it.
///
/// ```
/// use larder::source::{SourceError, SourceErrorKind};
///
/// let locked = SourceError::new(SourceErrorKind::Busy, "the table is locked");
/// let wrong = SourceError::new(SourceErrorKind::Rejected, "the count is negative");
/// assert!(locked.is_retryable() && !wrong.is_retryable());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceErrorKind {
    /// The source cannot be reached, is closing, or its pool is used up. Nothing took effect.
    Unavailable,
    /// The source asked to try again: locked, deadlocked, serialisation failed. Nothing took effect.
    Busy,
    /// The source refused this very value: a constraint, a type, a size. Trying again cannot help.
    Rejected,
    /// What the source holds cannot be read as the value's type.
    Undecodable,
    /// The source's set-up does not fit: a missing table or column, a read-only file.
    Misconfigured,
    /// The loader or the source panicked.
    Panicked,
    /// Another process holds the journal that the batch came from. Nothing took effect.
    Fenced,
    /// The change may or may not have taken effect: the answer was lost.
    Unknown,
}

/// An error of a source. Cheap to clone: one failed load answers many readers.
///
/// ```
/// # use larder::source::{SourceError, SourceErrorKind};
/// let error = SourceError::new(SourceErrorKind::Unavailable, "it is being restarted");
/// assert_eq!(error.to_string(), "it is being restarted");
/// ```
#[derive(Debug, Clone)]
pub struct SourceError {
    kind: SourceErrorKind,
    message: Arc<str>,
}

impl SourceError {
    /// An error with its kind and a sentence for a person.
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// let error = SourceError::new(SourceErrorKind::Unavailable, "it is being restarted");
    /// # drop(error);
    /// ```
    pub fn new(kind: SourceErrorKind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string().into() }
    }

    /// What went wrong.
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// let error = SourceError::new(SourceErrorKind::Unavailable, "it is being restarted");
    /// assert_eq!(error.kind(), SourceErrorKind::Unavailable);
    /// ```
    pub fn kind(&self) -> SourceErrorKind {
        self.kind
    }

    /// Whether trying again later can help.
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// let error = SourceError::new(SourceErrorKind::Unavailable, "it is being restarted");
    /// assert!(error.is_retryable());
    /// ```
    pub fn is_retryable(&self) -> bool {
        use SourceErrorKind::{Busy, Unavailable, Unknown};
        matches!(self.kind, Busy | Unavailable | Unknown)
    }

    /// The sentence.
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// let error = SourceError::new(SourceErrorKind::Unavailable, "it is being restarted");
    /// assert_eq!(error.message(), "it is being restarted");
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SourceError {}

/// The set-up does not fit.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) fn misconfigured(sentence: impl fmt::Display) -> SourceError {
    SourceError::new(SourceErrorKind::Misconfigured, sentence)
}

/// This very value is refused.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) fn rejected(sentence: impl fmt::Display) -> SourceError {
    SourceError::new(SourceErrorKind::Rejected, sentence)
}
