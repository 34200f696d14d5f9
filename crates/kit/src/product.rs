//! What is different between one product's servers and another's.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::failure::Result;
use crate::options::Options;
use crate::program::{Package, User};

/// A database server that can be started.
pub trait Product: Send + Sync + 'static {
    /// Where its programs are.
    const PACKAGE: Package;
    /// The program that serves.
    const SERVER: &'static str;
    /// The scheme of its URLs.
    const SCHEME: &'static str;
    /// Whom to connect as: a name, with a password behind a `:` if it needs one.
    const LOGIN: &'static str;
    /// The database that is there from the start.
    const DATABASE: &'static str;
    /// Ends it in good order.
    const CLEAN_END: Signal;
    /// Ends it at once, leaving nothing in the machine; a name of `kill -s`.
    const SUDDEN_END: &'static str;

    /// Makes the data of a server that was never started, in its folder.
    fn initialise(home: &Home) -> Result<()>;

    /// The arguments to serve with.
    fn arguments(home: &Home, port: u16, options: Options) -> Vec<String>;

    /// Whether it answers requests yet.
    fn is_ready(address: SocketAddr) -> io::Result<bool>;

    /// The product's own client, which runs `sql` and prints what it answers: a line for each row,
    /// a tabulator between columns.
    fn client(address: SocketAddr, database: &str, sql: &str) -> Result<Command>;
}

/// A server's place in the file system.
#[derive(Debug)]
pub struct Home {
    pub(crate) folder: PathBuf,
    pub(crate) user: User,
}

impl Home {
    /// The folder of its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What it printed since it was last started.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// A program that runs as the server's user in its folder.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        self.user.put_on(&mut command);
        command
    }
}
