//! Anomaly 6: a load that fails, panics or is cancelled releases whoever waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::future::abortable;

use crate::kit::Fault;
use crate::kit::Point::LoadReturn;
use crate::scene::{Scene, Setup, Verdict, Way, play};

#[test]
fn anomaly_06_a_load_that_fails_releases_its_readers() {
    play(&Way::WITH_FLIGHTS, &Setup::default(), &[("k", 1)], |scene| struck(scene, Fault::Fails));
}

#[test]
fn anomaly_06_a_load_that_panics_releases_its_readers() {
    play(&Way::WITH_FLIGHTS, &Setup::default(), &[("k", 1)], |scene| struck(scene, Fault::Panics));
}

#[test]
fn anomaly_06_a_reader_that_goes_away_leaves_its_load_to_the_others() {
    play(&Way::WITH_FLIGHTS, &Setup::default(), &[("k", 1)], |scene| {
        let hold = scene.database.hold(LoadReturn);
        let (first, gone) = abortable(scene.subject.get("k"));
        drop(scene.world.start(first));
        scene.world.run_until_idle();
        let second = scene.reader("k");
        gone.abort();
        scene.world.run_until_idle();
        hold.release();
        match scene.outcome("the other reader", second)?? {
            Some(1) => settled(scene),
            seen => Err(format!("the other reader is given {seen:?}")),
        }
    });
}

fn struck(scene: &Scene, fault: Fault) -> Verdict {
    let hold = scene.database.hold(LoadReturn);
    scene.database.fail_load(fault);
    let readers = [scene.reader("k"), scene.reader("k"), scene.reader("k")];
    hold.release();
    // A panic that nobody catches ends the task that it happens in, not the world.
    catch_unwind(AssertUnwindSafe(|| scene.world.run_until_idle())).ok();
    for reader in readers {
        if let Ok(value) = scene.outcome("a reader", reader)? {
            return Err(format!("a reader is given {value:?} by a load that failed"));
        }
    }
    settled(scene)
}

fn settled(scene: &Scene) -> Verdict {
    scene.expect("k", Some(1))?;
    match scene.subject.in_progress() {
        0 => Ok(()),
        keys => Err(format!("{keys} keys are still said to be loading")),
    }
}
