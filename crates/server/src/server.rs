//! A server from start to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use larder::runtime::{Runtime, TokioRuntime};
use larder::source::sqlite::Sqlite;

use crate::assemble::{self, Assembly, assemble};
use crate::client::Clients;
use crate::config::{self, Config, Problem};
use crate::model::{ModelName, Options, Shutdown};
use crate::status::Status;

/// How often expired copies are swept out.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A server that listens and is ready to run.
pub struct Server {
    runtime: tokio::runtime::Runtime,
    status: Arc<Status>,
    sources: Vec<Sqlite>,
    notices: Vec<String>,
    listener: TcpListener,
    address: SocketAddr,
    config: Config,
    shutdown: Shutdown,
}

/// What a stop had to leave behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Keyspaces whose acknowledged writes did not all reach the source, and how many did not.
    pub unflushed: Vec<(Box<str>, u64)>,
}

impl Server {
    /// Opens the sources, checks the tables and binds the port.
    ///
    /// # Errors
    ///
    /// What the databases do not bear out, or that the port cannot be had. Nothing has been made in
    /// the databases then.
    pub fn bind(config: Config) -> Result<Self, config::Report> {
        let runtime = engine_runtime().map_err(|error| elsewhere("the runtime", &error))?;
        let engine: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(runtime.handle().clone()));
        let shutdown = Shutdown::new().map_err(|error| elsewhere("the server", &error))?;
        let (listener, address) = listen(config.listen)?;
        let Assembly { keyspaces, sources, notices } =
            runtime.block_on(assemble(&config, &engine))?;
        let model = config.model.to_string();
        let status = Arc::new(Status::new(keyspaces, model, address.port()));
        Ok(Self { runtime, status, sources, notices, listener, address, config, shutdown })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happened on the way that a person should know.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// What can be told about the server.
    pub fn status(&self) -> &Arc<Status> {
        &self.status
    }

    /// Ends [`run`](Self::run) from another thread, a test or a signal.
    pub fn stopper(&self) -> Stopper {
        Stopper { shutdown: self.shutdown.clone(), grace: self.config.limits.shutdown_timeout }
    }

    /// Serves until it is [stopped](Self::stopper), finishes what is in flight and flushes what is
    /// queued.
    ///
    /// # Errors
    ///
    /// When the model cannot be set up.
    pub fn run(self) -> io::Result<Stopped> {
        let limits = session_limits(&self.config);
        let clients_max = self.config.limits.maxclients.get();
        let clients = Arc::new(Clients::new(self.status.clone(), limits, clients_max));
        self.start_sweeping();
        let model: ModelName = self.config.model;
        let served = model.run(self.listener, clients, Options::default(), self.shutdown.clone());
        let patience = self.config.limits.shutdown_timeout;
        let unflushed = self.runtime.block_on(self.status.keyspaces.shutdown(patience));
        // Loads that hang in a source must not hold up the end.
        self.runtime.shutdown_background();
        close(self.sources, self.status, patience);
        served.map(|()| Stopped { unflushed })
    }

    fn start_sweeping(&self) {
        let status = self.status.clone();
        self.runtime.spawn(async move {
            let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
            loop {
                ticks.tick().await;
                status.keyspaces.sweep();
            }
        });
    }
}

/// Stops a server.
#[derive(Debug, Clone)]
pub struct Stopper {
    shutdown: Shutdown,
    grace: Duration,
}

impl Stopper {
    /// Begins the stop: no new clients, and the requests in flight get the configured time.
    pub fn stop(&self) {
        self.shutdown.begin(self.grace);
    }
}

/// Whether `config` would serve: its databases are opened and its tables checked. No port is bound
/// and nothing is made.
///
/// # Errors
///
/// What the databases do not bear out.
pub fn check(config: &Config) -> Result<(), config::Report> {
    let runtime = engine_runtime().map_err(|error| elsewhere("the runtime", &error))?;
    runtime.block_on(assemble::check(config)).map(drop)
}

/// The engine's own threads: they load, write and keep time, and drive no connection.
fn engine_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("larder-engine")
        .enable_time()
        .build()
}

/// Closes the sources, which finishes what is queued in them, for as long as `patience` lasts. What
/// holds them goes along: its end would wait for theirs.
fn close(sources: Vec<Sqlite>, status: Arc<Status>, patience: Duration) {
    let (closing, closed) = mpsc::channel::<()>();
    let spawned = thread::Builder::new().name("larder-closing".to_owned()).spawn(move || {
        sources.iter().for_each(Sqlite::close);
        drop((status, sources, closing));
    });
    match spawned {
        // The sender is never used: what comes is its end, or the end of the patience.
        Ok(_) => drop(closed.recv_timeout(patience)),
        Err(error) => tracing::warn!(%error, "the sources are not closed in order"),
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), config::Report> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there: stop it, or choose another address with --listen"
            }
            io::ErrorKind::PermissionDenied => "choose a port above 1023 with --listen",
            _ => "choose another address with --listen",
        };
        config::Report::from(Problem::elsewhere(format!(
            "cannot listen at {address}: {error}; {advice}"
        )))
    })
}

fn session_limits(config: &Config) -> larder_protocol::Limits {
    let size = |bytes: std::num::NonZeroU64| usize::try_from(bytes.get()).unwrap_or(usize::MAX);
    let limits = &config.limits;
    larder_protocol::Limits {
        bulk_bytes_max: size(limits.bulk_bytes_max),
        arguments_max: limits.arguments_max.get(),
        input_bytes_max: size(limits.input_bytes_max),
        output_bytes_max: size(limits.output_bytes_max),
        ..larder_protocol::Limits::default()
    }
}

fn elsewhere(what: &str, error: &io::Error) -> config::Report {
    config::Report::from(Problem::elsewhere(format!("{what} cannot be set up: {error}")))
}
