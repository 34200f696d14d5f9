//! Writes that commit after their caller was told that nobody knows: a newer one is never undone.

use std::time::Duration;

use larder::runtime::Task;

use crate::kit::Database;
use crate::kit::Point::{StoreCommit, StoreReply};
use crate::scene::{Scene, Setup, Way, WriteError};

const SECOND: Duration = Duration::from_secs(1);
const WAYS: [Way; 4] = [Way::SourceFirst, Way::CacheFirst, Way::AroundThrough, Way::AroundAside];

/// A scene whose first write has timed out and is still on its way.
fn overdue(way: Way) -> (Scene, crate::kit::Hold) {
    let setup = Setup { write_timeout: Some(SECOND), ..Setup::default() };
    let scene = Scene::larder(way, 1, &setup, Database::with(&[("k", 1)]));
    let hold = scene.database.hold(StoreCommit);
    let mut first = scene.writer("k", Some(2));
    scene.world.advance(SECOND);
    assert_eq!(first.finished(), Some(Err(WriteError::Unknown)), "{way:?}");
    (scene, hold)
}

fn ended(scene: &Scene, mut task: Task<Result<(), WriteError>>) -> Option<Result<(), WriteError>> {
    scene.world.run_until_idle();
    task.finished()
}

#[test]
fn a_late_commit_does_not_undo_a_newer_acknowledged_write() {
    for way in WAYS {
        let (scene, hold) = overdue(way);
        let second = scene.writer("k", Some(3));
        hold.release();
        assert_eq!(ended(&scene, second), Some(Ok(())), "{way:?}");
        assert_eq!(scene.database.commits("k")[1..], [Some(2), Some(3)], "{way:?}");
        assert_eq!(scene.read("k"), Ok(Some(3)), "{way:?}");
    }
}

#[test]
fn whoever_waits_behind_an_overdue_write_is_told_so_in_time() {
    for way in WAYS {
        let (scene, hold) = overdue(way);
        let second = scene.writer("k", Some(3));
        scene.world.advance(SECOND);
        assert_eq!(ended(&scene, second), Some(Err(WriteError::Failed)), "{way:?}");
        hold.release();
        scene.world.run_until_idle();
        assert_eq!(scene.database.commits("k")[1..], [Some(2)], "{way:?}: it was not written");
        assert_eq!(scene.read("k"), Ok(Some(2)), "{way:?}");
        scene.write("k", Some(4)).unwrap();
        assert_eq!(scene.read("k"), Ok(Some(4)), "{way:?}");
    }
}

#[test]
fn other_keys_do_not_wait_behind_an_overdue_write() {
    for way in WAYS {
        let (scene, hold) = overdue(way);
        scene.write("other", Some(3)).unwrap();
        assert_eq!(scene.read("k"), Ok(Some(1)), "{way:?}: reads go on too");
        hold.release();
        scene.world.run_until_idle();
        assert_eq!(scene.read("k"), Ok(Some(2)), "{way:?}");
    }
}

#[test]
fn a_write_that_committed_before_it_was_given_up_is_not_undone_either() {
    for way in WAYS {
        let setup = Setup { write_timeout: Some(SECOND), ..Setup::default() };
        let scene = Scene::larder(way, 1, &setup, Database::default());
        let hold = scene.database.hold(StoreReply);
        let first = scene.writer("k", Some(2));
        scene.world.advance(SECOND);
        assert_eq!(ended(&scene, first), Some(Err(WriteError::Unknown)), "{way:?}");
        let second = scene.writer("k", Some(3));
        hold.release();
        assert_eq!(ended(&scene, second), Some(Ok(())), "{way:?}");
        assert_eq!(scene.database.row("k"), Some(3), "{way:?}");
        assert_eq!(scene.read("k"), Ok(Some(3)), "{way:?}");
    }
}
