//! Where somebody writes past the cache: an outside program changes rows, and tells nobody.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::application::Strategy;
use super::database::Table;
use super::drive::{Pace, drive, panicked};
use super::observer::{Ledger, Sightings};
use super::scene::{Freshness, Stage};
use crate::failure::Result;
use crate::workload::{Operation, Random};

/// Keys that are read, and written by the outside.
pub(super) const KEYS: u64 = 100;

/// How often the outside writes one of them.
pub(super) const WRITE_INTERVAL: Duration = Duration::from_millis(10);

/// Reads in a second.
pub(super) const READS_PER_SECOND: f64 = 2_000.0;

/// What readers see while somebody writes past the cache, whose copies are good for `ttl`.
pub(super) fn watch(
    stage: &Stage,
    strategy: &'static Strategy,
    ttl: Duration,
    lasting: Duration,
) -> Result<Sightings> {
    let scene = stage.begin(strategy, Freshness::For(ttl), 2 * KEYS)?;
    let mut clients = scene.clients(|client| {
        let mut random = Random::seeded(client as u64);
        Box::new(std::iter::from_fn(move || Some(Operation::Read(random.below(KEYS)))))
    })?;
    let (table, ledger) = (scene.database().observed(), &scene.ledger);
    let is_over = AtomicBool::new(false);
    let sightings = thread::scope(|scope| {
        let outside = scope.spawn(|| write(ledger, &table, &is_over));
        let pace = Pace::Open { per_second: READS_PER_SECOND };
        let outcome = drive(&mut clients, ledger, pace, lasting);
        is_over.store(true, Ordering::Relaxed);
        outside.join().unwrap_or_else(|_| Err(panicked()))?;
        outcome.map(|outcome| outcome.witness.judged(ledger))
    })?;
    scene.end()?;
    Ok(sightings)
}

/// Writes one key after the other.
fn write(ledger: &Ledger, table: &Table, is_over: &AtomicBool) -> Result<()> {
    for key in (0..KEYS).cycle() {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let (begun, value) = ledger.begin(key);
        table.write(key, value)?;
        ledger.end(begun, std::time::Instant::now());
        thread::sleep(WRITE_INTERVAL);
    }
    Ok(())
}
