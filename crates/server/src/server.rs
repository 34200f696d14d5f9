//! A server from start to stop.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use larder::runtime::{Runtime, TokioRuntime};
use larder_protocol::hub::Hub;
use tokio::time::MissedTickBehavior;

use crate::actor::Attributing;
use crate::assemble::{self, Assembly, Database, assemble};
use crate::auth;
use crate::client::Clients;
use crate::config::{self, Config, Problem};
use crate::keyspaces::Unflushed;
use crate::listeners::Listeners;
use crate::model::{ModelName, Options, Shutdown};
use crate::parameters::Parameters;
use crate::reload::{Reload, Reloader};
use crate::shared_tier::SharedTier;
use crate::status::Status;
use crate::tls::{Acceptor, Secured, Transport};

/// How often the server does what time brings: it sweeps out expired copies, and lets go of
/// clients that are idle or slow for too long.
const TICK: Duration = Duration::from_millis(100);

/// How often what workers that have died held of the shared-memory tier is given back.
const MOURNING: Duration = Duration::from_secs(5);

/// A server that listens and is ready to run.
pub struct Server {
    runtime: tokio::runtime::Runtime,
    status: Arc<Status>,
    sources: Vec<Database>,
    notices: Vec<String>,
    listeners: Listeners,
    acceptor: Option<Arc<Acceptor>>,
    users: Option<Arc<dyn Reload>>,
    config: Config,
    shutdown: Shutdown,
}

/// What a stop had to leave behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopped {
    /// The acknowledged writes that did not reach their source.
    pub unflushed: Vec<Unflushed>,
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
        let tokio = Arc::new(TokioRuntime::new(runtime.handle().clone()));
        let engine: Arc<dyn Runtime> = Arc::new(Attributing::new(tokio));
        let shutdown = Shutdown::new().map_err(|error| elsewhere("the server", &error))?;
        let acceptor = acceptor(&config, &runtime)?;
        let listeners = Listeners::bind(&config)?;
        let hub = Hub::new(session_limits(&config));
        let users = auth::set_up(&config, &hub)?;
        let shared = shared_tier(&config)?;
        let Assembly { keyspaces, sources, notices } =
            runtime.block_on(assemble(&config, &engine, &hub, shared.as_ref()))?;
        let model = config.model.to_string();
        let status = Arc::new(Status::new(keyspaces, model, listeners.addresses[0].port()));
        Parameters::attach(&config, &listeners.addresses, &status);
        shared.into_iter().for_each(|shared| status.share(shared));
        Ok(Self { runtime, status, sources, notices, listeners, acceptor, users, config, shutdown })
    }

    /// Where clients connect without TLS.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.listeners.addresses[..self.config.listen.len()]
    }

    /// Where clients connect with TLS.
    pub fn tls_addresses(&self) -> &[SocketAddr] {
        &self.listeners.addresses[self.config.listen.len()..]
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

    /// Reads again from another thread what can be read again while it serves.
    pub fn reloader(&self) -> Reloader {
        let acceptor = self.acceptor.iter().map(|acceptor| Arc::clone(acceptor) as Arc<dyn Reload>);
        Reloader::new(acceptor.chain(self.users.clone()).collect())
    }

    /// Serves until it is [stopped](Self::stopper), finishes what is in flight and flushes what is
    /// queued.
    ///
    /// # Errors
    ///
    /// When the model cannot be set up.
    pub fn run(self) -> io::Result<Stopped> {
        let clients = Clients::new(self.status.clone());
        let service = Arc::new(Secured::new(clients, self.transports()));
        self.start_ticking();
        let (model, options): (ModelName, _) = (self.config.model, self.options());
        let served = model.run(self.listeners.sockets, service, options, self.shutdown.clone());
        // No worker is left, and who holds the tier to the last may not come to drop it.
        self.status.shared().inspect(|shared| shared.withdraw());
        let patience = self.config.limits.shutdown_timeout;
        let unflushed = self.runtime.block_on(self.status.keyspaces.shutdown(patience));
        // Loads that hang in a source must not hold up the end.
        self.runtime.shutdown_background();
        close(self.sources, self.status, patience);
        served.map(|()| Stopped { unflushed })
    }

    /// One for each listener.
    fn transports(&self) -> Vec<Transport> {
        let plain = self.addresses().iter().map(|_| Transport::Plain);
        let acceptors = self.acceptor.iter().cycle().take(self.tls_addresses().len());
        plain.chain(acceptors.cloned().map(Transport::Tls)).collect()
    }

    /// With workers that know where the hits are.
    fn options(&self) -> Options {
        let mut options = Options::default();
        if let Some(shared) = self.status.shared() {
            let place = ["--hits".into(), shared.folder().into()];
            options.worker.arguments.extend::<[OsString; 2]>(place);
        }
        options
    }

    fn start_ticking(&self) {
        let status = self.status.clone();
        self.runtime.spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (mut sweep_at, mut mourn_at) = (Instant::now(), Instant::now());
            loop {
                ticks.tick().await;
                status.wall.follow(&**status.keyspaces.runtime());
                status.keyspaces.hub().tick(status.unix_ms());
                status.shared().inspect(|shared| shared.follow(status.keyspaces.hub().revision()));
                if sweep_at <= Instant::now() {
                    sweep_at = swept(&status) + TICK;
                }
                if mourn_at <= Instant::now() {
                    status.shared().inspect(|shared| shared.forget_the_dead());
                    mourn_at = Instant::now() + MOURNING;
                }
            }
        });
    }
}

/// Sweeps, and says when that may be done again: it takes no more than a twentieth of the time.
fn swept(status: &Status) -> Instant {
    let begun = Instant::now();
    status.keyspaces.sweep();
    let ended = Instant::now();
    ended + 20 * (ended - begun)
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

/// Whether `config` would serve: its files are read, its databases opened, its tables and its journals
/// looked at. No port is bound and nothing is made. Answers what is found in the journals, a line each.
///
/// # Errors
///
/// What the files, the databases and the journals do not bear out.
pub fn check(config: &Config) -> Result<Vec<String>, config::Report> {
    let runtime = engine_runtime().map_err(|error| elsewhere("the runtime", &error))?;
    acceptor(config, &runtime)?;
    auth::set_up(config, &Hub::new(session_limits(config)))?;
    runtime.block_on(assemble::check(config))
}

/// The engine's own threads: they load, write and keep time, and drive no connection.
fn engine_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("larder-engine")
        .enable_all()
        .build()
}

/// Closes the sources, which finishes what is queued in them, for as long as `patience` lasts. What
/// holds them goes along: its end would wait for theirs.
fn close(sources: Vec<Database>, status: Arc<Status>, patience: Duration) {
    let (closing, closed) = mpsc::channel::<()>();
    let spawned = thread::Builder::new().name("larder-closing".to_owned()).spawn(move || {
        sources.iter().for_each(Database::close);
        drop((status, sources, closing));
    });
    match spawned {
        // The sender is never used: what comes is its end, or the end of the patience.
        Ok(_) => drop(closed.recv_timeout(patience)),
        Err(error) => tracing::warn!(%error, "the sources are not closed in order"),
    }
}

/// Where workers find hits, for the models that have workers.
fn shared_tier(config: &Config) -> Result<Option<Arc<SharedTier>>, config::Report> {
    if !config.model.capabilities().workers {
        return Ok(None);
    }
    let tier = SharedTier::create();
    let tier = tier.map_err(|error| elsewhere("the shared-memory tier in /dev/shm", &error))?;
    Ok(Some(Arc::new(tier)))
}

/// What begins the connections of the clients that use TLS.
fn acceptor(
    config: &Config,
    runtime: &tokio::runtime::Runtime,
) -> Result<Option<Arc<Acceptor>>, config::Report> {
    let load = |tls| Acceptor::load(tls, runtime.handle().clone());
    Ok(config.tls.as_ref().map(load).transpose()?.map(Arc::new))
}

fn session_limits(config: &Config) -> larder_protocol::Limits {
    let size = |bytes: std::num::NonZeroU64| usize::try_from(bytes.get()).unwrap_or(usize::MAX);
    let limits = &config.limits;
    larder_protocol::Limits {
        bulk_bytes_max: size(limits.bulk_bytes_max),
        arguments_max: limits.arguments_max.get(),
        input_bytes_max: size(limits.input_bytes_max),
        output_bytes_max: size(limits.output_bytes_max),
        transaction_bytes_max: size(limits.transaction_bytes_max),
        mail_bytes_max: size(limits.push_bytes_max),
        sessions_bytes_max: size(limits.clients_bytes_max),
        subscriptions_max: limits.subscriptions_max.get(),
        watches_max: limits.watches_max.get(),
        tracked_keys_max: limits.tracked_keys_max.get(),
        request_timeout_ms: limits.request_timeout.map(millis),
        idle_timeout_ms: limits.idle_timeout.map(millis),
        ..larder_protocol::Limits::default()
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn elsewhere(what: &str, error: &io::Error) -> config::Report {
    config::Report::from(Problem::elsewhere(format!("{what} cannot be set up: {error}")))
}
