//! Numbers with a fraction as Redis computes with them: C's `long double` on x86-64.
//!
//! Such a number has 64 bits of mantissa and 15 of exponent. Reading, adding and writing round to
//! the nearest, and to the even one of two that are equally near, as IEEE 754 says and C does, so
//! that the bytes are those of Redis. Only the largest numbers need more than 128 bits on their
//! way in or out; a big integer carries those.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigUint;

mod read;
#[cfg(test)]
mod tests;

/// The weight of the highest bit of the largest numbers, and of the only bit of the smallest.
const TOP_MAX: i64 = 16_383;
const BOTTOM_MIN: i64 = -16_445;
const MANTISSA_BITS: i64 = 64;

/// How many digits are written after the point, before zeros at the end are taken off.
const DIGITS: usize = 17;
const SCALE: u128 = 10u128.pow(DIGITS as u32);

/// A number, or none that is finite.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Float {
    Finite(Finite),
    /// Infinity of either sign, or what comes of computing with it.
    Infinite,
}

/// `mantissa` times two to the power of `exponent`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finite {
    negative: bool,
    mantissa: u64,
    exponent: i64,
}

impl Float {
    pub(crate) const ZERO: Self =
        Self::Finite(Finite { negative: false, mantissa: 0, exponent: 0 });

    /// Reads the whole of `text`, as C's `strtold` does without blanks: decimal, hexadecimal, or
    /// `inf`. What is no number, and what is too large or too near to zero to be told, is `None`.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        read::float(text)
    }

    /// The sum, rounded.
    pub(crate) fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Finite(one), Self::Finite(other)) => one.plus(other),
            _ => Self::Infinite,
        }
    }

    pub(crate) fn is_finite(self) -> bool {
        matches!(self, Self::Finite(_))
    }

    fn is_finite_and_not_zero(&self) -> bool {
        matches!(self, Self::Finite(finite) if !finite.is_zero())
    }

    /// The number nearest to `mantissa` times two to the power of `exponent`. Bits that were lost
    /// before are to be told by a lowest bit of one.
    fn rounded(negative: bool, mantissa: u128, exponent: i64) -> Self {
        let width = i64::from(u128::BITS - mantissa.leading_zeros());
        let bottom = (exponent + width - MANTISSA_BITS).max(BOTTOM_MIN);
        let (mantissa, exponent) = match bottom - exponent {
            ..=0 => (mantissa, exponent),
            dropped => (shifted_right(mantissa, dropped.unsigned_abs()), bottom),
        };
        // Rounding up may have carried into a 65th bit, with only zeros below.
        let carried = u32::from(mantissa >> MANTISSA_BITS != 0);
        let (mantissa, exponent) = (mantissa >> carried, exponent + i64::from(carried));
        let finite = Finite { negative, mantissa: mantissa as u64, exponent };
        match finite.top() > TOP_MAX {
            true => Self::Infinite,
            false => Self::Finite(finite),
        }
    }
}

impl Finite {
    fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// The weight of the highest bit.
    fn top(self) -> i64 {
        self.exponent + MANTISSA_BITS - 1 - i64::from(self.mantissa.leading_zeros())
    }

    /// Adds exactly, but for bits far below the last that counts, and rounds once.
    fn plus(self, other: Self) -> Float {
        if self.is_zero() || other.is_zero() {
            return Float::Finite(if self.is_zero() { other } else { self });
        }
        // Both begin at the bit before the highest; the sum may carry into that.
        const PLACE: i64 = 126;
        let (large, small) = if self.top() < other.top() { (other, self) } else { (self, other) };
        let exponent = large.top() - PLACE;
        let (one, two) = (large.placed(exponent), small.placed(exponent));
        let (negative, sum) = match (large.negative == small.negative, one.cmp(&two)) {
            (true, _) => (large.negative, one + two),
            (false, Ordering::Less) => (small.negative, two - one),
            (false, _) => (large.negative, one - two),
        };
        Float::rounded(negative, sum, exponent)
    }

    /// The mantissa for another `exponent`; bits that are lost are told by a lowest bit of one.
    fn placed(self, exponent: i64) -> u128 {
        let mantissa = u128::from(self.mantissa);
        match exponent - self.exponent {
            up @ ..=0 => mantissa << up.unsigned_abs(),
            down @ 1..128 => {
                let kept = mantissa >> down;
                kept | u128::from(kept << down != mantissa)
            }
            _ => 1,
        }
    }

    /// The number times [`SCALE`], as an integer, when it has a fraction.
    fn scaled(self) -> u128 {
        shifted_right(u128::from(self.mantissa) * SCALE, self.exponent.unsigned_abs())
    }
}

impl fmt::Display for Finite {
    /// Writes up to 17 digits after the point, and none in powers of ten: as C does for `%.17Lf`,
    /// without the zeros at the end, nor a sign before zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exponent >= 0 {
            let sign = if self.negative && !self.is_zero() { "-" } else { "" };
            return write!(f, "{sign}{}", BigUint::from(self.mantissa) << self.exponent);
        }
        let scaled = self.scaled();
        let (whole, fraction) = (scaled / SCALE, scaled % SCALE);
        let sign = if self.negative && scaled != 0 { "-" } else { "" };
        let fraction = format!(".{fraction:0DIGITS$}");
        write!(f, "{sign}{whole}{}", fraction.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// `number` divided by two to the power of `bits`, to the nearest, and to the even of two.
fn shifted_right(number: u128, bits: u64) -> u128 {
    match bits {
        0 => number,
        1..=127 => {
            let (kept, half) = (number >> bits, 1 << (bits - 1));
            let rest = number - (kept << bits);
            kept + u128::from(rest > half || rest == half && kept % 2 == 1)
        }
        128 => u128::from(number > 1 << 127),
        _ => 0,
    }
}
