//! Opens a journal: reads what is there, mends what may be mended, and begins a new segment.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::error::OpenError;
use super::files::Files;
use super::group;
use super::identity::{self, Identity};
use super::item::Progress;
use super::log::{Full, Log, Maker, Trouble};
use super::options::FileOptions;
use super::restore::Restoring;
use super::scan::{Found, Scan};
use super::segment;
use super::shared::{Shared, Surroundings};
use crate::journal::{Disk, Sequence};
use crate::{Key, Value};

/// Opens the journal on a disk.
pub(super) async fn open<K: Key, V: Value>(
    options: FileOptions,
    surroundings: Surroundings<K, V>,
) -> Result<(Arc<Shared<K, V>>, Log), OpenError> {
    let files = Files::list(surroundings.0.clone()).await?;
    let known = files.identity().await?;
    let random = || surroundings.2.random();
    let identity = known.unwrap_or_else(|| Identity::of([random(), random()]));
    let mut scan = Scan::new(files.place.clone(), identity);
    let mut restoring = Restoring::new(&options, &surroundings, &files.place);
    let mut letters = Vec::new();
    if known.is_some() {
        files.scan(&mut scan, &mut restoring).await.map_err(|error| restoring.explain(error))?;
        letters = files.letters(identity).await?;
    }
    let next = restoring.next_opening();
    let queue = restoring.into_queue();
    let shared = Shared::new(options, identity, surroundings, queue, next);
    for raw in letters {
        let sequence = raw.sequence;
        let letter = shared.letter(raw).map_err(|error| files.undecodable(sequence, &error))?;
        shared.queue.bury(letter);
    }
    note_found(&shared, &scan, &files.place);
    let log = mend(&files, &scan, &shared, known).await.map_err(|error| files.failed(error))?;
    Ok((Arc::new(shared), log))
}

fn note_found<K: Key, V: Value>(shared: &Shared<K, V>, scan: &Scan, place: &str) {
    let records = shared.queue.status().records;
    let torn_bytes = scan.found.iter().map(|found| found.junk_bytes).sum();
    shared.counters.recovered.store(records, Ordering::Relaxed);
    shared.counters.torn_bytes.store(torn_bytes, Ordering::Relaxed);
    if torn_bytes > 0 {
        tracing::warn!(
            place,
            torn_bytes,
            "the end of the log was being written when its process ended and is cut off; no \
             acknowledged write was in it"
        );
    }
}

/// Cuts a torn end off, makes what was read last, and begins the segment of this opening.
async fn mend<K: Key, V: Value>(
    files: &Files,
    scan: &Scan,
    shared: &Shared<K, V>,
    known: Option<Identity>,
) -> io::Result<Log> {
    let (full, rest) = keep(scan);
    // From the end, so that none is ever missing between others.
    for found in rest.iter().rev() {
        shared.disk.remove(&segment::name(found.number)).await?;
    }
    if known.is_none() {
        for number in files.segments.iter().rev() {
            shared.disk.remove(&segment::name(*number)).await?;
        }
    }
    for found in full.iter().filter(|found| found.junk_bytes > 0) {
        shared.disk.truncate(&segment::name(found.number), found.end).await?;
    }
    if let (Some(last), Some(from)) = (full.last(), scan.unvouched_from()) {
        write_again(&*shared.disk, last, from).await?;
    }
    let maker = Maker {
        disk: shared.disk.clone(),
        runtime: shared.runtime.clone(),
        identity: shared.identity,
        segment_bytes: shared.options.segment_bytes,
    };
    let full = full.iter().map(|it| Full { number: it.number, bytes: it.kept(), next: it.next });
    let mut log =
        Log::begin(maker, full.collect(), scan.next_group.map_or(0, |next| next - 1)).await?;
    write_opening(&mut log, shared).await?;
    if known.is_none() {
        // The last thing: without it a directory is empty, with it the log has to be there.
        shared.disk.replace(identity::NAME, shared.identity.encode()).await?;
    }
    Ok(log)
}

/// Makes the groups from `from` on last, for which nobody vouches. A sync would not do: where the
/// last process was told that one failed, the system may show bytes that it will never write.
async fn write_again(disk: &dyn Disk, last: &Found, from: usize) -> io::Result<()> {
    let name = segment::name(last.number);
    let mut bytes = disk.read(&name).await?;
    bytes.truncate(usize::try_from(last.end).unwrap_or(usize::MAX));
    let groups = bytes.split_off(from.min(bytes.len()));
    disk.write(&name, from as u64, groups, true).await
}

/// The segments up to the one in which the log ends, and those behind it, in which nothing is.
fn keep(scan: &Scan) -> (&[Found], &[Found]) {
    let last = scan.found.iter().rposition(|found| found.groups > 0);
    scan.found.split_at(last.map_or(0, |last| last + 1))
}

/// A group that says which sequences this opening gives out, and vouches for all before.
async fn write_opening<K: Key, V: Value>(log: &mut Log, shared: &Shared<K, V>) -> io::Result<()> {
    let mut bytes = group::begin();
    let segment = log.first_needed(shared.queue.first());
    Progress { segment, reached: shared.queue.reached() }.encode(&mut bytes);
    let next: Sequence = shared.desk.next();
    match log.write(bytes, next, 0, true).await {
        Ok(()) => Ok(()),
        Err(Trouble::NoRoom(error) | Trouble::Doubt(error)) => Err(error),
    }
}
