//! How hits grow with the size of a cache.

use super::policy::{self, LARDER, LRU, OPTIMUM, Policy};
use super::requests::Requests;
use crate::failure::Result;
use crate::progress::Progress;
use crate::report::Spread;

/// The smallest size, as a share of the keys.
const SHARE_LEAST: f64 = 0.001;

/// What each policy came to at each size.
#[derive(Debug)]
pub(super) struct Curve {
    /// From the smallest size to the one that has room for every key.
    pub(super) points: Vec<Point>,
}

/// What each policy came to at one size.
#[derive(Debug, PartialEq)]
pub(super) struct Point {
    /// In entries. Of a trace that is sampled, those for all keys of the trace.
    pub(super) size: u64,
    /// The size in hundredths of the keys.
    pub(super) percent_of_keys: f64,
    /// Hits of the memory tier, in hundredths of the requests.
    pub(super) larder: Spread,
    /// The same of LRU.
    pub(super) lru: Spread,
    /// The same of the optimum.
    pub(super) optimum: Spread,
}

impl Curve {
    /// How many steps of progress it takes to measure one.
    pub(super) fn steps(rounds: usize) -> usize {
        [LARDER, LRU, OPTIMUM].iter().map(|policy| replays(policy, rounds)).sum()
    }

    /// Replays the requests against caches of about `per_decade` sizes for each power of ten.
    ///
    /// # Errors
    ///
    /// When the run is broken off.
    pub(super) fn measure(
        requests: &Requests,
        per_decade: u32,
        rounds: usize,
        progress: &Progress,
    ) -> Result<Self> {
        let sizes = sizes(u64::from(requests.distinct), per_decade);
        let measured = |policy| {
            let replays = replay(&policy, requests, &sizes, rounds, progress)?;
            Ok(move |index: usize| percentages(&replays, index, requests.len()))
        };
        let (larder, lru, optimum) = (measured(LARDER)?, measured(LRU)?, measured(OPTIMUM)?);
        let point = |(index, size): (usize, &u64)| {
            Some(Point {
                size: size << requests.halvings,
                percent_of_keys: *size as f64 / f64::from(requests.distinct) * 100.0,
                larder: larder(index)?,
                lru: lru(index)?,
                optimum: optimum(index)?,
            })
        };
        Ok(Self { points: sizes.iter().enumerate().filter_map(point).collect() })
    }
}

/// How often a policy is replayed: one that always comes out alike, once.
fn replays(policy: &Policy, rounds: usize) -> usize {
    if policy.varies { rounds } else { 1 }
}

/// The hits at each size, for each round.
fn replay(
    policy: &Policy,
    requests: &Requests,
    sizes: &[u64],
    rounds: usize,
    progress: &Progress,
) -> Result<Vec<Vec<u64>>> {
    let round = |_| {
        progress.now(policy.name);
        let hits = (policy.hits)(requests, sizes)?;
        progress.step();
        Ok(hits)
    };
    (0..replays(policy, rounds)).map(round).collect()
}

fn percentages(replays: &[Vec<u64>], index: usize, requests: u64) -> Option<Spread> {
    Spread::of(replays.iter().map(|hits| hits[index] as f64 / requests as f64 * 100.0))
}

/// Sizes in equal ratios, up to one for all `keys`, as the tier takes them.
fn sizes(keys: u64, per_decade: u32) -> Vec<u64> {
    let decades = -SHARE_LEAST.log10();
    let steps = (decades * f64::from(per_decade)).round() as i32;
    let size = |step| {
        let share = 10_f64.powf(-f64::from(step) / f64::from(per_decade));
        policy::size_taken(((keys as f64 * share).round() as u64).max(1))
    };
    let mut sizes: Vec<u64> = (0..=steps).rev().map(size).collect();
    sizes.dedup();
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_up_to_all_keys() {
        let sizes = sizes(1_000_000, 4);
        assert_eq!(sizes.len(), 13);
        assert!(sizes.is_sorted() && sizes[0] >= 1_000 && sizes[0] < 1_100, "{sizes:?}");
        assert!(sizes[12] >= 1_000_000 && sizes[12] < 1_001_000, "{sizes:?}");
    }

    #[test]
    fn few_keys_make_few_sizes() {
        let sizes = sizes(3, 4);
        assert!(!sizes.is_empty() && sizes.is_sorted_by(|one, next| one < next), "{sizes:?}");
    }

    #[test]
    fn a_curve_rises_to_all_that_can_be_hit() {
        let requests = Requests::of((0..20_000).map(|request| request * request % 4_999));
        let curve = Curve::measure(&requests, 2, 2, &Progress::new(Curve::steps(2))).unwrap();
        let last = curve.points.last().unwrap();
        let all = (1.0 - f64::from(requests.distinct) / 20_000.0) * 100.0;
        assert!(
            (last.lru.median() - all).abs() < 1e-9 && (last.optimum.median() - all).abs() < 1e-9
        );
        assert!(curve.points.is_sorted_by(|one, next| {
            one.lru.median() <= next.lru.median() && one.optimum.median() <= next.optimum.median()
        }));
        let rounds = |spread: &Spread| spread.rounds().len();
        assert!(
            curve.points.iter().all(|point| rounds(&point.larder) == 2 && rounds(&point.lru) == 1)
        );
    }

    #[test]
    fn the_sizes_of_a_sample_are_told_for_the_whole_trace() {
        let mut requests = Requests::of((0..1_000).map(|request| request % 100));
        let curve =
            |requests: &Requests| Curve::measure(requests, 1, 1, &Progress::new(3)).unwrap();
        let whole = curve(&requests);
        requests.halvings = 3;
        let sampled = curve(&requests);
        for (whole, sampled) in whole.points.iter().zip(&sampled.points) {
            assert_eq!(whole.size * 8, sampled.size);
            assert_eq!(
                (whole.percent_of_keys, &whole.lru),
                (sampled.percent_of_keys, &sampled.lru)
            );
        }
    }
}
