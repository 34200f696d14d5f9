//! What is there after a start.

use std::time::Duration;

use larder::journal::{AppendError, Journal, Limits, Sequence, SyncMode};

use crate::kit::{Kit, filled, name};
use crate::platter::{Fault, Loss, Platter};

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..40);
    kit.append(&journal, &[("key 3", None), ("key 4", Some(44))]).unwrap();
    let again = kit.elsewhere(kit.platter.after_kill());
    let journal = again.open();
    let mut expected = filled(0..40);
    expected.extend([("key 3".to_owned(), None), ("key 4".to_owned(), Some(44))]);
    assert_eq!(again.held(&journal), expected);
    assert_eq!(journal.pending(&name(3)), Some(None));
    assert_eq!(journal.pending(&name(4)), Some(Some(44)));
    assert_eq!((journal.status().recovered, journal.status().torn_bytes), (42, 0));
    assert!(journal.status().segments > 2, "it has rolled");
}

#[test]
fn recovery_then_appends_then_recovery() {
    let mut kit = Kit::new();
    let mut last = Sequence(0);
    for round in 0..5 {
        let journal = kit.open();
        assert_eq!(kit.held(&journal), filled(0..round * 10));
        kit.fill(&journal, round * 10..round * 10 + 9);
        let sequence = kit.put(&journal, &name(round * 10 + 9), round * 10 + 9);
        assert!(sequence > last, "no sequence is given out twice");
        last = sequence;
        kit = kit.elsewhere(kit.platter.after_kill());
    }
}

#[test]
fn what_the_source_has_does_not_come_back() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..30);
    let batch = kit.batch(&journal);
    journal.applied(batch);
    kit.fill(&journal, 30..33);
    kit.rest();
    let again = kit.elsewhere(kit.platter.after_kill());
    assert_eq!(again.held(&again.open()), filled(30..33));
}

#[test]
fn segments_leave_when_the_source_has_what_they_hold() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..60);
    let before = journal.status();
    let batch = kit.batch(&journal);
    kit.fill(&journal, 60..61);
    journal.applied(batch);
    kit.rest();
    let after = journal.status();
    assert!(after.segments < before.segments && after.disk_bytes < before.disk_bytes, "{after:?}");
    assert!(after.segments <= 2, "{after:?}");
    let again = kit.elsewhere(kit.platter.after_kill());
    assert_eq!(again.held(&again.open()), filled(60..61));
}

#[test]
fn a_removed_segment_that_a_crash_brings_back_changes_nothing() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..60);
    let before = kit.platter.files();
    let batch = kit.batch(&journal);
    journal.applied(batch);
    kit.fill(&journal, 60..63);
    kit.rest();
    let after = kit.platter.files();
    let removed: Vec<_> = before.keys().filter(|name| !after.contains_key(*name)).collect();
    assert!(removed.len() > 3);
    // The last of them was still written when the copy was made.
    for back in &removed[..removed.len() - 1] {
        let mut files = after.clone();
        files.insert((*back).clone(), before[*back].clone());
        let again = kit.elsewhere(Platter::with(files));
        assert_eq!(again.held(&again.open()), filled(60..63), "{back} is back");
    }
}

#[test]
fn a_missing_segment_is_damage() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..60);
    kit.end(journal);
    let files = kit.platter.files();
    let segments: Vec<_> = files.keys().filter(|name| name.ends_with(".log")).collect();
    // The last one may be a spare, and the one before the last may be the last with groups.
    for missing in &segments[..segments.len() - 2] {
        let mut files = files.clone();
        files.remove(*missing);
        let again = kit.elsewhere(Platter::with(files));
        let error = again.try_open().err().expect("it is refused").to_string();
        assert!(error.contains("missing"), "{error}");
    }
}

#[test]
fn the_source_says_how_far_it_had_come() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..20);
    let marks = kit.batch(&journal).marks;
    // The process is killed after the source took the batch and before the journal heard of it.
    let again = kit.elsewhere(kit.platter.after_kill());
    let journal = again.open();
    again.fill(&journal, 20..22);
    journal.settle(&marks);
    assert_eq!(again.held(&journal), filled(20..22));
}

#[test]
fn an_older_copy_of_a_journal_is_told_from_the_newest() {
    let kit = Kit::new();
    let journal = kit.open();
    kit.fill(&journal, 0..3);
    let copy = kit.platter.after_kill();
    kit.end(journal);
    let newest = kit.open();
    kit.fill(&newest, 3..6);
    let marks = kit.batch(&newest).marks;
    let older = kit.elsewhere(copy);
    let journal = older.open();
    journal.settle(&marks);
    let error = older.append(&journal, &[("a", None)]).expect_err("it is an older copy");
    assert!(format!("{error:?}").contains("older copy"), "{error:?}");
}

#[test]
fn a_record_that_is_superseded_is_superseded_after_a_start() {
    let mut kit = Kit::new();
    kit.options.limits = Limits { coalesce: true, ..kit.options.limits };
    let journal = kit.open();
    for value in 0..100 {
        kit.put(&journal, &name(value % 3), value);
    }
    assert_eq!(journal.status().records, 3);
    let again = kit.elsewhere(kit.platter.after_kill());
    let journal = again.open();
    let newest = [(name(1), Some(97)), (name(2), Some(98)), (name(0), Some(99))];
    assert_eq!(again.held(&journal), newest);
    assert_eq!(journal.status().coalesced, 0, "that was another process");
}

#[test]
fn an_identity_lasts() {
    let kit = Kit::new();
    let journal = kit.open();
    let identity = journal.identity();
    kit.end(journal);
    assert_eq!(kit.open().identity(), identity);
    assert_ne!(
        Kit { world: larder::runtime::Simulated::new(9), ..Kit::new() }.open().identity(),
        identity
    );
}

#[test]
fn a_start_that_is_interrupted_leaves_nothing_that_hinders_the_next() {
    let kit = Kit::new();
    kit.open();
    let calls = kit.platter.calls().len();
    for after in 0..calls {
        let kit = Kit::new();
        kit.platter.fail(Fault { after, ..Fault::default() });
        assert!(kit.try_open().is_err(), "call {after}");
        for platter in [kit.platter.after_kill(), kit.platter.after_power_failure(Loss::All)] {
            let again = kit.elsewhere(platter);
            let journal = again.open();
            again.fill(&journal, 0..2);
            assert_eq!(again.held(&journal), filled(0..2));
        }
    }
}

/// A journal with a torn end, a dead letter, and segments that nobody needs.
fn to_be_mended() -> Kit {
    let kit = Kit::with_sync(SyncMode::Os);
    let journal = kit.open();
    kit.fill(&journal, 0..40);
    let mut batch = kit.batch(&journal);
    assert!(kit.bury(&journal, batch.records.remove(0)));
    journal.applied(batch);
    kit.fill(&journal, 40..43);
    kit.end(journal);
    let journal = kit.open();
    kit.fill(&journal, 43..46);
    kit.elsewhere(kit.platter.after_power_failure(Loss::First))
}

#[test]
fn a_recovery_that_is_interrupted_loses_nothing() {
    let files = to_be_mended().platter.files();
    let whole = Kit::new().elsewhere(Platter::with(files.clone()));
    let journal = whole.open();
    let held = whole.held(&journal);
    assert!(journal.status().torn_bytes > 0 && held == filled(40..43), "{held:?}");
    for after in 0..whole.platter.calls().len() {
        for effective in [false, true] {
            let kit = Kit::new().elsewhere(Platter::with(files.clone()));
            kit.platter.fail(Fault { after, effective, ..Fault::default() });
            drop(kit.try_open());
            for left in [kit.platter.after_kill(), kit.platter.after_power_failure(Loss::All)] {
                let again = kit.elsewhere(left);
                let journal = again.open();
                assert_eq!(again.held(&journal), held, "call {after}");
                assert_eq!(journal.dead().len(), 1, "call {after}");
            }
        }
    }
}

#[test]
fn what_has_left_before_a_checkpoint_is_not_found_again() {
    for sync in [SyncMode::Always, SyncMode::Interval(Duration::from_secs(60)), SyncMode::Os] {
        let kit = Kit::with_sync(sync);
        let journal = kit.open();
        kit.fill(&journal, 0..3);
        journal.applied(kit.batch(&journal));
        kit.checkpoint(&journal).unwrap();
        for left in [kit.platter.after_kill(), kit.platter.after_power_failure(Loss::All)] {
            let again = kit.elsewhere(left);
            assert_eq!(again.held(&again.open()), [], "{sync:?}");
        }
    }
}

#[test]
fn a_checkpoint_waits_for_letters_that_are_rewritten() {
    let kit = Kit::with_sync(SyncMode::Always);
    let journal = kit.open();
    kit.put(&journal, "a", 1);
    let poison = kit.batch(&journal).records.remove(0);
    kit.bury(&journal, poison);
    kit.put(&journal, "a", 2);
    journal.applied(kit.batch(&journal));
    kit.checkpoint(&journal).unwrap();
    let again = kit.elsewhere(kit.platter.after_power_failure(Loss::All));
    let journal = again.open();
    assert_eq!(again.held(&journal), []);
    assert!(journal.dead()[0].superseded);
}

#[test]
fn a_checkpoint_on_a_failed_disk_fails() {
    let kit = Kit::with_sync(SyncMode::Always);
    let journal = kit.open();
    kit.fill(&journal, 0..3);
    journal.applied(kit.batch(&journal));
    kit.platter.fail(Fault::default());
    for _ in 0..2 {
        let failed = kit.checkpoint(&journal);
        assert!(matches!(failed, Err(AppendError::Failed(_))), "{failed:?}");
    }
}
