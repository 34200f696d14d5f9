//! What SQLite's errors mean to a caller.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

pub(super) use crate::source::error::{misconfigured, rejected};
use crate::source::{SourceError, SourceErrorKind};

/// By SQLite's primary result code (<https://sqlite.org/rescode.html>). Inside a transaction that is
/// then rolled back, which every job of this source is, none of these is an unknown outcome.
impl From<Error> for SourceError {
    fn from(error: Error) -> Self {
        Self::new(kind(&error), format!("SQLite: {error}"))
    }
}

/// The same for a file that cannot be opened: whatever is wrong with it is a matter of set-up,
/// except that another program holds it.
pub(super) fn opening(path: &Path, error: &Error) -> SourceError {
    let path = path.display();
    match kind(error) {
        SourceErrorKind::Busy => {
            let sentence = format!("the SQLite file {path} is held by another program ({error})");
            SourceError::new(SourceErrorKind::Busy, sentence)
        }
        _ if is(error, ErrorCode::NotADatabase) => {
            misconfigured(format!("the file {path} is not an SQLite database"))
        }
        _ if is(error, ErrorCode::DatabaseCorrupt) => {
            misconfigured(format!("the SQLite file {path} is damaged ({error})"))
        }
        _ if is(error, ErrorCode::ReadOnly) => {
            misconfigured(format!("the SQLite file {path} or its folder is read-only ({error})"))
        }
        _ => misconfigured(format!("the SQLite file {path} cannot be opened ({error})")),
    }
}

/// The same for a commit. An I/O error leaves it open whether the log holds the transaction: the
/// bytes may be there though their sync failed, and the next start would then find them.
pub(super) fn committing(error: &Error) -> SourceError {
    if is(error, ErrorCode::SystemIoFailure) {
        let sentence = format!("SQLite could not tell whether the commit took effect ({error})");
        return SourceError::new(SourceErrorKind::Unknown, sentence);
    }
    SourceError::new(kind(error), format!("SQLite refused the commit: {error}"))
}

fn is(error: &Error, code: ErrorCode) -> bool {
    error.sqlite_error_code() == Some(code)
}

fn kind(error: &Error) -> SourceErrorKind {
    match error.sqlite_error_code() {
        Some(code) => kind_of_code(code, error),
        None => kind_of_use(error),
    }
}

fn kind_of_code(code: ErrorCode, error: &Error) -> SourceErrorKind {
    use ErrorCode as Code;
    match code {
        Code::ConstraintViolation | Code::TypeMismatch | Code::TooBig => SourceErrorKind::Rejected,
        Code::DatabaseBusy
        | Code::DatabaseLocked
        | Code::FileLockingProtocolFailed
        | Code::SchemaChanged
        | Code::OperationAborted
        | Code::OperationInterrupted => SourceErrorKind::Busy,
        Code::DiskFull | Code::SystemIoFailure | Code::OutOfMemory | Code::CannotOpen => {
            SourceErrorKind::Unavailable
        }
        Code::Unknown => kind_of_statement(error),
        _ => SourceErrorKind::Misconfigured,
    }
}

/// SQLITE_ERROR covers both a schema that changed under us and an expression that failed on this
/// very value, such as a generated column over malformed JSON. Only the text tells them apart.
fn kind_of_statement(error: &Error) -> SourceErrorKind {
    let is_schema = |text: &str| text.contains("no such ") || text.contains("has no column");
    match error {
        Error::SqlInputError { .. } => SourceErrorKind::Misconfigured,
        Error::SqliteFailure(_, Some(text)) if is_schema(text) => SourceErrorKind::Misconfigured,
        _ => SourceErrorKind::Rejected,
    }
}

fn kind_of_use(error: &Error) -> SourceErrorKind {
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => SourceErrorKind::Undecodable,
        Error::ToSqlConversionFailure(_) => SourceErrorKind::Rejected,
        _ => SourceErrorKind::Misconfigured,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn failure(code: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn each_result_code_says_whether_trying_again_can_help() {
        for (code, kind) in [
            (ffi::SQLITE_BUSY, SourceErrorKind::Busy),
            (ffi::SQLITE_LOCKED, SourceErrorKind::Busy),
            (ffi::SQLITE_FULL, SourceErrorKind::Unavailable),
            (ffi::SQLITE_IOERR_WRITE, SourceErrorKind::Unavailable),
            (ffi::SQLITE_READONLY, SourceErrorKind::Misconfigured),
            (ffi::SQLITE_CORRUPT, SourceErrorKind::Misconfigured),
            (ffi::SQLITE_CONSTRAINT_CHECK, SourceErrorKind::Rejected),
            (ffi::SQLITE_TOOBIG, SourceErrorKind::Rejected),
        ] {
            assert_eq!(SourceError::from(failure(code)).kind(), kind, "result code {code}");
        }
    }

    #[test]
    fn a_commit_whose_sync_failed_has_an_unknown_outcome() {
        let error = committing(&failure(ffi::SQLITE_IOERR_FSYNC));
        assert_eq!(error.kind(), SourceErrorKind::Unknown);
    }

    #[test]
    fn a_commit_on_a_full_disk_has_failed() {
        let error = committing(&failure(ffi::SQLITE_FULL));
        assert_eq!(error.kind(), SourceErrorKind::Unavailable);
    }
}
