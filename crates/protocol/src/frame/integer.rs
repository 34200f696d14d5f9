//! Integers as Redis reads them: no sign `+`, no leading zero, no blank.

/// Reads the whole of `text` as an integer, as strictly as Redis' `string2ll`.
///
/// What is read back is what would be written: `007`, `+7`, `-0` and ` 7` are not integers.
pub(crate) fn parse(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    // Counted downwards, because the least integer has no positive twin.
    let below = digits.iter().try_fold(0i64, |total, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        total.checked_mul(10)?.checked_sub(digit)
    })?;
    if negative { Some(below) } else { below.checked_neg() }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn whole_range_is_read() {
        for number in [0, 1, -1, 10, i64::MAX, i64::MIN] {
            assert_eq!(parse(number.to_string().as_bytes()), Some(number));
        }
    }

    #[test]
    fn what_would_be_written_differently_is_refused() {
        let refused = ["", "-", "+1", "01", "-0", "00", " 1", "1 ", "1.0", "9223372036854775808"];
        for text in refused {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
