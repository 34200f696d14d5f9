//! Why a journal is not opened.

use std::fmt;
use std::io;

use crate::journal::Sequence;

/// Why a durable journal could not be opened. Nothing has been changed in its directory.
///
/// ```
/// # use larder::journal::{BytesCodec, FileJournal, FileOptions, OpenError};
/// # use larder::runtime::TokioRuntime;
/// # use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), OpenError> {
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let path = folder.path();
/// let open = || {
///     let runtime = TokioRuntime::new(tokio::runtime::Handle::current());
///     FileJournal::<Vec<u8>, Vec<u8>>::open(path, FileOptions::default(), BytesCodec, Arc::new(runtime))
/// };
/// let first = open().await?;
/// assert!(matches!(open().await, Err(OpenError::InUse { .. })));
/// # drop(first);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It has an owner already.
    #[error(
        "another process has the journal {place}: stop it, or name another directory for this one"
    )]
    InUse {
        /// The directory.
        place: String,
    },
    /// Something that was acknowledged cannot be read.
    #[error(
        "{0}; nothing was skipped and nothing changed: `larder journal verify {place}` shows what \
         can be read",
        place = .0.place
    )]
    Damaged(Damage),
    /// Another version of larder made it.
    #[error(
        "the journal {place} has format {version} with {lanes} lanes, which this larder does not \
         read: empty it with the larder that made it, by `larder journal flush`"
    )]
    Foreign {
        /// The directory.
        place: String,
        /// The format.
        version: u32,
        /// Its lanes.
        lanes: u32,
    },
    /// The codec cannot read a record.
    #[error("the journal {place} holds record {sequence}, which this program cannot decode: {reason}",
        sequence = .sequence.0)]
    Undecodable {
        /// The directory.
        place: String,
        /// The record.
        sequence: Sequence,
        /// What the codec says.
        reason: String,
    },
    /// The disk does not do as it is told.
    #[error("the journal {place} cannot be opened: {error}")]
    Disk {
        /// The directory.
        place: String,
        /// What the disk says.
        error: io::Error,
    },
}

/// Where a journal is damaged.
///
/// ```
/// use larder::journal::Damage;
///
/// let damage = Damage {
///     place: "/var/lib/orders".to_owned(),
///     file: "000000000007.log".to_owned(),
///     offset: 4096,
///     finding: "a group that was synced cannot be read".to_owned(),
/// };
/// assert_eq!(
///     damage.to_string(),
///     "the journal /var/lib/orders is damaged in 000000000007.log at offset 4096: a group that \
///      was synced cannot be read"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The directory.
    pub place: String,
    /// The file in it.
    pub file: String,
    /// Where in the file.
    pub offset: u64,
    /// What is wrong there.
    pub finding: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, file, offset, finding } = self;
        write!(f, "the journal {place} is damaged in {file} at offset {offset}: {finding}")
    }
}

impl From<Damage> for OpenError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}
