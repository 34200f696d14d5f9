//! A trial: one strategy under one workload, in a scene of its own. In a closed loop it says how many
//! requests a second the strategy carries; in an open one, at a rate that all strategies are given, how
//! long requests take.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::application::Strategy;
use super::database::Table;
use super::drive::{Outcome, Pace, drive, panicked};
use super::observer::{Ledger, Sightings, Witness};
use super::scene::{Counters, Freshness, Stage};
use super::workload::capacity;
use crate::failure::Result;
use crate::workload::Ready;

/// How often somebody looks into the database for what was written last.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// How long the parts of a trial last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    /// What is not measured, at the beginning.
    pub(super) warm_up: Duration,
    /// What is.
    pub(super) lasting: Duration,
}

/// What a trial came to.
pub(super) struct Trial {
    outcome: Outcome,
    /// What was done meanwhile.
    counters: Counters,
    inside: Sightings,
    outside: Sightings,
}

/// What is known of a strategy under a workload after a round, from the trials of both loops.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    /// Requests answered in a second, in the closed loop.
    pub(super) rate: f64,
    /// Of reads, in the open loop.
    pub(super) reads: Option<Latency>,
    /// Of writes, likewise.
    pub(super) writes: Option<Latency>,
    /// The share of reads that found a copy, where there is a cache.
    pub(super) hit_ratio: Option<f64>,
    /// Queries that read the database, for each request.
    pub(super) source_reads: f64,
    /// Rows written to the database, for each request.
    pub(super) source_writes: f64,
    /// What readers saw.
    pub(super) sightings: Sightings,
    /// What somebody saw who looked into the database, each time for the key that was written last.
    pub(super) outside: Sightings,
}

/// In microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Latency {
    /// The middle one.
    pub(super) p50: f64,
    /// What one in a hundred exceeds.
    pub(super) p99: f64,
}

/// Tries a strategy. The workload and its rows are as before afterwards, so that the next one is asked the
/// same.
pub(super) fn attempt(
    stage: &Stage,
    strategy: &'static Strategy,
    workload: &Ready,
    length: Length,
    pace: Pace,
) -> Result<Trial> {
    let trial = play(stage, strategy, workload, length, pace);
    let trimmed = stage.database.trim(workload.keys_reached());
    workload.begin_again();
    let trial = trial?;
    trimmed.map(|()| trial)
}

fn play(
    stage: &Stage,
    strategy: &'static Strategy,
    workload: &Ready,
    length: Length,
    pace: Pace,
) -> Result<Trial> {
    let scene = stage.begin(strategy, Freshness::Lasting, capacity(workload))?;
    let mut clients =
        scene.clients(|client| Box::new(workload.operations(client, stage.clients())))?;
    drive(&mut clients, &scene.ledger, Pace::Closed, length.warm_up)?;
    let before = scene.counters()?;
    let table = scene.database().observed();
    let (outcome, outside) = watched(&scene.ledger, &table, || {
        drive(&mut clients, &scene.ledger, pace, length.lasting)
    })?;
    let counters = scene.counters()?.since(&before);
    let inside = outcome.witness.judged(&scene.ledger);
    let outside = outside.judged(&scene.ledger);
    scene.end()?;
    Ok(Trial { outcome, counters, inside, outside })
}

/// Lets `work` run, while somebody looks into the database.
fn watched(
    ledger: &Ledger,
    table: &Table,
    work: impl FnOnce() -> Result<Outcome>,
) -> Result<(Outcome, Witness)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| watch(ledger, table, &is_over));
        let outcome = work();
        is_over.store(true, Ordering::Relaxed);
        let seen = watch.join().unwrap_or_else(|_| Err(panicked()))?;
        Ok((outcome?, seen))
    })
}

fn watch(ledger: &Ledger, table: &Table, is_over: &AtomicBool) -> Result<Witness> {
    let mut witness = Witness::default();
    while !is_over.load(Ordering::Relaxed) {
        if let Some(key) = ledger.last_written() {
            let asked = Instant::now();
            let seen = table.read(key)?;
            witness.saw(ledger, key, seen.as_deref(), asked);
        }
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(witness)
}

impl Trial {
    /// Requests that were answered in a second.
    pub(super) fn rate(&self) -> f64 {
        self.outcome.per_second()
    }
}

impl Sample {
    /// What both loops together say.
    pub(super) fn of(closed: &Trial, open: &Trial) -> Self {
        let requests = (closed.outcome.requests + open.outcome.requests).max(1) as f64;
        let done = closed.counters.and(&open.counters);
        let reads = done.hits + done.misses;
        Self {
            rate: closed.rate(),
            reads: Latency::of(&open.outcome.reads),
            writes: Latency::of(&open.outcome.writes),
            hit_ratio: (reads > 0.0).then(|| done.hits / reads),
            source_reads: done.source_reads / requests,
            source_writes: done.source_writes / requests,
            sightings: closed.inside.and(&open.inside),
            outside: closed.outside.and(&open.outside),
        }
    }
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let microseconds = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
        let is_measured = !histogram.is_empty();
        is_measured.then(|| Self { p50: microseconds(0.5), p99: microseconds(0.99) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::application::REFERENCE;
    use super::super::database::Database;
    use super::super::workload::{LOG, chosen};
    use super::*;
    use crate::failure::Failure;
    use crate::workload::Operation;

    const KEYS: u64 = 20;

    /// A stage, and a log that one row was written of.
    fn begun() -> (Stage, Ready) {
        let database = Database::open(None, 1).unwrap();
        database.fill(KEYS).unwrap();
        let log = chosen(&[LOG.to_owned()], KEYS, None).unwrap().remove(0);
        log.operations(0, 1).find(|asked| *asked == Operation::Write(KEYS)).unwrap();
        database.observed().write(KEYS, b"new".into()).unwrap();
        (Stage::new(database, 2), log)
    }

    fn attempted(stage: &Stage, strategy: &'static Strategy, log: &Ready) -> Result<Trial> {
        let span = Duration::from_millis(20);
        let length = Length { warm_up: span, lasting: span };
        attempt(stage, strategy, log, length, Pace::Closed)
    }

    /// The log has its first rows, and no others.
    fn assert_as_before(stage: &Stage, log: &Ready) {
        let table = stage.database.observed();
        assert_eq!(log.keys_reached(), KEYS);
        assert!(table.read(KEYS - 1).unwrap().is_some());
        assert_eq!(table.read(KEYS).unwrap(), None);
    }

    #[test]
    fn a_trial_of_a_log_leaves_no_rows_and_the_next_one_begins_where_it_began() {
        let (stage, log) = begun();
        assert!(attempted(&stage, REFERENCE, &log).is_ok());
        assert_as_before(&stage, &log);
    }

    #[test]
    fn a_trial_that_fails_leaves_no_rows_either() {
        let (stage, log) = begun();
        let broken =
            Strategy { application: |_| Err(Failure::run("broken")), said: None, ..*REFERENCE };
        let failure = attempted(&stage, Box::leak(Box::new(broken)), &log).err().unwrap();
        assert_eq!(failure.to_string(), "broken");
        assert_as_before(&stage, &log);
    }
}
