//! The real binary in a folder of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::process::Process;
use crate::wire::{PATIENCE, Wire};

/// Every model that the binary serves with.
pub const MODELS: [&str; 6] = ["reactors", "process", "prefork", "thread", "uring", "tasks"];

/// A keyspace for each strategy over a table that larder makes, and little else.
pub const STRATEGIES: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.aside]
prefix = "aside:"
source = "main"
strategy = "cache-aside"
[keyspaces.read]
prefix = "read:"
source = "main"
strategy = "read-through"
[keyspaces.through]
prefix = "through:"
source = "main"
strategy = "write-through"
[keyspaces.behind]
prefix = "behind:"
source = "main"
strategy = "write-behind"
[keyspaces.around]
prefix = "around:"
source = "main"
strategy = "write-around"
"#;

/// Plays `scenario` on every model.
pub fn on_every_model(scenario: impl Fn(Setup)) {
    on_each_of(&MODELS, scenario);
}

/// Plays `scenario` on these models.
pub fn on_each_of(models: &[&'static str], scenario: impl Fn(Setup)) {
    for model in models {
        eprintln!("model {model}");
        scenario(Setup::new(model));
    }
}

/// A folder, what larder is to serve in it, and by which model.
pub struct Setup {
    folder: TempDir,
    model: &'static str,
    config: Option<&'static str>,
    environment: Vec<(&'static str, &'static str)>,
    /// Whether the address is the configuration's.
    listens_as_configured: bool,
}

impl Setup {
    /// An empty folder and no configuration.
    pub fn new(model: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, environment) = (None, Vec::new());
        Self { folder, model, config, environment, listens_as_configured: false }
    }

    /// With a configuration, whose databases are in the folder.
    pub fn config(mut self, text: &str) -> Self {
        fs::write(self.path("larder.toml"), text).unwrap();
        self.config = Some("larder.toml");
        self
    }

    /// With a variable in its environment.
    pub fn environment(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// At the address of the configuration, not at one that is given on the command line.
    pub fn listening_as_configured(self) -> Self {
        Self { listens_as_configured: true, ..self }
    }

    /// With `sql` in larder's database.
    pub fn sql(self, sql: &str) -> Self {
        self.database().execute_batch(sql).unwrap();
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A connection to larder's database, behind larder's back.
    pub fn database(&self) -> Connection {
        Connection::open(self.path("larder.db")).unwrap()
    }

    /// What larder has written to stderr.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("stderr")).unwrap_or_default()
    }

    pub fn start(self) -> Larder {
        Larder::start(self)
    }

    /// `larder serve` on a port that is free, with more arguments.
    pub fn command(&self, more: &[&str]) -> Command {
        let mut command = self.larder(&["serve", "--model", self.model]);
        if !self.listens_as_configured {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        if let Some(config) = self.config {
            command.args(["--config", config]);
        }
        command.args(more);
        command
    }

    /// `larder` with these arguments, in the folder.
    pub fn larder(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
        command.current_dir(self.folder.path()).args(args).env_remove("RUST_LOG");
        command.env_remove("LARDER_PASSWORD").envs(self.environment.iter().copied());
        command
    }
}

/// A server that listens. Dropping it kills it.
pub struct Larder {
    process: Process,
    address: SocketAddr,
    /// What it printed until it listened, that line included.
    pub greeting: String,
    setup: Setup,
}

impl Larder {
    fn start(setup: Setup) -> Self {
        let log = File::create(setup.path("stderr")).unwrap();
        let mut process = Process::spawn(setup.command(&[]).stdout(Stdio::piped()).stderr(log));
        let mut stdout = BufReader::new(process.stdout());
        let mut greeting = String::new();
        let address = loop {
            let before = greeting.len();
            let length = stdout.read_line(&mut greeting).unwrap();
            assert_ne!(length, 0, "it ended: {}", setup.log());
            if let Some((_, places)) = greeting[before..].trim().split_once("listening on ") {
                break places.split([' ', ',']).next().unwrap().parse().unwrap();
            }
        };
        Self { process, address, greeting, setup }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    pub fn wire(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// A connection to its database, behind its back.
    pub fn database(&self) -> Connection {
        self.setup.database()
    }

    /// What one query of the database answers, as text; `None` for no row.
    pub fn row(&self, query: &str) -> Option<String> {
        let database = self.database();
        let mut statement = database.prepare(query).unwrap();
        let mut rows = statement.query([]).unwrap();
        rows.next().unwrap().map(|row| row.get(0).unwrap())
    }

    /// Holds the database's write lock until it is dropped.
    pub fn writes_held(&self) -> Connection {
        let database = self.database();
        database.execute_batch("BEGIN IMMEDIATE").unwrap();
        database
    }

    /// A connection of the `redis` crate.
    pub fn redis(&self, query: &str) -> redis::Connection {
        let client = redis::Client::open(format!("redis://{}/{query}", self.address)).unwrap();
        let connection = client.get_connection().unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection
    }

    /// What redis-cli prints.
    pub fn redis_cli(&self, args: &[&str]) -> String {
        let port = self.address.port().to_string();
        let mut command = Command::new("redis-cli");
        let output = command.args(["-p", &port]).args(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// One counter of `CACHE.STATS keyspace`.
    pub fn count(&self, keyspace: &str, counter: &str) -> i64 {
        let mut redis = self.redis("");
        let counters: std::collections::HashMap<String, i64> =
            redis::cmd("CACHE.STATS").arg(keyspace).query(&mut redis).unwrap();
        counters[counter]
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// File descriptors that it holds.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap().count()
    }

    /// Asks it to stop, and does not wait.
    pub fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits until it has stopped, well, after [`terminate`](Self::terminate).
    pub fn stopped(mut self) -> Setup {
        let status = self.process.wait();
        assert_eq!(status.code(), Some(0), "{}", self.setup.log());
        self.ended()
    }

    /// Stops it as an operator would, and answers the exit code and what it said.
    pub fn stopped_badly(mut self) -> (Option<i32>, String) {
        self.terminate();
        let status = self.process.wait();
        (status.code(), self.ended().log())
    }

    /// Stops it as an operator would, and it stops well.
    pub fn stop(self) -> Setup {
        self.terminate();
        self.stopped()
    }

    /// Asks it to read its files again, and does not wait.
    pub fn hang_up(&self) {
        self.process.hang_up();
    }

    /// Kills it as an accident would, and does not wait.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Waits until it is gone after [`kill`](Self::kill).
    pub fn killed(mut self) -> Setup {
        self.process.wait();
        self.ended()
    }

    fn ended(self) -> Setup {
        let log = self.setup.log();
        assert!(!log.contains("panicked"), "{log}");
        self.setup
    }
}
