//! Plays stories, and says which broke a promise.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use larder_simulation::campaign;
use larder_simulation::mutation::{Row, TRIALS, Trial};
use larder_simulation::way::Way;

/// What to play.
#[derive(Parser)]
#[command(name = "larder-simulation", about = "Plays larder in a world that fails as a seed says.")]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// The strategy; all of them when none is named
    #[arg(long)]
    strategy: Option<Way>,
    /// A deliberate defect to look for, or `all` for the table of them
    #[arg(long)]
    mutation: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let holds = match arguments.mutation.as_deref() {
        None => play(&arguments),
        Some("all") => look_for_all(&arguments),
        Some(name) => look_for(name, &arguments),
    };
    match holds {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Plays the strategies as they are; whether they keep their promises.
fn play(arguments: &Arguments) -> bool {
    let ways = match arguments.strategy {
        Some(way) => vec![way],
        None => Way::value_variants().to_vec(),
    };
    match campaign::run(&ways, arguments.first..arguments.first + arguments.seeds) {
        Ok(tally) => {
            println!("{tally}");
            true
        }
        Err(finding) => {
            println!("{finding}");
            false
        }
    }
}

/// Looks for every defect, each in the strategy where it shows; whether all were found.
fn look_for_all(arguments: &Arguments) -> bool {
    let mut found = true;
    for trial in &TRIALS {
        let caught = trial.run(arguments.first, arguments.seeds);
        println!("{}", Row(trial, &caught));
        found &= caught.is_some();
    }
    found
}

/// Looks for one defect, and shows the smallest story in which it was found; whether it was.
fn look_for(name: &str, arguments: &Arguments) -> bool {
    let Some(mut trial) = Trial::of(name) else {
        let names: Vec<String> = TRIALS.iter().map(Trial::name).collect();
        eprintln!("there is no mutation `{name}`; there are {}, and all", names.join(", "));
        return false;
    };
    trial.way = arguments.strategy.unwrap_or(trial.way);
    match trial.run(arguments.first, arguments.seeds) {
        Some(caught) => {
            let row = Row(&trial, &Some(caught.clone())).to_string();
            println!("{}\n{row}", trial.explain(caught));
            true
        }
        None => {
            println!("{}", Row(&trial, &None));
            false
        }
    }
}
