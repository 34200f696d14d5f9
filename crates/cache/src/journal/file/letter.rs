//! Dead letters as files.

use super::bytes::Reader;
use super::identity::Identity;
use crate::journal::Sequence;

const MAGIC: &[u8; 8] = b"larderdl";
const PREFIX: &str = "dead-";
const SUFFIX: &str = ".letter";

const SUPERSEDED: u8 = 1;
const PUT: u8 = 2;

/// A dead letter as its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawLetter {
    pub(super) sequence: Sequence,
    pub(super) appended_ms: u64,
    pub(super) superseded: bool,
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) reason: String,
}

pub(super) fn name(sequence: Sequence) -> String {
    format!("{PREFIX}{:020}{SUFFIX}", sequence.0)
}

/// The sequence of the letter with this name; `None` when it is not a letter's.
pub(super) fn sequence(name: &str) -> Option<Sequence> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let sequence = Sequence(digits.parse().ok()?);
    (self::name(sequence) == name).then_some(sequence)
}

impl RawLetter {
    pub(super) fn encode(&self, identity: Identity) -> Vec<u8> {
        let put = if self.value.is_some() { PUT } else { 0 };
        let superseded = if self.superseded { SUPERSEDED } else { 0 };
        let value = self.value.as_deref().unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(identity.0);
        bytes.push(put | superseded);
        bytes.extend(self.sequence.0.to_le_bytes());
        bytes.extend(self.appended_ms.to_le_bytes());
        for part in [&self.key, value, self.reason.as_bytes()] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part);
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// `None` when these bytes are not a letter of this journal, or are damaged.
    pub(super) fn decode(bytes: &[u8], identity: Identity) -> Option<Self> {
        let (fields, crc) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        if crc != crc32fast::hash(fields).to_le_bytes() {
            return None;
        }
        let mut fields = Reader(fields);
        let is_own = fields.array()? == *MAGIC && fields.array()? == identity.0;
        let flags = fields.byte()?;
        let (sequence, appended_ms) = (Sequence(fields.u64()?), fields.u64()?);
        let mut part = || {
            let length = usize::try_from(fields.u64()?).ok()?;
            fields.bytes(length).map(<[u8]>::to_vec)
        };
        let (key, value) = (part()?, part()?);
        let reason = String::from_utf8(part()?).ok()?;
        let letter = Self {
            sequence,
            appended_ms,
            superseded: flags & SUPERSEDED != 0,
            key,
            value: (flags & PUT != 0).then_some(value),
            reason,
        };
        is_own.then_some(letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_comes_back_and_damage_is_seen() {
        let identity = Identity::of([1, 2]);
        for value in [None, Some(b"".to_vec()), Some(b"3".to_vec())] {
            let letter = RawLetter {
                sequence: Sequence(70),
                appended_ms: 5,
                superseded: value.is_none(),
                key: b"tea".to_vec(),
                value,
                reason: "no such shelf".to_owned(),
            };
            let bytes = letter.encode(identity);
            assert_eq!(RawLetter::decode(&bytes, identity), Some(letter));
            assert_eq!(RawLetter::decode(&bytes, Identity::of([1, 3])), None);
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 32;
                assert_eq!(RawLetter::decode(&flipped, identity), None, "byte {at}");
                assert_eq!(RawLetter::decode(&bytes[..at], identity), None, "cut at {at}");
            }
        }
    }

    #[test]
    fn names_are_sequences() {
        assert_eq!(sequence(&name(Sequence(u64::MAX))), Some(Sequence(u64::MAX)));
        assert_eq!(sequence("dead-7.letter"), None);
    }
}
