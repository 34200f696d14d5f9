//! Why a run of the lab ended early.

use std::fmt;
use std::io;

/// A sentence for the person who started the run.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was asked for cannot be done: another option, another file.
    #[error("{0}")]
    Misuse(String),
    /// Something that the run needs did not work.
    #[error("{0}")]
    Run(String),
}

impl Failure {
    /// The options or a file of the person are at fault.
    pub fn misuse(message: impl fmt::Display) -> Self {
        Self::Misuse(message.to_string())
    }

    /// The run failed.
    pub fn run(message: impl fmt::Display) -> Self {
        Self::Run(message.to_string())
    }

    /// `what` could not be read, written or reached.
    pub fn io(what: impl fmt::Display, error: io::Error) -> Self {
        Self::Run(format!("{what}: {error}"))
    }
}

/// What a step of a run comes to.
pub type Result<T> = std::result::Result<T, Failure>;
