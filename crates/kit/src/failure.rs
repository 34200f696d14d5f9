//! Why a server could not be had.

use std::fmt::Display;
use std::io;

/// Why a server could not be started, asked or ended, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Display) -> Self {
        Self(sentence.to_string())
    }

    /// An error of the operating system and what it concerns.
    pub(crate) fn io(what: impl Display, error: io::Error) -> Self {
        Self(format!("{what}: {error}"))
    }
}

/// Shorthand within this crate.
pub(crate) type Result<T> = std::result::Result<T, Failure>;
