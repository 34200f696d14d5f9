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
    Hits,
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
/// Shards that each belong to one thread for as long as the process lives. Threads that come when
/// all have been given away share the last.
const EXCLUSIVE: usize = 31;
const SHARDS: usize = EXCLUSIVE + 1;

/// Counters, spread over shards so that threads do not fight for one cache line.
pub(crate) struct Counters {
    shards: [Shard; SHARDS],
}

#[derive(Default)]
#[repr(align(128))]
struct Shard([AtomicU64; COUNTS]);

impl Counters {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Shard::default()) }
    }

    #[inline]
    pub(crate) fn add(&self, count: Count, amount: u64) {
        let shard = own_shard();
        let counter = &self.shards[shard].0[count as usize];
        match shard < EXCLUSIVE {
            // Nobody else writes it: no locked instruction is needed.
            true => counter.store(counter.load(Ordering::Relaxed) + amount, Ordering::Relaxed),
            false => {
                counter.fetch_add(amount, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn read(&self) -> Statistics {
        let sum = |count: Count| {
            let values =
                self.shards.iter().map(|shard| shard.0[count as usize].load(Ordering::Relaxed));
            values.sum()
        };
        Statistics {
            hits: sum(Count::Hits),
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
    static SHARD: Cell<usize> = const { Cell::new(UNKNOWN) };
}

const UNKNOWN: usize = usize::MAX;

#[inline]
fn own_shard() -> usize {
    SHARD.with(|shard| match shard.get() {
        UNKNOWN => {
            shard.set(THREADS.fetch_add(1, Ordering::Relaxed).min(EXCLUSIVE));
            shard.get()
        }
        known => known,
    })
}
