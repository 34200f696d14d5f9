//! Numbers in the journal's files: least byte first.

/// Takes a file apart from its front.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// The length of `bytes` without the zeros at its end.
pub(super) fn used(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<64>();
    match rest.iter().rposition(|byte| *byte != 0) {
        Some(last) => words.len() * 64 + last + 1,
        None => {
            let words_used = words.iter().rposition(|word| *word != [0; 64]).map_or(0, |at| at + 1);
            let tail = words[..words_used].as_flattened();
            tail.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_the_end_are_not_used() {
        for length in [0, 1, 63, 64, 65, 200] {
            let mut bytes = vec![0; length];
            assert_eq!(used(&bytes), 0);
            for at in 0..length {
                bytes[at] = 1;
                assert_eq!(used(&bytes), at + 1, "{length}");
                bytes[at] = 0;
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_read() {
        let mut reader = Reader(&[1, 0, 0, 0, 9]);
        assert_eq!((reader.u32(), reader.u32(), reader.byte()), (Some(1), None, Some(9)));
    }
}
