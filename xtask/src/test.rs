//! The one test command.

use std::path::Path;

use crate::failure::Result;
use crate::step::{cargo, run, step};
use crate::{clients, compare, crash, tidy, tools};

/// Everything that has to hold before a change is taken. Stops at the first thing that does not.
pub(crate) fn run_all(root: &Path) -> Result<()> {
    step("tools", tools::provide)?;
    step("structure", || tidy::run(root))?;
    step("format", || run(cargo().current_dir(root).args(["fmt", "--all", "--check"])))?;
    step("lints", || {
        let lints = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        run(cargo().current_dir(root).args(lints))
    })?;
    step("tests", || run(cargo().current_dir(root).args(["test", "--workspace"])))?;
    step("comparison", || compare::run_in_tests(root))?;
    step("crash", || crash::run_in_tests(root))?;
    step("clients", || clients::run_in_tests(root))?;
    step("docs", || {
        // The binary `larder` would be documented over the crate `larder`.
        let docs = ["doc", "--workspace", "--no-deps", "--lib"];
        run(cargo().current_dir(root).args(docs).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    println!("Everything holds.");
    Ok(())
}
