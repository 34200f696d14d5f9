//! Bytes on their way to a socket.

/// What is kept of an empty outbox, so that an idle connection holds little.
const KEPT_BYTES: usize = 4 * 1024;

/// Bytes that wait to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    pub(crate) fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Where to put more. What has been sent is cut off when that moves less than it frees.
    pub(crate) fn end(&mut self) -> &mut Vec<u8> {
        if self.len() < self.sent {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        &mut self.bytes
    }

    pub(crate) fn sent(&mut self, count: usize) {
        self.sent += count;
        if self.len() == 0 {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_BYTES);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_takes_no_room_for_long() {
        let mut outbox = Outbox::default();
        for round in 0..10_000u32 {
            outbox.end().extend_from_slice(&round.to_le_bytes());
            if round > 0 {
                outbox.sent(4);
            }
        }
        assert_eq!(outbox.unsent(), 9_999u32.to_le_bytes());
        assert!(outbox.bytes.len() <= 16);
        outbox.end().extend_from_slice(&[0; 100_000]);
        outbox.sent(100_004);
        assert!(outbox.unsent().is_empty() && outbox.bytes.capacity() <= KEPT_BYTES);
    }
}
