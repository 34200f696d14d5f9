//! Where a reply ends.

/// Finds the end of a reply in RESP2 or RESP3, however its bytes are cut, without looking into what it
/// holds and without allocating.
///
/// Nothing is remembered but how many frames are still to come: an aggregate of five is a frame that five
/// more follow. So depth costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// Where the next frame begins; beyond what has come while a string is incomplete.
    at: usize,
    /// Whether the bytes before `at` end a string, and have to be a line end.
    behind_string: bool,
    /// Frames that are still to come, once the first has begun.
    pending: u64,
    /// The type of the reply itself, which attributes may precede.
    kind: Option<u8>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scan {
    /// A reply of so many bytes.
    Reply(usize),
    /// A push message of so many bytes: no request asked for it.
    Push(usize),
    /// More bytes are needed.
    Incomplete,
}

/// The bytes are no RESP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// No server sends a longer string or a larger aggregate.
const COUNT_MAX: u64 = 1 << 40;

/// No line is longer than a sentence, even one that quotes what it was given.
const LINE_MAX: usize = 1 << 20;

impl Scanner {
    /// Looks on in `bytes`, which begin where the reply begins: those of the last call, and what has come
    /// since. When a reply or a push has ended, the next call is about what follows it.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Result<Scan, Malformed> {
        loop {
            if !self.is_behind_string(bytes)? {
                return Ok(Scan::Incomplete);
            }
            if self.kind.is_some() && self.pending == 0 {
                return Ok(self.end());
            }
            let rest = &bytes[self.at..];
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                return if rest.len() > LINE_MAX { Err(Malformed) } else { Ok(Scan::Incomplete) };
            };
            let Some((kind, line)) = rest[..end].split_first() else { return Err(Malformed) };
            let line = line.strip_suffix(b"\r").ok_or(Malformed)?;
            self.at += end + 1;
            self.frame(*kind, line)?;
        }
    }

    fn is_behind_string(&mut self, bytes: &[u8]) -> Result<bool, Malformed> {
        if self.at > bytes.len() {
            return Ok(false);
        }
        let ends = !self.behind_string || bytes[..self.at].ends_with(b"\r\n");
        self.behind_string = false;
        if ends { Ok(true) } else { Err(Malformed) }
    }

    /// A frame begins with this line.
    fn frame(&mut self, kind: u8, line: &[u8]) -> Result<(), Malformed> {
        let is_outermost = self.kind.is_none() && self.pending <= 1;
        self.pending = self.pending.max(1);
        if kind == b'|' {
            self.pending += 2 * count(line)?;
            return Ok(());
        }
        if is_outermost {
            self.kind = Some(kind);
        }
        let held = match kind {
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => 0,
            b'$' | b'!' | b'=' => {
                self.string(line)?;
                0
            }
            b'*' | b'~' | b'>' if line == b"-1" => 0,
            b'*' | b'~' | b'>' => count(line)?,
            b'%' => 2 * count(line)?,
            _ => return Err(Malformed),
        };
        self.pending = self.pending - 1 + held;
        if self.pending > COUNT_MAX { Err(Malformed) } else { Ok(()) }
    }

    fn string(&mut self, length: &[u8]) -> Result<(), Malformed> {
        if length != b"-1" {
            self.at += usize::try_from(count(length)?).map_err(|_| Malformed)? + 2;
            self.behind_string = true;
        }
        Ok(())
    }

    fn end(&mut self) -> Scan {
        let Self { at, kind, .. } = std::mem::take(self);
        if kind == Some(b'>') { Scan::Push(at) } else { Scan::Reply(at) }
    }
}

fn count(digits: &[u8]) -> Result<u64, Malformed> {
    if digits.is_empty() || digits.len() > 13 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    if number > COUNT_MAX { Err(Malformed) } else { Ok(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replies of every type, nested, with attributes and pushes among them.
    const REPLIES: [&str; 22] = [
        "+OK\r\n",
        "-ERR no\r\n",
        ":-7\r\n",
        "$5\r\nhe\r\no\r\n",
        "$0\r\n\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "_\r\n",
        "#t\r\n",
        ",1.5\r\n",
        "(123456789012345678901\r\n",
        "!6\r\nERR no\r\n",
        "=7\r\ntxt:+a\n\r\n",
        "*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n~1\r\n_\r\n",
        "%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n$1\r\nc\r\n*0\r\n",
        "~2\r\n+a\r\n+b\r\n",
        "|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n",
        "|1\r\n+ttl\r\n*1\r\n|1\r\n+x\r\n+y\r\n:3\r\n*2\r\n:1\r\n:2\r\n",
        "*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n",
        "%0\r\n",
        "|0\r\n+OK\r\n",
    ];

    const PUSH: &str = ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n";

    #[test]
    fn each_reply_ends_where_it_ends() {
        for reply in REPLIES {
            let followed = [reply, "+next\r\n"].concat();
            let found = Scanner::default().scan(followed.as_bytes());
            assert_eq!(found, Ok(Scan::Reply(reply.len())), "{reply:?}");
        }
        assert_eq!(Scanner::default().scan(PUSH.as_bytes()), Ok(Scan::Push(PUSH.len())));
    }

    #[test]
    fn every_way_to_cut_a_reply_in_two_ends_the_same() {
        for reply in REPLIES {
            for cut in 0..reply.len() {
                let mut scanner = Scanner::default();
                let found = scanner.scan(&reply.as_bytes()[..cut]);
                assert_eq!(found, Ok(Scan::Incomplete), "{reply:?} at {cut}");
                assert_eq!(scanner.scan(reply.as_bytes()), Ok(Scan::Reply(reply.len())));
            }
        }
    }

    #[test]
    fn a_scanner_begins_anew_after_each_reply() {
        let mut scanner = Scanner::default();
        for reply in REPLIES.iter().chain(&[PUSH]).chain(&REPLIES) {
            let found = scanner.scan(reply.as_bytes()).unwrap();
            assert!(matches!(found, Scan::Reply(end) | Scan::Push(end) if end == reply.len()));
        }
    }

    #[test]
    fn depth_is_nothing_to_fear() {
        let deep = ["*1\r\n".repeat(1_000_000), ":1\r\n".to_owned()].concat();
        assert_eq!(Scanner::default().scan(deep.as_bytes()), Ok(Scan::Reply(deep.len())));
    }

    #[test]
    fn what_is_no_reply_is_malformed() {
        let long = "+".repeat(LINE_MAX + 2);
        for bytes in [
            "HTTP/1.1 400 Bad Request\r\n",
            "\r\n",
            "+OK\n",
            "$x\r\n",
            "$\r\n",
            "*-2\r\n",
            "$2\r\nabc\r\n",
            "$99999999999999999999\r\n",
            "*9999999999999\r\n",
            "$?\r\n",
            &long,
        ] {
            assert_eq!(Scanner::default().scan(bytes.as_bytes()), Err(Malformed), "{bytes:.40?}");
        }
    }
}
