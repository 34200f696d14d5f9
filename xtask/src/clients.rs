//! Real clients: the libraries that programs use, each with a suite in `clients/`, against larder or
//! against redis-server.
//!
//! What a suite needs is installed into `target/clients`, and its files are copied there, so that
//! nothing is written into the source tree. `docs/clients.md` says what each covers.

mod certificates;
mod fleet;
mod needs;
mod node;
mod place;
mod suites;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::failure::{Failure, Result};
use crate::server::{Profile, build};
use crate::tools;
use fleet::Fleet;
use place::Place;
use suites::{SUITES, Suite};

/// Which suites, and against what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these suites: the folders in `clients/`
    names: Vec<String>,
    /// What they are run against
    #[arg(long, value_delimiter = ',', default_values = ["reactors", "tasks"])]
    against: Vec<Subject>,
    /// Only install what they need
    #[arg(long)]
    install: bool,
}

/// A server that they are run against.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// redis-server, which says whether the suites are right
    Redis,
    /// larder with the model `reactors`
    Reactors,
    /// larder with the model `tasks`
    Tasks,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis-server",
            Self::Reactors => "larder, reactors",
            Self::Tasks => "larder, tasks",
        }
    }

    fn start(self, larder: &Path) -> Result<Fleet> {
        match self {
            Self::Redis => Fleet::redis(),
            Self::Reactors => Fleet::larder(larder, "reactors"),
            Self::Tasks => Fleet::larder(larder, "tasks"),
        }
    }
}

/// Every suite against larder, as a step of the tests.
pub(crate) fn run_in_tests(root: &Path) -> Result<()> {
    let against = vec![Subject::Reactors, Subject::Tasks];
    run(root, &Arguments { names: Vec::new(), against, install: false })
}

/// Installs what the suites need and runs them all; says in the end which failed.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let suites = chosen(&arguments.names)?;
    tools::provide()?;
    needs::provide(&suites)?;
    for suite in &suites {
        Place::of(root, suite.name)?.install(suite)?;
    }
    if arguments.install {
        return Ok(());
    }
    let with_larder = arguments.against.iter().any(|subject| *subject != Subject::Redis);
    let larder = if with_larder { build(root, Profile::Debug)? } else { PathBuf::new() };
    let mut failed = Vec::new();
    for subject in &arguments.against {
        failed.extend(run_against(root, *subject, &larder, &suites)?);
    }
    match failed.as_slice() {
        [] => Ok(()),
        failed => Err(Failure::new(format!("failed: {}", failed.join("; ")))),
    }
}

/// The suites that failed.
fn run_against(
    root: &Path,
    subject: Subject,
    larder: &Path,
    suites: &[&Suite],
) -> Result<Vec<String>> {
    let fleet = subject.start(larder)?;
    let mut failed = Vec::new();
    for suite in suites {
        println!("{}, {}:", subject.name(), suite.name);
        if !Place::of(root, suite.name)?.run(suite, &fleet)? {
            failed.push(format!("{} against {}", suite.name, subject.name()));
        }
    }
    Ok(failed)
}

fn chosen(names: &[String]) -> Result<Vec<&'static Suite>> {
    let known = || SUITES.iter().map(|suite| suite.name).collect::<Vec<_>>().join(", ");
    let unknown = names.iter().find(|name| SUITES.iter().all(|suite| suite.name != **name));
    if let Some(name) = unknown {
        return Err(Failure::new(format!("there is no suite {name:?}; there are {}", known())));
    }
    let wanted = |suite: &&Suite| names.is_empty() || names.iter().any(|name| name == suite.name);
    Ok(SUITES.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_names_every_suite_is_chosen() {
        assert_eq!(chosen(&[]).unwrap().len(), SUITES.len());
    }

    #[test]
    fn a_name_chooses_a_suite_and_an_unknown_one_is_refused() {
        let chosen_names = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            chosen(&names).map(|suites| suites.iter().map(|suite| suite.name).collect::<Vec<_>>())
        };
        assert_eq!(chosen_names(&["django"]).unwrap(), ["django"]);
        let error = chosen_names(&["django", "jedis"]).unwrap_err().to_string();
        assert!(error.starts_with("there is no suite \"jedis\"; there are redis-cli, "), "{error}");
    }

    #[test]
    fn every_folder_of_suites_is_in_the_list() {
        let folders = std::fs::read_dir(crate::root().join("clients")).unwrap();
        let mut folders: Vec<_> =
            folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let mut names: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
        folders.sort_unstable();
        names.sort_unstable();
        assert_eq!(names, folders);
    }
}
