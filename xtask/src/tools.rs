//! What the tests need beyond Rust: found, installed, or named.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};
use crate::step::{cargo, run};

/// Programs, and the Debian package that has each.
const PROGRAMS: [(&str, &str); 5] = [
    ("redis-server", "redis-server"),
    ("redis-cli", "redis-tools"),
    ("redis-benchmark", "redis-tools"),
    ("openssl", "openssl"),
    // Looks at the pages of the lab.
    ("chromium", "chromium"),
];

/// Says whether something is on this machine.
type Look = fn() -> bool;

/// The servers that the tests start by themselves, and the Debian package of each.
const SERVERS: [(Look, &str); 2] = [
    (larder_kit::postgres::is_installed, "postgresql"),
    (larder_kit::mariadb::is_installed, "mariadb-server"),
];

/// What keeps a package's service from being started when the package is installed: the tests start
/// servers of their own. See invoke-rc.d(8), "policy-rc.d".
const SERVICE_POLICY: &str = "/usr/sbin/policy-rc.d";

/// Programs that are never installed here, and how a person does that.
const FOUNDATIONS: [(&str, &str); 1] =
    [("cc", "a C compiler (Debian: apt-get install build-essential)")];

const COMPONENTS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

/// Makes sure that everything is there; installs the clients and servers of the tests on Debian.
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
    let servers = SERVERS.iter().filter(|(is_installed, _)| !is_installed());
    let packages = absent.map(|(_, package)| *package);
    let mut packages: Vec<_> = packages.chain(servers.map(|(_, package)| *package)).collect();
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
            "missing: {names} (Debian's names; Redis 7 or newer); install them, then run this again"
        )));
    };
    println!("installing {names}");
    run(&mut apt_get(prefix, &["update", "-qq"]))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    without_services(prefix, || run(apt_get(prefix, &install).args(packages)))
}

/// Does `work` while no package may start its service. A policy that the machine has already is its
/// owner's and stays as it is.
fn without_services(prefix: &[&str], work: impl FnOnce() -> Result<()>) -> Result<()> {
    if Path::new(SERVICE_POLICY).exists() {
        return work();
    }
    let forbid =
        format!("printf '#!/bin/sh\\nexit 101\\n' >{SERVICE_POLICY} && chmod 755 {SERVICE_POLICY}");
    run(&mut raised(prefix, "sh", &["-c", &forbid]))?;
    let done = work();
    run(&mut raised(prefix, "rm", &[SERVICE_POLICY]))?;
    done
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> Command {
    let mut command = raised(prefix, "env", &["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    command.args(arguments);
    command
}

/// A command with what lets root alone run it put before.
fn raised(prefix: &[&str], program: &str, arguments: &[&str]) -> Command {
    let words = [prefix, &[program], arguments].concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
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
    fn a_policy_of_the_machine_is_left_as_it_is() {
        let before = std::fs::read(SERVICE_POLICY).ok();
        if before.is_some() {
            without_services(&["no-such-program"], || Ok(())).unwrap();
        }
        assert_eq!(std::fs::read(SERVICE_POLICY).ok(), before);
    }

    #[test]
    fn programs_are_looked_for_on_the_path() {
        assert!(is_there("sh"));
        assert!(!is_there("no-such-program"));
    }
}
