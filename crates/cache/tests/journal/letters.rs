//! Dead letters in files.

use larder::journal::{DeadLetter, Journal, Sequence};

use crate::kit::{Kit, Numbers, filled, name};
use crate::platter::{Fault, Loss, Platter};

/// Buries the write of `key`; nothing else is in the journal.
fn bury(kit: &Kit, journal: &Numbers, key: &str, value: u64) -> Sequence {
    let sequence = kit.put(journal, key, value);
    let record = kit.batch(journal).records.remove(0);
    assert!(kit.bury(journal, record));
    sequence
}

fn reopened(kit: &Kit) -> (Kit, Numbers) {
    let again = kit.elsewhere(kit.platter.after_power_failure(Loss::All));
    let journal = again.open();
    (again, journal)
}

fn only(journal: &Numbers) -> DeadLetter<String, u64> {
    let mut dead = journal.dead();
    assert_eq!((dead.len(), journal.status().dead), (1, 1));
    dead.remove(0)
}

#[test]
fn a_letter_outlives_the_process_and_its_record_does_not_come_back() {
    let kit = Kit::new();
    let journal = kit.open();
    let sequence = bury(&kit, &journal, "a", 1);
    kit.fill(&journal, 0..2);
    let (kit, journal) = reopened(&kit);
    let letter = only(&journal);
    assert_eq!((letter.record.sequence, &*letter.record.key), (sequence, "a"));
    assert_eq!((letter.record.value, &*letter.reason), (Some(1), "no"));
    assert!(!letter.superseded);
    assert_eq!(kit.held(&journal), filled(0..2));
}

#[test]
fn a_letter_that_is_buried_twice_is_there_once() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.put(&journal, "a", 1);
    let record = kit.batch(&journal).records.remove(0);
    assert!(kit.bury(&journal, record.clone()));
    assert!(kit.bury(&journal, record));
    only(&journal);
    only(&reopened(&kit).1);
}

#[test]
fn a_letter_that_cannot_be_written_stays_on_its_way() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.put(&journal, "a", 1);
    let record = kit.batch(&journal).records.remove(0);
    kit.platter.fail(Fault { call: "replace", once: true, ..Fault::default() });
    assert!(!kit.bury(&journal, record.clone()));
    assert_eq!((journal.dead().len(), journal.pending(&"a".to_owned())), (0, Some(Some(1))));
    assert!(kit.bury(&journal, record));
    only(&journal);
}

#[test]
fn a_newer_write_supersedes_a_letter_for_good_once_the_source_has_it() {
    let kit = Kit::new();
    let journal = kit.open();
    bury(&kit, &journal, "a", 1);
    kit.put(&journal, "a", 2);
    assert!(only(&journal).superseded, "what is pending is newer");
    let (_, other) = reopened(&kit);
    assert!(only(&other).superseded, "and is pending there too");
    let batch = kit.batch(&journal);
    journal.applied(batch);
    assert!(only(&journal).superseded);
    kit.rest();
    let journal = kit.elsewhere(kit.platter.after_kill()).open();
    assert_eq!(journal.status().records, 0);
    assert!(only(&journal).superseded, "its file says so");
}

#[test]
fn the_log_does_not_forget_a_newer_write_before_the_letter_knows_of_it() {
    let kit = Kit::new();
    let journal = kit.open();
    bury(&kit, &journal, "a", 1);
    kit.put(&journal, "a", 2);
    let marks = {
        let batch = kit.batch(&journal);
        let marks = batch.marks.clone();
        journal.applied(batch);
        marks
    };
    // Power fails before anything more is written; the source says what it has.
    let (kit, journal) = reopened(&kit);
    journal.settle(&marks);
    assert!(only(&journal).superseded);
    kit.rest();
    assert!(only(&reopened(&kit).1).superseded);
}

#[test]
fn a_dropped_letter_is_gone_and_its_record_too() {
    let kit = Kit::new();
    let journal = kit.open();
    let first = bury(&kit, &journal, "a", 1);
    let second = bury(&kit, &journal, "b", 2);
    assert_eq!(kit.drop_dead(&journal, &[first, Sequence(999)]), Ok(1));
    assert_eq!(only(&journal).record.sequence, second);
    let (kit, journal) = reopened(&kit);
    assert_eq!(only(&journal).record.sequence, second);
    assert_eq!(kit.held(&journal), []);
}

#[test]
fn a_letter_that_cannot_be_removed_is_kept() {
    let kit = Kit::new();
    let journal = kit.open();
    let sequence = bury(&kit, &journal, "a", 1);
    kit.platter.fail(Fault { call: "remove", once: true, ..Fault::default() });
    assert!(kit.drop_dead(&journal, &[sequence]).is_err());
    only(&journal);
    assert_eq!(kit.drop_dead(&journal, &[sequence]), Ok(1));
}

#[test]
fn a_damaged_letter_stops_the_start() {
    let kit = Kit::new();
    let journal = kit.open();
    bury(&kit, &journal, "a", 1);
    let mut files = kit.platter.files();
    let letter = files.keys().find(|name| name.ends_with(".letter")).unwrap().clone();
    files.get_mut(&letter).unwrap()[20] ^= 1;
    let damaged = kit.elsewhere(Platter::with(files));
    let error = damaged.try_open().err().expect("it is refused").to_string();
    assert!(error.contains(&letter), "{error}");
}

#[test]
fn a_full_list_keeps_the_record_where_it_is() {
    let mut kit = Kit::new();
    kit.options.limits.dead_max = 1;
    let journal = kit.open();
    bury(&kit, &journal, "a", 1);
    kit.put(&journal, &name(1), 1);
    let record = kit.batch(&journal).records.remove(0);
    assert!(!kit.bury(&journal, record));
    assert_eq!(journal.pending(&name(1)), Some(Some(1)));
    only(&journal);
}
