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
        write!(f, "{} {}", self.code, self.text)
    }
}

impl std::error::Error for Error {}
