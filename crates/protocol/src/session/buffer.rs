//! Bytes that arrive at one end and leave at the other.

/// A buffer of less than this is not worth moving to a smaller place.
const SLACK_BYTES: usize = 64 * 1024;

/// A queue of bytes that gives its memory back as it runs empty.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes to append to, and how many at their beginning are gone already.
    pub(crate) fn appendable(&mut self) -> (&mut Vec<u8>, usize) {
        (&mut self.bytes, self.start)
    }

    /// Lets go of the first `count` bytes. An empty buffer keeps no more than `kept` for the next.
    pub(crate) fn consume(&mut self, count: usize, kept: usize) {
        self.start = (self.start + count).min(self.bytes.len());
        if self.is_empty() {
            self.start = 0;
            self.bytes.clear();
            if self.bytes.capacity() > kept {
                self.bytes = Vec::new();
            }
        } else if self.start > self.len() {
            // Moves fewer bytes than have left since the last time: linear in all.
            self.bytes.drain(..self.start);
            self.start = 0;
            self.shrink();
        }
    }

    /// What a few bytes are left of must not hold the room of all that were there.
    fn shrink(&mut self) {
        if self.bytes.capacity() > SLACK_BYTES.max(4 * self.len()) {
            self.bytes.shrink_to(2 * self.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn bytes_leave_in_the_order_they_came() {
        let mut buffer = Buffer::default();
        buffer.extend(b"abcdef");
        buffer.consume(4, 0);
        assert_eq!(buffer.unread(), b"ef");
        buffer.extend(b"gh");
        assert_eq!(buffer.unread(), b"efgh");
        buffer.consume(99, 0);
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_rest_does_not_keep_the_room_of_all_that_was_there() {
        let mut buffer = Buffer::default();
        buffer.extend(&vec![b'x'; 1 << 20]);
        buffer.consume((1 << 20) - 10, 0);
        assert_eq!(buffer.unread(), [b'x'; 10]);
        assert!(buffer.bytes.capacity() < 100, "{}", buffer.bytes.capacity());
    }

    #[test]
    fn an_empty_buffer_keeps_little() {
        let mut buffer = Buffer::default();
        for (length, kept) in [(100, 100), (5000, 0)] {
            buffer.extend(&vec![0; length]);
            buffer.consume(length, 1024);
            assert_eq!(buffer.bytes.capacity(), kept);
        }
    }
}
