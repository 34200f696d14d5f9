//! An error as a client sees it.

use std::borrow::Cow;
use std::fmt;

/// What the client did, or met: the first word of the error reply and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The first word: `ERR`, `WRONGTYPE`, `READONLY`, `TRYAGAIN`, `BUSY`, `UNKNOWN`, ...
    pub code: &'static str,
    /// Bytes, as it may repeat what the client sent.
    text: Cow<'static, [u8]>,
}

impl Error {
    /// An error with its code and its sentence.
    pub fn new(code: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        let text = match text.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        Self { code, text }
    }

    /// A plain `ERR` whose sentence has parts that the client sent, each a string [of C](c_string).
    pub(crate) fn repeating(parts: &[&[u8]]) -> Self {
        Self { code: "ERR", text: parts.concat().into() }
    }

    /// A sentence that a person can act on.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// The sentence on one line, as Redis has it: line breaks at its end go, others become blanks.
    pub(crate) fn line(&self) -> Cow<'_, [u8]> {
        let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let end = self.text.iter().rposition(|byte| !is_break(byte)).map_or(0, |last| last + 1);
        let text = &self.text[..end];
        match text.iter().any(is_break) {
            false => text.into(),
            true => text.iter().map(|byte| if is_break(byte) { b' ' } else { *byte }).collect(),
        }
    }

    /// A plain `ERR`.
    pub fn plain(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new("ERR", text)
    }

    /// Redis' own words for a command against the wrong type of value.
    pub fn wrong_type() -> Self {
        Self::new("WRONGTYPE", "Operation against a key holding the wrong kind of value")
    }

    /// Redis' own words for options that do not go together, or that it does not know.
    pub fn syntax() -> Self {
        Self::plain("syntax error")
    }

    /// Redis' own words for what should be a 64-bit integer and is not.
    pub fn not_an_integer() -> Self {
        Self::plain("value is not an integer or out of range")
    }

    /// Redis' own words for too few or too many arguments of `command`.
    pub fn arity(command: &str) -> Self {
        Self::plain(format!("wrong number of arguments for '{command}' command"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text())
    }
}

impl std::error::Error for Error {}

/// As much of what a client sent as Redis repeats in an error: it ends at a byte 0.
pub(crate) fn c_string(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// The same of a word that may be long: its first 128 bytes.
pub(crate) fn c_word(bytes: &[u8]) -> &[u8] {
    c_string(&bytes[..bytes.len().min(128)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_sent_is_repeated_as_far_as_c_would() {
        let error = Error::repeating(&[b"no '", c_string(b"a\xff\0b"), b"'"]);
        assert_eq!(&*error.line(), b"no 'a\xff'");
        assert_eq!(error.to_string(), "ERR no 'a\u{fffd}'");
        assert_eq!(c_word(&[b'x'; 200]).len(), 128);
    }

    #[test]
    fn it_stays_on_one_line() {
        assert_eq!(&*Error::plain("a\r\nb\r\n").line(), b"a  b");
        assert_eq!(&*Error::plain("\r\n").line(), b"");
    }
}
