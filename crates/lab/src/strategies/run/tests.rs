use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::application::Surroundings;
use super::super::database::Database;
use super::super::trial::Length;
use super::super::workload::{HOT_KEY, LOG, chosen};
use super::*;

const KEYS: u64 = 50;

fn settings(rounds: usize) -> Settings {
    let span = Duration::from_millis(5);
    Settings {
        keys: KEYS,
        clients: 1,
        rounds,
        length: Length { warm_up: span, lasting: span },
        ttl: span,
        bypassing: span,
        writing: span,
    }
}

/// Measures strategies under two workloads, for so long.
fn measured(
    strategies: Vec<&'static Strategy>,
    rounds: usize,
    time: Option<Duration>,
) -> Result<Results> {
    let database = Database::open(None, 1).unwrap();
    database.fill(KEYS).unwrap();
    let (stage, settings) = (Stage::new(database, 1), settings(rounds));
    let workloads = chosen(&[HOT_KEY, LOG].map(str::to_owned), KEYS, None).unwrap();
    let until = time.map(|time| Instant::now() + time);
    Run { stage: &stage, settings: &settings, until }.measure(strategies, workloads)
}

/// A strategy without a larder.
fn strategy(
    name: &'static str,
    application: fn(&Surroundings<'_>) -> Result<Box<dyn super::super::application::Application>>,
) -> &'static Strategy {
    Box::leak(Box::new(Strategy { name, application, said: None, ..*REFERENCE }))
}

#[test]
fn what_fails_now_and_then_does_not_end_the_run() {
    static SCENES: AtomicUsize = AtomicUsize::new(0);
    let moody = strategy("moody", |surroundings| {
        // The first workload fails in the first round, and nothing else.
        match SCENES.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Failure::run("out of sorts")),
            _ => (REFERENCE.application)(surroundings),
        }
    });
    let results = measured(vec![REFERENCE, moody], 2, None).unwrap();
    let rate = |workload, strategy| {
        let rate = results.spread(workload, strategy, |sample| Some(sample.rate));
        rate.map_or(0, |rate| rate.rounds().len())
    };
    assert_eq!((rate(HOT_KEY, REFERENCE), rate(HOT_KEY, moody)), (2, 1));
    assert_eq!((rate(LOG, REFERENCE), rate(LOG, moody)), (2, 2));
    let failures = results.failures(Trying::Workload(HOT_KEY));
    assert_eq!(failures, ["moody failed in one round: out of sorts"]);
    assert!(results.failures(Trying::Bypass).is_empty());
}

#[test]
fn a_run_in_which_no_strategy_works_fails_with_the_reason() {
    let broken = strategy("broken", |_| Err(Failure::run("out of order")));
    let failure = measured(vec![REFERENCE, broken], 2, None).err().unwrap();
    assert_eq!(failure.to_string(), "out of order");
}

#[test]
fn a_run_without_time_measures_what_there_is_time_for_and_says_so() {
    let results = measured(vec![REFERENCE], 3, Some(Duration::ZERO)).unwrap();
    assert_eq!(results.cut_short, Some(0));
    let results = measured(vec![REFERENCE], 1, Some(Duration::from_secs(600))).unwrap();
    assert_eq!(results.cut_short, None);
}

#[test]
fn each_strategy_comes_first_in_a_round_of_its_own() {
    let all = [REFERENCE, strategy("one", REFERENCE.application)];
    let first = |round| rotated(all.into_iter(), round)[0].name;
    assert_eq!([0, 1, 2].map(first), [REFERENCE.name, "one", REFERENCE.name]);
    assert!(rotated(std::iter::empty(), 1).is_empty());
}
