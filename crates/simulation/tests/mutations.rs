//! Every deliberate defect is found, within the number of seeds that its trial states.

use larder_simulation::mutation::{Row, TRIALS, Trial};

#[test]
fn every_defect_is_found() {
    let mut missed = Vec::new();
    println!("| mutation | strategy | seeds needed | promise broken |\n|---|---|---|---|");
    for trial in &TRIALS {
        let caught = trial.run(0, trial.seeds_max);
        println!("{}", Row(trial, &caught));
        if caught.is_none() {
            missed.push(trial.name());
        }
    }
    assert_eq!(missed, [""; 0], "a checker that does not see these sees nothing");
}

#[test]
fn what_is_found_is_told_by_the_smallest_story_that_shows_it() {
    let trial = Trial::of("drop-when-full").expect("a trial");
    let caught = trial.run(0, trial.seeds_max).expect("it is found");
    let plan = caught.plan.clone();
    let finding = trial.explain(caught);
    assert_ne!(finding.smallest, plan);
    let told = finding.to_string();
    let again = format!(
        "play it again: cargo xtask simulate --first {} --seeds 1 --strategy write-behind-memory \
         --mutation drop-when-full",
        plan.seed
    );
    assert!(told.contains(&again), "{told}");
    assert!(told.contains("ms  the process is up"), "{told}");
}
