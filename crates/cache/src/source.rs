//! Sources: the system of record behind a cache.
//!
//! A source loads several keys with one query and stores several changes as one unit. It knows
//! nothing of caching: which copy is still good is the engine's business, not the source's.

mod closure;
mod error;
pub mod row;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use futures_util::future::BoxFuture;

pub use closure::{Closures, load_many_with, load_with};
pub use error::{SourceError, SourceErrorKind};

/// What one key's load came to: its value, `None` when the source knows that there is none, or why
/// this key alone could not be had.
pub type Loaded<V> = Result<Option<V>, SourceError>;

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<K, V> {
    /// The key.
    pub key: K,
    /// Its new value, or `None` to delete it. A value may name only a part of what the source
    /// holds, such as some columns of a row; see [`Source::merge`].
    pub value: Option<V>,
}

/// What the source did with one change.
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
}
