//! Anomalies 1 to 5: what a fill may not do, whatever the strategy.

use std::time::Duration;

use larder::Freshness;

use crate::kit::Database;
use crate::kit::Point::LoadReturn;
use crate::scene::{Scene, Setup, Verdict, Way, play};

#[test]
fn anomaly_01_stale_fill() {
    play(&Way::ALL, &Setup::default(), &[("k", 1)], |scene| {
        let hold = scene.database.hold(LoadReturn);
        let reader = scene.reader("k");
        scene.write("k", Some(2))?;
        hold.release();
        scene.outcome("the reader", reader)??;
        scene.expect("k", Some(2))
    });
}

#[test]
fn anomaly_02_late_joiner() {
    play(&Way::WITH_FLIGHTS, &Setup::default(), &[("k", 1)], |scene| {
        let hold = scene.database.hold(LoadReturn);
        let early = scene.reader("k");
        scene.database.put("k", Some(2));
        scene.subject.invalidate("k");
        let late = scene.reader("k");
        hold.release();
        scene.outcome("the early reader", early)??;
        match scene.outcome("the late reader", late)?? {
            Some(2) => scene.expect("k", Some(2)),
            seen => Err(format!("the late reader is given {seen:?}")),
        }
    });
}

#[test]
fn anomaly_03_absence_against_a_concurrent_insert() {
    let negative_ttl = Duration::from_secs(60);
    let freshness = Freshness { negative_ttl, ..Freshness::default() };
    let setup = Setup { freshness, ..Setup::default() };
    play(&Way::ALL, &setup, &[], |scene| {
        let hold = scene.database.hold(LoadReturn);
        let reader = scene.reader("k");
        scene.write("k", Some(1))?;
        hold.release();
        scene.outcome("the reader", reader)??;
        scene.expect("k", Some(1))
    });
}

#[test]
fn anomaly_03_absence_is_remembered_where_nothing_is_inserted() {
    let negative_ttl = Duration::from_secs(60);
    let freshness = Freshness { negative_ttl, ..Freshness::default() };
    let setup = Setup { freshness, ..Setup::default() };
    for way in Way::ALL {
        let scene = Scene::larder(way, 1, &setup, Default::default());
        assert_eq!(scene.read("k"), Ok(None));
        assert_eq!(scene.read("k"), Ok(None));
        assert_eq!(scene.database.loads().len(), 1, "{way:?}");
    }
}

#[test]
fn anomaly_04_refresh_ahead_after_a_newer_write() {
    let ttl = Freshness::ttl(Duration::from_secs(10));
    let freshness = Freshness { refresh_ahead: Duration::from_secs(5), ..ttl };
    let setup = Setup { freshness, ..Setup::default() };
    play(&Way::WITH_FLIGHTS, &setup, &[("k", 1)], |scene| {
        scene.expect("k", Some(1))?;
        scene.world.advance(Duration::from_secs(6));
        let hold = scene.database.hold(LoadReturn);
        scene.expect("k", Some(1))?;
        if scene.database.loads().len() != 2 {
            return Err("the hit starts no refresh".to_owned());
        }
        scene.write("k", Some(2))?;
        hold.release();
        scene.world.run_until_idle();
        scene.expect("k", Some(2))
    });
}

#[test]
fn anomaly_05_invalidate_all_during_a_load() {
    play(&Way::ALL, &Setup::default(), &[("k", 1)], |scene| {
        invalidated_during_a_load(scene, |scene| scene.subject.invalidate_all())
    });
}

#[test]
fn anomaly_05_invalidate_a_prefix_during_a_load() {
    play(&Way::ALL, &Setup::default(), &[("k", 1)], |scene| {
        invalidated_during_a_load(scene, |scene| scene.subject.invalidate_prefix("k"))
    });
}

#[test]
fn a_prefix_voids_no_other_load() {
    for way in Way::ALL {
        let scene = Scene::larder(way, 1, &Setup::default(), Database::with(&[("k", 1)]));
        let hold = scene.database.hold(LoadReturn);
        let reader = scene.reader("k");
        scene.subject.invalidate_prefix("j");
        hold.release();
        assert_eq!(scene.outcome("the reader", reader).unwrap(), Ok(Some(1)));
        assert_eq!(scene.read("k"), Ok(Some(1)));
        assert_eq!(scene.database.loads().len(), 1, "{way:?}: the load has filled the cache");
    }
}

fn invalidated_during_a_load(scene: &Scene, invalidate: fn(&Scene)) -> Verdict {
    let hold = scene.database.hold(LoadReturn);
    let reader = scene.reader("k");
    scene.database.put("k", Some(2));
    invalidate(scene);
    hold.release();
    scene.outcome("the reader", reader)??;
    scene.expect("k", Some(2))
}
