//! What each mode of syncing makes last, and when.

use std::time::Duration;

use larder::journal::{Journal, SyncMode};

use crate::kit::{Kit, filled};
use crate::platter::{Fault, Loss};

const INTERVAL: Duration = Duration::from_millis(50);

impl Kit {
    fn held_after_power_failure(&self) -> Vec<crate::kit::Held> {
        let again = self.elsewhere(self.platter.after_power_failure(Loss::All));
        again.held(&again.open())
    }
}

#[test]
fn always_syncs_before_it_acknowledges() {
    let kit = Kit::with_sync(SyncMode::Always);
    let journal = kit.open();
    for count in 1..20 {
        kit.fill(&journal, count - 1..count);
        assert_eq!(kit.held_after_power_failure(), filled(0..count));
    }
}

#[test]
fn writes_that_come_during_a_sync_share_the_next_one() {
    let kit = Kit::with_sync(SyncMode::Always);
    let journal = kit.open();
    let appends: Vec<_> = filled(0..10)
        .into_iter()
        .map(|(key, value)| {
            let journal = journal.clone();
            let write = larder::journal::Append { key, value, trace: None };
            kit.world.start(async move { journal.append(vec![write]).await })
        })
        .collect();
    kit.world.run_until_idle();
    for mut append in appends {
        append.finished().expect("it is acknowledged").unwrap();
    }
    let status = journal.status();
    assert!(status.syncs <= 10 && status.groups == status.syncs, "{status:?}");
    assert_eq!(status.appended, 10);
}

#[test]
fn an_interval_is_the_most_that_is_lost() {
    let kit = Kit::with_sync(SyncMode::Interval(INTERVAL));
    let journal = kit.open();
    kit.fill(&journal, 0..3);
    assert_eq!(kit.held_after_power_failure(), []);
    let killed = kit.elsewhere(kit.platter.after_kill());
    assert_eq!(killed.held(&killed.open()), filled(0..3), "a kill loses nothing");
    kit.world.advance(INTERVAL + Duration::from_millis(1));
    assert_eq!(kit.held_after_power_failure(), filled(0..3));
    assert_eq!(journal.status().syncs, 1);
}

#[test]
fn an_interval_ends_although_writes_never_pause() {
    let kit = Kit::with_sync(SyncMode::Interval(INTERVAL));
    let journal = kit.open();
    for number in 0..100 {
        kit.fill(&journal, number..number + 1);
        kit.world.advance(Duration::from_millis(2));
    }
    let lasting = kit.held_after_power_failure().len() as u64;
    assert!((70..=100).contains(&lasting), "{lasting}");
}

#[test]
fn a_batch_waits_for_what_its_marks_rest_on() {
    let kit = Kit::with_sync(SyncMode::Interval(Duration::from_secs(3600)));
    let journal = kit.open();
    kit.fill(&journal, 0..3);
    let batch = kit.batch(&journal);
    assert_eq!(batch.records.len(), 3);
    assert_eq!(kit.held_after_power_failure(), filled(0..3));
}

#[test]
fn a_sync_at_an_interval_that_fails_ends_the_appends() {
    let kit = Kit::with_sync(SyncMode::Interval(INTERVAL));
    let journal = kit.open();
    kit.fill(&journal, 0..3);
    kit.platter.fail(Fault { call: "sync", once: true, ..Fault::default() });
    kit.rest();
    assert!(journal.refusal().is_some());
    assert_eq!(kit.batch(&journal).records.len(), 3, "the source still gets them");
    let syncs = kit.platter.calls().iter().filter(|call| call.starts_with("sync")).count();
    assert_eq!(syncs, 1, "a failed sync is not repeated");
}

#[test]
fn a_write_that_fails_does_not_keep_those_before_it_from_their_sync() {
    let kit = Kit::with_sync(SyncMode::Interval(INTERVAL));
    let journal = kit.open();
    kit.fill(&journal, 0..3);
    kit.platter.fail(Fault { call: "write", once: true, ..Fault::default() });
    kit.append(&journal, &[("a", Some(1))]).unwrap_err();
    kit.world.run_until_idle();
    assert_eq!(kit.held_after_power_failure(), filled(0..3));
}

#[test]
fn the_sync_after_a_failed_write_is_tried_once() {
    let kit = Kit::with_sync(SyncMode::Interval(INTERVAL));
    let journal = kit.open();
    kit.fill(&journal, 0..3);
    kit.platter.fail(Fault::default());
    kit.append(&journal, &[("a", Some(1))]).unwrap_err();
    kit.rest();
    kit.end(journal);
    let syncs = kit.platter.calls().iter().filter(|call| call.starts_with("sync")).count();
    assert_eq!(syncs, 1);
}

#[test]
fn what_is_left_to_the_system_lasts_when_a_segment_is_full_and_at_the_end() {
    let kit = Kit::with_sync(SyncMode::Os);
    let journal = kit.open();
    kit.fill(&journal, 0..3);
    kit.rest();
    assert_eq!(kit.held_after_power_failure(), []);
    while journal.status().segments < 3 {
        let count = journal.status().appended;
        kit.fill(&journal, count..count + 1);
    }
    let count = journal.status().appended;
    assert_eq!(kit.held_after_power_failure(), filled(0..count - 1));
    kit.end(journal);
    assert_eq!(kit.held_after_power_failure(), filled(0..count));
}

#[test]
fn a_sequence_that_a_power_failure_took_back_is_not_given_out_again() {
    let kit = Kit::with_sync(SyncMode::Os);
    let journal = kit.open();
    let lost = kit.put(&journal, "a", 1);
    let again = kit.elsewhere(kit.platter.after_power_failure(Loss::All));
    let journal = again.open();
    assert!(again.put(&journal, "b", 2) > lost);
}
