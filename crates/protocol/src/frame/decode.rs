//! Frames of any kind, as a client reads them.

use memchr::memchr;

use crate::frame::{ProtocolError, integer};
use crate::limits::Limits;

/// One frame of RESP2 or RESP3, with all that it holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// `+`
    Simple(String),
    /// `-`, or `!` in RESP3: the code and the sentence.
    Error(String),
    /// `:`
    Integer(i64),
    /// `$`
    Bulk(Vec<u8>),
    /// `_` in RESP3; `$-1` and `*-1` in RESP2.
    Null,
    /// `*`
    Array(Vec<Frame>),
    /// `%`
    Map(Vec<(Frame, Frame)>),
    /// `~`
    Set(Vec<Frame>),
    /// `>`
    Push(Vec<Frame>),
    /// `,`
    Double(f64),
    /// `#`
    Boolean(bool),
    /// `(`: the digits, with their sign.
    BigNumber(String),
    /// `=`: three letters that name the format, and the text.
    Verbatim([u8; 3], Vec<u8>),
    /// `|`: notes about the frame that follows them.
    Attribute(Vec<(Frame, Frame)>, Box<Frame>),
}

/// Decodes the frame that `input` begins with, and says how many bytes it takes; `None` while it
/// is incomplete.
///
/// It begins anew each time and copies what it finds: a tool for tests and clients of small
/// replies. Streamed aggregates (`*?`), which Redis never sends, are not known.
///
/// # Errors
///
/// [`ProtocolError`] for what no further bytes can mend.
///
/// ```
/// use larder_protocol::{Limits, frame::{Frame, decode}};
///
/// let limits = Limits::default();
/// assert_eq!(decode(b":42\r\n+OK", &limits), Ok(Some((Frame::Integer(42), 5))));
/// assert_eq!(decode(b"+OK", &limits), Ok(None));
/// ```
pub fn decode(input: &[u8], limits: &Limits) -> Result<Option<(Frame, usize)>, ProtocolError> {
    let mut reader = Reader { input, at: 0, limits };
    match reader.frame(0) {
        Ok(frame) => Ok(Some((frame, reader.at))),
        Err(Fault::Incomplete) => Ok(None),
        Err(Fault::Protocol(error)) => Err(error),
    }
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    limits: &'a Limits,
}

enum Fault {
    Incomplete,
    Protocol(ProtocolError),
}

impl From<ProtocolError> for Fault {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl<'a> Reader<'a> {
    fn frame(&mut self, depth: usize) -> Result<Frame, Fault> {
        if depth > self.limits.nesting_max {
            return Err(ProtocolError::NestingTooDeep.into());
        }
        let (kind, line) = match self.line()? {
            [kind, line @ ..] => (*kind, line),
            [] => return Err(ProtocolError::UnknownType(b'\r').into()),
        };
        Ok(match kind {
            b'+' => Frame::Simple(text(line)),
            b'-' => Frame::Error(text(line)),
            b':' => Frame::Integer(number(line)?),
            b'_' => Frame::Null,
            b',' => Frame::Double(double(line)?),
            b'#' => Frame::Boolean(boolean(line)?),
            b'(' => Frame::BigNumber(big_number(line)?),
            b'$' | b'!' | b'=' => self.counted(kind, line)?,
            _ => self.aggregate(kind, line, depth + 1)?,
        })
    }

    fn counted(&mut self, kind: u8, line: &[u8]) -> Result<Frame, Fault> {
        if kind == b'$' && line == b"-1" {
            return Ok(Frame::Null);
        }
        let bytes = self.bytes(count(line, self.limits.bulk_bytes_max, "bulk length")?)?;
        Ok(match (kind, bytes) {
            (b'$', bytes) => Frame::Bulk(bytes.to_vec()),
            (b'!', bytes) => Frame::Error(text(bytes)),
            (_, [a, b, c, b':', rest @ ..]) => Frame::Verbatim([*a, *b, *c], rest.to_vec()),
            _ => return Err(ProtocolError::Malformed("verbatim string").into()),
        })
    }

    fn aggregate(&mut self, kind: u8, line: &[u8], depth: usize) -> Result<Frame, Fault> {
        if !matches!(kind, b'*' | b'%' | b'~' | b'>' | b'|') {
            return Err(ProtocolError::UnknownType(kind).into());
        }
        if kind == b'*' && line == b"-1" {
            return Ok(Frame::Null);
        }
        let count = count(line, self.limits.arguments_max, "aggregate length")?;
        Ok(match kind {
            b'*' => Frame::Array(self.frames(count, depth)?),
            b'~' => Frame::Set(self.frames(count, depth)?),
            b'>' => Frame::Push(self.frames(count, depth)?),
            b'%' => Frame::Map(self.pairs(count, depth)?),
            _ => Frame::Attribute(self.pairs(count, depth)?, Box::new(self.frame(depth)?)),
        })
    }

    fn frames(&mut self, count: usize, depth: usize) -> Result<Vec<Frame>, Fault> {
        // Pushed one by one: the count is a promise.
        let mut frames = Vec::new();
        for _ in 0..count {
            frames.push(self.frame(depth)?);
        }
        Ok(frames)
    }

    fn pairs(&mut self, count: usize, depth: usize) -> Result<Vec<(Frame, Frame)>, Fault> {
        let mut pairs = Vec::new();
        for _ in 0..count {
            pairs.push((self.frame(depth)?, self.frame(depth)?));
        }
        Ok(pairs)
    }

    fn line(&mut self) -> Result<&'a [u8], Fault> {
        let rest = &self.input[self.at..];
        let end = memchr(b'\r', rest).ok_or(Fault::Incomplete)?;
        match rest.get(end + 1) {
            None => Err(Fault::Incomplete),
            Some(b'\n') => {
                self.at += end + 2;
                Ok(&rest[..end])
            }
            Some(_) => Err(ProtocolError::Malformed("line end").into()),
        }
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let end = self.at + length;
        let line_end = self.input.get(end..end + 2).ok_or(Fault::Incomplete)?;
        if line_end != b"\r\n" {
            return Err(ProtocolError::Malformed("bulk string").into());
        }
        let bytes = &self.input[self.at..end];
        self.at = end + 2;
        Ok(bytes)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn number(line: &[u8]) -> Result<i64, ProtocolError> {
    integer::parse(line).ok_or(ProtocolError::Malformed("integer"))
}

fn count(line: &[u8], max: usize, what: &'static str) -> Result<usize, ProtocolError> {
    let count = integer::parse(line).and_then(|count| usize::try_from(count).ok());
    count.filter(|&count| count <= max).ok_or(ProtocolError::Malformed(what))
}

fn double(line: &[u8]) -> Result<f64, ProtocolError> {
    let text = std::str::from_utf8(line).ok();
    text.and_then(|text| text.parse().ok()).ok_or(ProtocolError::Malformed("double"))
}

fn boolean(line: &[u8]) -> Result<bool, ProtocolError> {
    match line {
        b"t" => Ok(true),
        b"f" => Ok(false),
        _ => Err(ProtocolError::Malformed("boolean")),
    }
}

fn big_number(line: &[u8]) -> Result<String, ProtocolError> {
    let digits = line.strip_prefix(b"-").or(line.strip_prefix(b"+")).unwrap_or(line);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(ProtocolError::Malformed("big number"));
    }
    Ok(text(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(input: &str) -> Frame {
        let (frame, length) = decode(input.as_bytes(), &Limits::default()).unwrap().unwrap();
        assert_eq!(length, input.len());
        frame
    }

    #[test]
    fn scalars_of_both_versions() {
        assert_eq!(whole("+OK\r\n"), Frame::Simple("OK".into()));
        assert_eq!(whole("-ERR no\r\n"), Frame::Error("ERR no".into()));
        assert_eq!(whole("!6\r\nERR no\r\n"), Frame::Error("ERR no".into()));
        assert_eq!(whole(":-7\r\n"), Frame::Integer(-7));
        assert_eq!(whole(",-inf\r\n"), Frame::Double(f64::NEG_INFINITY));
        assert_eq!(whole("#f\r\n"), Frame::Boolean(false));
        assert_eq!(whole("(-123\r\n"), Frame::BigNumber("-123".into()));
        assert_eq!(whole("=6\r\ntxt:hi\r\n"), Frame::Verbatim(*b"txt", b"hi".to_vec()));
        for null in ["_\r\n", "$-1\r\n", "*-1\r\n"] {
            assert_eq!(whole(null), Frame::Null);
        }
    }

    #[test]
    fn aggregates_nest() {
        let pair = (Frame::Bulk(b"k".to_vec()), Frame::Set(vec![Frame::Null]));
        assert_eq!(whole("%1\r\n$1\r\nk\r\n~1\r\n_\r\n"), Frame::Map(vec![pair]));
        let push = Frame::Push(vec![Frame::Array(vec![])]);
        let note = (Frame::Integer(1), Frame::Integer(2));
        let noted = Frame::Attribute(vec![note], Box::new(push));
        assert_eq!(whole("|1\r\n:1\r\n:2\r\n>1\r\n*0\r\n"), noted);
    }

    #[test]
    fn every_proper_prefix_is_incomplete() {
        let input = b"*2\r\n%1\r\n+a\r\n$2\r\nbc\r\n=5\r\ntxt:x\r\n";
        for end in 0..input.len() {
            assert_eq!(decode(&input[..end], &Limits::default()), Ok(None));
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let limits = Limits { nesting_max: 3, ..Limits::default() };
        assert!(decode("*1\r\n".repeat(3).as_bytes(), &limits).unwrap().is_none());
        let deep = decode("*1\r\n".repeat(100_000).as_bytes(), &limits);
        assert_eq!(deep, Err(ProtocolError::NestingTooDeep));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for input in ["?\r\n", "\r\n", ":x\r\n", "$-2\r\n", "*x\r\n", "#y\r\n", "(1a\r\n", "+a\rb"]
        {
            assert!(decode(input.as_bytes(), &Limits::default()).is_err(), "{input:?}");
        }
    }
}
