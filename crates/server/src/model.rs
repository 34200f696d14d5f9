//! Models: the ways to drive connections.
//!
//! A model owns sockets and threads and knows nothing of commands. It moves bytes in and out of a
//! [`Connection`], waits where the connection says that it waits, and closes it when it has
//! finished. What a connection does with its bytes is the [`Service`]'s business, so the same
//! service runs under every model.
//!
//! ```text
//!  a loop has many connections                     a thread or task has one
//!
//!  select, poll, epoll: one loop                   thread: a thread each
//!   listener  c1 c2 c3                              listener    c1      c2      c3
//!      |       |  |  |                                  |       |       |       |
//!  +---v-------v--v--v--+                           +---v----+--v---+---v---+---v---+
//!  | wait, hear, answer |                           | accept | poll |  poll |  poll |
//!  +---------^----------+                           +--------+--^---+---^---+---^---+
//!            | mailbox                                          | bell  | bell  | bell
//!
//!  reactors: an epoll loop per core                pool: 64 threads, and a queue before them
//!   listener                                        listener    +----------+     c1      c2
//!      |                                                |       | c9 c8 c7 |      |       |
//!  +---v-----+  adopt   +---------+                 +---v----+  +-^------+-+  +---v---+---v---+
//!  | loop 0  +--------->| loop 1  | ...             | accept +----+      +--->|  poll |  poll | ...
//!  | c1 c2 c3|  or take | c4 c5   |                 +--------+               +-------+-------+
//!  +----^----+          +----^----+
//!       | mailbox            | mailbox             tasks: a task each, on a work-stealing pool;
//!                                                  local: the same on one thread
//!  uring: an io_uring per core
//!   accept, receive         send                    +--------+ spawn  +-----------------------+
//!      | until further notice ^                     | accept +------->| c1 c2 c3 c4 c5 c6 ... |
//!  +---v----------------------+--+                  +--------+        +----+-------------+----+
//!  | kernel, provided buffers    |                                    any of the N threads
//!  +---+----------------------^--+                                    polls a task
//!      | completions          | requests                              ^
//!  +---v----------------------+--+                                    | wakers schedule the task
//!  | loop: hear, answer, submit  |
//!  +-----------------------------+
//!
//!  a process has the sockets of clients, and the parent their sessions
//!
//!  process: a worker each                          prefork: a fixed set of workers
//!   listener   c1           c2                       listener (shared)
//!      |        |            |                          |    c1 c2            |    c3
//!  +---v----+ +-v------+ +---v----+                  +--v-----v--v--+      +--v-----v-----+
//!  | accept | | worker | | worker |                  | worker       |      | worker       |
//!  +--------+ +---^----+ +---^----+                  +--------^--^--+      +--------^-----+
//!                 | lines    |                          lines |  |                  |
//!  +--------------v----------v----+                  +--------v--v------------------v-----+
//!  | parent: loops as of reactors |                  | parent: loops as of reactors       |
//!  +------------------------------+                  +------------------------------------+
//! ```
//!
//! A mailbox, a bell and a task's waker are the same thing in three forms: how an answer that comes
//! late, from any thread, reaches whoever drives the connection.
//!
//! | model | wins | loses |
//! |---|---|---|
//! | [`reactors`](ModelName::Reactors) | one wait hands out many ready connections, one read and one write serve each, nothing is scheduled; uses the cores that the load needs | a connection that computes for long holds up every other of its loop |
//! | [`process`](ModelName::Process) | a client's process can die without another noticing; its hits cost the parent nothing | a program is started for each connection; what is no hit passes through two processes |
//! | [`prefork`](ModelName::Prefork) | the same with a bounded number of processes, which are started once | what is no hit passes through two processes |
//! | [`thread`](ModelName::ThreadEach) | the kernel shares the cores among connections at any point | a stack, a bell, a sleep and a wake-up for each connection |
//! | [`pool`](ModelName::Pool) | takes a bounded part of the machine, makes no thread for a connection | clients that stay keep others waiting |
//! | [`select`](ModelName::Select) | exists everywhere | descriptors from 1024 on; looks through all on each wait; one core |
//! | [`poll`](ModelName::Poll) | has no such limit | looks through all on each wait; one core |
//! | [`epoll`](ModelName::Epoll) | sees only who is ready; nothing is shared between threads | one core |
//! | [`uring`](ModelName::Uring) | one system call a round, no buffer for the idle | copies what it sends; not allowed everywhere |
//! | [`local`](ModelName::Local) | tasks without a lock; lives in a tokio program | one core |
//! | [`tasks`](ModelName::Tasks) | a connection that computes for long holds up no other while a thread is free; lives in a tokio program | scheduling costs on every wake-up; threads are woken and put to sleep as the load varies |
//!
//! The parts that models share are files of their own. `pump` moves the bytes of one connection,
//! `accept` says what a failed accept calls for, and [`Shutdown`] can be waited for by a loop, a task
//! or a thread. Loops: `event_loop` is a loop over any `Poller`, `single` runs one of them, `balance`
//! decides which of several serves a connection, `cores` gives each a thread, `phase` says what a loop
//! is about. Threads: `doorman` accepts, `blocking` drives one connection. Tasks: `crowd` is all of
//! them, `conversation` one. Processes: [`worker`] is what they run, `workforce` starts and reaps them,
//! `line` is what they and the parent say to each other, and `relayed` the parent's side of it, which
//! runs on loops. A new model is one file with an implementation of [`Model`] and one line
//! in the registry; one that differs by its poller alone is a poller and a line in `single`.

mod accept;
mod balance;
mod blocking;
mod conversation;
mod cores;
mod crowd;
mod doorman;
mod event_loop;
mod farewells;
mod line;
mod link;
mod local;
mod mailbox;
mod phase;
mod poller;
mod pool;
mod prefork;
mod process;
mod pump;
mod reactors;
mod registry;
mod relayed;
mod shutdown;
mod single;
mod slots;
mod tasks;
mod thread_each;
mod uring;
pub mod worker;
mod workforce;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::Waker;
use std::thread;

pub use registry::{ModelName, UnknownModel};
pub use shutdown::Shutdown;
pub use worker::WorkerCommand;

/// One client connection without its socket.
///
/// A model calls it from one thread at a time, though not always from the same one. The order of
/// calls:
///
/// 1. [`receive`](Self::receive) while [`wants_input`](Self::wants_input),
///    [`resume`](Self::resume) after the waker was woken, in any order and number;
///    [`end_of_input`](Self::end_of_input) and [`drain`](Self::drain) at most once each, and
///    nothing is received after `end_of_input`.
/// 2. After one or a few of these: [`output`](Self::output), as much of it as the socket takes,
///    and [`sent`](Self::sent), until the output is empty or the socket is full.
/// 3. Once [`is_finished`](Self::is_finished) and the output is empty, it is dropped and the
///    socket closed.
///
/// It is also dropped, at any point, when its peer is gone or the deadline of a shutdown has
/// passed. No call may block. A panic closes this connection and no other.
pub trait Connection: Send + 'static {
    /// Takes in bytes that came from the peer: all of them, since the buffer belongs to the model
    /// and serves its other connections next.
    fn receive(&mut self, bytes: &[u8]);

    /// Goes on after the waker given to [`Service::connect`] was woken: collects late answers.
    ///
    /// Wakes that come close together lead to one call, and a call may find nothing new.
    fn resume(&mut self);

    /// The bytes to send next, empty when there are none.
    fn output(&self) -> &[u8];

    /// Notes that the first `count` bytes of [`output`](Self::output) were sent. More output may
    /// follow from it, such as the answers to input that had to wait for room.
    fn sent(&mut self, count: usize);

    /// Whether more input is welcome. `false` is back-pressure: the model leaves the peer's bytes
    /// in the socket, and asks again after every call.
    fn wants_input(&self) -> bool;

    /// Notes who the peer has proven to be, before anything is received. It is not called for one
    /// that has proven nothing.
    fn identify(&mut self, _: Identity) {}

    /// Notes that the peer will send no more. It may still be reading.
    fn end_of_input(&mut self);

    /// Begins a graceful end: finishes what is in flight, takes up nothing new, and then
    /// [`is_finished`](Self::is_finished).
    fn drain(&mut self);

    /// Whether there is nothing left to do but to send what [`output`](Self::output) holds.
    fn is_finished(&self) -> bool;

    /// Whether it has finished and what is left of its output is short, but has a limit nowhere else:
    /// a peer that does not take it within seconds may be cut.
    fn is_saying_farewell(&self) -> bool {
        false
    }

    /// Under what mandate a [`Deputy`](worker::Deputy) in another process may answer the requests
    /// that come next; `None` while this connection has to answer them itself, as most do.
    fn mandate(&self) -> Option<Mandate> {
        None
    }
}

/// The permission to answer in a connection's place, until something is said to the connection
/// itself, or by it. It is a number by which the deputy tells whether it is still in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mandate(pub u64);

/// Opens connections: what a model serves.
pub trait Service: Send + Sync + 'static {
    /// One client's connection.
    type Connection: Connection;

    /// Opens a connection for a client that was accepted.
    ///
    /// `waker` may be woken from any thread, at any time and more than once, also after the
    /// connection is gone; each wake is followed by a [`Connection::resume`] while it lives.
    /// `arrival` says which way the client came.
    ///
    /// # Errors
    ///
    /// The bytes of a refusal, such as a limit that is reached. They are sent, then the socket is
    /// closed. A refusal is short: it must fit the empty send buffer of a new socket.
    fn connect(&self, waker: Waker, arrival: Arrival) -> Result<Self::Connection, Vec<u8>>;

    /// What a client is sent whom the model cannot take up, in the form that its kind of client
    /// understands. `reason` is one line for a person, and the same bounds hold as for a refusal by
    /// [`connect`](Self::connect).
    fn refusal(&self, arrival: Arrival, reason: &str) -> Vec<u8>;
}

/// Who a client is, by the certificate that it showed and that was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The subject, as in `CN=billing,O=Example`.
    pub subject: Box<str>,
    /// The first common name of the subject, when it has one.
    pub common_name: Option<Box<str>>,
}

/// Which way a client came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Which of the listeners it came by, counted from zero in the order given to [`Model::run`].
    pub listener: usize,
    /// The client's own address.
    pub peer: SocketAddr,
    /// The address that it connected to.
    pub local: SocketAddr,
}

/// A way to drive connections.
///
/// Models have no state before they run, so that a [`ModelName`] is all it takes to choose one.
pub trait Model {
    /// Its name in configurations and reports.
    const NAME: &'static str;

    /// Where it differs from the other models.
    const CAPABILITIES: Capabilities;

    /// Serves the connections that arrive at any of `listeners`, and returns after `shutdown` began and
    /// every connection has finished or the deadline has passed.
    ///
    /// # Errors
    ///
    /// When the loop or the runtime cannot be set up. The faults of a single connection, and a
    /// lack of file descriptors while accepting, are logged and survived.
    fn run<S: Service>(
        listeners: Vec<TcpListener>,
        service: Arc<S>,
        options: Options,
        shutdown: Shutdown,
    ) -> io::Result<()>;
}

/// How a model differs from the others, as data: the conformance suite and the lab read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// What a connection holds up when one of its calls takes long.
    pub holds_up: HoldsUp,
    /// The most connections that the model serves at a time, where it has a limit of its own.
    pub connections_max: Option<usize>,
    /// How many more may wait to be served, under such a limit. Whoever comes then is refused.
    pub waiting_max: Option<usize>,
    /// The first number of a descriptor that the model cannot watch, where there is one. Whoever
    /// connects past it is refused.
    pub descriptors_max: Option<usize>,
    /// Whether it serves TLS: that its connections are woken, and that they and the certificates in
    /// use are in one process.
    pub tls: bool,
    /// Whether the sockets of clients are in [workers](worker), which are processes of their own.
    pub workers: bool,
}

/// What a connection holds up when one of its calls takes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldsUp {
    /// The connections of its loop.
    Loop,
    /// One thread of a pool; the others take over the rest of the connections.
    Thread,
    /// Nothing but itself.
    Itself,
}

/// What can be chosen for every model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many loops, threads or processes drive connections, for the models that have a fixed
    /// number.
    pub workers: NonZeroUsize,
    /// What the models that have processes start as one.
    pub worker: WorkerCommand,
}

impl Default for Options {
    /// One worker per core.
    fn default() -> Self {
        let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { workers, worker: WorkerCommand::default() }
    }
}
