//! What only the server can do about its parameters.

use super::{Place, Settings};

/// Carries out what `CONFIG` asks for. Implemented by the server.
pub trait Host: Send + Sync {
    /// Takes up that a parameter has changed.
    ///
    /// # Errors
    ///
    /// Why it cannot be so. Then the parameters that were set together are set back, and this is
    /// called for each of them once more.
    fn changed(&self, place: Place, settings: &Settings) -> Result<(), String>;

    /// Writes what is set to the file that the configuration was read from (`CONFIG REWRITE`).
    ///
    /// # Errors
    ///
    /// When there is no such file, or it cannot be written.
    fn rewrite(&self, settings: &Settings) -> Result<(), NotRewritten>;

    /// Begins to count anew (`CONFIG RESETSTAT`).
    fn reset_statistics(&self);
}

/// Why the configuration could not be written to its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRewritten {
    /// The server was started without one.
    NoFile,
    /// What the system said.
    Failed(String),
}
