//! Looks at a journal without changing anything, whether somebody has it open or not.
//!
//! Beside a running owner the end of the log may be in the middle of a write, and segments may leave
//! while they are read: what was seen is then a little older than what is there.

use std::fs;
use std::io;
use std::path::Path;

use super::desk::lane_of;
use super::error::{Damage, OpenError};
use super::group::Group;
use super::identity::{self, Identity, Unusable};
use super::item::{Item, RawRecord};
use super::letter::{self, RawLetter};
use super::scan::{Found, Scan, Visitor};
use super::segment;
use crate::journal::{LANES, Lane, Mark, Sequence};

/// What is in the directory of a journal.
///
/// ```
/// use larder::journal::{FileJournal, FileOptions, SerdeCodec, inspect};
/// # use larder::journal::{Append, Journal};
/// # use larder::runtime::TokioRuntime;
/// # use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path();
/// # let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
/// let options = FileOptions::default();
/// let journal = FileJournal::<String, u64>::open(path, options, SerdeCodec, runtime).await?;
/// let write = Append { key: "tea".to_owned(), value: Some(3), trace: None };
/// journal.append(vec![write]).await.expect("there is room");
///
/// let inspection = inspect(path, |_| ())?; // its owner is still at work
/// assert_eq!((inspection.records, inspection.held), (1, 1));
/// assert_eq!(inspection.damage, None);
/// # journal.end().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What the source fences the journal by.
    pub identity: String,
    /// The files of the log in their order.
    pub segments: Vec<SegmentReport>,
    /// Records in the log.
    pub records: u64,
    /// Of those, records that the source does not have as far as the log says. Records that newer ones
    /// of their keys have superseded are among them.
    pub held: u64,
    /// How far each lane has come, as far as the log says.
    pub reached: Vec<Mark>,
    /// The records that the source refused for good.
    pub dead: Vec<DeadReport>,
    /// Bytes at the end of the log that are no whole group and that nobody was told of.
    pub torn_bytes: u64,
    /// Why the journal would not be opened.
    pub damage: Option<Damage>,
}

/// One file of a log.
///
/// ```
/// use larder::journal::SegmentReport;
///
/// let spare = SegmentReport { file: "000000000002.log".to_owned(), ..SegmentReport::default() };
/// assert_eq!(spare.groups, 0); // made ahead
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its name.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Where its last group ends.
    pub end: u64,
    /// Groups in it.
    pub groups: u64,
    /// Records in it.
    pub records: u64,
}

/// A record of a log, as its bytes.
///
/// ```
/// use larder::journal::{Lane, RecordReport, Sequence};
///
/// let record = RecordReport {
///     sequence: Sequence(7),
///     lane: Lane(3),
///     segment: 1,
///     offset: 64,
///     appended_ms: 0, // nobody knew
///     key: b"tea",
///     value: None, // a delete
/// };
/// # drop(record);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordReport<'a> {
    /// Its place among the records.
    pub sequence: Sequence,
    /// The lane of its key.
    pub lane: Lane,
    /// The number of the segment.
    pub segment: u64,
    /// Where in the segment the group begins that it is in.
    pub offset: u64,
    /// Milliseconds since 1970 when it was appended; zero when nobody knew.
    pub appended_ms: u64,
    /// Its key, encoded.
    pub key: &'a [u8],
    /// Its value, encoded; `None` for a delete.
    pub value: Option<&'a [u8]>,
}

/// A dead letter, as its bytes.
///
/// ```
/// use larder::journal::{DeadReport, Sequence};
///
/// let letter = DeadReport {
///     sequence: Sequence(7),
///     appended_ms: 0,
///     key: b"tea".to_vec(),
///     value: Some(b"3".to_vec()),
///     reason: "the shelf is full".to_owned(),
///     superseded: false,
/// };
/// # drop(letter);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadReport {
    /// Its record's place.
    pub sequence: Sequence,
    /// Milliseconds since 1970 when it was appended; zero when nobody knew.
    pub appended_ms: u64,
    /// Its key, encoded.
    pub key: Vec<u8>,
    /// Its value, encoded; `None` for a delete.
    pub value: Option<Vec<u8>>,
    /// The source's reason.
    pub reason: String,
    /// Whether the source has a newer write of its key.
    pub superseded: bool,
}

/// Looks at the journal in `path`, and shows every record of its log to `show`.
///
/// Damage is no error: it is in the [`Inspection`], with what could be read around it.
///
/// ```
/// use larder::journal::{OpenError, inspect};
///
/// let folder = tempfile::tempdir().expect("a folder");
/// let nothing = inspect(folder.path(), |record| println!("{record:?}"));
/// assert!(matches!(nothing, Err(OpenError::Disk { .. })), "there is no journal");
/// ```
pub fn inspect(
    path: impl AsRef<Path>,
    show: impl FnMut(&RecordReport<'_>),
) -> Result<Inspection, OpenError> {
    let path = path.as_ref();
    let place = path.display().to_string();
    let failed = |error| OpenError::Disk { place: place.clone(), error };
    let identity = read_identity(path, &place)?;
    let names = list(path).map_err(failed)?;
    let mut reader = Reading::new(show);
    let mut scan = Scan::new(place.clone(), identity);
    let read = read_log(path, &names, &mut scan, &mut reader).map_err(failed)?;
    let (dead, damaged) = read_letters(path, &names, identity, &place).map_err(failed)?;
    Ok(Inspection {
        identity: identity.text(),
        torn_bytes: scan.found.iter().map(|found| found.junk_bytes).sum(),
        segments: scan.found.iter().map(SegmentReport::of).collect(),
        records: reader.sequences.len() as u64,
        held: reader.held(&dead),
        reached: reader.marks(),
        dead,
        damage: read.err().or(damaged),
    })
}

fn read_identity(path: &Path, place: &str) -> Result<Identity, OpenError> {
    let place = place.to_owned();
    let bytes = match fs::read(path.join(identity::NAME)) {
        Ok(bytes) => bytes,
        Err(error) => return Err(OpenError::Disk { place, error }),
    };
    Identity::decode(&bytes).map_err(|unusable| match unusable {
        Unusable::Foreign { version, lanes } => OpenError::Foreign { place, version, lanes },
        Unusable::Damaged => {
            let (file, finding) = (identity::NAME.to_owned(), "it cannot be read".to_owned());
            Damage { place, file, offset: 0, finding }.into()
        }
    })
}

fn list(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// Reads what is there; the inner error is damage.
fn read_log(
    path: &Path,
    names: &[String],
    scan: &mut Scan,
    visitor: &mut dyn Visitor,
) -> io::Result<Result<(), Damage>> {
    for (number, name) in names.iter().filter_map(|name| Some((segment::number(name)?, name))) {
        match fs::read(path.join(name)) {
            Ok(bytes) => {
                if let Err(damage) = scan.segment(number, &bytes, visitor) {
                    return Ok(Err(damage));
                }
            }
            // Its owner has removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(scan.finish(visitor))
}

fn read_letters(
    path: &Path,
    names: &[String],
    identity: Identity,
    place: &str,
) -> io::Result<(Vec<DeadReport>, Option<Damage>)> {
    let (mut dead, mut damaged) = (Vec::new(), None);
    for name in names.iter().filter(|name| letter::sequence(name).is_some()) {
        match fs::read(path.join(name)) {
            Ok(bytes) => match RawLetter::decode(&bytes, identity) {
                Some(raw) => dead.push(DeadReport::of(raw)),
                None => {
                    let (place, file) = (place.to_owned(), name.clone());
                    let finding = "the dead letter cannot be read".to_owned();
                    damaged.get_or_insert(Damage { place, file, offset: 0, finding });
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok((dead, damaged))
}

/// Counts what it is shown, and shows it.
struct Reading<F> {
    show: F,
    sequences: Vec<(Lane, Sequence)>,
    reached: [Sequence; LANES],
    first_needed: u64,
}

impl<F: FnMut(&RecordReport<'_>)> Reading<F> {
    fn new(show: F) -> Self {
        Self { show, sequences: Vec::new(), reached: [Sequence(0); LANES], first_needed: 1 }
    }

    fn record(&mut self, segment: u64, offset: usize, record: RawRecord<'_>) {
        let RawRecord { sequence, appended_ms, key, value } = record;
        let (lane, offset) = (lane_of(key), offset as u64);
        self.sequences.push((lane, sequence));
        let report = RecordReport { sequence, lane, segment, offset, appended_ms, key, value };
        (self.show)(&report);
    }

    fn held(&self, dead: &[DeadReport]) -> u64 {
        let is_held = |(lane, sequence): &&(Lane, Sequence)| {
            *sequence > self.reached[usize::from(lane.0)]
                && dead.iter().all(|letter| letter.sequence != *sequence)
        };
        self.sequences.iter().filter(is_held).count() as u64
    }

    fn marks(&self) -> Vec<Mark> {
        let mark =
            |(lane, sequence): (u8, &Sequence)| Mark { lane: Lane(lane), sequence: *sequence };
        (0..).zip(&self.reached).map(mark).collect()
    }
}

impl<F: FnMut(&RecordReport<'_>)> Visitor for Reading<F> {
    fn restart(&mut self) {
        self.sequences.clear();
    }

    fn first_needed(&self) -> u64 {
        self.first_needed
    }

    fn group(&mut self, segment: u64, group: &Group<'_>) -> bool {
        for item in group.items() {
            match item {
                Ok(Item::Record(record)) => self.record(segment, group.offset, record),
                Ok(Item::Progress(progress)) => {
                    self.first_needed = self.first_needed.max(progress.segment);
                    for (known, told) in self.reached.iter_mut().zip(progress.reached) {
                        *known = told.max(*known);
                    }
                }
                Err(_) => return false,
            }
        }
        true
    }
}

impl SegmentReport {
    fn of(found: &Found) -> Self {
        let Found { number, file_bytes: bytes, end, groups, records, .. } = *found;
        Self { file: segment::name(number), bytes, end, groups, records }
    }
}

impl DeadReport {
    fn of(raw: RawLetter) -> Self {
        let RawLetter { sequence, appended_ms, superseded, key, value, reason } = raw;
        Self { sequence, appended_ms, key, value, reason, superseded }
    }
}
