//! The folder of a suite in `target/clients`: what it needs is installed there, and it runs there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::fleet::Fleet;
use super::node;
use super::suites::{Language, Suite};
use crate::failure::{Failure, Result, read};
use crate::step::{cargo, run};

/// Longer than any suite takes: one that hangs is ended, and has failed.
const SUITE_TIMEOUT: Duration = Duration::from_secs(180);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// The folders of one suite.
pub(super) struct Place {
    root: PathBuf,
    /// Its own files.
    source: PathBuf,
    /// What is installed, its log, and `suite`: a copy of its own files.
    folder: PathBuf,
}

impl Place {
    /// The folders of the suite of that name.
    pub(super) fn of(root: &Path, name: &str) -> Result<Self> {
        let folder = root.join("target/clients").join(name);
        fs::create_dir_all(&folder).map_err(|error| Failure::io(folder.display(), error))?;
        Ok(Self { root: root.to_owned(), source: root.join("clients").join(name), folder })
    }

    /// Copies the suite, and installs what it pins, unless just that is installed already.
    pub(super) fn install(&self, suite: &Suite) -> Result<()> {
        self.copy_suite()?;
        match suite.language {
            Language::Shell => Ok(()),
            Language::C => self.compile(),
            Language::Python => self.once("requirements.txt", || self.install_python()),
            Language::Node => self.once("package-lock.json", || self.install_node()),
            Language::Go => run(self.go().args(["vet", "."])),
            Language::Rust => {
                run(self.cargo("clippy").args(["--", "-D", "warnings"]))?;
                run(self.cargo("test").arg("--no-run"))
            }
        }
    }

    /// Runs the suite. Whether it succeeded; what it said is shown when it did not.
    pub(super) fn run(&self, suite: &Suite, fleet: &Fleet) -> Result<bool> {
        let path = self.folder.join("log");
        let failed = |error| Failure::io(path.display(), error);
        let log = File::create(&path).map_err(failed)?;
        let errors = log.try_clone().map_err(failed)?;
        let mut command = self.command(suite)?;
        command.envs(fleet.variables()).stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = command.spawn().map_err(|error| Failure::io(suite.name, error))?;
        let status = wait(child).map_err(|error| Failure::io(suite.name, error))?;
        let said = read(&path)?;
        match status {
            Some(status) if status.success() => println!("  {}", summary(&said)),
            Some(status) => println!("{said}\n  ended with {status}"),
            None => println!("{said}\n  ended after {SUITE_TIMEOUT:?}, since it hung"),
        }
        Ok(status.is_some_and(|status| status.success()))
    }

    fn command(&self, suite: &Suite) -> Result<Command> {
        Ok(match suite.language {
            Language::Shell => self.in_suite("sh", &["suite.sh"]),
            Language::C => self.in_suite(self.folder.join("program"), &[]),
            Language::Python => {
                let mut command = self.in_suite(self.python(), &["-m", "pytest"]);
                command.env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            Language::Node => {
                let node = node::provide(&self.root)?;
                let mut command = self.in_suite(node, &["--test", "--test-concurrency=1"]);
                command.args(self.suite_files(".test.mjs")?);
                command
            }
            Language::Go => {
                let mut command = self.go();
                command.args(["test", "-count=1", "."]);
                command
            }
            Language::Rust => self.cargo("test"),
        })
    }

    fn copy_suite(&self) -> Result<()> {
        let suite = self.suite();
        let failed = |error| Failure::io(suite.display(), error);
        if suite.exists() {
            fs::remove_dir_all(&suite).map_err(failed)?;
        }
        fs::create_dir(&suite).map_err(failed)?;
        for file in files(&self.source)? {
            if let Some(name) = file.file_name() {
                fs::copy(&file, suite.join(name)).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Does `work` unless it was done for this very content of `file`, of which a copy is kept.
    fn once(&self, file: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let (wanted, done) = (read(&self.source.join(file))?, self.folder.join("installed"));
        if fs::read_to_string(&done).is_ok_and(|done| done == wanted) {
            return Ok(());
        }
        work()?;
        fs::write(&done, wanted).map_err(|error| Failure::io(done.display(), error))
    }

    fn install_python(&self) -> Result<()> {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(self.folder.join("venv")))?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(self.in_suite(self.python(), &install).arg("requirements.txt"))
    }

    fn install_node(&self) -> Result<()> {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(self.source.join(file), self.folder.join(file))
                .map_err(|error| Failure::io(file, error))?;
        }
        let clean_install = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
        run(Command::new("npm").current_dir(&self.folder).args(clean_install))?;
        node::provide(&self.root).map(drop)
    }

    fn compile(&self) -> Result<()> {
        let options = ["-std=c11", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-g"];
        let mut compiler = self.in_suite("cc", &options);
        compiler.args(self.suite_files(".c")?).args(["-lhiredis", "-o"]);
        run(compiler.arg(self.folder.join("program")))
    }

    /// Go with the packages of Debian and nothing else.
    fn go(&self) -> Command {
        let mut command = self.in_suite("go", &[]);
        command.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOFLAGS", "");
        command.env("GOCACHE", self.root.join("target/clients/go-cache"));
        command
    }

    /// With the whole workspace, so that what it shares with other tests is built once.
    fn cargo(&self, what: &str) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).args([what, "--workspace", "--test", "redis_crate"]);
        command
    }

    fn python(&self) -> PathBuf {
        self.folder.join("venv/bin/python")
    }

    fn suite(&self) -> PathBuf {
        self.folder.join("suite")
    }

    fn in_suite(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.suite()).args(arguments);
        command
    }

    /// The names of the suite's files that end so, in a fixed order.
    fn suite_files(&self, end: &str) -> Result<Vec<String>> {
        let names = files(&self.suite())?.into_iter();
        let names = names.filter_map(|file| file.file_name()?.to_str().map(str::to_owned));
        Ok(names.filter(|name| name.ends_with(end)).collect())
    }
}

/// The files in a folder, in a fixed order; not those in folders within.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Failure::io(folder.display(), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// How it ended by itself; `None` if it had to be ended.
fn wait(mut child: Child) -> std::io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + SUITE_TIMEOUT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK_INTERVAL);
    }
}

/// The line in which a runner says how many tests passed.
fn summary(said: &str) -> &str {
    let counts = |line: &&str| line.contains("pass") || line.starts_with("ok");
    said.lines().rev().find(counts).unwrap_or("ok")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runner_says_how_many_tests_passed() {
        for (said, line) in [
            (".....\n192 passed in 5.14s\n", "192 passed in 5.14s"),
            ("ok 1 - a\n# tests 53\n# pass 53\n# fail 0\n", "# pass 53"),
            ("ok  \t_/suite\t0.351s\n", "ok  \t_/suite\t0.351s"),
            ("nothing to see", "ok"),
        ] {
            assert_eq!(summary(said), line);
        }
    }

    #[test]
    fn work_is_done_again_when_its_pins_change() {
        let root = tempfile::tempdir().unwrap();
        let pins = root.path().join("clients/a/pins");
        fs::create_dir_all(pins.parent().unwrap()).unwrap();
        fs::write(&pins, "1").unwrap();
        let place = Place::of(root.path(), "a").unwrap();
        let is_done = || {
            let mut done = false;
            place
                .once("pins", || {
                    done = true;
                    Ok(())
                })
                .unwrap();
            done
        };
        assert!(is_done() && !is_done());
        fs::write(&pins, "2").unwrap();
        assert!(is_done() && !is_done());
        fs::write(&pins, "3").unwrap();
        assert!(place.once("pins", || Err(Failure::new("no network"))).is_err());
        assert!(is_done());
    }

    #[test]
    fn a_suite_that_ends_says_how() {
        let child = Command::new("false").spawn().unwrap();
        assert_eq!(wait(child).unwrap().unwrap().code(), Some(1));
    }
}
