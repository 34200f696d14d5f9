//! The one error type of the crate.

use std::fmt;
use std::sync::Arc;

use crate::source::{SourceError, SourceErrorKind};

/// What kind of thing went wrong, by who can do something about it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// use larder::{Cache, ErrorKind, Strategy, source};
///
/// # let source = source::load_with(|n: u64| async move { Ok(Some(n * n)) });
/// # let squares = Cache::builder("squares")
/// #     .max_entries(100)
/// #     .source(source)
/// #     .strategy(Strategy::ReadThrough)
/// #     .build()?;
/// // Read-through leaves writes to the application.
/// let error = squares.put(7, 50).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Misuse);
/// assert!(!error.is_retryable());
/// # Ok(())
/// # }
/// ```
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
    /// A bound was reached: flights, waiting writers, the journal; or an earlier write of the key has
    /// not ended.
    Busy,
    /// The journal cannot take the write: its disk failed, or is full. Nothing took effect.
    Journal,
    /// Another process has taken the journal over, and this one writes nothing any more.
    Fenced,
    /// The cache has been shut down.
    Closed,
}

/// An error, with the keyspace and the key that it concerns.
///
/// ```
/// # use larder::source::{SourceError, SourceErrorKind};
/// # use larder::{Cache, Strategy, source};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// # let source = source::load_with(|_: u64| async {
/// #     Err::<Option<u64>, _>(SourceError::new(SourceErrorKind::Unavailable, "it is being restarted"))
/// # });
/// # let squares = Cache::builder("squares")
/// #     .max_entries(100)
/// #     .source(source)
/// #     .strategy(Strategy::ReadThrough)
/// #     .build()?;
///
/// let error = squares.get(&7).await.unwrap_err();
/// assert_eq!(error.to_string(), "it is being restarted (key '7' of 'squares')");
/// # Ok(())
/// # }
/// ```
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
            SourceErrorKind::Misconfigured | SourceErrorKind::Fenced => ErrorKind::Source,
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
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// # use larder::{Cache, ErrorKind, Strategy, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = source::load_with(|_: u64| async {
    /// #     Err::<Option<u64>, _>(SourceError::new(SourceErrorKind::Unavailable, "it is being restarted"))
    /// # });
    /// # let squares = Cache::builder("squares")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::ReadThrough)
    /// #     .build()?;
    ///
    /// let error = squares.get(&7).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Source);
    /// # Ok(())
    /// # }
    /// ```
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The name of the cache, in a server its keyspace.
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// # use larder::{Cache, Strategy, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = source::load_with(|_: u64| async {
    /// #     Err::<Option<u64>, _>(SourceError::new(SourceErrorKind::Unavailable, "it is being restarted"))
    /// # });
    /// # let squares = Cache::builder("squares")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::ReadThrough)
    /// #     .build()?;
    ///
    /// let error = squares.get(&7).await.unwrap_err();
    /// assert_eq!((error.cache(), error.key()), ("squares", Some("7")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn cache(&self) -> &str {
        &self.0.cache
    }

    /// The key concerned, when it is one.
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// # use larder::{Cache, Strategy, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = source::load_with(|_: u64| async {
    /// #     Err::<Option<u64>, _>(SourceError::new(SourceErrorKind::Unavailable, "it is being restarted"))
    /// # });
    /// # let squares = Cache::builder("squares")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::ReadThrough)
    /// #     .build()?;
    ///
    /// let error = squares.get(&7).await.unwrap_err();
    /// assert_eq!(error.key(), Some("7"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// The sentence, without keyspace and key.
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// # use larder::{Cache, Strategy, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = source::load_with(|_: u64| async {
    /// #     Err::<Option<u64>, _>(SourceError::new(SourceErrorKind::Unavailable, "it is being restarted"))
    /// # });
    /// # let squares = Cache::builder("squares")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::ReadThrough)
    /// #     .build()?;
    ///
    /// let error = squares.get(&7).await.unwrap_err();
    /// assert_eq!(error.message(), "it is being restarted");
    /// # Ok(())
    /// # }
    /// ```
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The source's own error, when it was the source's.
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// # use larder::{Cache, Strategy, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = source::load_with(|_: u64| async {
    /// #     Err::<Option<u64>, _>(SourceError::new(SourceErrorKind::Unavailable, "it is being restarted"))
    /// # });
    /// # let squares = Cache::builder("squares")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::ReadThrough)
    /// #     .build()?;
    ///
    /// let error = squares.get(&7).await.unwrap_err();
    /// let kind = error.source_error().map(SourceError::kind);
    /// assert_eq!(kind, Some(SourceErrorKind::Unavailable));
    /// # Ok(())
    /// # }
    /// ```
    pub fn source_error(&self) -> Option<&SourceError> {
        self.0.source.as_ref()
    }

    /// Whether the same call can succeed later.
    ///
    /// ```
    /// # use larder::source::{SourceError, SourceErrorKind};
    /// # use larder::{Cache, Strategy, source};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = source::load_with(|_: u64| async {
    /// #     Err::<Option<u64>, _>(SourceError::new(SourceErrorKind::Unavailable, "it is being restarted"))
    /// # });
    /// # let squares = Cache::builder("squares")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::ReadThrough)
    /// #     .build()?;
    ///
    /// let error = squares.get(&7).await.unwrap_err();
    /// assert!(error.is_retryable());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::Source => self.0.source.as_ref().is_none_or(SourceError::is_retryable),
            ErrorKind::LoadTimeout | ErrorKind::LoadLost | ErrorKind::Unknown => true,
            ErrorKind::Busy | ErrorKind::Journal => true,
            ErrorKind::Misuse | ErrorKind::Value => false,
            ErrorKind::Closed | ErrorKind::Fenced => false,
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
