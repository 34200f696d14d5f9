//! Groups: what goes to the disk together.
//!
//! ```text
//! magic checksum length records number synced first │ content, zeros up to a multiple of eight
//! 4     4        4      4       8      8      8     │ length bytes
//! ```
//!
//! The checksum covers everything behind it, the segment's tag and the group's place in it. Groups
//! are numbered through the whole log. `synced` is the last group that was known to last when this
//! one was written: a group vouches for all of those. So when a group cannot be read, a later one
//! tells whether it had been acknowledged, which makes it damage, or was being written when the
//! process ended, which makes it a torn end.

use super::bytes::Reader;
use super::item::Items;

pub(super) const HEADER_BYTES: usize = 40;

const MAGIC: u32 = u32::from_le_bytes(*b"grp1");

/// Groups begin at multiples of this.
const ALIGNMENT: usize = 8;

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u64,
    pub(super) synced: u64,
    /// The sequence of its first record, or what that would be if it had one.
    pub(super) first: u64,
    pub(super) records: u32,
}

/// A group in a segment.
pub(super) struct Group<'a> {
    pub(super) header: Header,
    /// Where it begins.
    pub(super) offset: usize,
    content: &'a [u8],
}

impl<'a> Group<'a> {
    /// The group at `offset` of a segment; `None` when there is none that is whole.
    pub(super) fn read(segment: &'a [u8], offset: usize, tag: u64) -> Option<Self> {
        let mut reader = Reader(segment.get(offset..)?);
        if reader.u32()? != MAGIC {
            return None;
        }
        let crc = reader.u32()?;
        let covered = reader.0;
        let (length, records) = (reader.u32()?, reader.u32()?);
        let header =
            Header { records, number: reader.u64()?, synced: reader.u64()?, first: reader.u64()? };
        let content = reader.bytes(usize::try_from(length).ok()?)?;
        let covered = &covered[..HEADER_BYTES - 8 + content.len()];
        (crc == checksum(tag, offset, covered)).then_some(Self { header, offset, content })
    }

    /// Where the next group begins.
    pub(super) fn end(&self) -> usize {
        self.offset + HEADER_BYTES + self.content.len()
    }

    pub(super) fn items(&self) -> Items<'a> {
        Items::new(self.content, self.header.first)
    }

    /// The groups that begin after `offset`, wherever they do.
    pub(super) fn search(segment: &'a [u8], offset: usize, tag: u64) -> impl Iterator<Item = Self> {
        let offsets = (offset.next_multiple_of(ALIGNMENT)..segment.len()).step_by(ALIGNMENT);
        offsets.filter_map(move |offset| Self::read(segment, offset, tag))
    }
}

/// A group in the making: a header's room and content behind it.
pub(super) fn begin() -> Vec<u8> {
    vec![0; HEADER_BYTES]
}

/// How long the finished group is.
pub(super) fn length(unfinished: &[u8]) -> usize {
    unfinished.len().next_multiple_of(ALIGNMENT)
}

/// Fills the header in.
pub(super) fn finish(mut bytes: Vec<u8>, header: Header, tag: u64, offset: usize) -> Vec<u8> {
    bytes.resize(length(&bytes), 0);
    let content_bytes = (bytes.len() - HEADER_BYTES) as u32;
    bytes[8..12].copy_from_slice(&content_bytes.to_le_bytes());
    bytes[12..16].copy_from_slice(&header.records.to_le_bytes());
    bytes[16..24].copy_from_slice(&header.number.to_le_bytes());
    bytes[24..32].copy_from_slice(&header.synced.to_le_bytes());
    bytes[32..40].copy_from_slice(&header.first.to_le_bytes());
    let crc = checksum(tag, offset, &bytes[8..]);
    bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
    bytes[4..8].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn checksum(tag: u64, offset: usize, covered: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&tag.to_le_bytes());
    hasher.update(&(offset as u64).to_le_bytes());
    hasher.update(covered);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header { number: 5, synced: 4, first: 70, records: 0 };

    fn group(offset: usize) -> Vec<u8> {
        let mut bytes = begin();
        bytes.extend(b"\0\0\0");
        finish(bytes, HEADER, 99, offset)
    }

    #[test]
    fn a_group_is_read_where_it_was_written_and_nowhere_else() {
        let bytes = group(0);
        let read = Group::read(&bytes, 0, 99).expect("it is whole");
        assert_eq!((read.header, read.end()), (HEADER, bytes.len()));
        assert!(Group::read(&bytes, 0, 98).is_none(), "another segment's");
        let moved = [vec![0; 8], bytes].concat();
        assert!(Group::read(&moved, 8, 99).is_none(), "written elsewhere");
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_seen() {
        let bytes = group(0);
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 16;
            assert!(Group::read(&flipped, 0, 99).is_none(), "byte {at}");
            assert!(Group::read(&bytes[..at], 0, 99).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn groups_behind_what_cannot_be_read_are_found() {
        let bytes = [vec![7; 16], group(16), group(64)].concat();
        let found: Vec<_> = Group::search(&bytes, 1, 99).map(|group| group.offset).collect();
        assert_eq!(found, [16, 64]);
    }
}
