//! The file that says what a directory is: a journal, whose, and in which format.

use super::bytes::Reader;
use crate::journal::LANES;

pub(super) const NAME: &str = "journal";

/// The format of all files. Whoever changes it raises it.
const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"larderjn";

/// What a journal is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(pub(super) [u8; 16]);

/// Why the file is of no use.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    Damaged,
    /// Another version of larder wrote it.
    Foreign {
        version: u32,
        lanes: u32,
    },
}

impl Identity {
    pub(super) fn of(random: [u64; 2]) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&random[0].to_le_bytes());
        bytes[8..].copy_from_slice(&random[1].to_le_bytes());
        Self(bytes)
    }

    /// As the source's fences know it.
    pub(super) fn text(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((LANES as u32).to_le_bytes());
        bytes.extend(self.0);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Unusable> {
        let split = bytes.len().checked_sub(4).ok_or(Unusable::Damaged)?;
        let (fields, crc) = bytes.split_at(split);
        if crc != crc32fast::hash(fields).to_le_bytes() {
            return Err(Unusable::Damaged);
        }
        Self::fields(Reader(fields)).ok_or(Unusable::Damaged)?
    }

    fn fields(mut fields: Reader<'_>) -> Option<Result<Self, Unusable>> {
        let is_journal = fields.array()? == *MAGIC;
        let (version, lanes) = (fields.u32()?, fields.u32()?);
        let identity = Self(fields.array()?);
        let is_known = version == VERSION && lanes == LANES as u32;
        let foreign = Unusable::Foreign { version, lanes };
        is_journal.then_some(if is_known { Ok(identity) } else { Err(foreign) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_comes_back_and_damage_is_seen() {
        let identity = Identity::of([1, u64::MAX]);
        let bytes = identity.encode();
        assert_eq!(Identity::decode(&bytes), Ok(identity));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 4;
            assert_eq!(Identity::decode(&flipped), Err(Unusable::Damaged), "byte {at}");
            assert_eq!(Identity::decode(&bytes[..at]), Err(Unusable::Damaged), "cut at {at}");
        }
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let mut bytes = Identity::of([1, 2]).encode();
        bytes[8] = 9;
        let length = bytes.len() - 4;
        let crc = crc32fast::hash(&bytes[..length]).to_le_bytes();
        bytes[length..].copy_from_slice(&crc);
        let foreign = Unusable::Foreign { version: 9, lanes: 16 };
        assert_eq!(Identity::decode(&bytes), Err(foreign));
    }
}
