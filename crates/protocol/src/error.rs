//! An error as a client sees it.

use std::borrow::Cow;
use std::fmt;

/// What the client did, or met: the first word of the error reply and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The first word: `ERR`, `WRONGTYPE`, `READONLY`, `TRYAGAIN`, `BUSY`, `UNKNOWN`, ...
    pub code: &'static str,
    /// A sentence that a person can act on. Line breaks are replaced when it is written.
    pub text: Cow<'static, str>,
}

impl Error {
    /// An error with its code and its sentence.
    pub fn new(code: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }

    /// A plain `ERR`.
    pub fn plain(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new("ERR", text)
    }

    /// Redis' own words for a command against the wrong type of value.
    pub fn wrong_type() -> Self {
        Self::new("WRONGTYPE", "Operation against a key holding the wrong kind of value")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

impl std::error::Error for Error {}
