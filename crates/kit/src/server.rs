//! A server, whatever it is.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::database::Database;
use crate::failure::{Failure, Result};
use crate::guard::Guard;
use crate::options::Options;
use crate::process;
use crate::product::{Home, Product};
use crate::template;

const START_TIMEOUT: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
const END_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a port that somebody else took meanwhile is let go.
const PORTS_MAX: usize = 8;

/// What the operating system says of a port that somebody else has.
const PORT_TAKEN: &str = "Address already in use";

/// A database server with a port of the loopback and a folder of its own. It ends, and its folder
/// goes, when this is dropped or the process ends.
#[derive(Debug)]
pub struct Server<P: Product> {
    // Dropped first: the guard removes the folder once the server has ended.
    guard: Mutex<Option<Guard>>,
    home: Home,
    _folder: TempDir,
    port: u16,
    options: Options,
    certificates: Option<Certificates>,
    databases: AtomicUsize,
    product: std::marker::PhantomData<P>,
}

impl<P: Product> Server<P> {
    /// Starts a server as [`Options::default`] says.
    pub fn start() -> Result<Self> {
        Self::start_with(Options::default())
    }

    /// Starts a server, and is back when it answers.
    pub fn start_with(options: Options) -> Result<Self> {
        let user = P::PACKAGE.user()?;
        let temporary = tempfile::Builder::new().prefix("larder-kit-").tempdir();
        let temporary = temporary.map_err(|error| Failure::io("a temporary folder", error))?;
        user.own(temporary.path())?;
        let home = Home { folder: temporary.path().to_owned(), user };
        template::provide::<P>(&home)?;
        let certificates = options.tls.then(|| Certificates::make(&home)).transpose()?;
        let mut server = Self {
            guard: Mutex::default(),
            home,
            _folder: temporary,
            port: 0,
            options,
            certificates,
            databases: AtomicUsize::new(0),
            product: std::marker::PhantomData,
        };
        for _ in 0..PORTS_MAX {
            server.port = free_port()?;
            if server.try_start()? == Start::Serving {
                return Ok(server);
            }
        }
        Err(Failure::new(format!("{PORTS_MAX} ports that were free were taken")))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The URL of the database that is there from the start.
    pub fn url(&self) -> String {
        url::<P>(self.address(), P::DATABASE)
    }

    /// A database of its own for one test.
    pub fn database(&self) -> Result<Database<P>> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.run(&format!("CREATE DATABASE {name}"))?;
        Ok(Database::new(self.address(), name))
    }

    /// Runs SQL by the product's own client in the database that is there from the start; answers a
    /// line for each row, a tabulator between columns.
    pub fn run(&self, sql: &str) -> Result<String> {
        Database::<P>::new(self.address(), P::DATABASE.to_owned()).run(sql)
    }

    /// Its certificates, when it was started with [`Options::tls`].
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// Its process, while there is one.
    pub fn pid(&self) -> Option<u32> {
        self.guard().as_ref().map(Guard::server)
    }

    /// Kills it with all its processes (SIGKILL), as a machine's failure would. Its folder stays.
    pub fn kill(&self) -> Result<()> {
        let Some(guard) = self.guard().take() else { return Ok(()) };
        // The parent first, so that it starts no child meanwhile.
        let family = guard.signal_all(Signal::KILL)?;
        process::wait_for_end(&family, END_TIMEOUT)?;
        guard.release()
    }

    /// Ends it in good order; connections are closed. Its folder stays.
    pub fn stop(&self) -> Result<()> {
        let Some(guard) = self.guard().take() else { return Ok(()) };
        process::signal(guard.server(), P::CLEAN_END)?;
        guard.signal_all(Signal::CONT)?;
        guard.release()
    }

    /// Starts it again with the same port and folder, after it was stopped or killed or ended by
    /// itself.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        let deadline = Instant::now() + START_TIMEOUT;
        while self.try_start()? == Start::PortTaken {
            if Instant::now() > deadline {
                return Err(Failure::new(format!("somebody else took the port {}", self.port)));
            }
            thread::sleep(LOOK_INTERVAL);
        }
        Ok(())
    }

    /// Halts all its processes: connections stay, and nothing is answered.
    pub fn pause(&self) -> Result<()> {
        let family = self.signal_all(Signal::STOP)?;
        process::wait_for_halt(&family, END_TIMEOUT)
    }

    /// Lets it go on after [`Server::pause`].
    pub fn resume(&self) -> Result<()> {
        self.signal_all(Signal::CONT).map(drop)
    }

    fn signal_all(&self, signal: Signal) -> Result<Vec<u32>> {
        match self.guard().as_ref() {
            Some(guard) => guard.signal_all(signal),
            None => Err(Failure::new(format!("{} does not run", P::SERVER))),
        }
    }

    fn guard(&self) -> MutexGuard<'_, Option<Guard>> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_start(&self) -> Result<Start> {
        let log = self.home.log();
        match fs::remove_file(&log) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Failure::io(log.display(), error));
            }
            _ => {}
        }
        let mut command = Command::new(P::PACKAGE.find(P::SERVER)?);
        command.args(P::arguments(&self.home, self.port, self.options));
        let Home { folder, user } = &self.home;
        let guard = Guard::start(&command, folder, &log, P::SUDDEN_END, *user)?;
        let started = self.wait_until_ready(guard.server());
        match started {
            Ok(Start::Serving) => *self.guard() = Some(guard),
            // It has ended: only its guard has to go.
            Ok(Start::PortTaken) => guard.release()?,
            Err(_) => {}
        }
        started
    }

    fn wait_until_ready(&self, server: u32) -> Result<Start> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            // Looked at before it is asked: what answers then is this server, not a stranger who
            // took its port.
            let alive = process::is_alive(server);
            if alive && P::is_ready(self.address()).unwrap_or(false) && process::is_alive(server) {
                return Ok(Start::Serving);
            }
            if alive && Instant::now() < deadline {
                thread::sleep(LOOK_INTERVAL);
                continue;
            }
            let log = fs::read(self.home.log()).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            if !alive && log.contains(PORT_TAKEN) {
                return Ok(Start::PortTaken);
            }
            let end = if alive { "does not answer" } else { "ended" };
            return Err(Failure::new(format!("{} {end}; it said:\n{log}", P::SERVER)));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Serving,
    PortTaken,
}

pub(crate) fn url<P: Product>(address: SocketAddr, database: &str) -> String {
    format!("{}://{}@{address}/{database}", P::SCHEME, P::LOGIN)
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|error| Failure::io("a free port", error))
}
