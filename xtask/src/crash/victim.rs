//! The process that is killed, and started again over the same files.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::clients::is_served;
use super::database::Database;
use crate::failure::{Failure, Result, read};
use crate::server::free_address;
use crate::step::run;

const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(60);
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// A larder over one database, with a folder and an address that outlive its processes.
pub(crate) struct Victim {
    binary: PathBuf,
    address: SocketAddr,
    folder: TempDir,
}

/// One of its processes. It is killed when this is dropped.
pub(crate) struct Running<'a> {
    victim: &'a Victim,
    process: std::cell::RefCell<Child>,
}

impl Victim {
    /// A larder whose keyspace writes behind to `database`.
    pub(crate) fn new(binary: &Path, database: &Database, sync: &str) -> Result<Self> {
        let folder = TempDir::new().map_err(|error| Failure::io("a temporary folder", error))?;
        let address = free_address()?;
        let url = database.url();
        let text = format!(
            "listen = \"{address}\"\n\
             [sources.main]\nurl = \"{url}\"\n\
             [keyspaces.crash]\nprefix = \"crash:\"\nsource = \"main\"\n\
             strategy = \"write-behind\"\ntable = \"crash\"\nkey = \"id\"\nvalue = \"number\"\n\
             [keyspaces.crash.write_behind]\nsync = \"{sync}\"\nflush_interval = \"2ms\"\n\
             batch_max = 50\nworkers = 2\n"
        );
        let file = folder.path().join("larder.toml");
        fs::write(&file, text).map_err(|error| Failure::io(file.display(), error))?;
        Ok(Self { binary: binary.to_owned(), address, folder })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts a process, and waits for nothing.
    pub(crate) fn start(&self) -> Result<Running<'_>> {
        let log = self.log();
        let log = File::create(&log).map_err(|error| Failure::io(log.display(), error))?;
        let errors = log.try_clone().map_err(|error| Failure::io("the log", error))?;
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--config", "larder.toml"]).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let process = command.spawn().map_err(|error| Failure::io(self.binary.display(), error))?;
        Ok(Running { victim: self, process: process.into() })
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn failure(&self, what: &str) -> Failure {
        match read(&self.log()) {
            Ok(log) => Failure::new(format!("larder {what}; it said:\n{log}")),
            Err(failure) => failure,
        }
    }
}

impl Running<'_> {
    /// Until it serves: it can be connected to before that.
    pub(crate) fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while !is_served(self.victim.address) {
            let ended = self.process.borrow_mut().try_wait().ok().flatten();
            if ended.is_some() || Instant::now() > deadline {
                return Err(self.victim.failure("did not start"));
            }
            thread::sleep(RETRY_INTERVAL);
        }
        Ok(())
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&self) -> Result<()> {
        let mut process = self.process.borrow_mut();
        if process.try_wait().ok().flatten().is_some() {
            return Err(self.victim.failure("ended by itself"));
        }
        let killed = process.kill().and_then(|()| process.wait());
        killed.map(drop).map_err(|error| Failure::io("larder", error))
    }

    /// Stops it as an operator does.
    pub(crate) fn stop(&self) -> Result<()> {
        let mut process = self.process.borrow_mut();
        run(Command::new("kill").args(["-TERM", &process.id().to_string()]))?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        loop {
            match process.try_wait().map_err(|error| Failure::io("larder", error))? {
                Some(status) if status.success() => return Ok(()),
                Some(_) => return Err(self.victim.failure("did not stop well")),
                None if Instant::now() > deadline => {
                    return Err(self.victim.failure("did not stop"));
                }
                None => thread::sleep(RETRY_INTERVAL),
            }
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Either it has ended by itself, or it does so now: both are fine.
        let process = self.process.get_mut();
        let _ = process.kill();
        let _ = process.wait();
    }
}
