//! What PostgreSQL's errors mean to a caller.

use std::error::Error as _;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::source::{SourceError, SourceErrorKind};

/// What an error means before a commit was sent: whatever it is, nothing took effect.
pub(super) fn failed(error: &Error) -> SourceError {
    SourceError::new(kind(error), sentence(error))
}

/// What an error means once a commit was sent. Where the server did not say that it refused, the
/// transaction may have been committed.
pub(super) fn committing(error: &Error) -> SourceError {
    match kind(error) {
        refused @ (SourceErrorKind::Rejected | SourceErrorKind::Busy) => {
            SourceError::new(refused, sentence(error))
        }
        _ => {
            let lost = format!("the answer to a commit was lost: {}", sentence(error));
            SourceError::new(SourceErrorKind::Unknown, lost)
        }
    }
}

/// Why there is no connection.
pub(super) fn unconnected(error: &PoolError) -> SourceError {
    let unavailable = |sentence: &str| SourceError::new(SourceErrorKind::Unavailable, sentence);
    match error {
        PoolError::Backend(error) => SourceError::new(connecting(error), sentence(error)),
        PoolError::Timeout(TimeoutType::Wait) => {
            unavailable("every connection to PostgreSQL is in use; slow down or enlarge the pool")
        }
        PoolError::Timeout(_) => unavailable("PostgreSQL took too long to accept a connection"),
        PoolError::Closed => unavailable("the connections to PostgreSQL are closed"),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            unavailable("the pool of connections cannot be used")
        }
    }
}

/// A certificate that is not trusted stays so until somebody changes something.
fn connecting(error: &Error) -> SourceErrorKind {
    let io = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let tls = io.and_then(std::io::Error::get_ref).and_then(|cause| cause.downcast_ref());
    match tls {
        Some(rustls::Error::InvalidCertificate(_)) => SourceErrorKind::Misconfigured,
        _ => kind(error),
    }
}

/// By the class of SQLSTATE, its first two letters
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>). An error without one is the
/// connection's.
fn kind(error: &Error) -> SourceErrorKind {
    error.code().map_or(SourceErrorKind::Unavailable, kind_of_state)
}

fn kind_of_state(state: &SqlState) -> SourceErrorKind {
    use SourceErrorKind::{Busy, Misconfigured, Rejected, Unavailable, Unknown};
    let code = state.code();
    match code {
        // Serialisation, deadlock, a lock that was not free, a statement that took too long.
        "40001" | "40P01" | "55P03" | "55006" | "57014" => Busy,
        "40002" => Rejected,
        // A server that only follows another becomes one that takes writes.
        "25006" | "25P03" => Unavailable,
        "40003" => Unknown,
        // GENERATED ALWAYS, and a view's or a policy's check.
        "428C9" | "44000" => Rejected,
        _ => match code.get(..2).unwrap_or_default() {
            "08" | "53" | "57" | "58" | "25" | "XX" => Unavailable,
            // Data, constraints, limits of the server, and what triggers and functions raise.
            "21" | "22" | "23" | "09" | "27" | "38" | "39" | "54" | "P0" => Rejected,
            "40" => Busy,
            _ => Misconfigured,
        },
    }
}

fn sentence(error: &Error) -> String {
    let Some(told) = error.as_db_error() else {
        let cause = error.source().map(|cause| format!(": {cause}"));
        return format!("PostgreSQL: {error}{}", cause.unwrap_or_default());
    };
    let mut sentence = format!("PostgreSQL: {} ({})", told.message(), told.code().code());
    for more in [told.detail(), told.hint()].into_iter().flatten() {
        sentence.push_str(&format!("; {more}"));
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_says_whether_trying_again_can_help() {
        for (code, kind) in [
            ("08006", SourceErrorKind::Unavailable),
            ("57P01", SourceErrorKind::Unavailable),
            ("57P03", SourceErrorKind::Unavailable),
            ("53300", SourceErrorKind::Unavailable),
            ("53100", SourceErrorKind::Unavailable),
            ("25006", SourceErrorKind::Unavailable),
            ("40001", SourceErrorKind::Busy),
            ("40P01", SourceErrorKind::Busy),
            ("55P03", SourceErrorKind::Busy),
            ("57014", SourceErrorKind::Busy),
            ("22001", SourceErrorKind::Rejected),
            ("22P02", SourceErrorKind::Rejected),
            ("23505", SourceErrorKind::Rejected),
            ("54000", SourceErrorKind::Rejected),
            ("P0001", SourceErrorKind::Rejected),
            ("428C9", SourceErrorKind::Rejected),
            ("42P01", SourceErrorKind::Misconfigured),
            ("42703", SourceErrorKind::Misconfigured),
            ("42501", SourceErrorKind::Misconfigured),
            ("28P01", SourceErrorKind::Misconfigured),
            ("3D000", SourceErrorKind::Misconfigured),
            ("40003", SourceErrorKind::Unknown),
        ] {
            assert_eq!(kind_of_state(&SqlState::from_code(code)), kind, "SQLSTATE {code}");
        }
    }
}
