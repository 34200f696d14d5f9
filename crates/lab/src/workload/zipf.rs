//! Few keys much more often than others: a Zipf distribution.

use std::sync::Arc;

use super::{Client, Keys, Random, Setting, spread};
use crate::failure::{Failure, Result};

pub(super) fn prepare(setting: &Setting) -> Result<Arc<dyn Keys>> {
    if !(0.0..=EXPONENT_MAX).contains(&setting.exponent) {
        return Err(Failure::misuse(format!("the exponent of Zipf is from 0 to {EXPONENT_MAX}")));
    }
    Ok(Arc::new(Zipf::new(setting.keys, setting.exponent)))
}

/// Beyond this there is little left but the first key, and numbers overflow.
const EXPONENT_MAX: f64 = 10.0;

/// Ranks from 1 to `count`, of which the n-th has a probability in proportion to `1 / n^exponent`.
///
/// Drawn by rejection-inversion, without a table: the area under the curve `1 / x^exponent` is inverted,
/// which gives a rank that is nearly right, and the rank is taken if the point lies in the part of the area
/// that its bar covers. Hardly any draw is rejected. (W. Hörmann and G. Derflinger, "Rejection-inversion to
/// generate variates from monotone discrete distributions", 1996.)
#[derive(Debug, Clone)]
pub(super) struct Zipf {
    count: u64,
    curve: Curve,
    /// The area up to the left and to the right end of all bars. The first bar is cut to its share.
    area: (f64, f64),
    /// A point that lies no further left of its rank than this is under the bar without a look.
    certain: f64,
}

impl Zipf {
    fn new(count: u64, exponent: f64) -> Self {
        let curve = Curve { exponent };
        let area = (curve.area(1.5) - 1.0, curve.area(count as f64 + 0.5));
        let certain = 2.0 - curve.inverse(curve.area(2.5) - curve.height(2.0));
        Self { count, curve, area, certain }
    }

    /// Draws a rank, from 1 on.
    fn rank(&self, random: &mut Random) -> u64 {
        let (left, right) = self.area;
        loop {
            let area = right + random.unit() * (left - right);
            let x = self.curve.inverse(area);
            let rank = x.round().clamp(1.0, self.count as f64);
            let bar = || self.curve.area(rank + 0.5) - self.curve.height(rank);
            if rank - x <= self.certain || area >= bar() {
                return rank as u64;
            }
        }
    }
}

impl Keys for Zipf {
    fn count(&self) -> u64 {
        self.count
    }

    fn choose(&self, client: &mut Client, _is_read: bool) -> u64 {
        spread(self.rank(&mut client.random) - 1, self.count)
    }
}

/// The curve `1 / x^exponent`, and the area below it from 1 on.
///
/// For an exponent of 1 the area is a logarithm. Near 1 the plain formula, `(x^(1 - exponent) - 1) / (1 -
/// exponent)`, would lose all its digits: written as below it goes over into the logarithm by itself.
#[derive(Debug, Clone, Copy)]
struct Curve {
    exponent: f64,
}

impl Curve {
    fn height(self, x: f64) -> f64 {
        (-self.exponent * x.ln()).exp()
    }

    fn area(self, x: f64) -> f64 {
        let logarithm = x.ln();
        logarithm * slope(f64::exp_m1, (1.0 - self.exponent) * logarithm)
    }

    /// The `x` up to which there is that much area.
    fn inverse(self, area: f64) -> f64 {
        // Rounding can leave the domain of the logarithm by a digit.
        let part = (area * (1.0 - self.exponent)).max(-1.0);
        (area * slope(f64::ln_1p, part)).exp()
    }
}

/// `function(x) / x`, which for both functions above is 1 where x is 0.
fn slope(function: fn(f64) -> f64, x: f64) -> f64 {
    if x.abs() < f64::EPSILON { 1.0 } else { function(x) / x }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u64 = 200_000;

    fn drawn(count: u64, exponent: f64) -> Vec<u64> {
        let (zipf, mut random) = (Zipf::new(count, exponent), Random::seeded(11));
        let mut times = vec![0; count as usize];
        (0..DRAWS).for_each(|_| times[zipf.rank(&mut random) as usize - 1] += 1);
        times
    }

    #[test]
    fn ranks_are_as_frequent_as_the_formula_says() {
        for exponent in [0.0, 0.5, 0.99, 1.0, 1.000_000_1, 1.5, 3.0] {
            for count in [1, 2, 10, 1000] {
                let weights = (1..=count).map(|rank| (rank as f64).powf(-exponent));
                let sum: f64 = weights.clone().sum();
                // Five times the deviation that chance allows.
                let chi_squared: f64 = weights
                    .zip(drawn(count, exponent))
                    .map(|(weight, times)| {
                        let expected = DRAWS as f64 * weight / sum;
                        (times as f64 - expected).powi(2) / expected
                    })
                    .sum();
                let freedom = count as f64 - 1.0;
                let bound = freedom + 5.0 * (2.0 * freedom).sqrt() + 1e-9;
                assert!(chi_squared <= bound, "{exponent}, {count}: {chi_squared} > {bound}");
            }
        }
    }

    #[test]
    fn many_keys_cost_no_more_than_few() {
        let (zipf, mut random) = (Zipf::new(1 << 32, 0.99), Random::seeded(3));
        let ranks: Vec<_> = (0..10_000).map(|_| zipf.rank(&mut random)).collect();
        assert!(ranks.iter().any(|rank| *rank > 1 << 30));
        assert!(ranks.iter().filter(|rank| **rank == 1).count() > 200);
    }

    #[test]
    fn an_exponent_that_makes_no_sense_is_refused() {
        for exponent in [-0.1, 11.0, f64::NAN] {
            assert!(prepare(&Setting { exponent, ..Setting::default() }).is_err());
        }
    }
}
