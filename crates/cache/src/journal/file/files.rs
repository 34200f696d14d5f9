//! The files of a journal, as they are found.

use std::io;
use std::sync::Arc;

use super::bytes::used;
use super::error::{Damage, OpenError};
use super::group;
use super::identity::{self, Identity, Unusable};
use super::letter::{self, RawLetter};
use super::scan::{Scan, Visitor};
use super::segment;
use crate::journal::{CodecError, Disk, Sequence};

/// What the first segment holds at most when the process ended before the journal was made: its
/// header and the group that opens it.
const UNFINISHED_BYTES: usize = segment::HEADER_BYTES + group::HEADER_BYTES + 144;

pub(super) struct Files {
    disk: Arc<dyn Disk>,
    pub(super) place: String,
    /// In their order.
    pub(super) segments: Vec<u64>,
    letters: Vec<Sequence>,
    has_identity: bool,
}

impl Files {
    pub(super) async fn list(disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let place = disk.place();
        let listed = disk.list().await;
        let names = listed.map_err(|error| OpenError::Disk { place: place.clone(), error })?;
        let mut segments: Vec<_> = names.iter().filter_map(|name| segment::number(name)).collect();
        let mut letters: Vec<_> = names.iter().filter_map(|name| letter::sequence(name)).collect();
        let has_identity = names.iter().any(|name| name == identity::NAME);
        segments.sort_unstable();
        letters.sort_unstable();
        Ok(Self { disk, place, segments, letters, has_identity })
    }

    /// Whose journal it is; `None` when there is none yet.
    pub(super) async fn identity(&self) -> Result<Option<Identity>, OpenError> {
        if !self.has_identity {
            return self.unmade().await.map(|()| None);
        }
        let bytes = self.read(identity::NAME).await?;
        let place = self.place.clone();
        match Identity::decode(&bytes) {
            Ok(_) if self.segments.is_empty() => {
                Err(self.damage(&segment::name(1), "the log is missing").into())
            }
            Ok(identity) => Ok(Some(identity)),
            Err(Unusable::Foreign { version, lanes }) => {
                Err(OpenError::Foreign { place, version, lanes })
            }
            Err(Unusable::Damaged) => Err(self.damage(identity::NAME, "it cannot be read").into()),
        }
    }

    /// A journal is made from its first segment on; the file with the identity comes last.
    async fn unmade(&self) -> Result<(), OpenError> {
        let is_begun = match self.segments[..] {
            [] => true,
            [1] => used(&self.read(&segment::name(1)).await?) <= UNFINISHED_BYTES,
            _ => false,
        };
        match is_begun && self.letters.is_empty() {
            true => Ok(()),
            false => Err(self.damage(identity::NAME, "the file is missing").into()),
        }
    }

    /// Shows the log to `visitor`.
    pub(super) async fn scan<T: Visitor>(
        &self,
        scan: &mut Scan,
        visitor: &mut T,
    ) -> Result<(), OpenError> {
        for number in &self.segments {
            let bytes = self.read(&segment::name(*number)).await?;
            scan.segment(*number, &bytes, visitor)?;
        }
        Ok(scan.finish(visitor)?)
    }

    pub(super) async fn letters(&self, identity: Identity) -> Result<Vec<RawLetter>, OpenError> {
        let mut letters = Vec::new();
        for sequence in &self.letters {
            let name = letter::name(*sequence);
            let letter = RawLetter::decode(&self.read(&name).await?, identity);
            match letter.filter(|letter| letter.sequence == *sequence) {
                Some(letter) => letters.push(letter),
                None => return Err(self.damage(&name, "the dead letter cannot be read").into()),
            }
        }
        Ok(letters)
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>, OpenError> {
        self.disk.read(name).await.map_err(|error| self.failed(error))
    }

    fn damage(&self, file: &str, finding: &str) -> Damage {
        let (place, file) = (self.place.clone(), file.to_owned());
        Damage { place, file, offset: 0, finding: finding.to_owned() }
    }

    pub(super) fn undecodable(&self, sequence: Sequence, error: &CodecError) -> OpenError {
        let (place, reason) = (self.place.clone(), error.to_string());
        OpenError::Undecodable { place, sequence, reason }
    }

    pub(super) fn failed(&self, error: io::Error) -> OpenError {
        OpenError::Disk { place: self.place.clone(), error }
    }
}
