//! Strings.

use std::fmt;
use std::ops::Range;

use triomphe::ThinArc;

use super::Usage;

/// The longest string that Redis would keep in one piece with its header.
const EMBEDDED_MAX: usize = 44;

/// The longest string that can be a 64-bit integer.
const INTEGER_MAX: usize = 20;

/// The integers that Redis would keep once for all keys.
const SHARED: Range<i64> = 0..10_000;

/// A string and how it is used. One allocation; the handle is one word, and cloning it touches the
/// same cache line as noting a use.
#[derive(Clone)]
pub struct Text(ThinArc<Header, u8>);

struct Header {
    usage: Usage,
    origin: Origin,
}

/// How a string came about, by which Redis chooses how to keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// It was set: if it is an integer it is kept as one.
    Set,
    /// Copied from one that was set: kept alike, and not shared with other keys.
    Copied,
    /// Made in place from an earlier value: in a buffer of its own from then on.
    Grown,
    /// A sum, which is kept as text whether or not it is an integer.
    Sum,
}

impl Text {
    /// A string that was set as a whole.
    pub fn new(bytes: &[u8]) -> Self {
        Self::with(bytes, Origin::Set)
    }

    /// A string that was made from an earlier one in place (`APPEND`, `SETRANGE`).
    pub fn grown(bytes: &[u8]) -> Self {
        Self::with(bytes, Origin::Grown)
    }

    /// A number that was computed (`INCRBYFLOAT`).
    pub fn sum(bytes: &[u8]) -> Self {
        Self::with(bytes, Origin::Sum)
    }

    fn with(bytes: &[u8], origin: Origin) -> Self {
        let header = Header { usage: Usage::default(), origin };
        Self(ThinArc::from_header_and_slice(header, bytes))
    }

    /// The same string for another key, which is used on its own.
    pub fn duplicate(&self) -> Self {
        let origin = match self.origin() {
            Origin::Set => Origin::Copied,
            other => other,
        };
        Self::with(self, origin)
    }

    /// How it is used.
    #[inline]
    pub fn usage(&self) -> &Usage {
        &self.0.header.header.usage
    }

    /// How Redis would keep it.
    pub fn encoding(&self) -> &'static str {
        match self.origin() {
            Origin::Grown => "raw",
            Origin::Set | Origin::Copied if integer(self).is_some() => "int",
            _ if self.len() <= EMBEDDED_MAX => "embstr",
            _ => "raw",
        }
    }

    /// Whether Redis would keep it once for all keys that have it.
    pub fn is_shared(&self) -> bool {
        self.origin() == Origin::Set && integer(self).is_some_and(|number| SHARED.contains(&number))
    }

    fn origin(&self) -> Origin {
        self.0.header.header.origin
    }
}

impl std::ops::Deref for Text {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0.slice
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self))
    }
}

/// The 64-bit integer that `bytes` are in the one spelling that Redis would print.
fn integer(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > INTEGER_MAX {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_redis() {
        for (text, encoding) in [
            ("0", "int"),
            ("-9223372036854775808", "int"),
            ("9223372036854775807", "int"),
            ("9223372036854775808", "embstr"),
            ("-0", "embstr"),
            ("01", "embstr"),
            ("+1", "embstr"),
            ("", "embstr"),
        ] {
            assert_eq!(Text::new(text.as_bytes()).encoding(), encoding, "{text}");
        }
        assert_eq!(Text::new(&[b'x'; 44]).encoding(), "embstr");
        assert_eq!(Text::new(&[b'x'; 45]).encoding(), "raw");
    }

    #[test]
    fn what_was_grown_stays_raw_in_a_copy_too() {
        let grown = Text::grown(b"1");
        assert_eq!(grown.encoding(), "raw");
        assert_eq!(grown.duplicate().encoding(), "raw");
        assert_eq!(&*grown.duplicate(), b"1");
    }

    #[test]
    fn small_integers_that_were_set_are_shared() {
        for (text, is_shared) in [("0", true), ("9999", true), ("10000", false), ("-1", false)] {
            assert_eq!(Text::new(text.as_bytes()).is_shared(), is_shared, "{text}");
        }
        assert!(!Text::new(b"07").is_shared());
        assert!(!Text::sum(b"7").is_shared() && !Text::grown(b"7").is_shared());
    }

    #[test]
    fn a_copy_of_a_small_integer_is_an_integer_of_its_own() {
        let copy = Text::new(b"7").duplicate();
        assert_eq!((copy.encoding(), copy.is_shared()), ("int", false));
        assert!(!copy.duplicate().is_shared());
    }

    #[test]
    fn a_sum_is_kept_as_text() {
        assert_eq!(Text::sum(b"1").encoding(), "embstr");
        assert_eq!(Text::sum(b"1").duplicate().encoding(), "embstr");
        assert_eq!(Text::sum(&[b'1'; 45]).encoding(), "raw");
    }
}
