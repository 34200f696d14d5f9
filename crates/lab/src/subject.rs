//! Subjects: larder itself, served by a process of its own and looked at from outside.

mod process;
pub(crate) mod wire;

use std::fs::{self, File, Permissions};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use larder_server::model::ModelName;
use tempfile::TempDir;

use self::process::Process;
use self::wire::Wire;
use crate::failure::{Failure, Result};
use crate::measure::process::{Usage, cpu};

/// Names the binary that serves, where the program that measures is another one.
const BINARY_VARIABLE: &str = "LARDER_BINARY";

/// A larder that serves, in a folder of its own. Dropping it kills it.
pub(crate) struct Larder {
    program: PathBuf,
    model: ModelName,
    folder: TempDir,
    server: Server,
}

/// A process that serves.
struct Server {
    process: Process,
    address: SocketAddr,
    /// Open for as long as the process may say something.
    _greeting: BufReader<ChildStdout>,
}

impl Larder {
    /// Serves `configuration`, whose relative files are in a new folder, on a free port.
    ///
    /// # Errors
    ///
    /// When it does not serve, with what it said itself. That is a result where a model is refused
    /// by the kernel.
    pub(crate) fn start(model: ModelName, configuration: &str) -> Result<Self> {
        Self::start_as(program(), model, configuration)
    }

    fn start_as(program: PathBuf, model: ModelName, configuration: &str) -> Result<Self> {
        let folder = folder().map_err(|error| Failure::io("a temporary folder", error))?;
        fs::write(folder.path().join(CONFIGURATION), configuration)
            .map_err(|error| Failure::io("the configuration of larder", error))?;
        let server = Server::start(&program, model, folder.path())?;
        Ok(Self { program, model, folder, server })
    }

    /// Where it serves; a [restart](Self::restart) moves it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The number of its first process.
    pub(crate) fn process(&self) -> u32 {
        self.server.process.id()
    }

    /// What it has used, and what it holds. Takes a while when there are many processes or threads.
    pub(crate) fn figures(&self) -> Result<Usage> {
        Usage::of(self.process())
    }

    /// The CPU time that it has used; quicker than the other [figures](Self::figures).
    pub(crate) fn cpu(&self) -> Result<Duration> {
        cpu(self.process())
    }

    /// The last thing that it has complained about.
    pub(crate) fn complaint(&self) -> Option<String> {
        complaint(self.folder.path())
    }

    /// Ends it as an accident would, with SIGKILL, and waits until all its processes have ended.
    pub(crate) fn kill(&mut self) {
        self.server.process.kill();
    }

    /// Kills it unless it has been killed, and serves again from the same folder, on another port.
    ///
    /// # Errors
    ///
    /// When it does not serve.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.kill();
        self.server = Server::start(&self.program, self.model, self.folder.path())?;
        Ok(())
    }
}

/// The program that is running, unless the environment names another one.
fn program() -> PathBuf {
    // By this name it is there even when its file has been replaced since it was started.
    std::env::var_os(BINARY_VARIABLE).map_or_else(|| "/proc/self/exe".into(), PathBuf::from)
}

/// A folder that nobody else can look into: the configuration may have the password of a database.
fn folder() -> io::Result<TempDir> {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir()
}

const CONFIGURATION: &str = "larder.toml";
const LOG: &str = "stderr";

impl Server {
    fn start(program: &Path, model: ModelName, folder: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        let log = File::create(folder.join(LOG))
            .map_err(|error| Failure::io("the log of larder", error))?;
        command.current_dir(folder).env_remove("RUST_LOG").env_remove("LARDER_PASSWORD");
        command.args(["serve", "--listen", "127.0.0.1:0", "--config", CONFIGURATION]);
        command.args(["--model", model.as_str()]).stdin(Stdio::null()).stderr(log);
        let (process, stdout) = Process::spawn(&mut command, program)?;
        let mut greeting = BufReader::new(stdout);
        let serving = listening_on(&mut greeting).ok_or_else(|| Failure::run("it listens nowhere"));
        // A model that the kernel refuses ends when it has already said where it listens.
        let address = serving.and_then(|address| Wire::connect(address)?.ping().map(|()| address));
        match address {
            Ok(address) => Ok(Self { process, address, _greeting: greeting }),
            Err(failure) => Err(refused(process, model, folder, failure)),
        }
    }
}

/// The address in the line of the greeting that says it.
fn listening_on(greeting: &mut impl BufRead) -> Option<SocketAddr> {
    greeting.lines().map_while(|line| line.ok()).find_map(|line| {
        let (_, places) = line.split_once("listening on ")?;
        places.split([' ', ',']).next()?.parse().ok()
    })
}

/// What larder said before it ended, or `failure` if it said nothing.
fn refused(mut process: Process, model: ModelName, folder: &Path, failure: Failure) -> Failure {
    process.await_end();
    let reason = complaint(folder).unwrap_or_else(|| failure.to_string());
    Failure::run(format!("larder does not serve with the model {model}: {reason}"))
}

/// What the log ends with: the error that the process ended with, or the message of its last line.
fn complaint(folder: &Path) -> Option<String> {
    let log = fs::read_to_string(folder.join(LOG)).ok()?;
    if let Some((_, error)) = log.rsplit_once("larder: ") {
        return Some(error.trim_end().to_owned());
    }
    let line = log.lines().rfind(|line| !line.trim().is_empty())?;
    Some(message(line).to_owned())
}

/// A line of the log without the time, the level and the name that stand before its message.
fn message(line: &str) -> &str {
    let rest = ["WARN ", "ERROR "].iter().find_map(|level| Some(line.split_once(level)?.1));
    rest.and_then(|rest| Some(rest.split_once(": ")?.1)).unwrap_or(line.trim())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A program that does what `script` says instead of serving.
    fn impostor(script: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("impostor");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        (folder, path)
    }

    fn failure_of(script: &str) -> String {
        let (_folder, path) = impostor(script);
        let started = Larder::start_as(path, ModelName::Epoll, "");
        started.err().unwrap().to_string()
    }

    #[test]
    fn nobody_else_can_look_into_its_folder() {
        let mode = folder().unwrap().path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn the_address_is_in_the_greeting() {
        let mut greeting =
            Cursor::new("made a table\nlarder 1.0 listening on 127.0.0.1:7379, and more\n");
        assert_eq!(listening_on(&mut greeting), Some("127.0.0.1:7379".parse().unwrap()));
        assert_eq!(listening_on(&mut Cursor::new("nothing\n")), None);
    }

    #[test]
    fn a_larder_that_refuses_to_serve_says_why() {
        let failure = failure_of("echo 'larder: cannot serve: no such thing here' >&2; exit 1");
        assert_eq!(
            failure,
            "larder does not serve with the model epoll: cannot serve: no such thing here"
        );
    }

    #[test]
    fn a_larder_that_ends_after_its_greeting_says_why() {
        let failure = failure_of(
            "echo 'larder 1.0 listening on 127.0.0.1:1'; echo 'larder: the kernel refuses' >&2; exit 1",
        );
        assert_eq!(failure, "larder does not serve with the model epoll: the kernel refuses");
    }

    #[test]
    fn a_larder_that_says_nothing_listens_nowhere() {
        let failure = failure_of("exit 1");
        assert_eq!(failure, "larder does not serve with the model epoll: it listens nowhere");
    }

    #[test]
    fn a_program_that_is_not_there_cannot_be_started() {
        let failure =
            Larder::start_as("/no/such/larder".into(), ModelName::Epoll, "").err().unwrap();
        assert!(failure.to_string().starts_with("/no/such/larder: "), "{failure}");
    }

    #[test]
    fn a_complaint_is_the_message_of_the_last_line() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(complaint(folder.path()), None);
        let log =
            "one\n2026-01-01T00:00:00Z  WARN larder_server::model: cannot accept: too many\n\n";
        fs::write(folder.path().join(LOG), log).unwrap();
        assert_eq!(complaint(folder.path()).unwrap(), "cannot accept: too many");
    }
}
