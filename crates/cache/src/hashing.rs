//! How keys are hashed wherever a part of the hash chooses a shard, a stripe or a lane.
//!
//! foldhash has a faster variant, whose middle bits are the same for all small numbers under about
//! one seed in a few hundred. A tier that chooses its shard by them has then one shard's room, and
//! a hit ratio to match.

use std::hash::{BuildHasher as _, Hash};

use foldhash::quality::FixedState;
pub(crate) use foldhash::quality::RandomState;

/// The same in every process.
pub(crate) fn fixed(key: &impl Hash) -> u64 {
    FixedState::default().hash_one(key)
}

#[cfg(test)]
mod tests {
    use foldhash::SharedSeed;
    use foldhash::quality::SeedableRandomState;

    use super::*;

    #[test]
    fn every_bit_tells_small_numbers_apart_whatever_the_seed() {
        for seed in 0..2_000 {
            let shared = Box::leak(Box::new(SharedSeed::from_u64(seed)));
            let state = SeedableRandomState::with_seed(seed, shared);
            let hashes = || (0..256_u32).map(|key| state.hash_one(key));
            let set = hashes().fold(0, |bits, hash| bits | hash);
            let unset = hashes().fold(0, |bits, hash| bits | !hash);
            assert_eq!(set & unset, u64::MAX, "seed {seed}");
        }
    }
}
