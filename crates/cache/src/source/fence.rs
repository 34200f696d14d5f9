//! Fences: how far a journal has come, kept in the source beside what came.
//!
//! A source that keeps fences stores a batch and the marks it reaches in one transaction. So a batch
//! whose answer was lost can be sent again and changes nothing, and a process that has lost its
//! journal to another one is refused, however late its batch arrives. (The fencing token of
//! Kleppmann, "How to do distributed locking", 2016.)

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Change, SourceError, Stored};
use crate::journal::Mark;

/// What a batch is fenced by.
///
/// ```
/// use larder::journal::{Lane, Mark, Sequence};
/// use larder::source::Fence;
///
/// let fence = Fence {
///     journal: "orders-7f3a".into(),
///     epoch: 3,
///     marks: vec![Mark { lane: Lane(0), sequence: Sequence(70) }],
/// };
/// # drop(fence);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The journal's identity.
    pub journal: Arc<str>,
    /// Which holder of the journal sends the batch.
    pub epoch: u64,
    /// How far each of the batch's lanes is once the batch is in the source.
    pub marks: Vec<Mark>,
}

/// Who takes a journal over: a number that a process drew for itself, to be recognised by.
///
/// ```
/// use larder::source::Holder;
///
/// assert_ne!(Holder(3), Holder(4));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder(pub u64);

/// What a process learns when it takes a journal over.
///
/// ```
/// use larder::source::Takeover;
///
/// let first = Takeover { epoch: 1, reached: Vec::new() };
/// # drop(first);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    /// The process's own epoch. Every earlier one is refused from now on.
    pub epoch: u64,
    /// How far the lanes had come; lanes that are not named have not begun.
    pub reached: Vec<Mark>,
}

/// What became of a fenced batch.
///
/// ```
/// use larder::source::Fenced;
///
/// assert_ne!(Fenced::<u64>::Already, Fenced::Stored(Vec::new()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fenced<V> {
    /// It took effect now.
    Stored(Vec<Stored<V>>),
    /// It had taken effect before: the marks have been reached. Nothing was changed.
    Already,
}

/// A source that keeps fences.
///
/// Both calls may be dropped before they finish; what then becomes of a store is unknown.
pub trait Fences<K, V>: Send + Sync {
    /// Makes the caller the holder of `journal`, and every earlier holder a former one. A batch of a
    /// former holder that is under way ends first, or is refused.
    ///
    /// Whoever holds it already stays the holder in the same epoch. So a call whose answer was lost can
    /// be made again, and does no harm when it takes effect only after that.
    fn take_over(
        &self,
        journal: Arc<str>,
        holder: Holder,
    ) -> BoxFuture<'_, Result<Takeover, SourceError>>;

    /// Stores `changes` in their order together with the marks, or nothing. Changes of one key may
    /// follow each other.
    ///
    /// An error of kind [`SourceErrorKind::Fenced`](super::SourceErrorKind::Fenced) says that the
    /// caller holds the journal no longer; one of kind `Unknown`, that the batch may have taken
    /// effect, which sending it again finds out.
    fn store_fenced(
        &self,
        changes: Vec<Change<K, V>>,
        fence: Fence,
    ) -> BoxFuture<'_, Result<Fenced<V>, SourceError>>;
}
