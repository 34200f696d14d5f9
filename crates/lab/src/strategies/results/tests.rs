use super::super::application::chosen;
use super::super::workload;
use super::*;

#[test]
fn figures_are_held_against_the_database_alone_round_by_round() {
    let strategies = chosen(&["write-behind".to_owned()]).unwrap();
    let mut results = Results::new(strategies, Vec::new());
    let behind = results.strategies().last().unwrap();
    for (alone, other) in [(100.0, 50.0), (400.0, 100.0)] {
        results.add(workload::WRITE_HEAVY, REFERENCE, sample(1.0, 1.0, alone));
        results.add(workload::WRITE_HEAVY, behind, sample(1.0, 1.0, other));
        results.add(workload::READ_MOSTLY, behind, sample(1.0, 1.0, 7.0));
    }
    let p50: Metric = |sample| Some(sample.writes?.p50);
    let ratio = results.beside_reference(workload::WRITE_HEAVY, behind, p50).unwrap();
    assert_eq!(ratio.rounds(), [0.5, 0.25]);
    assert_eq!(results.beside_reference(workload::READ_MOSTLY, behind, p50), None);
}

#[test]
fn a_round_that_failed_is_held_against_no_other() {
    let mut results = Results::new(chosen(&["write-behind".to_owned()]).unwrap(), Vec::new());
    let behind = results.strategies().last().unwrap();
    let failed = || Err(Failure::run("out of sorts"));
    for (alone, other) in [(100.0, None), (400.0, Some(100.0))] {
        results.add(workload::LOG, REFERENCE, sample(1.0, 1.0, alone));
        let other = other.map_or_else(failed, |other| Ok(sample(1.0, 1.0, other)));
        results.add_tried(workload::LOG, behind, other);
    }
    let p50: Metric = |sample| Some(sample.writes?.p50);
    let ratio = results.beside_reference(workload::LOG, behind, p50).unwrap();
    assert_eq!(ratio.rounds(), [0.25]);
    assert!(results.has_failed(Trying::Workload(workload::LOG), behind));
    assert!(!results.has_failed(Trying::Crash, behind));
}

#[test]
fn what_failed_is_told_once_with_how_often() {
    let mut results = Results::new(chosen(&[]).unwrap(), Vec::new());
    for reason in ["first", "second"] {
        results.add_failed(Trying::Crash, REFERENCE, &Failure::run(reason));
    }
    let told = format!("{} failed in 2 rounds: first", REFERENCE.name);
    assert_eq!(results.failures(Trying::Crash), [told]);
    assert!(results.failures(Trying::Bypass).is_empty());
}

#[test]
fn the_reference_alone_does_not_make_a_run_work() {
    let mut results = Results::new(chosen(&["write-behind".to_owned()]).unwrap(), Vec::new());
    let behind = results.strategies().last().unwrap();
    results.add(workload::LOG, REFERENCE, sample(1.0, 1.0, 1.0));
    assert_eq!(results.nothing_works(), None, "nothing has failed yet");
    results.add_failed(Trying::Crash, behind, &Failure::run("no larder"));
    assert_eq!(results.nothing_works().unwrap(), "no larder");
    results.add_crashed(behind, Losses { acknowledged: 1, lost: 0 });
    assert_eq!(results.nothing_works(), None);
}

#[test]
fn sightings_of_all_workloads_are_added_up() {
    let mut results = Results::new(chosen(&[]).unwrap(), Vec::new());
    let seen =
        Sightings { reads: 10, stale: 1, worst: Duration::from_millis(3), after_complete: 0 };
    for workload in [workload::READ_MOSTLY, workload::WRITE_HEAVY] {
        let sample = Sample { sightings: seen, outside: seen, ..Sample::default() };
        results.add(workload, REFERENCE, sample);
    }
    assert_eq!(results.sightings(REFERENCE).reads, 20);
    assert_eq!(results.outside(REFERENCE).stale, 2);
    assert_eq!(milliseconds(results.sightings(REFERENCE).worst), 3.0);
}
