//! The policies that a trace is replayed with.

mod larder;
mod lru;
mod optimum;

pub(super) use self::larder::size_taken;
use super::requests::Requests;
use crate::failure::Result;
use crate::interruption;

/// Decides which entries stay in a cache of a bounded size.
pub(super) struct Policy {
    /// What it is called in a report.
    pub(super) name: &'static str,
    /// How many requests find their entry in caches of such sizes, in their order. A request that
    /// does not finds its entry put for the next. Fails when the run is broken off.
    pub(super) hits: fn(&Requests, &[u64]) -> Result<Vec<u64>>,
    /// Whether a second replay could come out differently.
    pub(super) varies: bool,
}

/// The hits at each of `sizes`, one after the other.
fn at_each(sizes: &[u64], hits_at: impl Fn(u64) -> u64) -> Result<Vec<u64>> {
    let at = |size: &u64| interruption::check().map(|()| hits_at(*size));
    sizes.iter().map(at).collect()
}

/// The memory tier of larder.
pub(super) const LARDER: Policy = Policy { name: "larder", hits: larder::hits, varies: true };

/// Drops what has been used least recently.
pub(super) const LRU: Policy = Policy { name: "LRU", hits: lru::hits, varies: false };

/// Knows what will be asked for.
pub(super) const OPTIMUM: Policy = Policy { name: "optimum", hits: optimum::hits, varies: false };

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn hits(policy: &Policy, keys: &[u64], sizes: &[u64]) -> Vec<u64> {
        (policy.hits)(&Requests::of(keys.iter().copied()), sizes).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn none_hits_more_often_than_the_optimum(
            keys in vec(0..60_u64, 1..600),
            sizes in vec(1..70_u64, 1..8),
        ) {
            let sizes: Vec<u64> = sizes.into_iter().map(size_taken).collect();
            let most = hits(&OPTIMUM, &keys, &sizes);
            for policy in [LARDER, LRU] {
                let hits = hits(&policy, &keys, &sizes);
                let within = hits.iter().zip(&most).all(|(hits, most)| hits <= most);
                prop_assert!(within, "{}: {hits:?} of {most:?}", policy.name);
            }
        }

        #[test]
        fn where_all_keys_have_room_only_first_requests_miss(keys in vec(0..60_u64, 1..600)) {
            let requests = Requests::of(keys.iter().copied());
            let expected = requests.len() - u64::from(requests.distinct);
            for policy in [LRU, OPTIMUM] {
                let hits = (policy.hits)(&requests, &[u64::from(requests.distinct)]).unwrap();
                prop_assert_eq!(hits, [expected], "{}", policy.name);
            }
        }
    }
}
