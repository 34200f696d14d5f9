//! Looking at a journal from outside.

use std::fs;
use std::path::Path;

use larder::journal::{Journal, OpenError, inspect};

use crate::kit::{Kit, filled};
use crate::platter::Platter;

/// The files of a platter in a folder.
fn laid_out(platter: &Platter) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in platter.files() {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn contents(folder: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut contents: Vec<_> =
        entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect();
    contents.sort();
    contents
}

fn journal() -> Kit {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..20);
    let mut batch = kit.batch(&journal);
    assert!(kit.bury(&journal, batch.records.remove(3)));
    journal.applied(batch);
    kit.fill(&journal, 20..25);
    kit.rest();
    kit
}

#[test]
fn it_says_what_is_there_and_changes_nothing() {
    let kit = journal();
    let folder = laid_out(&kit.platter);
    let before = contents(folder.path());
    let mut shown = Vec::new();
    let inspection = inspect(folder.path(), |record| shown.push(record.sequence.0)).unwrap();
    assert_eq!(inspection.damage, None);
    assert_eq!((inspection.held, inspection.torn_bytes), (5, 0));
    assert_eq!(inspection.records, shown.len() as u64);
    assert!(shown.is_sorted() && shown.ends_with(&[21, 22, 23, 24, 25]), "{shown:?}");
    assert_eq!((inspection.dead.len(), &*inspection.dead[0].reason), (1, "no"));
    assert_eq!(inspection.segments.iter().map(|it| it.records).sum::<u64>(), inspection.records);
    assert_eq!(
        inspection.identity,
        *kit.elsewhere(kit.platter.after_kill()).open().identity().unwrap()
    );
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn damage_is_shown_with_what_is_before_it() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..3);
    kit.end(journal);
    let folder = laid_out(&kit.platter);
    let segment = folder.path().join("000000000001.log");
    let mut bytes = fs::read(&segment).unwrap();
    let third = bytes.windows(5).position(|window| window == b"key 2").unwrap();
    bytes[third] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let mut shown = Vec::new();
    let inspection = inspect(folder.path(), |record| shown.push(record.key.to_vec())).unwrap();
    let damage = inspection.damage.expect("it is found");
    assert_eq!(damage.file, "000000000001.log");
    assert!(damage.offset < third as u64 && damage.offset + 64 > third as u64, "{damage}");
    assert_eq!(shown.len(), 2);
}

#[test]
fn a_damaged_letter_is_named() {
    let kit = journal();
    let folder = laid_out(&kit.platter);
    let names = contents(folder.path()).into_iter().map(|(name, _)| name);
    let letter = names.into_iter().find(|name| name.to_string_lossy().ends_with(".letter"));
    let letter = letter.unwrap();
    fs::write(folder.path().join(&letter), b"nothing").unwrap();
    let damage = inspect(folder.path(), |_| ()).unwrap().damage.expect("it is found");
    assert_eq!(*damage.file, *letter.to_string_lossy());
}

#[test]
fn what_is_no_journal_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(inspect(folder.path(), |_| ()), Err(OpenError::Disk { .. })));
    fs::write(folder.path().join("journal"), b"a diary").unwrap();
    assert!(matches!(inspect(folder.path(), |_| ()), Err(OpenError::Damaged(_))));
}

#[test]
fn a_journal_as_an_owner_would_find_it_is_held_alike() {
    let kit = journal();
    let again = kit.elsewhere(kit.platter.after_kill());
    assert_eq!(again.held(&again.open()), filled(20..25));
}
