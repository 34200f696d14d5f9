//! Steps of a task, each with its name and its duration.

use std::process::Command;
use std::time::Instant;

use crate::failure::{Failure, Result};

/// Runs `work` as the step of that name, and says how long it took.
pub(crate) fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("==> {name}");
    let start = Instant::now();
    let result = work();
    let end = if result.is_ok() { "ok" } else { "failed" };
    println!("==> {name}: {end} after {:.1} s\n", start.elapsed().as_secs_f64());
    result.map_err(|failure| Failure::new(format!("{name}: {failure}")))
}

/// Runs a command to its end; anything but success is a failure.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| Failure::io(spelled(command), error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{} ended with {status}", spelled(command))))
}

/// What a command prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| Failure::io(spelled(command), error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{} ended with {}: {error}", spelled(command), output.status)))
}

/// The cargo that runs this task, without what it said of the package `xtask`: build scripts that
/// look at that would run again whenever cargo is called by itself and by this task in turns.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let of_package =
        |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|p| name.starts_with(p));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(of_package) {
            command.env_remove(name);
        }
    }
    command
}

fn spelled(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
