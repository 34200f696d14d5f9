//! Looks at the files of a journal, which a larder may be using meanwhile.

use std::path::Path;

use larder::journal::{CodecError, DeadReport, Inspection, RecordReport, inspect};
use larder_server::journal;
use serde_json::{Value as Json, json};

use super::shown;
use crate::Failure;

/// `larder journal status DIR`
pub(super) fn status(folder: &Path, as_json: bool) -> Result<(), Failure> {
    let found = looked_at(folder)?;
    shown::print(&described(&found), as_json)?;
    undamaged(&found)
}

/// `larder journal verify DIR`
pub(super) fn verify(folder: &Path, as_json: bool) -> Result<(), Failure> {
    let (mut records, mut unreadable) = (0_u64, None);
    let found = inspected(folder, |record| {
        records += 1;
        if let (Err(error), None) = (told(record), &unreadable) {
            unreadable = Some(format!("record {}: {error}", record.sequence.0));
        }
    })?;
    undamaged(&found)?;
    if let Some(reason) = unreadable {
        let place = folder.display();
        return Err(Failure::failed(format!("the journal {place} cannot be decoded: {reason}")));
    }
    let dead = found.dead.len();
    match as_json {
        true => shown::print(&described(&found), true),
        false => shown::print(
            &format!("{records} records and {dead} dead letters: all good").into(),
            false,
        ),
    }
}

/// `larder journal dump DIR`
pub(super) fn dump(folder: &Path) -> Result<(), Failure> {
    // How far the source is stands behind the records.
    let reached = looked_at(folder)?.reached;
    let mut printed = Ok(());
    let found = inspected(folder, |record| {
        if printed.is_ok() {
            let is_in_source = reached
                .iter()
                .any(|mark| mark.lane == record.lane && record.sequence <= mark.sequence);
            printed = match told(record) {
                Ok(mut line) => {
                    line["in_source"] = is_in_source.into();
                    shown::print(&line, true)
                }
                Err(error) => {
                    Err(Failure::failed(format!("record {}: {error}", record.sequence.0)))
                }
            };
        }
    })?;
    printed?;
    undamaged(&found)
}

/// `larder journal dead list DIR`
pub(super) fn list_dead(folder: &Path, as_json: bool) -> Result<(), Failure> {
    let found = looked_at(folder)?;
    for letter in &found.dead {
        let told = dead(letter).map_err(|error| {
            Failure::failed(format!("dead letter {}: {error}", letter.sequence.0))
        })?;
        shown::print(&told, as_json)?;
    }
    undamaged(&found)
}

fn looked_at(folder: &Path) -> Result<Inspection, Failure> {
    inspected(folder, |_| ())
}

fn inspected(folder: &Path, show: impl FnMut(&RecordReport<'_>)) -> Result<Inspection, Failure> {
    inspect(folder, show).map_err(|error| Failure::failed(error.to_string()))
}

/// What was found is printed before this says what could not be read.
fn undamaged(found: &Inspection) -> Result<(), Failure> {
    match &found.damage {
        None => Ok(()),
        Some(damage) => Err(Failure::failed(damage.to_string())),
    }
}

fn described(found: &Inspection) -> Json {
    let bytes: u64 = found.segments.iter().map(|segment| segment.bytes).sum();
    json!({
        "identity": found.identity,
        "records": found.held,
        "dead": found.dead.len(),
        "segments": found.segments.len(),
        "disk_bytes": bytes,
        "torn_bytes": found.torn_bytes,
        "damage": found.damage.as_ref().map(ToString::to_string),
    })
}

fn told(record: &RecordReport<'_>) -> Result<Json, CodecError> {
    Ok(json!({
        "number": record.sequence.0,
        "key": journal::key(record.key)?,
        "value": record.value.map(journal::value).transpose()?,
        "appended_ms": record.appended_ms,
    }))
}

fn dead(letter: &DeadReport) -> Result<Json, CodecError> {
    Ok(json!({
        "number": letter.sequence.0,
        "key": journal::key(&letter.key)?,
        "value": letter.value.as_deref().map(journal::value).transpose()?,
        "reason": letter.reason,
        "appended_ms": letter.appended_ms,
        "superseded": letter.superseded,
    }))
}
