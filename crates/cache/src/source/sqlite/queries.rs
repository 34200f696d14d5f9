//! Counts of what a database was asked.

use crate::source::table::Counter;

/// What was asked of an SQLite file since it was opened.
///
/// ```
/// use larder::source::sqlite::Queries;
///
/// let earlier = Queries::default();
/// assert_eq!(earlier.loads, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queries {
    /// Queries that loaded keys, each for as many keys as one statement holds.
    pub loads: u64,
    /// Batches of changes that were tried: those that failed among them, and twice those that were
    /// undone with a neighbour and ran again.
    pub stores: u64,
    /// Calls of [`Sqlite::read`](super::Sqlite::read).
    pub reads: u64,
    /// Calls of [`Sqlite::write`](super::Sqlite::write).
    pub writes: u64,
    /// Transactions committed: fewer than `stores + writes` when writes shared a commit.
    pub commits: u64,
}

/// The running counts behind [`Queries`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) loads: Counter,
    pub(super) stores: Counter,
    pub(super) reads: Counter,
    pub(super) writes: Counter,
    pub(super) commits: Counter,
}

impl Counters {
    pub(super) fn queries(&self) -> Queries {
        Queries {
            loads: self.loads.value(),
            stores: self.stores.value(),
            reads: self.reads.value(),
            writes: self.writes.value(),
            commits: self.commits.value(),
        }
    }
}
