//! Servers and clients for the scenarios.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use larder_server::model::{ModelName, Options, Shutdown};
use larder_server::tls::{Secured, Transport};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use rustls::{ClientConnection, StreamOwned};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::certificates::Authority;
use crate::echo::{Echo, Gate};
use crate::encryption::{self, Stream};
use crate::workers;

/// Longer than anything takes that works, so that a hang becomes a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Held for writing by a scenario that counts or limits what belongs to the whole process.
static PROCESS: RwLock<()> = RwLock::new(());

/// How a scenario is played: on which model, and how its clients talk.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    pub model: ModelName,
    pub tls: bool,
}

/// Plays `scenario` on every model in the registry, beside others, with clients that talk plainly.
pub fn on_every_model(scenario: impl Fn(Way)) {
    play(&[false], beside_others, scenario);
}

/// Plays `scenario` on every model in the registry, with the process for itself.
pub fn alone_on_every_model(scenario: impl Fn(Way)) {
    play(&[false], |_| Turn::alone(), scenario);
}

/// Plays `scenario` on every model that serves TLS, with clients that use it.
pub fn on_every_model_with_tls(scenario: impl Fn(Way)) {
    play(&[true], beside_others, scenario);
}

/// Plays `scenario` on every model, without TLS and with it.
pub fn in_every_way(scenario: impl Fn(Way)) {
    play(&[false, true], beside_others, scenario);
}

/// For a test that plays no model in the registry's turn: while this is held, nobody has the process
/// for itself.
pub fn among_others() -> RwLockReadGuard<'static, ()> {
    PROCESS.read()
}

/// Whether a scenario has the process for itself while it is played.
enum Turn {
    Alone(#[expect(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>),
    Shared(#[expect(dead_code, reason = "held")] RwLockReadGuard<'static, ()>),
}

impl Turn {
    fn alone() -> Self {
        Self::Alone(PROCESS.write())
    }
}

/// A model that can watch low descriptors only has to have them for itself.
fn beside_others(way: Way) -> Turn {
    match way.model.capabilities().descriptors_max {
        Some(_) => Turn::alone(),
        None => Turn::Shared(PROCESS.read()),
    }
}

fn play(transports: &[bool], turn: impl Fn(Way) -> Turn, scenario: impl Fn(Way)) {
    let each = |&model| transports.iter().map(move |&tls| Way { model, tls });
    for way in ModelName::ALL.iter().flat_map(each) {
        if way.model.capabilities().tls || !way.tls {
            let _turn = turn(way);
            eprintln!("{way:?}");
            scenario(way);
        }
    }
}

/// A model that runs, over an [`Echo`].
pub struct Server {
    pub address: SocketAddr,
    /// Its second listener, which is for TLS.
    pub tls_address: SocketAddr,
    way: Way,
    authority: Authority,
    pub shutdown: Shutdown,
    pub gate: Arc<Gate>,
    running: JoinHandle<io::Result<()>>,
}

impl Server {
    pub fn start(way: Way) -> Self {
        Self::with_limit(way, usize::MAX)
    }

    pub fn with_limit(way: Way, limit: usize) -> Self {
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [address, tls_address] =
            listeners.each_ref().map(|listener| listener.local_addr().unwrap());
        let authority = Authority::new("authority");
        let transports = vec![Transport::Plain, encryption::transport(&authority)];
        let (shutdown, echo) = (Shutdown::new().unwrap(), Echo::new(limit));
        let (gate, ending) = (Arc::clone(&echo.gate), shutdown.clone());
        let service = Arc::new(Secured::new(echo, transports));
        let options = options();
        let running =
            thread::spawn(move || way.model.run(listeners.into(), service, options, ending));
        Self { address, tls_address, way, authority, shutdown, gate, running }
    }

    pub fn client(&self) -> Client {
        if self.way.tls { self.tls_client() } else { self.plain_client(self.address) }
    }

    pub fn plain_client(&self, address: SocketAddr) -> Client {
        Client::new(TcpStream::connect(address).unwrap())
    }

    pub fn tls_client(&self) -> Client {
        self.encrypted(self.authority.client(None))
    }

    /// A client that proves its name.
    pub fn named_client(&self, name: &str) -> Client {
        self.encrypted(self.authority.client(Some(&self.authority.issue(name))))
    }

    fn encrypted(&self, tls: ClientConnection) -> Client {
        let socket = TcpStream::connect(self.tls_address).unwrap();
        Client::over(Stream::Tls(Box::new(StreamOwned::new(tls, socket))))
    }

    /// Ends the server, and waits until it has ended.
    pub fn stop(self) {
        self.shutdown.begin(PATIENCE);
        self.join();
    }

    /// Waits until the server has ended by a shutdown that has begun.
    pub fn join(self) {
        self.running.join().unwrap().unwrap();
    }
}

/// Two workers, on any machine, so that clients are shared between them.
pub fn options() -> Options {
    Options { workers: NonZeroUsize::new(2).unwrap(), worker: workers::command() }
}

/// A client that blocks.
pub struct Client {
    stream: BufReader<Stream>,
}

impl Client {
    pub fn new(socket: TcpStream) -> Self {
        Self::over(Stream::Plain(socket))
    }

    fn over(stream: Stream) -> Self {
        let socket = stream.socket();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// Sends a line and expects it back.
    pub fn echo(&mut self, line: &str) {
        self.send(line);
        assert_eq!(self.line(), line);
    }

    /// Reads an answer to `big`.
    pub fn skip(&mut self, count: usize) {
        let mut answer = vec![0; count];
        self.stream.read_exact(&mut answer).unwrap();
        assert!(answer.iter().all(|&byte| byte == b'x'));
    }

    /// Sends no more, and goes on reading.
    pub fn end_input(&mut self) {
        self.stream.get_mut().end_output();
    }

    /// Whether the server closes the connection without another byte.
    pub fn ends(mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => {
                matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof)
            }
        }
    }

    /// A second client on the same connection, such as one to send while the first reads. Without
    /// TLS.
    pub fn twin(&self) -> Self {
        Self::new(self.stream().try_clone().unwrap())
    }

    pub fn stream(&self) -> &TcpStream {
        self.stream.get_ref().socket()
    }
}

/// The warnings that are logged from now on, by any thread. To be called once in the process.
pub fn warnings() -> Receiver<()> {
    let (sender, receiver) = mpsc::channel();
    tracing::subscriber::set_global_default(Warnings(sender)).unwrap();
    receiver
}

struct Warnings(Sender<()>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn event(&self, _: &Event<'_>) {
        // The receiver is gone once the scenario that listens is over.
        let _ = self.0.send(());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
