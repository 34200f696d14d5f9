//! The longest common subsequence of two strings.
//!
//! Let `L(i, j)` be its length for the first `i` bytes of one string and the first `j` of the other.
//! From `j` to `j + 1` it grows by one or not at all: one bit tells which. The bits of one `i` follow
//! from those of the one before by a few operations on words of 64 (Hyyrö, "Bit-parallel LCS-length
//! computation revisited", 2004), and they are all that the way back needs.

/// A match of several bytes: where it begins in either string, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) one: usize,
    pub(super) other: usize,
    pub(super) length: usize,
}

/// The bits for all `i`.
pub(super) struct Table<'a> {
    one: &'a [u8],
    other: &'a [u8],
    /// Of each row no more bytes than it needs: one string may be long and the other short.
    rows: Vec<u8>,
    row_bytes: usize,
}

/// The length of the subsequence, for which one row of bits is enough.
pub(super) fn length(one: &[u8], other: &[u8]) -> usize {
    let places = Places::of(one, other);
    let mut row = places.first_row();
    one.iter().for_each(|byte| places.advance(*byte, &mut row));
    row.iter().map(|word| word.count_zeros() as usize).sum()
}

impl<'a> Table<'a> {
    pub(super) fn of(one: &'a [u8], other: &'a [u8]) -> Self {
        let places = Places::of(one, other);
        let (mut row, row_bytes) = (places.first_row(), other.len().div_ceil(8));
        let mut rows = Vec::with_capacity(one.len() * row_bytes + size_of::<u64>());
        for (place, byte) in one.iter().enumerate() {
            places.advance(*byte, &mut row);
            row.iter().for_each(|word| rows.extend_from_slice(&word.to_le_bytes()));
            rows.truncate((place + 1) * row_bytes);
        }
        Self { one, other, rows, row_bytes }
    }

    /// The subsequence.
    pub(super) fn string(&self) -> Vec<u8> {
        let parts = self.matches().into_iter().rev();
        parts.flat_map(|part| &self.one[part.one..part.one + part.length]).copied().collect()
    }

    /// The matches that make it up, the last first. Where there are several subsequences of that
    /// length, it is the one that Redis finds: the way back leaves out a byte of the other string
    /// unless only the first one's will do.
    pub(super) fn matches(&self) -> Vec<Match> {
        let (mut one, mut other) = (self.one.len(), self.other.len());
        let mut matches: Vec<Match> = Vec::new();
        let mut goes_on = false;
        while one > 0 && other > 0 {
            if self.one[one - 1] == self.other[other - 1] {
                (one, other) = (one - 1, other - 1);
                match matches.last_mut().filter(|_| goes_on) {
                    Some(last) => *last = Match { one, other, length: last.length + 1 },
                    None => matches.push(Match { one, other, length: 1 }),
                }
                goes_on = true;
            } else {
                let grows = self.grows(one, other);
                (one, other) = if grows { (one - 1, other) } else { (one, other - 1) };
                goes_on = false;
            }
        }
        matches
    }

    /// Whether `L(one, other)` is larger than `L(one, other - 1)`.
    fn grows(&self, one: usize, other: usize) -> bool {
        let bit = other - 1;
        self.rows[(one - 1) * self.row_bytes + bit / 8] >> (bit % 8) & 1 == 0
    }
}

/// Where each byte of one string occurs in the other, a bit for each place.
struct Places {
    /// Which of the masks is that of each byte.
    masks_of: [Option<u8>; 256],
    masks: Vec<u64>,
    words: usize,
}

impl Places {
    fn of(one: &[u8], other: &[u8]) -> Self {
        let words = other.len().div_ceil(64);
        let (mut masks_of, mut count) = ([None; 256], 0);
        for byte in one {
            masks_of[usize::from(*byte)].get_or_insert_with(|| {
                count += 1;
                (count - 1) as u8
            });
        }
        let mut masks = vec![0; count * words];
        for (place, byte) in other.iter().enumerate() {
            if let Some(mask) = masks_of[usize::from(*byte)] {
                masks[usize::from(mask) * words + place / 64] |= 1 << (place % 64);
            }
        }
        Self { masks_of, masks, words }
    }

    /// The bits before any byte: ones, which mean that nothing grows. Those past the end of the other
    /// string stay ones.
    fn first_row(&self) -> Vec<u64> {
        vec![u64::MAX; self.words]
    }

    /// Makes of the bits those that hold with one byte more.
    fn advance(&self, byte: u8, row: &mut [u64]) {
        let Some(mask) = self.masks_of[usize::from(byte)].map(usize::from) else {
            return;
        };
        let mask = &self.masks[mask * self.words..(mask + 1) * self.words];
        let mut carry = false;
        for (bits, mask) in row.iter_mut().zip(mask) {
            let (sum, over) = bits.overflowing_add(*bits & mask);
            let (sum, over_again) = sum.overflowing_add(carry.into());
            carry = over || over_again;
            *bits = sum | *bits & !mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The table as textbooks have it.
    fn lengths(one: &[u8], other: &[u8]) -> Vec<Vec<usize>> {
        let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
        for i in 1..=one.len() {
            for j in 1..=other.len() {
                table[i][j] = match one[i - 1] == other[j - 1] {
                    true => table[i - 1][j - 1] + 1,
                    false => table[i - 1][j].max(table[i][j - 1]),
                };
            }
        }
        table
    }

    #[test]
    fn bytes_of_the_other_string_are_left_out_first() {
        let table = Table::of(b"abcd", b"badc");
        assert_eq!(table.string(), b"bd");
        let matches =
            [Match { one: 3, other: 2, length: 1 }, Match { one: 1, other: 0, length: 1 }];
        assert_eq!(table.matches(), matches);
    }

    proptest! {
        #[test]
        fn bits_are_the_steps_of_the_textbooks_table(
            one in prop::collection::vec(0u8..4, 0..150),
            other in prop::collection::vec(0u8..5, 0..150),
        ) {
            let lengths = lengths(&one, &other);
            prop_assert_eq!(length(&one, &other), lengths[one.len()][other.len()]);
            let table = Table::of(&one, &other);
            for (i, row) in lengths.iter().enumerate().skip(1) {
                for j in 1..=other.len() {
                    prop_assert_eq!(table.grows(i, j), row[j] > row[j - 1]);
                }
            }
        }

        #[test]
        fn matches_are_in_both_strings_and_make_up_the_length(
            one in prop::collection::vec(0u8..3, 0..100),
            other in prop::collection::vec(0u8..3, 0..100),
        ) {
            let table = Table::of(&one, &other);
            for found in table.matches() {
                let part = &one[found.one..found.one + found.length];
                prop_assert_eq!(part, &other[found.other..found.other + found.length]);
            }
            prop_assert_eq!(table.string().len(), length(&one, &other));
        }
    }
}
