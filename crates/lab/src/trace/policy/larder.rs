//! The memory tier of larder, as every keyspace has it.

use larder::Entry;
use larder::runtime::Time;
use larder::tier::{Lookup as _, MemoryTier, Tier as _};

use super::at_each;
use crate::failure::Result;
use crate::trace::requests::Requests;

/// The size that the tier makes of a size that is asked for: it has shards, which are all alike.
pub(in crate::trace) fn size_taken(size: u64) -> u64 {
    MemoryTier::<u32, ()>::with_entries(size).usage().weight_max
}

/// Asks the tier as the engine does: a look-up, and an insertion after a miss.
pub(super) fn hits(requests: &Requests, sizes: &[u64]) -> Result<Vec<u64>> {
    at_each(sizes, |size| hits_at(requests, size))
}

fn hits_at(requests: &Requests, size: u64) -> u64 {
    let tier = MemoryTier::with_entries(size);
    let hit = |key: &&u32| {
        let found = tier.lookup(*key, |_| ()).is_some();
        if !found {
            let entry = Entry { value: Some(()), fresh_until: Time::NEVER };
            drop(tier.insert(**key, entry));
        }
        found
    };
    requests.keys.iter().filter(hit).count() as u64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use ::larder::{Cache, Strategy, source};

    use super::*;

    /// Keys of which few are asked for often.
    fn skewed() -> impl Iterator<Item = u64> {
        (1..8_000_u64).map(|request| {
            let drawn = request.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            drawn % (drawn % 2_000 + 1)
        })
    }

    #[tokio::test]
    async fn a_whole_cache_hits_as_often_as_its_tier_alone() {
        let loads = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&loads);
        let cache = Cache::builder("trace")
            .max_entries(200)
            .source(source::load_with(move |key: u64| {
                counted.fetch_add(1, Ordering::Relaxed);
                async move { Ok(Some(key)) }
            }))
            .strategy(Strategy::ReadThrough)
            .build()
            .unwrap();
        for key in skewed() {
            assert_eq!(cache.get(&key).await.unwrap(), Some(key));
        }
        let requests = Requests::of(skewed());
        let cache_hits = requests.len() - loads.load(Ordering::Relaxed);
        let tier_hits = hits(&requests, &[200]).unwrap()[0];
        let apart = cache_hits.abs_diff(tier_hits);
        assert!(apart * 50 < requests.len(), "{cache_hits} and {tier_hits}");
        assert!(tier_hits * 4 > requests.len(), "{tier_hits} of {}", requests.len());
    }

    #[test]
    fn the_size_that_is_taken_is_taken_again() {
        for size in [1, 7, 100, 12_345] {
            let taken = size_taken(size);
            assert!(taken >= size);
            assert_eq!(size_taken(taken), taken);
        }
    }
}
