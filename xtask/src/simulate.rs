//! Simulation: plays larder in a world that fails as a seed says, and looks for broken promises.

use std::path::Path;

use crate::failure::Result;
use crate::step::{cargo, run as carry_out};

/// What is played.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// The strategy, such as write-behind; all of them when none is named
    #[arg(long)]
    strategy: Option<String>,
    /// A deliberate defect to look for, or `all` for the table of them
    #[arg(long)]
    mutation: Option<String>,
}

/// Plays what was asked for, in a build that is quick.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let mut command = cargo();
    command.current_dir(root);
    command.args(["run", "--quiet", "--release", "--package", "larder-simulation", "--"]);
    command.args(arguments.words());
    carry_out(&mut command)
}

impl Arguments {
    /// The words that the simulation itself is given.
    fn words(&self) -> Vec<String> {
        let numbers = [("--seeds", self.seeds), ("--first", self.first)];
        let numbers = numbers.into_iter().map(|(name, number)| format!("{name}={number}"));
        let names = [("--strategy", &self.strategy), ("--mutation", &self.mutation)];
        let names =
            names.into_iter().filter_map(|(name, word)| Some(format!("{name}={}", word.as_ref()?)));
        numbers.chain(names).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulation_is_given_what_was_asked_for() {
        let strategy = Some("write-behind".to_owned());
        let arguments = Arguments { seeds: 5, first: 70, strategy, mutation: None };
        assert_eq!(arguments.words(), ["--seeds=5", "--first=70", "--strategy=write-behind"]);
    }
}
