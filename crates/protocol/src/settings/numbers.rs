//! Numbers as Redis reads them in its configuration.

use std::borrow::Cow;

use crate::frame::integer;

type Read<T> = Result<T, Cow<'static, str>>;

/// A plain integer.
pub(super) fn integer(text: &[u8], least: i128, most: i128) -> Read<i64> {
    let number = integer::parse(text).ok_or("argument couldn't be parsed into an integer")?;
    within(number.into(), least, most)?;
    Ok(number)
}

/// Octal digits.
pub(super) fn octal(text: &[u8], most: i128) -> Read<i64> {
    let digits = str::from_utf8(text).ok();
    let number = digits.and_then(|digits| i64::from_str_radix(digits, 8).ok());
    let number = number.ok_or("argument couldn't be parsed as an octal number")?;
    match (0..=most).contains(&i128::from(number)) {
        true => Ok(number),
        false => Err(format!("argument must be between 0 and {most:o} inclusive").into()),
    }
}

/// A number of bytes; those past what a signed integer can say are kept as its bits.
pub(super) fn memory_within(text: &[u8], least: i128, most: i128) -> Read<i64> {
    let bytes = memory(text).ok_or("argument must be a memory value")?;
    within(bytes.into(), least, most)?;
    Ok(bytes.cast_signed())
}

/// A number of bytes, or a number below zero for a share in percent.
pub(super) fn memory_or_percent(text: &[u8]) -> Read<i64> {
    if let Some(bytes) = memory(text) {
        let most = i64::MAX;
        within(bytes.into(), -100, most.into())?;
        return Ok(bytes.cast_signed());
    }
    let share = text.strip_suffix(b"%").and_then(integer::parse).filter(|share| *share >= 0);
    match share.ok_or("argument must be a memory or percent value")? {
        share @ 0..=100 => Ok(-share),
        _ => Err("percentage argument must be less or equal to 100".into()),
    }
}

/// A number of bytes as Redis writes it: `k` is a thousand, `kb` is 1024.
pub(super) fn memory(text: &[u8]) -> Option<u64> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let bytes: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    // As in C: no digits are zero, and too many are the largest number.
    let number = digits.iter().fold(0u64, |total, digit| {
        total.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
    });
    Some(number.wrapping_mul(bytes))
}

fn within(number: i128, least: i128, most: i128) -> Read<()> {
    match (least..=most).contains(&number) {
        true => Ok(()),
        false => Err(format!("argument must be between {least} and {most} inclusive").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_decimal_or_binary() {
        let sizes = [
            ("1", 1),
            ("1b", 1),
            ("1k", 1000),
            ("1KB", 1024),
            ("2mb", 2 << 20),
            ("1g", 1_000_000_000),
        ];
        for (text, bytes) in sizes {
            assert_eq!(memory(text.as_bytes()), Some(bytes), "{text}");
        }
        for text in ["-1", "1tb", "1 kb", "x1"] {
            assert_eq!(memory(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn bounds_are_told() {
        let error = integer(b"0", 1, 10).unwrap_err();
        assert_eq!(error, "argument must be between 1 and 10 inclusive");
        let error = octal(b"1000", 0o777).unwrap_err();
        assert_eq!(error, "argument must be between 0 and 777 inclusive");
        let error = memory_or_percent(b"200%").unwrap_err();
        assert_eq!(error, "percentage argument must be less or equal to 100");
    }

    #[test]
    fn what_is_no_number_is_told_by_its_kind() {
        assert_eq!(
            integer(b"1k", 0, 9).unwrap_err(),
            "argument couldn't be parsed into an integer"
        );
        assert_eq!(octal(b"9", 9).unwrap_err(), "argument couldn't be parsed as an octal number");
        assert_eq!(memory_within(b"x", 0, 9).unwrap_err(), "argument must be a memory value");
        let error = "argument must be a memory or percent value";
        assert_eq!(memory_or_percent(b"-5%").unwrap_err(), error);
    }
}
