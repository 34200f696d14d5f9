//! Everything a person runs on this repository.

mod clients;
mod compare;
mod crash;
mod failure;
mod fuzz;
mod load;
mod outage;
mod random;
mod server;
mod simulate;
mod step;
mod test;
mod tidy;
mod tools;
mod writes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Everything a person runs on this repository.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that has to hold: tools, structure, format, lints, tests, docs
    Test,
    /// The structure of the tree: who may know whom, what may not be there
    Tidy,
    /// The libraries that programs use, against larder
    Clients(clients::Arguments),
    /// Replies beside those of redis-server, byte for byte
    Compare(compare::Arguments),
    /// larder killed again and again under writes, and every acknowledged write found again
    Crash(crash::Arguments),
    /// Inputs that nobody has thought of, to everything that reads bytes from outside
    Fuzz(fuzz::Arguments),
    /// Requests per second and per CPU-second, beside redis-server
    Load(load::Arguments),
    /// The database killed under load for a minute, and nothing lost
    Outage(outage::Arguments),
    /// larder in a world that fails as a seed says, and its promises checked
    Simulate(simulate::Arguments),
    /// Acknowledged writes per second, beside clients that write PostgreSQL themselves
    Writes(writes::Arguments),
}

fn main() -> ExitCode {
    let root = root();
    let outcome = match Arguments::parse().task {
        Task::Test => test::run_all(&root),
        Task::Tidy => tidy::run(&root),
        Task::Clients(arguments) => clients::run(&root, &arguments),
        Task::Compare(arguments) => compare::run(&root, &arguments),
        Task::Crash(arguments) => crash::run(&root, &arguments),
        Task::Fuzz(arguments) => fuzz::run(&root, &arguments),
        Task::Load(arguments) => load::run(&root, &arguments),
        Task::Outage(arguments) => outage::run(&root, &arguments),
        Task::Simulate(arguments) => simulate::run(&root, &arguments),
        Task::Writes(arguments) => writes::run(&root, &arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nFAILED: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
