//! The threads of a load: they open their connections, begin together, and are added up.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use super::driver::Driver;
use super::{Load, Outcome, Script, opening};
use crate::failure::{Failure, Result};

pub(super) fn drive<S: Script, T>(
    load: &Load,
    script: &(impl Fn(usize) -> S + Sync),
    sample: impl FnMut() -> T,
) -> Result<(Outcome, T, T)> {
    let threads = load.threads.min(load.connections);
    thread::scope(|scope| {
        let (opened, all_opened) = channel();
        let (alive, all_ended) = channel();
        let mut begins = Vec::new();
        let mut workers = Vec::new();
        for thread in 0..threads {
            let (begin, begun) = channel();
            let signals = Signals { opened: opened.clone(), begun, _alive: alive.clone() };
            let numbers = (thread..load.connections).step_by(threads);
            workers.push(scope.spawn(move || work(load, numbers, script, signals)));
            begins.push(begin);
        }
        drop((opened, alive));
        // It ends when every thread has opened its connections or has failed to.
        let samples = match all_opened.iter().count() == threads {
            true => Some(watch(load, &begins, &all_ended, sample)),
            false => None,
        };
        drop(begins);
        let outcome = sum(workers)?;
        let (first, last) = samples.ok_or_else(|| Failure::run("a load did not begin"))?;
        survived(load, outcome).map(|outcome| (outcome, first, last))
    })
}

/// How a thread and the one that started it keep in step.
struct Signals {
    /// Is told when all connections are open.
    opened: Sender<()>,
    /// When to begin; closed when another thread has failed.
    begun: Receiver<Instant>,
    /// Closed when the thread ends.
    _alive: Sender<()>,
}

fn work<S: Script>(
    load: &Load,
    numbers: impl Iterator<Item = usize>,
    script: &impl Fn(usize) -> S,
    signals: Signals,
) -> Result<Option<Outcome>> {
    let Signals { opened, begun, _alive } = signals;
    let driver = Driver::new(load, opening::open(load, numbers, script)?)?;
    // That nobody listens any more is heard below.
    let _ = opened.send(());
    drop(opened);
    match begun.recv() {
        Ok(begin) => driver.run(begin).map(Some),
        Err(_) => Ok(None),
    }
}

/// Starts the threads, and takes the samples.
fn watch<T>(
    load: &Load,
    begins: &[Sender<Instant>],
    all_ended: &Receiver<()>,
    mut sample: impl FnMut() -> T,
) -> (T, T) {
    let now = Instant::now();
    // A thread that is gone is missed when all are added up.
    for begin in begins {
        let _ = begin.send(now);
    }
    wait_until(now + load.warm_up, all_ended);
    let first = sample();
    wait_until(now + load.warm_up + load.lasting, all_ended);
    (first, sample())
}

/// Returns at `moment`, or when every thread has ended.
fn wait_until(moment: Instant, all_ended: &Receiver<()>) {
    // Nothing is ever sent: either the time runs out or the last sender is dropped.
    let _ = all_ended.recv_timeout(moment.saturating_duration_since(Instant::now()));
}

/// What all threads have counted; the failure of the first that failed.
fn sum(workers: Vec<ScopedJoinHandle<'_, Result<Option<Outcome>>>>) -> Result<Option<Outcome>> {
    let ended = workers
        .into_iter()
        .map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
        .collect::<Vec<_>>();
    let mut sum: Option<Outcome> = None;
    for outcome in ended.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten() {
        match &mut sum {
            Some(sum) => sum.merge(&outcome),
            None => sum = Some(outcome),
        }
    }
    Ok(sum)
}

/// A load that nobody was left to bear has no outcome.
fn survived(load: &Load, outcome: Option<Outcome>) -> Result<Outcome> {
    let outcome = outcome.ok_or_else(|| Failure::run("a load did not begin"))?;
    if outcome.lost < load.connections {
        return Ok(outcome);
    }
    let first = outcome.complaint.unwrap_or_default();
    Err(Failure::run(match load.connections {
        1 => format!("the connection was lost: {first}"),
        all => format!("all {all} connections were lost. The first: {first}"),
    }))
}
