//! What `SCAN` and `HSCAN` are told: where to go on, how far, and what to show.

use crate::args::Args;
use crate::error::Error;
use crate::glob::{self, Case};

/// The options of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk<'a> {
    /// About how many elements to look at: `COUNT`.
    pub(super) count: usize,
    /// Only of this type: `TYPE`.
    pub(super) kind: Option<&'a [u8]>,
    pattern: Option<&'a [u8]>,
}

/// Which options a request may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Keys,
    Fields,
}

impl<'a> Walk<'a> {
    /// Reads the options from the argument at `first` on. The last of each counts.
    pub(super) fn of(args: &Args<'a>, first: usize, over: Over) -> Result<Self, Error> {
        let mut walk = Self { count: 10, kind: None, pattern: None };
        let mut place = first;
        while place < args.len() {
            let value = args.at(place + 1).ok_or_else(Error::syntax)?;
            if args.is(place, "COUNT") {
                walk.count = count(args.integer(place + 1)?)?;
            } else if args.is(place, "MATCH") {
                // Every element is shown then, also an empty one, which no pattern describes.
                walk.pattern = (value != b"*").then_some(value);
            } else if args.is(place, "TYPE") && over == Over::Keys {
                walk.kind = Some(value);
            } else {
                return Err(Error::syntax());
            }
            place += 2;
        }
        Ok(walk)
    }

    /// Whether `MATCH` lets `name` be shown.
    pub(super) fn admits(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name, Case::Sensitive))
    }
}

/// Reads a cursor as leniently as Redis does, which leaves it to C's `strtoul`: a sign is taken, an
/// empty argument is 0, and what follows a zero byte is not looked at.
pub(super) fn cursor(text: &[u8]) -> Result<u64, Error> {
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    let (negative, digits) = match text {
        [] => return Ok(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let number = digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    match number.filter(|_| !digits.is_empty()) {
        Some(number) if negative => Ok(number.wrapping_neg()),
        Some(number) => Ok(number),
        None => Err(Error::plain("invalid cursor")),
    }
}

fn count(number: i64) -> Result<usize, Error> {
    match usize::try_from(number) {
        Ok(0) | Err(_) => Err(Error::syntax()),
        Ok(count) => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::cursor;

    #[test]
    fn cursors_are_read_leniently() {
        let cases: [(&[u8], u64); 8] = [
            (b"0", 0),
            (b"", 0),
            (b"007", 7),
            (b"+7", 7),
            (b"-1", u64::MAX),
            (b"7\0x", 7),
            (b"\0", 0),
            (b"18446744073709551615", u64::MAX),
        ];
        for (text, number) in cases {
            assert_eq!(cursor(text), Ok(number), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["x", "1x", " 1", "1 ", "+", "-", "--1", "18446744073709551616"] {
            let error = cursor(text.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "ERR invalid cursor", "{text:?}");
        }
    }
}
