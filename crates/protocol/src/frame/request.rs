//! Requests as they arrive: arrays of bulk strings, or inline lines.

use std::num::NonZeroUsize;

use memchr::memchr2;

use crate::args::{Args, Spans};
use crate::frame::{ProtocolError, inline, integer};
use crate::limits::Limits;

/// How much a client may send in a request before it has said who it is, as in Redis: enough to do
/// so.
const STRANGER_ARGUMENTS_MAX: usize = 10;
const STRANGER_BULK_BYTES_MAX: usize = 16 << 10;
/// The longest argument that Redis takes unless it is told otherwise: what is longer is wrong
/// whoever sends it.
const REDIS_BULK_BYTES_MAX: usize = 512 << 20;

/// Finds the end of one request in bytes that arrive in any pieces.
///
/// It remembers how far it came, so a request of many pieces is looked at once, and it takes
/// memory only for arguments whose length has arrived. The input that is shown to
/// [`decode`](Self::decode) begins where the request begins, every time, until
/// [`advance`](Self::advance) lets go of it.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// Whether the client has yet to say who it is.
    pub(crate) is_stranger: bool,
    /// The longest argument, where that is no longer what the limits say.
    pub(crate) bulk_bytes_max: Option<NonZeroUsize>,
    state: State,
    /// How much of the input is decoded.
    at: usize,
    /// How much of it beyond `at` is known to hold no end of line.
    searched: usize,
    /// The arguments: in the input, or in `unquoted` when the request is inline.
    spans: Spans,
    unquoted: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    /// So many arguments are to come; the next one's length first.
    Length {
        left: usize,
    },
    /// So many arguments are to come; the next one has this length.
    Bulk {
        left: usize,
        length: usize,
    },
    Complete(Form),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Array,
    Inline,
}

/// What the input holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// A request of so many bytes. It may have no argument at all; then it is to be skipped.
    Request(usize),
    /// The beginning of one.
    Incomplete,
}

impl Decoder {
    /// Decodes as far as `input` goes. Repeating it with the same input changes nothing.
    pub(crate) fn decode(
        &mut self,
        input: &[u8],
        limits: &Limits,
    ) -> Result<Decoded, ProtocolError> {
        loop {
            let advanced = match self.state {
                State::Start => match input.first() {
                    None => false,
                    Some(b'*') => self.header(input, limits)?,
                    Some(_) => self.inline(input, limits)?,
                },
                State::Length { left } => self.length(input, left, limits)?,
                State::Bulk { left, length } => self.bulk(input, left, length),
                State::Complete(_) => return Ok(Decoded::Request(self.at)),
            };
            if !advanced {
                return Ok(Decoded::Incomplete);
            }
        }
    }

    /// The arguments of a complete request that is the beginning of `input`.
    pub(crate) fn args<'a>(&'a self, input: &'a [u8]) -> Args<'a> {
        match self.state {
            State::Complete(Form::Inline) => self.spans.args(&self.unquoted),
            _ => self.spans.args(input),
        }
    }

    /// How many bytes are held beside the input.
    pub(crate) fn bytes(&self) -> usize {
        self.spans.bytes()
    }

    /// Goes on to the next request.
    pub(crate) fn advance(&mut self) {
        self.state = State::Start;
        self.at = 0;
        self.searched = 0;
        self.spans.clear();
        self.unquoted = Vec::new();
    }

    fn header(&mut self, input: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        let count = match plain_count(input, b'*') {
            Some((count, length)) => {
                self.at = length;
                self.searched = 0;
                count
            }
            None => {
                let too_long = ProtocolError::MultibulkCountTooLong;
                let Some(line) = self.line(input, limits, too_long)? else {
                    return Ok(false);
                };
                let count = integer::parse(&line[1..]).ok_or(ProtocolError::MultibulkLength)?;
                usize::try_from(count).unwrap_or(0)
            }
        };
        if count > limits.arguments_max {
            return Err(ProtocolError::MultibulkLength);
        }
        if self.is_stranger && count > STRANGER_ARGUMENTS_MAX {
            return Err(ProtocolError::UnauthenticatedMultibulkLength);
        }
        let left = self.whole_bulks(input, count, limits);
        self.expect(left);
        Ok(true)
    }

    /// Takes the arguments that are all there and plainly written; answers how many are left for
    /// the patient way.
    fn whole_bulks(&mut self, input: &[u8], mut left: usize, limits: &Limits) -> usize {
        let bytes_max = limits.input_bytes_max.min(u32::MAX as usize).min(input.len());
        let bulk_bytes_max = match self.is_stranger {
            true => self.bulk_bytes_max(limits).min(STRANGER_BULK_BYTES_MAX),
            false => self.bulk_bytes_max(limits),
        };
        while left > 0 {
            let Some((length, line)) = plain_count(&input[self.at..], b'$') else {
                break;
            };
            let start = self.at + line;
            let end = start + length + 2;
            if length > bulk_bytes_max || end > bytes_max {
                break;
            }
            self.spans.push(start, length);
            self.at = end;
            left -= 1;
        }
        left
    }

    fn bulk_bytes_max(&self, limits: &Limits) -> usize {
        self.bulk_bytes_max.map_or(limits.bulk_bytes_max, NonZeroUsize::get)
    }

    fn length(
        &mut self,
        input: &[u8],
        left: usize,
        limits: &Limits,
    ) -> Result<bool, ProtocolError> {
        let Some(line) = self.line(input, limits, ProtocolError::BulkCountTooLong)? else {
            return Ok(false);
        };
        let digits = match line {
            [b'$', digits @ ..] => digits,
            other => {
                let got = other.first().copied().unwrap_or(b'\r');
                return Err(ProtocolError::ExpectedDollar(got));
            }
        };
        let length = integer::parse(digits)
            .and_then(|length| usize::try_from(length).ok())
            .filter(|&length| length <= self.bulk_bytes_max(limits).max(REDIS_BULK_BYTES_MAX))
            .ok_or(ProtocolError::BulkLength)?;
        if self.is_stranger && length > STRANGER_BULK_BYTES_MAX {
            return Err(ProtocolError::UnauthenticatedBulkLength);
        }
        if length > self.bulk_bytes_max(limits) {
            return Err(ProtocolError::BulkLength);
        }
        if self.at + length + 2 > limits.input_bytes_max.min(u32::MAX as usize) {
            return Err(ProtocolError::RequestTooLong);
        }
        self.state = State::Bulk { left, length };
        Ok(true)
    }

    fn bulk(&mut self, input: &[u8], left: usize, length: usize) -> bool {
        // Like Redis, this trusts the length and does not look at the two bytes that follow.
        let end = self.at + length + 2;
        if input.len() < end {
            return false;
        }
        self.spans.push(self.at, length);
        self.at = end;
        self.expect(left - 1);
        true
    }

    fn inline(&mut self, input: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        let Some(end) = self.find(b'\n', input) else {
            return match input.len() > limits.inline_bytes_max {
                true => Err(ProtocolError::InlineTooLong),
                false => Ok(false),
            };
        };
        if end > limits.inline_bytes_max {
            return Err(ProtocolError::InlineTooLong);
        }
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        inline::split(line, &mut self.unquoted, &mut self.spans)?;
        self.at = end + 1;
        self.state = State::Complete(Form::Inline);
        Ok(true)
    }

    /// Where `line` ends, once that has arrived. In Redis a line is a string of C: one with a byte 0
    /// never ends.
    fn find(&mut self, end: u8, line: &[u8]) -> Option<usize> {
        let found = memchr2(end, 0, &line[self.searched..]).map(|place| self.searched + place);
        self.searched = found.unwrap_or(line.len());
        found.filter(|place| line[*place] == end)
    }

    fn expect(&mut self, left: usize) {
        self.state = match left {
            0 => State::Complete(Form::Array),
            left => State::Length { left },
        };
    }

    /// The line at `at`, without its end, once that has arrived.
    fn line<'a>(
        &mut self,
        input: &'a [u8],
        limits: &Limits,
        too_long: ProtocolError,
    ) -> Result<Option<&'a [u8]>, ProtocolError> {
        let start = self.at;
        let Some(end) = self.find(b'\r', &input[start..]).map(|end| start + end) else {
            return match input.len() - start > limits.inline_bytes_max {
                true => Err(too_long),
                false => Ok(None),
            };
        };
        // Also when it has arrived in one piece: the pieces are not the client's doing.
        if end - start > limits.inline_bytes_max {
            return Err(too_long);
        }
        if end + 1 >= input.len() {
            self.searched = end - start;
            return Ok(None);
        }
        self.at = end + 2;
        self.searched = 0;
        Ok(Some(&input[start..end]))
    }
}

/// Reads `kind`, a few digits and the end of the line, which is what nearly every line is;
/// answers the number and the length of the line.
fn plain_count(input: &[u8], kind: u8) -> Option<(usize, usize)> {
    let digits = input.strip_prefix(&[kind])?;
    let mut number = 0;
    for (place, byte) in digits.iter().take(9).enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + usize::from(byte - b'0'),
            b'\r' if place == 0 || place + 1 >= digits.len() => return None,
            // A leading zero is not plain.
            b'\r' if digits[0] == b'0' && place > 1 => return None,
            b'\r' => return Some((number, place + 3)),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(input: &[u8]) -> Result<Option<Vec<Vec<u8>>>, ProtocolError> {
        decode_within(input, &Limits::default())
    }

    fn decode_within(input: &[u8], limits: &Limits) -> Result<Option<Vec<Vec<u8>>>, ProtocolError> {
        let mut decoder = Decoder::default();
        Ok(match decoder.decode(input, limits)? {
            Decoded::Incomplete => None,
            Decoded::Request(_) => Some(decoder.args(input).iter().map(<[u8]>::to_vec).collect()),
        })
    }

    #[test]
    fn an_array_of_bulk_strings_is_a_request() {
        let args = decode(b"*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n").unwrap().unwrap();
        assert_eq!(args, [b"GET".to_vec(), b"a\r\nb".to_vec()]);
    }

    #[test]
    fn requests_without_arguments_are_empty() {
        for input in ["*0\r\n", "*-1\r\n", "\r\n", "\n", "  \n"] {
            assert_eq!(decode(input.as_bytes()).unwrap(), Some(vec![]), "{input:?}");
        }
    }

    #[test]
    fn every_proper_prefix_is_incomplete() {
        let whole = b"*2\r\n$4\r\nECHO\r\n$12\r\nhello, world\r\n";
        let (mut decoder, limits) = (Decoder::default(), Limits::default());
        for end in 0..whole.len() {
            assert_eq!(decoder.decode(&whole[..end], &limits).unwrap(), Decoded::Incomplete);
        }
        let decoded = decoder.decode(whole, &limits).unwrap();
        assert_eq!(decoded, Decoded::Request(whole.len()));
        assert_eq!(&decoder.args(whole)[1], b"hello, world");
    }

    #[test]
    fn a_promise_of_many_arguments_takes_no_memory() {
        let mut decoder = Decoder::default();
        let decoded = decoder.decode(b"*1000000\r\n$3\r\nDEL\r\n", &Limits::default());
        assert_eq!(decoded, Ok(Decoded::Incomplete));
        assert_eq!(decoder.spans.args(&[]).len(), 1);
        assert!(size_of_val(&decoder) < 160);
    }

    #[test]
    fn errors_are_those_of_redis() {
        let cases: [(&[u8], &str); 9] = [
            (b"*x\r\n", "invalid multibulk length"),
            (b"*02\r\n", "invalid multibulk length"),
            (b"*1048577\r\n", "invalid multibulk length"),
            (b"*1\r\n+a\r\n", "expected '$', got '+'"),
            (b"*1\r\n\r\n\r\n", "expected '$', got '\r'"),
            (b"*1\r\n$-1\r\n", "invalid bulk length"),
            (b"*1\r\n$a\r\n", "invalid bulk length"),
            (b"*1\r\n$67108865\r\n", "invalid bulk length"),
            (b"PING \"a\r\n", "unbalanced quotes in request"),
        ];
        for (input, text) in cases {
            let error = decode(input).unwrap_err();
            assert_eq!(error.to_string(), format!("Protocol error: {text}"));
        }
    }

    #[test]
    fn lines_that_do_not_end_are_refused() {
        let long = "1".repeat(70_000);
        let cases = [
            (format!("*{long}"), ProtocolError::MultibulkCountTooLong),
            (format!("*1\r\n${long}"), ProtocolError::BulkCountTooLong),
            (long, ProtocolError::InlineTooLong),
        ];
        for (input, error) in cases {
            assert_eq!(decode(input.as_bytes()), Err(error.clone()));
            assert_eq!(decode(format!("{input}\r\n").as_bytes()), Err(error), "with its end");
        }
    }

    #[test]
    fn a_line_with_a_byte_0_does_not_end() {
        let (mut decoder, limits) = (Decoder::default(), Limits::default());
        for input in [&b"PI\0NG\r\n"[..], b"*1\0\r\n", b"*1\r\n$4\0\r\nPING\r\n", b"*1\r\n\0\r\n"] {
            for end in 0..=input.len() {
                assert_eq!(decoder.decode(&input[..end], &limits), Ok(Decoded::Incomplete));
            }
            assert_eq!(decode(input), Ok(None));
            decoder = Decoder::default();
        }
        let long = format!("a\0{}\r\n", "x".repeat(70_000));
        assert_eq!(decode(long.as_bytes()), Err(ProtocolError::InlineTooLong));
        assert!(decode(b"*1\r\n$2\r\na\0\r\n").unwrap().is_some(), "an argument is no line");
    }

    #[test]
    fn a_stranger_may_send_no_more_than_it_needs() {
        let decode = |input: String| {
            let mut decoder = Decoder { is_stranger: true, ..Decoder::default() };
            decoder.decode(input.as_bytes(), &Limits::default())
        };
        assert_eq!(decode("*10\r\n$16384\r\n".into()), Ok(Decoded::Incomplete));
        let too_many = ProtocolError::UnauthenticatedMultibulkLength;
        assert_eq!(decode("*11\r\n".into()), Err(too_many));
        let long = "x".repeat(16_385);
        for input in ["*1\r\n$16385\r\n".into(), format!("*1\r\n$16385\r\n{long}\r\n")] {
            assert_eq!(decode(input), Err(ProtocolError::UnauthenticatedBulkLength));
        }
        let unauthenticated = Err(ProtocolError::UnauthenticatedBulkLength);
        assert_eq!(decode("*1\r\n$536870912\r\n".into()), unauthenticated);
        assert_eq!(decode("*1\r\n$536870913\r\n".into()), Err(ProtocolError::BulkLength));
    }

    #[test]
    fn a_request_over_the_limit_is_refused_when_it_is_announced() {
        let limits = Limits { input_bytes_max: 40, ..Limits::default() };
        let error = decode_within(b"*2\r\n$3\r\nGET\r\n$30\r\n", &limits).unwrap_err();
        assert_eq!(error, ProtocolError::RequestTooLong);
    }
}
