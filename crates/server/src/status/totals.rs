//! What has been counted in all keyspaces together.

use larder::Statistics;
use larder::tier::Usage;

use super::Status;

/// Sums over all keyspaces, and what the census counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) entries: u64,
    /// Of the keyspaces that count bytes.
    pub(super) cached_bytes: u64,
    pub(super) evictions: u64,
    pub(super) expired: u64,
    pub(super) hits: u64,
    /// What workers have answered without any keyspace.
    pub(super) shared_hits: u64,
    pub(super) misses: u64,
    pub(super) loads: u64,
    pub(super) load_queries: u64,
    pub(super) writes: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
}

impl Totals {
    pub(super) fn of(status: &Status) -> Self {
        let caches = || status.keyspaces.iter().map(|keyspace| &keyspace.cache);
        let usage: Vec<Usage> = caches().map(|cache| cache.usage()).collect();
        let statistics: Vec<Statistics> = caches().map(|cache| cache.statistics()).collect();
        let used = |count: fn(&Usage) -> u64| usage.iter().map(count).sum();
        let counted = |count: fn(&Statistics) -> u64| statistics.iter().map(count).sum();
        Self {
            entries: used(|usage| usage.entries),
            cached_bytes: used(|usage| usage.weight),
            evictions: used(|usage| usage.evictions),
            expired: status.keyspaces.iter().map(|keyspace| keyspace.witness.expired()).sum(),
            hits: counted(|statistics| statistics.hits),
            shared_hits: status.shared().map_or(0, |shared| shared.hits()),
            misses: counted(|statistics| statistics.misses),
            loads: counted(|statistics| statistics.loads),
            load_queries: counted(|statistics| statistics.load_queries),
            writes: counted(|statistics| statistics.writes),
            accepted: status.census.accepted(),
            refused: status.census.refused(),
        }
    }

    /// What has been counted since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            entries: self.entries,
            cached_bytes: self.cached_bytes,
            evictions: self.evictions.saturating_sub(earlier.evictions),
            expired: self.expired.saturating_sub(earlier.expired),
            hits: self.hits.saturating_sub(earlier.hits),
            shared_hits: self.shared_hits.saturating_sub(earlier.shared_hits),
            misses: self.misses.saturating_sub(earlier.misses),
            loads: self.loads.saturating_sub(earlier.loads),
            load_queries: self.load_queries.saturating_sub(earlier.load_queries),
            writes: self.writes.saturating_sub(earlier.writes),
            accepted: self.accepted.saturating_sub(earlier.accepted),
            refused: self.refused.saturating_sub(earlier.refused),
        }
    }
}
