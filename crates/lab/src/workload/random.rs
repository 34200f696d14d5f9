//! Numbers drawn from a seed, the same ones each time.

/// A sequence of numbers that only its seed decides: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// Seeds that are near each other give sequences that have nothing in common.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(mixed(seed.wrapping_add(GAMMA)))
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mixed(self.0)
    }

    /// A number below `bound`, each as likely as the next but for a bias of `bound` in 2^64.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(bound);
        (product >> 64) as u64
    }

    /// A number from 0 up to, not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something happens that happens so often.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        self.unit() < share
    }
}

/// An odd number whose multiples are spread over all of 2^64: 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads every bit of `number` over all 64; no two numbers give the same.
fn mixed(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_numbers() {
        let numbers = |seed| {
            let mut random = Random::seeded(seed);
            [(); 8].map(|()| random.next())
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }

    #[test]
    fn numbers_below_a_bound_are_drawn_about_as_often() {
        let (mut random, mut drawn) = (Random::seeded(3), [0; 10]);
        (0..10_000).for_each(|_| drawn[random.below(10) as usize] += 1);
        assert!(drawn.iter().all(|times| (900..1100).contains(times)), "{drawn:?}");
    }

    #[test]
    fn shares_are_kept() {
        let mut random = Random::seeded(5);
        let happened = (0..10_000).filter(|_| random.happens(0.25)).count();
        assert!((2_300..2_700).contains(&happened), "{happened}");
        assert!(!random.happens(0.0) && random.happens(1.0));
    }
}
