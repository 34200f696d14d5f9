//! Servers and clients for the scenarios.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown as Half, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use larder_server::model::{ModelName, Options, Shutdown};
use parking_lot::RwLock;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::echo::{Echo, Gate};

/// Longer than anything takes that works, so that a hang becomes a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Held for writing by a scenario that counts or limits what belongs to the whole process.
static PROCESS: RwLock<()> = RwLock::new(());

/// Plays `scenario` on every model in the registry, beside others.
pub fn on_every_model(scenario: impl Fn(ModelName)) {
    let _shared = PROCESS.read();
    play(scenario);
}

/// Plays `scenario` on every model in the registry, with the process for itself.
pub fn alone_on_every_model(scenario: impl Fn(ModelName)) {
    let _alone = PROCESS.write();
    play(scenario);
}

fn play(scenario: impl Fn(ModelName)) {
    for &model in ModelName::ALL {
        eprintln!("model {model}");
        scenario(model);
    }
}

/// A model that runs, over an [`Echo`].
pub struct Server {
    pub address: SocketAddr,
    pub shutdown: Shutdown,
    pub gate: Arc<Gate>,
    running: JoinHandle<io::Result<()>>,
}

impl Server {
    pub fn start(model: ModelName) -> Self {
        Self::with_limit(model, usize::MAX)
    }

    /// Two workers, on any machine, so that clients are shared between them.
    pub fn with_limit(model: ModelName, limit: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, service) = (Shutdown::new().unwrap(), Arc::new(Echo::new(limit)));
        let (gate, ending) = (Arc::clone(&service.gate), shutdown.clone());
        let options = Options { workers: NonZeroUsize::new(2).unwrap() };
        let running = thread::spawn(move || model.run(listener, service, options, ending));
        Self { address, shutdown, gate, running }
    }

    pub fn client(&self) -> Client {
        Client::new(TcpStream::connect(self.address).unwrap())
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

/// A client that blocks.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
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
    pub fn end_input(&self) {
        self.stream.get_ref().shutdown(Half::Write).unwrap();
    }

    /// Whether the server closes the connection without another byte.
    pub fn ends(mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    /// A second client on the same connection, such as one to send while the first reads.
    pub fn twin(&self) -> Self {
        Self::new(self.stream().try_clone().unwrap())
    }

    pub fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
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
