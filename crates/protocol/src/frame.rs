//! RESP2 and RESP3 on the wire: requests in, replies out, and frames of any kind for clients.
//!
//! The formats are those of <https://redis.io/docs/latest/develop/reference/protocol-spec/>.

use std::fmt;

use crate::error::Error;

mod decode;
pub(crate) mod float;
pub(crate) mod inline;
pub(crate) mod integer;
mod out;
mod push;
pub(crate) mod request;

pub use decode::{Frame, decode};
pub use out::Out;

/// Which version of the protocol a client asked for with `HELLO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// What every connection begins with.
    #[default]
    Resp2,
    /// Maps, sets, doubles, booleans and one null.
    Resp3,
}

impl Protocol {
    /// The number that `HELLO` takes and answers.
    pub fn number(self) -> i64 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}

/// The peer sent what is not the protocol; its text is Redis' own where Redis has one.
///
/// Nothing after such bytes can be trusted to begin a request, so the session ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtocolError {
    /// The count after `*` is no number, or over [`arguments_max`](crate::Limits::arguments_max).
    MultibulkLength,
    /// An argument does not begin with `$`.
    ExpectedDollar(u8),
    /// The length after `$` is no number, or over [`bulk_bytes_max`](crate::Limits::bulk_bytes_max).
    BulkLength,
    /// More arguments than a client may send before it has said who it is.
    UnauthenticatedMultibulkLength,
    /// A longer argument than a client may send before it has said who it is.
    UnauthenticatedBulkLength,
    /// An inline request that does not end.
    InlineTooLong,
    /// A line after `*` that does not end.
    MultibulkCountTooLong,
    /// A line after `$` that does not end.
    BulkCountTooLong,
    /// An inline request whose quotes do not close, or close inside a word.
    UnbalancedQuotes,
    /// A request over [`input_bytes_max`](crate::Limits::input_bytes_max).
    RequestTooLong,
    /// A frame over [`nesting_max`](crate::Limits::nesting_max).
    NestingTooDeep,
    /// A frame of no known type.
    UnknownType(u8),
    /// A frame whose content is not what its type says.
    Malformed(&'static str),
}

impl ProtocolError {
    /// The reply that ends the session.
    pub(crate) fn reply(&self) -> Error {
        match self {
            // Whatever byte it was.
            Self::ExpectedDollar(got) => {
                Error::repeating(&[b"Protocol error: expected '$', got '", &[*got], b"'"])
            }
            error => Error::plain(error.to_string()),
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protocol error: ")?;
        match self {
            Self::MultibulkLength => f.write_str("invalid multibulk length"),
            Self::ExpectedDollar(got) => write!(f, "expected '$', got '{}'", char::from(*got)),
            Self::BulkLength => f.write_str("invalid bulk length"),
            Self::UnauthenticatedMultibulkLength => f.write_str("unauthenticated multibulk length"),
            Self::UnauthenticatedBulkLength => f.write_str("unauthenticated bulk length"),
            Self::InlineTooLong => f.write_str("too big inline request"),
            Self::MultibulkCountTooLong => f.write_str("too big mbulk count string"),
            Self::BulkCountTooLong => f.write_str("too big bulk count string"),
            Self::UnbalancedQuotes => f.write_str("unbalanced quotes in request"),
            Self::RequestTooLong => f.write_str("too big request"),
            Self::NestingTooDeep => f.write_str("too deeply nested frame"),
            Self::UnknownType(got) => write!(f, "unknown frame type '{}'", char::from(*got)),
            Self::Malformed(what) => write!(f, "invalid {what}"),
        }
    }
}

impl std::error::Error for ProtocolError {}
