//! Anomalies 7 to 10: source and cache agree, or the copy is gone.

use std::time::Duration;

use crate::kit::Point::{LoadReturn, StoreCommit, StoreReply};
use crate::kit::{Database, Fault, Point};
use crate::scene::{Scene, Setup, Verdict, Way, WriteError, play};

const BOTH: [Way; 2] = [Way::SourceFirst, Way::CacheFirst];
const WITH_TIMEOUT: [Way; 4] =
    [Way::SourceFirst, Way::CacheFirst, Way::AroundThrough, Way::AroundAside];

#[test]
fn anomaly_07_two_writers() {
    play(&BOTH, &Setup::default(), &[], |scene| {
        let late = if scene.way == Way::SourceFirst { StoreReply } else { StoreCommit };
        let hold = scene.database.hold(late);
        let first = scene.writer("k", Some(1));
        let second = scene.writer("k", Some(2));
        hold.release();
        scene.outcome("the first writer", first)?.map_err(|error| format!("{error:?}"))?;
        scene.outcome("the second writer", second)?.map_err(|error| format!("{error:?}"))?;
        scene.expect("k", scene.database.row("k"))?;
        match scene.database.commits("k").last() {
            Some(Some(2)) => Ok(()),
            last => Err(format!("the source ends with {last:?}")),
        }
    });
}

#[test]
fn anomaly_08_the_cache_refuses_what_the_source_has() {
    play(&BOTH, &Setup::default(), &[("k", 1)], |scene| {
        scene.expect("k", Some(1))?;
        scene.subject.refuse_entries(true);
        scene.write("k", Some(2))?;
        scene.expect("k", Some(2))?;
        scene.subject.refuse_entries(false);
        scene.expect("k", Some(2))
    });
}

#[test]
fn anomaly_09_cache_first_and_the_source_fails() {
    play(&[Way::CacheFirst], &Setup::default(), &[("k", 1)], failed_write);
}

#[test]
fn anomaly_09_what_was_invalidated_meanwhile_is_not_put_back() {
    let database = Database::with(&[("k", 1)]);
    let scene = Scene::larder(Way::CacheFirst, 1, &Setup::default(), database);
    assert_eq!(scene.read("k"), Ok(Some(1)));
    let hold = scene.database.hold(StoreCommit);
    scene.database.fail_store(Fault::Fails);
    let writer = scene.writer("k", Some(2));
    scene.database.put("k", Some(3));
    scene.subject.invalidate("k");
    hold.release();
    assert_eq!(scene.outcome("the writer", writer), Ok(Err(WriteError::Failed)));
    assert_eq!(scene.read("k"), Ok(Some(3)));
}

#[test]
fn a_failed_write_is_visible_nowhere() {
    let ways = [Way::SourceFirst, Way::AroundThrough, Way::AroundAside];
    for way in ways {
        let database = Database::with(&[("k", 1)]);
        let scene = Scene::larder(way, 1, &Setup::default(), database);
        assert_eq!(failed_write(&scene), Ok(()), "{way:?}");
        assert_eq!(scene.database.loads().len(), 1, "{way:?}: the earlier copy is good");
    }
}

fn failed_write(scene: &Scene) -> Verdict {
    scene.expect("k", Some(1))?;
    let hold = scene.database.hold(StoreCommit);
    scene.database.fail_store(Fault::Fails);
    let writer = scene.writer("k", Some(2));
    scene.expect("k", Some(1))?;
    hold.release();
    if scene.outcome("the writer", writer)? != Err(WriteError::Failed) {
        return Err("the writer is not told that the source failed".to_owned());
    }
    scene.expect("k", Some(1))
}

#[test]
fn anomaly_10_a_time_out_before_the_commit_is_an_unknown_outcome() {
    play(&WITH_TIMEOUT, &timed(), &[("k", 1)], |scene| timed_out(scene, StoreCommit));
}

#[test]
fn anomaly_10_a_time_out_after_the_commit_is_an_unknown_outcome() {
    play(&WITH_TIMEOUT, &timed(), &[("k", 1)], |scene| timed_out(scene, StoreReply));
}

fn timed() -> Setup {
    Setup { write_timeout: Some(Duration::from_secs(1)), ..Setup::default() }
}

fn timed_out(scene: &Scene, point: Point) -> Verdict {
    scene.expect("k", Some(1))?;
    let hold = scene.database.hold(point);
    let writer = scene.writer("k", Some(2));
    scene.world.advance(Duration::from_secs(2));
    let told = scene.outcome("the writer", writer)?;
    scene.expect("k", scene.database.row("k"))?;
    hold.release();
    scene.world.run_until_idle();
    scene.expect("k", Some(2))?;
    match told {
        Err(WriteError::Unknown) => Ok(()),
        told => Err(format!("the writer is told {told:?}")),
    }
}

#[test]
fn anomaly_10_a_load_from_before_a_late_commit_fills_nothing() {
    let rows = [("k", 1)];
    let ways = [Way::SourceFirst, Way::AroundThrough, Way::AroundAside];
    play(&ways, &timed(), &rows, loaded_before_a_late_commit);
    // The naive one has the new value in the cache from the start, for better or worse.
    let database = Database::with(&rows);
    let scene = Scene::larder(Way::CacheFirst, 1, &timed(), database);
    assert_eq!(loaded_before_a_late_commit(&scene), Ok(()));
}

fn loaded_before_a_late_commit(scene: &Scene) -> Verdict {
    let hold = scene.database.hold(StoreCommit);
    let writer = scene.writer("k", Some(2));
    scene.world.advance(Duration::from_secs(2));
    if scene.outcome("the writer", writer)?.is_ok() {
        return Err("the writer is told that all went well".to_owned());
    }
    let load = scene.database.hold(LoadReturn);
    let reader = scene.reader("k");
    hold.release();
    scene.world.run_until_idle();
    load.release();
    scene.outcome("the reader", reader)??;
    scene.expect("k", Some(2))
}

#[test]
fn anomaly_10_a_lost_reply_is_an_unknown_outcome() {
    play(&WITH_TIMEOUT, &Setup::default(), &[("k", 1)], |scene| {
        scene.expect("k", Some(1))?;
        scene.database.fail_store(Fault::LosesReply);
        let writer = scene.writer("k", Some(2));
        let told = scene.outcome("the writer", writer)?;
        scene.expect("k", Some(2))?;
        match told {
            Err(WriteError::Unknown) => Ok(()),
            told => Err(format!("the writer is told {told:?}")),
        }
    });
}
