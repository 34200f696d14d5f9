//! Some thousand stories of every strategy. `cargo xtask simulate` plays as many as one likes.

use clap::ValueEnum;
use larder_simulation::campaign;
use larder_simulation::plan::Plan;
use larder_simulation::story::play;
use larder_simulation::way::Way;

/// Seeds of the strategies that a crash does not concern.
const SEEDS: u64 = 400;

/// Seeds of write-behind with its journal in files.
const SEEDS_OF_JOURNALS: u64 = 800;

#[test]
fn every_strategy_keeps_its_promises_in_every_story() {
    let ways: Vec<Way> =
        Way::value_variants().iter().copied().filter(|way| !way.survives()).collect();
    match campaign::run(&ways, 0..SEEDS) {
        Ok(tally) => println!("{tally}"),
        Err(finding) => panic!("{finding}"),
    }
}

#[test]
fn write_behind_loses_nothing_in_any_crash() {
    match campaign::run(&[Way::Behind], 0..SEEDS_OF_JOURNALS) {
        Ok(tally) => println!("{tally}"),
        Err(finding) => panic!("{finding}"),
    }
}

#[test]
fn the_same_seed_is_the_same_story() {
    for way in Way::value_variants() {
        for seed in 0..10 {
            let plan = Plan::of(seed, *way);
            assert_eq!(play(&plan, true).timeline, play(&plan, true).timeline, "{plan:?}");
        }
    }
}
