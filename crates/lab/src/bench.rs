//! `larder bench`: the load generator by itself, on any server that speaks the Redis protocol.
//!
//! It fills a keyspace if it is told to, drives the server for several rounds, and tells how many requests
//! were answered, how long each took, and what a request cost the server and the generator. It speaks no TLS.

mod advice;
mod fill;
mod numbers;
mod options;
mod request;
mod server;
mod tables;

use std::fs;
use std::time::Duration;

pub use options::Options;

use self::options::Plan;
use self::request::Client;
use self::server::Process;
use crate::failure::{Failure, Result};
use crate::generator::Outcome;
use crate::interruption;
use crate::progress::Progress;
use crate::record::Record;

/// What one round came to.
#[derive(Debug)]
struct Round {
    outcome: Outcome,
    /// What the server used of the processor, where that can be told.
    server_cpu: Option<Duration>,
}

/// Drives the server, and tells what it came to.
///
/// # Errors
///
/// When the options do not fit together, when the server is not there, does not let the user in or refuses
/// every request, or when a file cannot be read or written.
pub fn run(options: &Options) -> Result<()> {
    benched(options).map_err(advice::advised)
}

fn benched(options: &Options) -> Result<()> {
    let record = Record::begin();
    let plan = options.plan()?;
    plan.probe()?;
    if options.fill {
        fill::fill(&plan)?;
    }
    let rounds = measured(&plan, options.rounds)?;
    let title = format!("Load on {}", plan.load.target);
    let report = record.report(title, tables::parts(&plan, &rounds));
    report.print()?;
    match &options.json {
        Some(path) => fs::write(path, numbers::json(&plan, &report, &rounds)?)
            .map_err(|error| Failure::io(path.display(), error)),
        None => Ok(()),
    }
}

fn measured(plan: &Plan, rounds: usize) -> Result<Vec<Round>> {
    let process = server::process(plan);
    let progress = Progress::new(rounds);
    let mut measured = Vec::new();
    for number in 1..=rounds {
        interruption::check()?;
        progress.now(format!("round {number} of {rounds}"));
        measured.push(round(plan, process)?);
        progress.step();
    }
    drop(progress);
    answered(plan, &measured)?;
    Ok(measured)
}

fn round(plan: &Plan, process: Option<Process>) -> Result<Round> {
    let clients = plan.load.connections;
    let client = |number| Client::new(plan, plan.workload.operations(number, clients));
    let cpu = || process.and_then(Process::cpu);
    let (outcome, before, after) = plan.load.drive_beside(client, cpu)?;
    let server_cpu = after.zip(before).map(|(after, before)| after.saturating_sub(before));
    Ok(Round { outcome, server_cpu })
}

/// Refuses rounds in which nothing was answered well: there is nothing to tell of them.
fn answered(plan: &Plan, rounds: &[Round]) -> Result<()> {
    let outcomes = || rounds.iter().map(|round| &round.outcome);
    if outcomes().any(|outcome| outcome.answered_well() > 0) {
        return Ok(());
    }
    let first = outcomes().find_map(|outcome| outcome.complaint.as_deref());
    Err(Failure::run(match first {
        Some(first) => format!("{} refused every request: {first}", plan.load.target),
        None => "nothing was asked in that time: give a longer --duration".to_owned(),
    }))
}

#[cfg(test)]
mod tests;
