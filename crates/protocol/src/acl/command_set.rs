//! Sets of commands, by their places in the roster.

const WORDS: usize = 8;
/// More commands than a set has room for are more than Redis and larder have together.
pub(super) const PLACES: usize = WORDS * u64::BITS as usize;

/// Some of the commands of the roster, subcommands counted as commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CommandSet([u64; WORDS]);

impl CommandSet {
    pub(super) const ALL: Self = Self([u64::MAX; WORDS]);

    pub(super) fn has(&self, place: usize) -> bool {
        self.0[place / 64] & 1 << (place % 64) != 0
    }

    pub(super) fn insert(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    /// Adds the `others`, or takes them away.
    pub(super) fn set(&mut self, others: &Self, present: bool) {
        for (word, other) in self.0.iter_mut().zip(others.0) {
            *word = if present { *word | other } else { *word & !other };
        }
    }

    /// Those that are in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut both = *self;
        both.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        both
    }

    /// How many are in both.
    pub(super) fn common(&self, other: &Self) -> u32 {
        self.and(other).0.iter().map(|word| word.count_ones()).sum()
    }

    pub(super) fn len(&self) -> u32 {
        self.common(self)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..PLACES).filter(|place| self.has(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(places: &[usize]) -> CommandSet {
        let mut set = CommandSet::default();
        places.iter().for_each(|place| set.insert(*place));
        set
    }

    #[test]
    fn members_come_and_go() {
        let mut some = set(&[0, 63, 64, 511]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [0, 63, 64, 511]);
        some.set(&set(&[63, 65]), false);
        assert!(!some.has(63) && some.has(64));
        some.set(&set(&[63, 65]), true);
        assert_eq!((some.len(), some.common(&set(&[0, 1, 65]))), (5, 2));
        assert_eq!(some.and(&set(&[0, 1, 65])), set(&[0, 65]));
        assert_eq!(CommandSet::ALL.len(), 512);
    }
}
