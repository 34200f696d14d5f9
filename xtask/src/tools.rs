//! What the tests need beyond Rust: found, installed, or named.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};
use crate::step::{cargo, run};

/// Programs, and the Debian package that has each.
const PROGRAMS: [(&str, &str); 4] = [
    ("redis-server", "redis-server"),
    ("redis-cli", "redis-tools"),
    ("redis-benchmark", "redis-tools"),
    ("openssl", "openssl"),
];

/// Programs that are never installed here, and how a person does that.
const FOUNDATIONS: [(&str, &str); 1] =
    [("cc", "a C compiler (Debian: apt-get install build-essential)")];

const COMPONENTS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

/// Makes sure that everything is there; installs the clients and servers of Redis on Debian.
pub(crate) fn provide() -> Result<()> {
    components()?;
    if let Some((_, install)) = FOUNDATIONS.iter().find(|(program, _)| !is_there(program)) {
        return Err(Failure::new(format!("install {install}, then run this again")));
    }
    install(&missing())?;
    match missing().as_slice() {
        [] => Ok(()),
        packages => {
            Err(Failure::new(format!("{} did not bring its programs", packages.join(", "))))
        }
    }
}

fn components() -> Result<()> {
    let absent = COMPONENTS.iter().filter(|(command, _)| {
        let quiet = cargo()
            .args([command, "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        !quiet.is_ok_and(|status| status.success())
    });
    let absent: Vec<_> = absent.map(|(_, component)| *component).collect();
    if absent.is_empty() {
        return Ok(());
    }
    let names = absent.join(" ");
    Err(Failure::new(format!("run `rustup component add {names}`, then run this again")))
}

/// The packages whose programs are not there, each once.
fn missing() -> Vec<&'static str> {
    let absent = PROGRAMS.iter().filter(|(program, _)| !is_there(program));
    let mut packages: Vec<_> = absent.map(|(_, package)| *package).collect();
    packages.dedup();
    packages
}

pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    let Some(prefix) = administrator().filter(|_| is_debian()) else {
        return Err(Failure::new(format!(
            "missing: {names} (Debian's names; version 7 or newer); install them, then run this again"
        )));
    };
    println!("installing {names}");
    run(&mut apt_get(prefix, &["update", "-qq"]))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    run(apt_get(prefix, &install).args(packages))
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> Command {
    let mut command = Command::new("env");
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    if let [program, options @ ..] = prefix {
        let mut raised = Command::new(program);
        raised.args(options).arg("env").args(command.get_args());
        return raised;
    }
    command
}

/// What to put before a command that only root may run; `None` when that is not allowed.
fn administrator() -> Option<&'static [&'static str]> {
    let succeeds = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).stderr(Stdio::null()).output();
        output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
    };
    if succeeds("id", &["-u"]).is_some_and(|user| user.trim_ascii() == b"0") {
        return Some(&[]);
    }
    succeeds("sudo", &["-n", "true"]).map(|_| ["sudo", "-n"].as_slice())
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && is_there("apt-get")
}

pub(crate) fn is_there(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &Command) -> Vec<&str> {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.filter_map(|word| word.to_str()).collect()
    }

    #[test]
    fn root_installs_as_itself_and_others_with_sudo() {
        let plain = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "update"];
        assert_eq!(words(&apt_get(&[], &["update"])), plain);
        assert_eq!(
            words(&apt_get(&["sudo", "-n"], &["update"])),
            [&["sudo", "-n"], &plain[..]].concat()
        );
    }

    #[test]
    fn programs_are_looked_for_on_the_path() {
        assert!(is_there("sh"));
        assert!(!is_there("no-such-program"));
    }
}
