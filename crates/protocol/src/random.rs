//! Numbers drawn from a seed, the same ones each time.

/// A sequence of numbers that only its seed decides: SplitMix64 (Steele, Lea and Flood, 2014).
///
/// Whoever knows some of them can tell the others: it is for picking fairly, not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, which is not zero; each is as likely as the next, but for a bias of
    /// `bound` in 2^64.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.next()) * bound as u128;
        (product >> 64) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }
}

/// Spreads every bit of `number` over all 64: no two numbers give the same.
pub(crate) fn mixed(number: u64) -> u64 {
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
            [(); 8].map(|()| random.below(1000))
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }

    #[test]
    fn every_number_below_the_bound_is_drawn_about_as_often() {
        let (mut random, mut drawn) = (Random::seeded(3), [0; 10]);
        (0..10_000).for_each(|_| drawn[random.below(10)] += 1);
        assert!(drawn.iter().all(|times| (900..1100).contains(times)), "{drawn:?}");
    }
}
