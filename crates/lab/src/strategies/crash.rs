//! What a crash costs: larder is killed under writes and started again, and then the database is
//! compared with what had been acknowledged.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::application::Strategy;
use super::drive::{Client, panicked};
use super::observer::Ledger;
use super::scene::{Freshness, Stage};
use crate::failure::Result;
use crate::workload::Operation;

/// Keys of each client. Few, so that most are written again and again.
const KEYS: u64 = 20;

/// Copies that larder may hold: more than there are keys.
const CAPACITY: u64 = 100_000;

/// What a crash came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Losses {
    /// Writes that were acknowledged.
    pub(super) acknowledged: usize,
    /// Of these, those that neither the database has nor a later write has replaced.
    pub(super) lost: usize,
}

impl Losses {
    /// What several crashes cost together.
    pub(super) fn sum(crashes: &[Self]) -> Self {
        crashes.iter().fold(Self { acknowledged: 0, lost: 0 }, |sum, losses| Self {
            acknowledged: sum.acknowledged + losses.acknowledged,
            lost: sum.lost + losses.lost,
        })
    }
}

/// Kills larder after clients have written for as long.
pub(super) fn rehearse(
    stage: &Stage,
    strategy: &'static Strategy,
    writing: Duration,
) -> Result<Losses> {
    let mut scene = stage.begin(strategy, Freshness::Lasting, CAPACITY)?;
    let own =
        |client: usize| (client as u64 * KEYS..(client as u64 + 1) * KEYS).map(Operation::Write);
    let mut clients = scene.clients(|client| Box::new(own(client).cycle()))?;
    let (ledger, is_killed) = (scene.ledger.clone(), AtomicBool::new(false));
    let writes: Result<Vec<()>> = thread::scope(|scope| {
        let (ledger, is_killed) = (&ledger, &is_killed);
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| scope.spawn(move || write_until_killed(client, ledger, is_killed)))
            .collect();
        thread::sleep(writing);
        is_killed.store(true, Ordering::SeqCst);
        scene.kill();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|written| written.unwrap_or_else(|_| Err(panicked()))).collect()
    });
    writes?;
    scene.recover()?;
    let table = scene.database().observed();
    let (acknowledged, lost) = ledger.lost(|key| table.read(key))?;
    scene.end()?;
    Ok(Losses { acknowledged, lost })
}

/// Writes until a write fails. Before the kill none may.
fn write_until_killed(client: &mut Client, ledger: &Ledger, is_killed: &AtomicBool) -> Result<()> {
    while let Some(Operation::Write(key)) = client.requests.next() {
        let written = client.write(key, ledger);
        if is_killed.load(Ordering::SeqCst) {
            return Ok(());
        }
        written?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::application::Application;
    use super::*;
    use crate::failure::Failure;

    /// Takes one write, and no more.
    struct Tired {
        writes: usize,
    }

    impl Application for Tired {
        fn read(&mut self, _: u64) -> Result<Option<Vec<u8>>> {
            Ok(None)
        }

        fn write(&mut self, _: u64, _: Vec<u8>) -> Result<Instant> {
            self.writes += 1;
            if self.writes > 1 { Err(Failure::run("tired")) } else { Ok(Instant::now()) }
        }
    }

    fn written(is_killed: bool) -> (Result<()>, usize) {
        let requests = Box::new([Operation::Write(1); 3].into_iter());
        let mut client = Client { application: Box::new(Tired { writes: 0 }), requests };
        let ledger = Ledger::new(1);
        let written = write_until_killed(&mut client, &ledger, &AtomicBool::new(is_killed));
        let (acknowledged, lost) = ledger.lost(|_| Ok::<_, Failure>(None)).unwrap();
        assert_eq!(acknowledged, lost);
        (written, lost)
    }

    #[test]
    fn a_write_that_fails_before_the_kill_is_a_failure() {
        let (written, acknowledged) = written(false);
        assert_eq!((written.unwrap_err().to_string().as_str(), acknowledged), ("tired", 1));
    }

    #[test]
    fn after_the_kill_writing_ends_and_what_was_acknowledged_counts() {
        let (written, acknowledged) = written(true);
        assert!(written.is_ok());
        assert_eq!(acknowledged, 1);
    }

    #[test]
    fn what_several_crashes_cost_is_added_up() {
        let losses = Losses { acknowledged: 3, lost: 1 };
        assert_eq!(Losses::sum(&[losses, losses]), Losses { acknowledged: 6, lost: 2 });
    }
}
