//! Replies on their way out, in the version of the protocol that the client speaks.

use crate::error::Error;
use crate::frame::Protocol;
use crate::reply::Reply;
use crate::store::{Outcome, Transferred};

/// Appends frames to a buffer, as RESP2 or as RESP3.
///
/// A frame for which RESP2 has no type is written as Redis writes it there: a map as an array of
/// twice the length, a double as a bulk string, a boolean as 0 or 1, null as `$-1`.
///
/// Once the buffer would grow past its limit nothing more is appended, and
/// [`is_full`](Self::is_full) says so: the buffer then ends somewhere inside a reply and is good
/// for nothing.
pub struct Out<'a> {
    buffer: &'a mut Vec<u8>,
    bytes_max: usize,
    protocol: Protocol,
    full: bool,
}

impl<'a> Out<'a> {
    /// Appends to `buffer`, which may grow to `bytes_max`.
    pub fn new(buffer: &'a mut Vec<u8>, protocol: Protocol, bytes_max: usize) -> Self {
        Self { buffer, bytes_max, protocol, full: false }
    }

    /// The version that is written.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Writes another version from here on.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// Whether something did not fit.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// `+text`. The text must not hold a line break.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// `-CODE text`. A line break in the text becomes a blank; at its end it goes.
    pub fn error(&mut self, error: &Error) {
        self.append(&[b"-", error.code.as_bytes(), b" ", &error.line(), b"\r\n"]);
    }

    /// Frames that were written elsewhere, in the same version.
    pub(crate) fn written(&mut self, frames: &[u8]) {
        self.append(&[frames]);
    }

    /// `:number`
    pub fn integer(&mut self, number: i64) {
        self.header(b':', number);
    }

    /// A string of any bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.counted(b'$', &[bytes]);
    }

    /// Nothing.
    pub fn null(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.append(&[b"$-1\r\n"]),
            Protocol::Resp3 => self.append(&[b"_\r\n"]),
        }
    }

    /// Nothing, where an array was asked for.
    pub fn null_array(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.append(&[b"*-1\r\n"]),
            Protocol::Resp3 => self.append(&[b"_\r\n"]),
        }
    }

    /// Begins an array; `count` frames follow.
    pub fn array(&mut self, count: usize) {
        self.aggregate(b'*', count);
    }

    /// Begins a map; `count` pairs of frames follow.
    pub fn map(&mut self, count: usize) {
        match self.protocol {
            Protocol::Resp2 => self.aggregate(b'*', count.saturating_mul(2)),
            Protocol::Resp3 => self.aggregate(b'%', count),
        }
    }

    /// Begins a set; `count` frames follow.
    pub fn set(&mut self, count: usize) {
        self.aggregate(self.either(b'*', b'~'), count);
    }

    /// Begins a message that answers no request; `count` frames follow.
    pub fn push(&mut self, count: usize) {
        self.aggregate(self.either(b'*', b'>'), count);
    }

    /// Begins something said about the reply that follows it; `count` pairs of frames follow. Only in
    /// RESP3.
    pub fn attribute(&mut self, count: usize) {
        self.aggregate(b'|', count);
    }

    /// An integer of any size, in decimal digits.
    pub fn big_number(&mut self, digits: &str) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(digits.as_bytes()),
            Protocol::Resp3 => self.line(b'(', digits.as_bytes()),
        }
    }

    /// A floating-point number, in as few digits as bring it back.
    pub fn double(&mut self, number: f64) {
        let text = double_text(number);
        match self.protocol {
            Protocol::Resp2 => self.bulk(text.as_bytes()),
            Protocol::Resp3 => self.line(b',', text.as_bytes()),
        }
    }

    /// Yes or no.
    pub fn boolean(&mut self, yes: bool) {
        match self.protocol {
            Protocol::Resp2 => self.integer(yes.into()),
            Protocol::Resp3 => self.line(b'#', if yes { b"t" } else { b"f" }),
        }
    }

    /// Text for a person, which a client shows as it is.
    pub fn verbatim(&mut self, text: &str) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text.as_bytes()),
            Protocol::Resp3 => self.counted(b'=', &[b"txt:", text.as_bytes()]),
        }
    }

    /// A whole reply.
    pub fn reply(&mut self, reply: &Reply) {
        match reply {
            Reply::Ok => self.simple("OK"),
            Reply::Simple(text) => self.simple(text),
            Reply::Integer(number) => self.integer(*number),
            Reply::Bulk(bytes) => self.bulk(bytes),
            Reply::Null => self.null(),
            Reply::Array(items) => {
                self.array(items.len());
                items.iter().for_each(|item| self.reply(item));
            }
            Reply::Map(pairs) => {
                self.map(pairs.len());
                for (key, value) in pairs {
                    self.reply(key);
                    self.reply(value);
                }
            }
            Reply::Text(text) => self.verbatim(text),
            Reply::Double(number) => self.double(*number),
        }
    }

    /// What a request came to: `+OK`, a count or a yes or no as an integer, the reply it carries;
    /// null for a refused fill.
    pub fn outcome(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Done | Outcome::Filled(true) => self.simple("OK"),
            Outcome::Filled(false) => self.null(),
            Outcome::Written(yes) => self.integer((*yes).into()),
            Outcome::Transferred(end) => self.integer((*end == Transferred::Done).into()),
            Outcome::Count(count) => self.integer(i64::try_from(*count).unwrap_or(i64::MAX)),
            Outcome::Reply(reply) => self.reply(reply),
        }
    }

    /// Where the next frame begins.
    pub(crate) fn mark(&self) -> usize {
        self.buffer.len()
    }

    /// Takes back what was written since `mark`.
    pub(crate) fn rewind(&mut self, mark: usize) {
        self.buffer.truncate(mark);
    }

    /// Writes an error instead of what was written since `mark`.
    pub(crate) fn replace(&mut self, mark: usize, error: &Error) {
        self.rewind(mark);
        self.error(error);
    }

    fn either(&self, resp2: u8, resp3: u8) -> u8 {
        match self.protocol {
            Protocol::Resp2 => resp2,
            Protocol::Resp3 => resp3,
        }
    }

    fn aggregate(&mut self, kind: u8, count: usize) {
        self.header(kind, i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn header(&mut self, kind: u8, number: i64) {
        self.line(kind, itoa::Buffer::new().format(number).as_bytes());
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.append(&[&[kind], text, b"\r\n"]);
    }

    fn counted(&mut self, kind: u8, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(length).as_bytes();
        if self.has_room(length + digits.len() + 5) {
            self.buffer.push(kind);
            self.buffer.extend_from_slice(digits);
            self.buffer.extend_from_slice(b"\r\n");
            parts.iter().for_each(|part| self.buffer.extend_from_slice(part));
            self.buffer.extend_from_slice(b"\r\n");
        }
    }

    fn append(&mut self, parts: &[&[u8]]) {
        if self.has_room(parts.iter().map(|part| part.len()).sum()) {
            parts.iter().for_each(|part| self.buffer.extend_from_slice(part));
        }
    }

    /// Makes room for `count` bytes, or notes that there is none.
    fn has_room(&mut self, count: usize) -> bool {
        self.full |= count > self.bytes_max.saturating_sub(self.buffer.len());
        if !self.full {
            self.buffer.reserve(count);
        }
        !self.full
    }
}

fn double_text(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        "nan".into()
    } else if size == 0.0 || (1e-5..1e17).contains(&size) || size.is_infinite() {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(protocol: Protocol, write: impl FnOnce(&mut Out<'_>)) -> String {
        let mut buffer = Vec::new();
        write(&mut Out::new(&mut buffer, protocol, usize::MAX));
        String::from_utf8(buffer).unwrap()
    }

    fn both(write: impl Fn(&mut Out<'_>)) -> [String; 2] {
        [Protocol::Resp2, Protocol::Resp3].map(|protocol| written(protocol, &write))
    }

    #[test]
    fn scalars_in_either_version() {
        assert_eq!(both(|out| out.null()), ["$-1\r\n", "_\r\n"]);
        assert_eq!(both(|out| out.null_array()), ["*-1\r\n", "_\r\n"]);
        assert_eq!(both(|out| out.boolean(true)), [":1\r\n", "#t\r\n"]);
        assert_eq!(both(|out| out.integer(i64::MIN))[0], format!(":{}\r\n", i64::MIN));
        assert_eq!(both(|out| out.verbatim("hi")), ["$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"]);
    }

    #[test]
    fn doubles_come_back_as_they_were() {
        assert_eq!(both(|out| out.double(0.1)), ["$3\r\n0.1\r\n", ",0.1\r\n"]);
        for (number, text) in [(1e300, "1e300"), (f64::NEG_INFINITY, "-inf"), (-3.0, "-3")] {
            assert_eq!(both(|out| out.double(number))[1], format!(",{text}\r\n"));
        }
    }

    #[test]
    fn aggregates_in_either_version() {
        assert_eq!(both(|out| out.map(2)), ["*4\r\n", "%2\r\n"]);
        assert_eq!(both(|out| out.set(2)), ["*2\r\n", "~2\r\n"]);
        assert_eq!(both(|out| out.push(2)), ["*2\r\n", ">2\r\n"]);
    }

    #[test]
    fn an_error_stays_on_one_line() {
        let error = Error::new("ERR", "a\r\nb");
        assert_eq!(both(|out| out.error(&error))[0], "-ERR a  b\r\n");
    }

    #[test]
    fn nested_replies_are_written_in_order() {
        let pair = (Reply::Simple("a"), Reply::Array(vec![Reply::Null, Reply::Integer(1)]));
        let [resp2, resp3] = both(|out| out.reply(&Reply::Map(vec![pair.clone()])));
        assert_eq!(resp2, "*2\r\n+a\r\n*2\r\n$-1\r\n:1\r\n");
        assert_eq!(resp3, "%1\r\n+a\r\n*2\r\n_\r\n:1\r\n");
    }

    #[test]
    fn nothing_is_appended_past_the_limit() {
        let mut buffer = Vec::new();
        let mut out = Out::new(&mut buffer, Protocol::Resp2, 12);
        out.bulk(b"abc");
        assert!(!out.is_full());
        out.bulk(b"abc");
        out.null();
        assert!(out.is_full());
        assert_eq!(buffer, b"$3\r\nabc\r\n");
    }
}
