//! Anomalies 12 to 16: what is queued is seen first, and reaches the source in its order.

use std::time::Duration;

use crate::kit::Fault;
use crate::kit::Point::{StoreCommit, StoreReply};
use crate::scene::{Scene, Setup, Verdict, Way, play};

const BEHIND: [Way; 1] = [Way::WriteBehind];
const ONE_BATCH: Duration = Duration::from_millis(250);

#[test]
fn anomaly_12_the_copy_of_a_pending_write_is_evicted() {
    play(&BEHIND, &Setup::default(), &[("k", 1)], |scene| {
        scene.write("k", Some(2))?;
        scene.subject.evict("k");
        scene.expect("k", Some(2))?;
        scene.subject.invalidate("k");
        scene.expect("k", Some(2))
    });
}

#[test]
fn anomaly_12_while_its_batch_is_on_its_way() {
    play(&BEHIND, &Setup::default(), &[("k", 1)], |scene| {
        let hold = scene.database.hold(StoreCommit);
        scene.write("k", Some(2))?;
        scene.world.advance(ONE_BATCH);
        scene.subject.evict("k");
        scene.expect("k", Some(2))?;
        hold.release();
        scene.world.run_until_idle();
        scene.subject.evict("k");
        scene.expect("k", Some(2))
    });
}

#[test]
fn anomaly_13_a_pending_delete() {
    play(&BEHIND, &Setup::default(), &[("k", 1)], |scene| {
        scene.expect("k", Some(1))?;
        scene.write("k", None)?;
        scene.expect("k", None)?;
        scene.subject.evict("k");
        scene.expect("k", None)?;
        scene.world.advance(ONE_BATCH);
        scene.expect("k", None)
    });
}

#[test]
fn anomaly_14_a_retry_puts_no_older_value_over_a_newer_one() {
    play(&BEHIND, &looking(), &[("k", 1)], |scene| retried(scene, Fault::Fails));
}

#[test]
fn anomaly_14_batches_of_one_key_do_not_overtake_each_other() {
    play(&BEHIND, &looking(), &[("k", 1)], |scene| {
        let hold = scene.database.hold(StoreCommit);
        scene.write("k", Some(2))?;
        scene.world.advance(ONE_BATCH);
        scene.write("k", Some(3))?;
        scene.world.advance(ONE_BATCH);
        hold.release();
        in_the_end(scene, 3)
    });
}

#[test]
fn anomaly_15_completing_a_batch_leaves_the_newer_pending_write() {
    play(&BEHIND, &looking(), &[("k", 1)], |scene| {
        let first = scene.database.hold(StoreReply);
        scene.write("k", Some(2))?;
        scene.world.advance(ONE_BATCH);
        scene.write("k", Some(3))?;
        let second = scene.database.hold(StoreCommit);
        first.release();
        scene.world.run_until_idle();
        scene.subject.evict("k");
        scene.expect("k", Some(3))?;
        second.release();
        in_the_end(scene, 3)
    });
}

#[test]
fn anomaly_16_the_retry_after_a_lost_reply_changes_nothing() {
    play(&BEHIND, &looking(), &[("k", 1)], |scene| retried(scene, Fault::LosesReply));
}

fn looking() -> Setup {
    Setup { naive_reads_queue: true, ..Setup::default() }
}

fn retried(scene: &Scene, fault: Fault) -> Verdict {
    let hold = scene.database.hold(StoreReply);
    scene.database.fail_store(fault);
    scene.write("k", Some(2))?;
    scene.world.advance(ONE_BATCH);
    scene.write("k", Some(3))?;
    hold.release();
    in_the_end(scene, 3)
}

/// What the source holds after it has all, and whether it went there in order.
fn in_the_end(scene: &Scene, value: u64) -> Verdict {
    scene.world.block_on(scene.subject.flush());
    let commits = scene.database.commits("k");
    if !commits.is_sorted() || commits.last() != Some(&Some(value)) {
        return Err(format!("the source took {commits:?}"));
    }
    scene.subject.evict("k");
    scene.expect("k", Some(value))
}
