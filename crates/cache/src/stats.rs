//! Counters of one cache.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a cache has done since it was built.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// use larder::{Cache, Strategy, source};
///
/// # let source = source::load_with(|n: u64| async move { Ok(Some(n * n)) });
/// # let squares = Cache::builder("squares")
/// #     .max_entries(100)
/// #     .source(source)
/// #     .strategy(Strategy::ReadThrough)
/// #     .build()?;
/// squares.get_many(vec![1, 2, 3], &Default::default()).await;
/// let counted = squares.statistics();
/// assert_eq!((counted.misses, counted.loads, counted.load_queries), (3, 3, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Reads answered from a tier by a fresh entry, known absent included.
    pub hits: u64,
    /// Reads that found no fresh entry.
    pub misses: u64,
    /// Of the misses, those answered by a stale entry.
    pub stale: u64,
    /// Of the misses, those that joined a flight of another reader.
    pub joined: u64,
    /// Keys loaded from the source.
    pub loads: u64,
    /// Queries of the source that loaded them.
    pub load_queries: u64,
    /// Keys whose load failed.
    pub load_errors: u64,
    /// Fills and refreshes that a write or an invalidation made void.
    pub fills_void: u64,
    /// Entries that a tier refused.
    pub refused: u64,
    /// Keys written, deletes included.
    pub writes: u64,
    /// Keys whose write failed.
    pub write_errors: u64,
    /// Keys whose write has an unknown outcome.
    pub writes_unknown: u64,
    /// Copies dropped by invalidations.
    pub invalidations: u64,
    /// Retries of batches of queued writes.
    pub write_retries: u64,
}

/// One of the counters of [`Statistics`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// Hits that are counted as such.
    Hits,
    /// Looks at the tier that are counted before they are known to be hits.
    Looks,
    /// Of those, the ones that were none.
    Unserved,
    Misses,
    Stale,
    Joined,
    Loads,
    LoadQueries,
    LoadErrors,
    FillsVoid,
    Refused,
    Writes,
    WriteErrors,
    WritesUnknown,
    Invalidations,
    WriteRetries,
}

const COUNTS: usize = Count::WriteRetries as usize + 1;
/// Threads that have a shard of their own, for as long as the process lives. Those that come later
/// share one.
const OWNERS: usize = 31;

/// Counters, spread over shards so that threads do not fight for one cache line.
pub(crate) struct Counters {
    owned: [Shard; OWNERS],
    shared: Shard,
}

#[derive(Default)]
#[repr(align(128))]
struct Shard([AtomicU64; COUNTS]);

impl Counters {
    pub(crate) fn new() -> Self {
        Self { owned: std::array::from_fn(|_| Shard::default()), shared: Shard::default() }
    }

    #[inline]
    pub(crate) fn add(&self, count: Count, amount: u64) {
        let Some(shard) = self.owned.get(OWN.get()) else { return self.add_shared(count, amount) };
        // Nobody else writes it: no locked instruction is needed.
        let counter = &shard.0[count as usize];
        counter.store(counter.load(Ordering::Relaxed) + amount, Ordering::Relaxed);
    }

    /// Adds what a thread counts before it has a shard, or without ever having one.
    #[cold]
    fn add_shared(&self, count: Count, amount: u64) {
        if OWN.get() == UNKNOWN {
            OWN.set(THREADS.fetch_add(1, Ordering::Relaxed).min(OWNERS));
        }
        self.shared.0[count as usize].fetch_add(amount, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Statistics {
        let shards = self.owned.iter().chain([&self.shared]);
        let sum = |count: Count| {
            let values =
                shards.clone().map(|shard| shard.0[count as usize].load(Ordering::Relaxed));
            values.sum::<u64>()
        };
        // First, so that it counts no look that is not in the other sum.
        let unserved = sum(Count::Unserved);
        Statistics {
            hits: (sum(Count::Hits) + sum(Count::Looks)).saturating_sub(unserved),
            misses: sum(Count::Misses),
            stale: sum(Count::Stale),
            joined: sum(Count::Joined),
            loads: sum(Count::Loads),
            load_queries: sum(Count::LoadQueries),
            load_errors: sum(Count::LoadErrors),
            fills_void: sum(Count::FillsVoid),
            refused: sum(Count::Refused),
            writes: sum(Count::Writes),
            write_errors: sum(Count::WriteErrors),
            writes_unknown: sum(Count::WritesUnknown),
            invalidations: sum(Count::Invalidations),
            write_retries: sum(Count::WriteRetries),
        }
    }
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Constant until it is first used: reading it then needs no check for its initialisation.
    static OWN: Cell<usize> = const { Cell::new(UNKNOWN) };
}

const UNKNOWN: usize = usize::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_with_and_without_a_shard_of_their_own_lose_no_count() {
        let counters = Counters::new();
        std::thread::scope(|scope| {
            (0..2 * OWNERS).for_each(|_| {
                scope.spawn(|| (0..1_000).for_each(|_| counters.add(Count::Loads, 1)));
            });
        });
        assert_eq!(counters.read().loads, 2_000 * OWNERS as u64);
    }

    #[test]
    fn a_look_is_a_hit_unless_it_was_not_served() {
        let counters = Counters::new();
        counters.add(Count::Hits, 1);
        counters.add(Count::Looks, 3);
        counters.add(Count::Unserved, 2);
        assert_eq!(counters.read().hits, 2);
    }
}
