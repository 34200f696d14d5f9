//! `larder lab` and `larder bench`: the measurements of the lab as subcommands.

use clap::Subcommand;
use larder_lab::{bench, models, strategies, switches, trace};

use crate::Failure;

#[derive(Subcommand)]
pub(crate) enum LabCommand {
    /// What each connection model costs, and which claims about them hold here.
    Models(models::Options),
    /// What a switch costs between threads and between tasks.
    Switches(switches::Options),
    /// What each caching strategy costs and promises, over several workloads.
    Strategies(strategies::Options),
    /// How many reads of a recorded trace a cache of each size would have hit.
    Trace(trace::Options),
}

pub(crate) fn run(command: &LabCommand) -> Result<(), Failure> {
    heed_signals()?;
    let outcome = match command {
        LabCommand::Models(options) => models::run(options),
        LabCommand::Switches(options) => switches::run(options),
        LabCommand::Strategies(options) => strategies::run(options),
        LabCommand::Trace(options) => trace::run(options),
    };
    outcome.map_err(failure)
}

pub(crate) fn bench(options: &bench::Options) -> Result<(), Failure> {
    heed_signals()?;
    bench::run(options).map_err(failure)
}

fn heed_signals() -> Result<(), Failure> {
    larder_lab::heed_signals()
        .map_err(|error| Failure::failed(format!("cannot wait for signals: {error}")))
}

fn failure(failure: larder_lab::Failure) -> Failure {
    match failure {
        larder_lab::Failure::Misuse(message) => Failure::misconfigured(message),
        larder_lab::Failure::Run(message) => Failure::failed(message),
    }
}
