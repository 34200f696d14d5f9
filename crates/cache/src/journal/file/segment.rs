//! Segments: the files of the log.
//!
//! A segment is made of zeros, is given its header, and then takes groups one behind the other. Its
//! tag is drawn when it is made and goes into the checksums of its groups, so that bytes of another
//! segment, or of a file that was here before, are never taken for its own.

use super::bytes::Reader;
use super::identity::Identity;

pub(super) const HEADER_BYTES: usize = 64;

const MAGIC: &[u8; 8] = b"larderlg";
const SUFFIX: &str = ".log";

/// What a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its place among the segments of the journal.
    pub(super) number: u64,
    pub(super) tag: u64,
}

pub(super) fn name(number: u64) -> String {
    format!("{number:012}{SUFFIX}")
}

/// The number of the segment with this name; `None` when it is not a segment's.
pub(super) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let number = digits.parse().ok()?;
    (self::name(number) == name).then_some(number)
}

impl Segment {
    pub(super) fn encode(self, identity: Identity) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(identity.0);
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.tag.to_le_bytes());
        bytes.resize(HEADER_BYTES - 4, 0);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// `None` when these bytes are not the header of a segment of this journal.
    pub(super) fn decode(bytes: &[u8], identity: Identity) -> Option<Self> {
        let mut header = Reader(bytes.get(..HEADER_BYTES)?);
        let fields = header.bytes(HEADER_BYTES - 4)?;
        let is_whole = header.u32()? == crc32fast::hash(fields);
        let mut fields = Reader(fields);
        let is_own = fields.array()? == *MAGIC && fields.array()? == identity.0;
        let segment = Self { number: fields.u64()?, tag: fields.u64()? };
        (is_whole && is_own).then_some(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_and_damage_is_seen() {
        let identity = Identity::of([1, 2]);
        let segment = Segment { number: 7, tag: 99 };
        let bytes = segment.encode(identity);
        assert_eq!(Segment::decode(&bytes, identity), Some(segment));
        assert_eq!(Segment::decode(&bytes, Identity::of([1, 3])), None);
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(Segment::decode(&flipped, identity), None, "byte {at}");
        }
    }

    #[test]
    fn names_are_numbers_with_zeros() {
        assert_eq!(number(&name(12)), Some(12));
        assert_eq!(["12.log", "lock", ".log", "000000000012.txt"].map(number), [None; 4]);
    }
}
