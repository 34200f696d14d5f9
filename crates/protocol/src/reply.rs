//! Replies as values, for the commands whose reply is decided away from the output buffer.

/// A reply, before it has been written in one protocol version or the other.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// `+OK`
    Ok,
    /// A simple string.
    Simple(&'static str),
    /// An integer.
    Integer(i64),
    /// A bulk string.
    Bulk(Vec<u8>),
    /// Nothing: `$-1` in RESP2, `_` in RESP3.
    Null,
    /// An array.
    Array(Vec<Reply>),
    /// A map: an array of twice the length in RESP2.
    Map(Vec<(Reply, Reply)>),
    /// Text for a person: a verbatim string in RESP3, a bulk string in RESP2.
    Text(String),
    /// A double.
    Double(f64),
}
