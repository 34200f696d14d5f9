//! Chance that is the same for the same seed, on every machine and in every version.

/// A generator of numbers (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of one sequence of the run with that seed.
    pub(crate) fn new(seed: u64, sequence: u64) -> Self {
        let mut random = Self(seed);
        Self(random.number() ^ sequence.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    /// Any number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is above zero.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    /// A number of the range, both ends of which are possible.
    pub(crate) fn between(&mut self, first: i64, last: i64) -> i64 {
        first + (self.number() % (last - first + 1).cast_unsigned()).cast_signed()
    }

    /// True once in `rarity` times.
    pub(crate) fn once_in(&mut self, rarity: usize) -> bool {
        self.below(rarity) == 0
    }

    /// One of the items, of which there is at least one.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One of the items, each as likely as its weight; at least one weight is above zero.
    pub(crate) fn weighted<'a, T>(
        &mut self,
        items: &'a [T],
        weight: impl Fn(&T) -> usize,
    ) -> &'a T {
        let mut place = self.below(items.iter().map(&weight).sum());
        for item in items {
            match place.checked_sub(weight(item)) {
                Some(rest) => place = rest,
                None => return item,
            }
        }
        unreachable!("the place is below the sum of the weights")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(seed: u64, sequence: u64) -> [u64; 4] {
        let mut random = Random::new(seed, sequence);
        std::array::from_fn(|_| random.number())
    }

    #[test]
    fn a_seed_and_a_sequence_give_the_same_numbers() {
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
    }

    #[test]
    fn weights_are_heeded() {
        let mut random = Random::new(7, 0);
        let mut counts = [0; 3];
        for _ in 0..1_000 {
            counts[*random.weighted(&[0, 1, 2], |item| [0, 1, 9][*item])] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!(counts[2] > 5 * counts[1], "{counts:?}");
    }

    #[test]
    fn both_ends_of_a_range_are_possible() {
        let mut random = Random::new(7, 0);
        let drawn: Vec<_> = (0..200).map(|_| random.between(-1, 1)).collect();
        assert!([-1, 0, 1].iter().all(|number| drawn.contains(number)));
    }
}
