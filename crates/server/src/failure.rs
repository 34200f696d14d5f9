//! The engine's errors as clients see them.

use larder::ErrorKind;
use larder_protocol::error::Error;

/// The error reply for an error of the engine: a code by who can do something about it, and a
/// sentence with the keyspace and the key.
pub(crate) fn of(error: &larder::Error) -> Error {
    let code = match error.kind() {
        ErrorKind::Misuse => "READONLY",
        ErrorKind::Unknown => "UNKNOWN",
        ErrorKind::Busy => "BUSY",
        ErrorKind::LoadTimeout | ErrorKind::LoadLost => "TRYAGAIN",
        ErrorKind::Source if error.is_retryable() => "TRYAGAIN",
        _ => "ERR",
    };
    Error::new(code, error.to_string())
}
