//! What the suites need of the machine: found, installed, or named.

use std::path::Path;
use std::process::{Command, Stdio};

use super::suites::Suite;
use crate::failure::{Failure, Result};
use crate::tools::{install, is_there};

/// Something that has to be there, and the Debian package that brings it.
pub(super) struct Need {
    pub(super) what: What,
    pub(super) package: &'static str,
}

/// How to see that it is there.
pub(super) enum What {
    /// A program on the path
    Program(&'static str),
    /// A module that Python can load
    PythonModule(&'static str),
    /// A file or a folder
    File(&'static str),
}

impl Need {
    fn is_met(&self) -> bool {
        match self.what {
            What::Program(name) => is_there(name),
            What::PythonModule(name) => can_import(name),
            What::File(path) => Path::new(path).exists(),
        }
    }
}

fn can_import(module: &str) -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", &format!("import {module}")]).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

/// Makes sure that everything is there which these suites need; installs it on Debian.
pub(super) fn provide(suites: &[&Suite]) -> Result<()> {
    install(&missing(suites))?;
    match missing(suites).as_slice() {
        [] => Ok(()),
        packages => {
            Err(Failure::new(format!("{} did not bring what is needed", packages.join(", "))))
        }
    }
}

/// The packages of what is not there, each once.
fn missing(suites: &[&Suite]) -> Vec<&'static str> {
    let of_suites =
        suites.iter().flat_map(|suite| suite.language.needs().iter().chain(suite.needs));
    let unmet = of_suites.filter(|need| !need.is_met());
    let mut packages: Vec<_> = unmet.map(|need| need.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

#[cfg(test)]
mod tests {
    use super::super::suites::Language;
    use super::*;

    #[test]
    fn what_is_missing_is_named_once() {
        const NOWHERE: &[Need] =
            &[Need { what: What::File("/nowhere/at/all"), package: "nothing" }];
        let suite = |name| Suite { name, language: Language::Shell, needs: NOWHERE };
        let (one, other) = (suite("one"), suite("other"));
        assert_eq!(missing(&[&one, &other]), ["nothing"]);
    }

    #[test]
    fn programs_files_and_modules_are_looked_for() {
        let is_met = |what| Need { what, package: "" }.is_met();
        assert!(is_met(What::Program("sh")) && !is_met(What::Program("no-such-program")));
        assert!(is_met(What::File("/")) && !is_met(What::File("/nowhere/at/all")));
        assert!(!is_met(What::PythonModule("no_such_module")));
    }
}
