//! Sources: the system of record behind a cache.
//!
//! A source loads several keys with one query and stores several changes as one unit. It knows
//! nothing of caching: which copy is still good is the engine's business, not the source's.

mod breaker;
mod closure;
mod error;
mod fence;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod row;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod table;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod tls;

use futures_util::future::BoxFuture;

pub use breaker::{Breaker, BreakerOptions, BreakerState, BreakerStatus};
pub use closure::{Closures, load_many_with, load_with};
pub use error::{SourceError, SourceErrorKind};
pub use fence::{Fence, Fenced, Fences, Holder, Takeover};
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use table::{TableSpec, ValueColumns};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub use tls::TlsMode;

/// What one key's load came to: its value, `None` when the source knows that there is none, or why
/// this key alone could not be had.
pub type Loaded<V> = Result<Option<V>, SourceError>;

/// One change of one key.
///
/// ```
/// use larder::source::Change;
///
/// let put = Change { key: "tea", value: Some(3) };
/// let delete = Change { key: "milk", value: None };
/// assert_ne!(put, delete);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<K, V> {
    /// The key.
    pub key: K,
    /// Its new value, or `None` to delete it. A value may name only a part of what the source
    /// holds, such as some columns of a row; see [`Source::merge`].
    pub value: Option<V>,
}

/// What the source did with one change.
///
/// ```
/// use larder::source::Stored;
///
/// // A source that says neither what it now holds nor whether the key existed.
/// let stored: Stored<u64> = Stored::default();
/// assert_eq!((stored.value, stored.existed), (None, None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<V> {
    /// The value as the source now holds it, when it says so: types converted, defaults filled in.
    pub value: Option<V>,
    /// Whether the key existed before, when the source can tell.
    pub existed: Option<bool>,
}

impl<V> Default for Stored<V> {
    fn default() -> Self {
        Self { value: None, existed: None }
    }
}

/// What a source can do, as data: strategies and the conformance suite read it.
///
/// ```
/// use larder::source::{self, Source};
///
/// let squares = source::load_with(|n: u64| async move { Ok(Some(n * n)) });
/// assert!(!squares.capabilities().writes, "it was given nothing to store with");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// It can store changes.
    pub writes: bool,
    /// One call of [`Source::store`] takes effect as a whole or not at all.
    pub atomic_batches: bool,
    /// [`Stored::value`] is filled for every put.
    pub returns_stored: bool,
}

/// The system of record.
///
/// Both calls may be dropped before they finish; what then becomes of a store is unknown, which is
/// why the engine never drops one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// use futures_util::future::{BoxFuture, FutureExt};
/// use larder::source::{Capabilities, Change, Loaded, Source, SourceError, SourceErrorKind, Stored};
/// use larder::{Cache, Strategy};
///
/// /// Answers every number with its square.
/// struct Squares;
///
/// impl Source<u64, u64> for Squares {
///     fn capabilities(&self) -> Capabilities {
///         Capabilities { writes: false, atomic_batches: false, returns_stored: false }
///     }
///
///     fn load(&self, keys: Vec<u64>) -> BoxFuture<'_, Result<Vec<Loaded<u64>>, SourceError>> {
///         async move { Ok(keys.into_iter().map(|n| Ok(n.checked_mul(n))).collect()) }.boxed()
///     }
///
///     fn store(
///         &self,
///         _changes: Vec<Change<u64, u64>>,
///     ) -> BoxFuture<'_, Result<Vec<Stored<u64>>, SourceError>> {
///         let refusal = SourceError::new(SourceErrorKind::Rejected, "squares cannot be changed");
///         async move { Err(refusal) }.boxed()
///     }
/// }
///
/// let squares = Cache::builder("squares")
///     .max_entries(100)
///     .source(Squares)
///     .strategy(Strategy::ReadThrough)
///     .build()?;
/// assert_eq!(squares.get(&7).await?, Some(49));
/// assert_eq!(squares.get(&u64::MAX).await?, None);
/// # Ok(())
/// # }
/// ```
pub trait Source<K, V>: Send + Sync + 'static {
    /// What this source can do.
    fn capabilities(&self) -> Capabilities;

    /// Loads `keys`, one query for all where the source allows it. The answer has the order and
    /// the length of `keys`. An outer error concerns every key.
    fn load(&self, keys: Vec<K>) -> BoxFuture<'_, Result<Vec<Loaded<V>>, SourceError>>;

    /// Stores `changes` in their order. The answer has their order and length.
    ///
    /// An error of kind [`SourceErrorKind::Unknown`] says that they may have taken effect; every
    /// other error, that none has.
    fn store(
        &self,
        changes: Vec<Change<K, V>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<V>>, SourceError>>;

    /// What a key holds after `change` was applied over `base`. The default is for values that are
    /// always whole.
    fn merge(&self, _base: Option<&V>, change: &V) -> V
    where
        V: Clone,
    {
        change.clone()
    }

    /// Whether `change` names everything that the key holds, so that no base is needed to know it.
    fn is_whole(&self, _change: &V) -> bool {
        true
    }

    /// The source's fences, when it keeps any. Without them a batch whose answer was lost is stored
    /// a second time.
    fn fences(&self) -> Option<&dyn Fences<K, V>> {
        None
    }
}
