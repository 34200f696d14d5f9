//! What a connection has received and not yet understood.

use super::scanner::{Malformed, Scan, Scanner};

/// Cuts what comes into replies. It keeps bytes only while a reply is incomplete.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    scanner: Scanner,
    rest: Vec<u8>,
}

impl Inbox {
    /// Hands out every reply that is whole with these bytes. Pushes are dropped.
    pub(crate) fn take(&mut self, bytes: &[u8], reply: impl FnMut(&[u8])) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            let used = cut(&mut self.scanner, bytes, reply)?;
            self.rest.extend_from_slice(&bytes[used..]);
        } else {
            self.rest.extend_from_slice(bytes);
            let used = cut(&mut self.scanner, &self.rest, reply)?;
            self.rest.drain(..used);
        }
        Ok(())
    }

    /// Whether a reply has come in part.
    pub(super) fn is_amid_reply(&self) -> bool {
        !self.rest.is_empty()
    }
}

/// Hands out the replies that `bytes` begin with, and says how long they are together.
fn cut(
    scanner: &mut Scanner,
    bytes: &[u8],
    mut reply: impl FnMut(&[u8]),
) -> Result<usize, Malformed> {
    let mut used = 0;
    while used < bytes.len() {
        match scanner.scan(&bytes[used..])? {
            Scan::Reply(length) => {
                reply(&bytes[used..used + length]);
                used += length;
            }
            Scan::Push(length) => used += length,
            Scan::Incomplete => break,
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: [(&str, bool); 5] = [
        ("$3\r\nabc\r\n", true),
        (">1\r\n+told\r\n", false),
        ("*2\r\n:1\r\n%1\r\n+a\r\n=5\r\ntxt:x\r\n", true),
        ("-ERR no\r\n", true),
        ("|1\r\n+ttl\r\n:1\r\n_\r\n", true),
    ];

    proptest! {
        #[test]
        fn replies_are_the_same_however_the_bytes_are_cut(
            picks in prop::collection::vec(0..STREAM.len(), 1..12),
            pieces in prop::collection::vec(1_usize..9, 1..20),
        ) {
            let stream: String = picks.iter().map(|pick| STREAM[*pick].0).collect();
            let wanted: Vec<_> = picks
                .iter()
                .filter(|pick| STREAM[**pick].1)
                .map(|pick| STREAM[*pick].0.as_bytes().to_vec())
                .collect();
            let (mut inbox, mut found) = (Inbox::default(), Vec::new());
            let (mut left, mut pieces) = (stream.as_bytes(), pieces.iter().cycle());
            while !left.is_empty() {
                let piece = (*pieces.next().unwrap()).min(left.len());
                inbox.take(&left[..piece], |reply| found.push(reply.to_vec())).unwrap();
                left = &left[piece..];
            }
            prop_assert_eq!(found, wanted);
            prop_assert!(inbox.rest.is_empty());
        }
    }

    #[test]
    fn a_reply_that_has_come_in_part_is_known() {
        let mut inbox = Inbox::default();
        inbox.take(b"+OK\r\n$3\r\nab", |_| {}).unwrap();
        assert!(inbox.is_amid_reply());
        inbox.take(b"c\r\n", |_| {}).unwrap();
        assert!(!inbox.is_amid_reply());
    }

    #[test]
    fn what_is_no_resp_ends_it() {
        assert_eq!(Inbox::default().take(b"220 mail\r\n", |_| {}), Err(Malformed));
    }
}
