//! Counts of what a database was asked.

use crate::source::table::Counter;

/// What was asked of a database since it was opened.
///
/// ```
/// use larder::source::mysql::Queries;
///
/// let earlier = Queries::default();
/// assert_eq!(earlier.loads, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queries {
    /// Queries that loaded keys, each for as many keys as one statement holds.
    pub loads: u64,
    /// Batches of changes that were tried, those that failed among them.
    pub stores: u64,
    /// Statements of any kind but those that begin and end transactions.
    pub statements: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Connections made.
    pub connections: u64,
}

/// The running counts behind [`Queries`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) loads: Counter,
    pub(super) stores: Counter,
    pub(super) statements: Counter,
    pub(super) commits: Counter,
    pub(super) connections: Counter,
}

impl Counters {
    pub(super) fn queries(&self) -> Queries {
        Queries {
            loads: self.loads.value(),
            stores: self.stores.value(),
            statements: self.statements.value(),
            commits: self.commits.value(),
            connections: self.connections.value(),
        }
    }
}
