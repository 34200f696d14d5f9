//! Replies, as exactly as the bytes tell them apart.

use std::fmt;

use super::words::escape;

/// One reply of RESP2 or RESP3. Two are equal when their bytes are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reply {
    /// A reply of one line: `+`, `-`, `:`, `,`, `#`, `(` and `_`.
    Line(u8, Vec<u8>),
    /// A reply with a length: `$`, `=` and `!`.
    Bulk(u8, Vec<u8>),
    /// `$-1` or `*-1`.
    Null(u8),
    /// `*`, `~`, `>` and `%`, of which keys and values follow each other.
    Many(u8, Vec<Reply>),
}

/// A reply that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) reply: Reply,
    /// Messages that came in the midst of it.
    pub(super) messages: Vec<Reply>,
    /// How many bytes it takes.
    pub(super) length: usize,
}

/// Bytes that are no reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Garbage;

impl Reply {
    /// What `input` begins with; `None` while it is incomplete.
    pub(super) fn decode(input: &[u8]) -> Result<Option<Decoded>, Garbage> {
        let mut messages = Vec::new();
        let read = Self::read(input, &mut messages)?;
        Ok(read.map(|(reply, length)| Decoded { reply, messages, length }))
    }

    fn read(input: &[u8], messages: &mut Vec<Self>) -> Result<Option<(Self, usize)>, Garbage> {
        let Some(end) = input.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
        let (Some(&kind), body) = (input.first(), end + 2) else { return Ok(None) };
        let line = input[..end].get(1..).ok_or(Garbage)?;
        match kind {
            b'+' | b'-' | b':' | b',' | b'#' | b'(' | b'_' => {
                Ok(Some((Self::Line(kind, line.to_vec()), body)))
            }
            b'$' | b'*' if line == b"-1" => Ok(Some((Self::Null(kind), body))),
            b'$' | b'=' | b'!' => bulk(kind, count(line)?, input, body),
            b'*' | b'~' | b'>' => many(kind, count(line)?, input, body, messages),
            b'%' => many(kind, 2 * count(line)?, input, body, messages),
            _ => Err(Garbage),
        }
    }

    /// Whether it is an error.
    pub(super) fn is_error(&self) -> bool {
        self.kind() == b'-' || self.kind() == b'!'
    }

    /// The byte that it begins with.
    pub(super) fn kind(&self) -> u8 {
        match self {
            Self::Line(kind, _) | Self::Bulk(kind, _) | Self::Null(kind) | Self::Many(kind, _) => {
                *kind
            }
        }
    }

    /// The text of a reply that is one.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Line(_, text) | Self::Bulk(_, text) => Some(text),
            Self::Null(_) | Self::Many(..) => None,
        }
    }

    /// What it holds, if it holds others.
    pub(super) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Many(_, items) => Some(items),
            Self::Line(..) | Self::Bulk(..) | Self::Null(_) => None,
        }
    }

    /// Whether it is a message that comes without being asked for.
    pub(super) fn is_message(&self) -> bool {
        const KINDS: [&[u8]; 3] = [b"message", b"pmessage", b"invalidate"];
        let Self::Many(b'*' | b'>', items) = self else { return false };
        items.first().and_then(Self::text).is_some_and(|kind| KINDS.contains(&kind))
    }
}

fn count(line: &[u8]) -> Result<usize, Garbage> {
    std::str::from_utf8(line).ok().and_then(|line| line.parse().ok()).ok_or(Garbage)
}

fn bulk(
    kind: u8,
    length: usize,
    input: &[u8],
    at: usize,
) -> Result<Option<(Reply, usize)>, Garbage> {
    match input.get(at..at + length + 2) {
        None => Ok(None),
        Some([text @ .., b'\r', b'\n']) => {
            Ok(Some((Reply::Bulk(kind, text.to_vec()), at + length + 2)))
        }
        Some(_) => Err(Garbage),
    }
}

fn many(
    kind: u8,
    count: usize,
    input: &[u8],
    mut at: usize,
    messages: &mut Vec<Reply>,
) -> Result<Option<(Reply, usize)>, Garbage> {
    let mut items = Vec::new();
    while items.len() < count {
        let Some((item, length)) = Reply::read(&input[at..], messages)? else { return Ok(None) };
        at += length;
        match item.is_message() {
            true => messages.push(item),
            false => items.push(item),
        }
    }
    Ok(Some((Reply::Many(kind, items), at)))
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = char::from(self.kind());
        match self {
            Self::Line(_, text) => write!(f, "{kind}{}", escape(text)),
            Self::Bulk(b'$', text) => write!(f, "\"{}\"", escape(text)),
            Self::Bulk(_, text) => write!(f, "{kind}\"{}\"", escape(text)),
            Self::Null(_) => write!(f, "{kind}-1"),
            Self::Many(_, items) => {
                write!(f, "{kind}[")?;
                for (place, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if place > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(input: &str) -> String {
        let decoded = Reply::decode(input.as_bytes()).unwrap().unwrap();
        assert_eq!(decoded.length, input.len());
        decoded.reply.to_string()
    }

    #[test]
    fn every_kind_is_known() {
        for line in ["+OK", "-ERR no", ":-7", ",inf", "#t", "(123", "_", "$-1", "*-1"] {
            assert_eq!(shown(&format!("{line}\r\n")), line);
        }
        assert_eq!(shown("$2\r\n\r\n\r\n"), "\"\\r\\n\"");
        assert_eq!(shown("=6\r\ntxt:hi\r\n"), "=\"txt:hi\"");
        assert_eq!(shown("%1\r\n+a\r\n~1\r\n:1\r\n"), "%[+a, ~[:1]]");
        assert_eq!(shown("*0\r\n"), "*[]");
    }

    #[test]
    fn every_proper_prefix_is_incomplete() {
        let input = b"*2\r\n%1\r\n+a\r\n$2\r\nbc\r\n=5\r\ntxt:x\r\n";
        for end in 0..input.len() {
            assert_eq!(Reply::decode(&input[..end]), Ok(None));
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for input in ["?\r\n", "\r\n", "$x\r\n", "*-2\r\n", "$1\r\nabc"] {
            assert_eq!(Reply::decode(input.as_bytes()), Err(Garbage), "{input:?}");
        }
    }

    #[test]
    fn messages_in_the_midst_of_a_reply_are_taken_out() {
        let message = ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n";
        let input = format!("*2\r\n:1\r\n{message}:2\r\n");
        let decoded = Reply::decode(input.as_bytes()).unwrap().unwrap();
        assert_eq!(decoded.reply.to_string(), "*[:1, :2]");
        assert_eq!((decoded.messages.len(), decoded.length), (1, input.len()));
    }

    #[test]
    fn messages_are_told_from_replies() {
        let message =
            |input: &str| Reply::decode(input.as_bytes()).unwrap().unwrap().reply.is_message();
        assert!(message("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n"));
        assert!(message(">2\r\n$10\r\ninvalidate\r\n_\r\n"));
        assert!(!message("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"));
        assert!(!message("$7\r\nmessage\r\n"));
    }
}
