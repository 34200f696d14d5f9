//! What groups hold: records, and how far the journal has come.

use super::bytes::Reader;
use crate::journal::LANES;
use crate::journal::{Lane, Mark, Sequence};

/// The bytes of a record beside its key and value.
pub(super) const RECORD_BYTES: usize = 17;

/// Ends a group's content.
const END: u8 = 0;
const PUT: u8 = 1;
const DELETE: u8 = 2;
const PROGRESS: u8 = 3;

/// A record as its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawRecord<'a> {
    pub(super) sequence: Sequence,
    /// Milliseconds since 1970; zero when nobody knew.
    pub(super) appended_ms: u64,
    pub(super) key: &'a [u8],
    pub(super) value: Option<&'a [u8]>,
}

/// How far the journal had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// The first segment that is still needed.
    pub(super) segment: u64,
    /// By lane.
    pub(super) reached: [Sequence; LANES],
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Record(RawRecord<'a>),
    Progress(Progress),
}

/// A group's content does not make sense, although its checksum is right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Senseless;

impl Progress {
    pub(super) fn marks(&self) -> Vec<Mark> {
        let mark =
            |(lane, sequence): (u8, &Sequence)| Mark { lane: Lane(lane), sequence: *sequence };
        (0..).zip(&self.reached).map(mark).collect()
    }

    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(PROGRESS);
        bytes.extend(self.segment.to_le_bytes());
        self.reached.iter().for_each(|sequence| bytes.extend(sequence.0.to_le_bytes()));
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let segment = reader.u64()?;
        let mut reached = [Sequence(0); LANES];
        for sequence in &mut reached {
            *sequence = Sequence(reader.u64()?);
        }
        Some(Self { segment, reached })
    }
}

/// Begins a record; its key and its value follow, then [`finish_record`].
pub(super) fn begin_record(bytes: &mut Vec<u8>, appended_ms: u64) -> usize {
    let begun = bytes.len();
    bytes.resize(begun + 9, 0);
    bytes.extend(appended_ms.to_le_bytes());
    begun
}

/// Says of the record at `begun`, which ends here, how long its key is and whether it has a value.
/// `None` when it is too long for the format.
pub(super) fn finish_record(
    bytes: &mut [u8],
    begun: usize,
    key_bytes: usize,
    is_put: bool,
) -> Option<()> {
    let value_bytes = bytes.len() - begun - RECORD_BYTES - key_bytes;
    bytes[begun] = if is_put { PUT } else { DELETE };
    bytes[begun + 1..begun + 5].copy_from_slice(&u32::try_from(key_bytes).ok()?.to_le_bytes());
    bytes[begun + 5..begun + 9].copy_from_slice(&u32::try_from(value_bytes).ok()?.to_le_bytes());
    Some(())
}

/// A group's content, one after the other.
pub(super) struct Items<'a> {
    reader: Reader<'a>,
    next: u64,
}

impl<'a> Items<'a> {
    pub(super) fn new(content: &'a [u8], first: u64) -> Self {
        Self { reader: Reader(content), next: first }
    }

    fn record(&mut self, is_put: bool) -> Option<RawRecord<'a>> {
        let (key_bytes, value_bytes) = (self.reader.u32()?, self.reader.u32()?);
        let appended_ms = self.reader.u64()?;
        let key = self.reader.bytes(key_bytes as usize)?;
        let value = self.reader.bytes(value_bytes as usize)?;
        let sequence = Sequence(self.next);
        self.next += 1;
        Some(RawRecord { sequence, appended_ms, key, value: is_put.then_some(value) })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, Senseless>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = match self.reader.byte()? {
            END => return None,
            kind @ (PUT | DELETE) => self.record(kind == PUT).map(Item::Record),
            PROGRESS => Progress::decode(&mut self.reader).map(Item::Progress),
            _ => None,
        };
        if item.is_none() {
            self.reader = Reader(&[]);
        }
        Some(item.ok_or(Senseless))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>) {
        let begun = begin_record(bytes, 5);
        bytes.extend(key);
        bytes.extend(value.unwrap_or_default());
        finish_record(bytes, begun, key.len(), value.is_some()).expect("it is short");
    }

    #[test]
    fn records_and_progress_come_back_in_their_order() {
        let progress =
            Progress { segment: 3, reached: std::array::from_fn(|n| Sequence(n as u64)) };
        let mut bytes = Vec::new();
        record(&mut bytes, b"tea", Some(b""));
        progress.encode(&mut bytes);
        record(&mut bytes, b"milk", None);
        bytes.extend([0; 5]);
        let raw = |sequence, key, value| {
            let sequence = Sequence(sequence);
            Ok(Item::Record(RawRecord { sequence, appended_ms: 5, key, value }))
        };
        let items: Vec<_> = Items::new(&bytes, 70).collect();
        let tea = raw(70, b"tea".as_slice(), Some(b"".as_slice()));
        let milk = raw(71, b"milk".as_slice(), None);
        assert_eq!(items, [tea, Ok(Item::Progress(progress)), milk]);
        assert_eq!(progress.marks()[9], Mark { lane: Lane(9), sequence: Sequence(9) });
    }

    #[test]
    fn what_makes_no_sense_is_said_once() {
        for senseless in [&[9_u8][..], &[PUT, 1, 0], &[PROGRESS, 1]] {
            let items: Vec<_> = Items::new(senseless, 1).collect();
            assert_eq!(items, [Err(Senseless)]);
        }
    }
}
