//! The one error type of the crate.

use std::fmt;
use std::sync::Arc;

use crate::source::{SourceError, SourceErrorKind};

/// What kind of thing went wrong, by who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked for what this cache's strategy does not do.
    Misuse,
    /// The source could not do it now: unreachable, locked, shutting down. Nothing took effect.
    Source,
    /// The source refused this value, or holds one that cannot be read.
    Value,
    /// The load took longer than its hard time-out. It goes on in the background.
    LoadTimeout,
    /// The load ended without an answer: it panicked, or its runtime stopped.
    LoadLost,
    /// Whether the write took effect is unknown; the copy was dropped.
    Unknown,
    /// A bound was reached: flights, waiting writers, the journal.
    Busy,
    /// The cache has been shut down.
    Closed,
}

/// An error, with the keyspace and the key that it concerns.
#[derive(Debug, Clone)]
pub struct Error(Arc<Details>);

#[derive(Debug)]
struct Details {
    kind: ErrorKind,
    cache: Box<str>,
    key: Option<Box<str>>,
    message: Box<str>,
    source: Option<SourceError>,
}

/// The result of a call of the cache.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, cache: &str, message: impl fmt::Display) -> Self {
        let message = message.to_string().into();
        Self(Arc::new(Details { kind, cache: cache.into(), key: None, message, source: None }))
    }

    pub(crate) fn from_source(cache: &str, key: &dyn fmt::Debug, source: SourceError) -> Self {
        let kind = match source.kind() {
            SourceErrorKind::Unavailable | SourceErrorKind::Busy => ErrorKind::Source,
            SourceErrorKind::Misconfigured => ErrorKind::Source,
            SourceErrorKind::Rejected | SourceErrorKind::Undecodable => ErrorKind::Value,
            SourceErrorKind::Panicked => ErrorKind::LoadLost,
            SourceErrorKind::Unknown => ErrorKind::Unknown,
        };
        let key = Some(crate::trace::label(key).into());
        let message = source.message().into();
        let source = Some(source);
        Self(Arc::new(Details { kind, cache: cache.into(), key, message, source }))
    }

    pub(crate) fn at(self, key: &dyn fmt::Debug) -> Self {
        let details = &*self.0;
        Self(Arc::new(Details {
            kind: details.kind,
            cache: details.cache.clone(),
            key: Some(crate::trace::label(key).into()),
            message: details.message.clone(),
            source: details.source.clone(),
        }))
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The name of the cache, in a server its keyspace.
    pub fn cache(&self) -> &str {
        &self.0.cache
    }

    /// The key concerned, when it is one.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// The sentence, without keyspace and key.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The source's own error, when it was the source's.
    pub fn source_error(&self) -> Option<&SourceError> {
        self.0.source.as_ref()
    }

    /// Whether the same call can succeed later.
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Source => self.0.source.as_ref().is_none_or(SourceError::is_retryable),
            ErrorKind::LoadTimeout | ErrorKind::LoadLost | ErrorKind::Unknown | ErrorKind::Busy => {
                true
            }
            ErrorKind::Misuse | ErrorKind::Value | ErrorKind::Closed => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.message)?;
        match &self.0.key {
            Some(key) => write!(f, " (key '{key}' of '{}')", self.0.cache),
            None => write!(f, " ('{}')", self.0.cache),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|error| error as _)
    }
}
