//! From text to a number.

use num_bigint::BigUint;

use super::Float;

/// Redis copies what it reads into a buffer of this size, with a byte for the end.
const TEXT_BYTES_MAX: usize = 5 * 1024;

/// Beyond this an exponent cannot be made up for by digits: they are fewer.
const EXPONENT_MAX: i64 = 1 << 40;

/// Numbers from ten to the power of the second on are too large, those below ten to the power of
/// the first too near to zero: there is no need to find out how far.
const MAGNITUDES: std::ops::Range<i64> = -4960..4940;

pub(super) fn float(text: &[u8]) -> Option<Float> {
    if text.len() >= TEXT_BYTES_MAX {
        return None;
    }
    let (negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        [b'+', text @ ..] => (false, text),
        text => (false, text),
    };
    if ["inf", "infinity"].iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes())) {
        return Some(Float::Infinite);
    }
    let (numeral, convert): (_, fn(bool, &Numeral) -> Option<Float>) = match text {
        [b'0', b'x' | b'X', text @ ..] => (Numeral::parse(text, 16)?, hexadecimal),
        text => (Numeral::parse(text, 10)?, decimal),
    };
    if numeral.digits.is_empty() {
        return Some(Float::ZERO);
    }
    // What was finite, and not zero, must be so still.
    convert(negative, &numeral).filter(Float::is_finite_and_not_zero)
}

/// Digits and what they are to be multiplied with.
struct Numeral {
    /// Their values, without zeros at either end; none when the number is zero.
    digits: Vec<u8>,
    /// The power of the base that the last digit counts.
    place: i64,
    /// The exponent: of ten, or of two after hexadecimal digits.
    exponent: i64,
}

impl Numeral {
    /// Digits, perhaps with a point, perhaps with an exponent after them, and nothing else.
    fn parse(text: &[u8], base: u32) -> Option<Self> {
        let mark = if base == 16 { b'p' } else { b'e' };
        let end = text.iter().position(|byte| byte.to_ascii_lowercase() == mark);
        let (mantissa, exponent) = match end {
            Some(end) => (&text[..end], exponent(&text[end + 1..])?),
            None => (text, 0),
        };
        let point = mantissa.iter().position(|&byte| byte == b'.');
        let fraction = point.map_or(0, |point| mantissa.len() - point - 1);
        let is_point = |place: &usize| Some(*place) == point;
        let digits = mantissa.iter().enumerate().filter(|(place, _)| !is_point(place));
        let value = |(_, &byte): (usize, &u8)| Some(char::from(byte).to_digit(base)? as u8);
        let mut digits: Vec<u8> = digits.map(value).collect::<Option<_>>()?;
        if digits.is_empty() {
            return None;
        }
        let zeros = digits.iter().rev().take_while(|&&digit| digit == 0).count();
        digits.truncate(digits.len() - zeros);
        let zeros_before = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..zeros_before);
        let place = zeros as i64 - fraction as i64;
        Some(Self { digits, place, exponent })
    }
}

/// An exponent, brought within bounds.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let number = digits.iter().try_fold(0, |number: i64, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        Some((number * 10 + digit).min(EXPONENT_MAX))
    });
    let number = number.filter(|_| !digits.is_empty())?;
    Some(if negative { -number } else { number })
}

/// Takes as many digits as 128 bits hold beside one that tells whether there are more.
fn hexadecimal(negative: bool, numeral: &Numeral) -> Option<Float> {
    const TAKEN: usize = 31;
    let taken = numeral.digits.iter().take(TAKEN);
    let mantissa = taken.fold(0u128, |mantissa, digit| mantissa << 4 | u128::from(*digit));
    let left = numeral.digits.len().saturating_sub(TAKEN);
    let mantissa = mantissa << 1 | u128::from(left > 0);
    let exponent = numeral.exponent + 4 * (numeral.place + left as i64) - 1;
    Some(Float::rounded(negative, mantissa, exponent))
}

/// `None` for what is too large or too near to zero by far.
fn decimal(negative: bool, numeral: &Numeral) -> Option<Float> {
    let power = numeral.exponent + numeral.place;
    if !MAGNITUDES.contains(&(power + numeral.digits.len() as i64)) {
        return None;
    }
    let number = BigUint::from_radix_be(&numeral.digits, 10)?;
    let ten = BigUint::from(10u32).pow(power.unsigned_abs() as u32);
    match power >= 0 {
        true => Some(quotient(negative, number * ten, BigUint::from(1u32))),
        false => Some(quotient(negative, number, ten)),
    }
}

/// `number` divided by `divisor`: a few bits more than count, and one for whether that is all.
fn quotient(negative: bool, number: BigUint, divisor: BigUint) -> Float {
    let shift = 66 + divisor.bits().cast_signed() - number.bits().cast_signed();
    let (number, divisor) = match shift >= 0 {
        true => (number << shift.unsigned_abs(), divisor),
        false => (number, divisor << shift.unsigned_abs()),
    };
    let (whole, rest) = (&number / &divisor, &number % &divisor);
    let whole =
        whole.iter_u64_digits().rev().fold(0u128, |whole, part| whole << 64 | u128::from(part));
    let mantissa = whole << 1 | u128::from(rest != BigUint::ZERO);
    Float::rounded(negative, mantissa, -shift - 1)
}
