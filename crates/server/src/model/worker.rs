//! A worker: the process that has the sockets of clients under the models `process` and `prefork`.
//!
//! The sessions, the engine and everything behind it stay with the parent. A worker moves bytes
//! between its clients and their lines (`line.rs`), and has a [`Deputy`] that answers some requests
//! on the spot, under the mandate that the parent has given for a connection.
//!
//! ```text
//!  client ----> socket     worker     line ----> loop of the parent: Connection
//!         <----        |  Deputy   |       <----
//! ```
//!
//! A worker is the program itself, started anew, and not a fork of it: a process that has threads may
//! fork, but its child may do next to nothing until it calls `exec`, as the locks of the threads that
//! it lacks are never let go. It dies with its parent, and takes nothing with it but its clients.

pub(super) mod orders;
mod relay;

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::{Signal, set_parent_process_death_signal};

use super::Mandate;
use super::accept::{self, Acceptor, Arrived, Remedy, remedy};
use super::farewells::{self, FAREWELL_MAX, Farewells};
use super::line;
use super::phase::Phase;
use super::poller::Poller;
use super::poller::epoll::Epoll;
use super::pump::{Event, Interest, TURN_BYTES};
use super::slots::{Slots, Token};
use orders::Orders;
use relay::{Outlook, Relay};

/// How a worker is started: a program that calls [`work`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// What follows its name.
    pub arguments: Vec<OsString>,
    /// What its environment has beside the parent's.
    pub environment: Vec<(OsString, OsString)>,
}

impl Default for WorkerCommand {
    /// This program itself, with the argument `worker`. It is the same program even if the file has
    /// been replaced since.
    fn default() -> Self {
        Self {
            program: "/proc/self/exe".into(),
            arguments: vec!["worker".into()],
            environment: Vec::new(),
        }
    }
}

/// Answers requests in the place of connections that are in another process.
pub trait Deputy {
    /// Answers the request that `input` begins with: appends the reply to `output` and says how many
    /// bytes the request has. `None` when the connection has to see it, which is always right; then
    /// `output` is as it was.
    ///
    /// It may answer only as the connection would, and only while `mandate` is in force.
    fn answer(&mut self, mandate: Mandate, input: &[u8], output: &mut Vec<u8>) -> Option<usize>;
}

/// For those who have no deputy.
impl Deputy for () {
    fn answer(&mut self, _: Mandate, _: &[u8], _: &mut Vec<u8>) -> Option<usize> {
        None
    }
}

/// For those who may have one.
impl<D: Deputy> Deputy for Option<D> {
    fn answer(&mut self, mandate: Mandate, input: &[u8], output: &mut Vec<u8>) -> Option<usize> {
        self.as_mut()?.answer(mandate, input, output)
    }
}

/// Works as the parent orders by standard input, until that is done or the parent is gone.
///
/// # Errors
///
/// When there are no orders, as this was not started by a parent, or it has nothing to wait with.
pub fn work(deputy: impl Deputy) -> io::Result<()> {
    // Whoever is stuck must not outlive the parent either.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let Some(orders) = orders::take(&input)? else { return Ok(()) };
    Worker::new(input, orders, deputy)?.run()
}

struct Worker<D> {
    poller: Epoll,
    /// It ends with the parent, or before it when no more clients are to be accepted.
    orders: OwnedFd,
    doors: Vec<Acceptor>,
    /// Where lines lead to.
    lines: PathBuf,
    /// A line for the next client: nobody is accepted without one.
    spare: Option<OwnedFd>,
    seats: Slots<Seat>,
    deputy: D,
    buffer: Box<[u8]>,
    phase: Phase,
    /// The clients whose lines are over.
    farewells: Farewells,
}

/// A place for one of the two sockets of a client.
enum Seat {
    Client { relay: Box<Relay>, line: Token, watched: Outlook },
    Line { client: Token },
}

impl<D: Deputy> Worker<D> {
    fn new(input: OwnedFd, orders: Orders, deputy: D) -> io::Result<Self> {
        let mut worker = Self {
            poller: Epoll::new()?,
            orders: input,
            doors: Vec::new(),
            lines: PathBuf::new(),
            spare: None,
            seats: Slots::new(),
            deputy,
            buffer: vec![0; TURN_BYTES].into_boxed_slice(),
            phase: Phase::Serving,
            farewells: Farewells::within(FAREWELL_MAX),
        };
        match orders {
            Orders::Client { client, line } => worker.admit(Relay::new(client, line, "")?)?,
            Orders::Doors { listeners, lines } => worker.open_doors(listeners, lines)?,
        }
        Ok(worker)
    }

    fn open_doors(&mut self, listeners: Vec<TcpListener>, lines: PathBuf) -> io::Result<()> {
        self.lines = lines;
        self.poller.watch(self.orders.as_fd(), Token::SHUTDOWN, Interest::Input)?;
        for (index, listener) in listeners.into_iter().enumerate() {
            let door = Acceptor::new(index, listener)?;
            self.poller.watch(door.listener(), door.token(), Interest::Input)?;
            self.doors.push(door);
        }
        Ok(())
    }

    fn run(mut self) -> io::Result<()> {
        let mut ready = Vec::new();
        while !(self.doors.is_empty() && self.seats.is_empty()) {
            self.poller.wait(&mut ready, self.patience())?;
            for (token, event) in ready.drain(..) {
                self.attend(token, event)?;
            }
            if matches!(self.phase, Phase::Resting { .. }) && self.phase.is_past() {
                self.phase = Phase::Serving;
                self.listen(Interest::Input)?;
            }
            self.end_farewells();
        }
        Ok(())
    }

    /// How long to wait if nothing happens.
    fn patience(&self) -> Option<Duration> {
        farewells::shorter(self.phase.left(), self.farewells.left())
    }

    /// Closes the sockets of clients that have not read in time what was left for them.
    fn end_farewells(&mut self) {
        while let Some(client) = self.farewells.overdue() {
            if let Some(Seat::Client { relay, line, .. }) = self.seats.find(client) {
                let line = *line;
                relay.cut();
                self.dismiss(client, line);
            }
        }
    }

    fn attend(&mut self, token: Token, event: Event) -> io::Result<()> {
        match token {
            Token::SHUTDOWN => self.close_doors(),
            token => match token.listener() {
                Some(index) => self.accept(index),
                None => {
                    self.turn(token, event);
                    Ok(())
                }
            },
        }
    }

    fn close_doors(&mut self) -> io::Result<()> {
        self.poller.unwatch(self.orders.as_fd())?;
        for door in self.doors.drain(..) {
            self.poller.unwatch(door.listener())?;
        }
        self.spare = None;
        Ok(())
    }

    fn listen(&mut self, interest: Interest) -> io::Result<()> {
        for door in &self.doors {
            self.poller.rewatch(door.listener(), door.token(), interest)?;
        }
        Ok(())
    }

    /// Accepts one client. The others are left to whichever worker has the time.
    fn accept(&mut self, index: usize) -> io::Result<()> {
        let Some(door) = self.doors.get(index) else { return Ok(()) };
        let line = match self.spare.take().map_or_else(|| dial(&self.lines), Ok) {
            Ok(line) => line,
            Err(error) => return self.rest_after(&error),
        };
        match door.next() {
            Ok(client) => self.relay(client, line),
            Err(error) => {
                self.spare = Some(line);
                match error.kind() {
                    // Another worker was quicker.
                    ErrorKind::WouldBlock => {}
                    _ => return self.rest_after(&error),
                }
            }
        }
        Ok(())
    }

    /// What has run out for one door, or for lines, has run out for all.
    fn rest_after(&mut self, error: &io::Error) -> io::Result<()> {
        match remedy(error) {
            Remedy::Next => Ok(()),
            Remedy::Pause => {
                self.phase = Phase::Resting { until: Instant::now() + accept::PAUSE };
                self.listen(Interest::Nothing)
            }
        }
    }

    fn relay(&mut self, client: Arrived, line: OwnedFd) {
        let greeting = line::greeting(&client.arrival);
        let relay = Relay::new(client.socket, line, &greeting);
        if let Err(error) = relay.and_then(|relay| self.admit(relay)) {
            tracing::warn!(%error, "cannot take up a connection");
        }
    }

    fn admit(&mut self, relay: Relay) -> io::Result<()> {
        let watched = Outlook { client: Interest::Input, line: Some(Interest::Input) };
        let client = self.seats.upcoming();
        self.poller.watch(relay.client(), client, Interest::Input)?;
        // Its place is taken only now, as a failure leaves nothing to be given back.
        let seat = Seat::Client { relay: Box::new(relay), line: Token::NOWHERE, watched };
        self.seats.insert(seat);
        let token = self.seats.insert(Seat::Line { client });
        if let Err(error) = self.connect(client, token) {
            self.dismiss(client, token);
            return Err(error);
        }
        // The greeting has to be sent.
        self.turn(client, Event::Writable);
        Ok(())
    }

    /// Gives a client the place of its line, and watches that.
    fn connect(&mut self, client: Token, token: Token) -> io::Result<()> {
        let Some(Seat::Client { relay, line, watched }) = self.seats.find(client) else {
            return Ok(());
        };
        *line = token;
        let outcome = self.poller.watch(relay.line(), token, Interest::Input);
        outcome.inspect_err(|_| watched.line = None)
    }

    /// Lets a client act on what has become of one of its sockets.
    fn turn(&mut self, token: Token, event: Event) {
        let (client, is_line) = match self.seats.find(token) {
            Some(Seat::Client { .. }) => (token, false),
            Some(Seat::Line { client }) => (*client, true),
            None => return,
        };
        let Some(Seat::Client { relay, line, watched }) = self.seats.find(client) else { return };
        let (deputy, buffer) = (&mut self.deputy, &mut self.buffer);
        let heard = match is_line {
            true => {
                relay.hear_line(event, buffer);
                Ok(())
            }
            false => relay.hear_client(event, deputy, buffer),
        };
        let outlook = heard.and_then(|()| relay.answer(buffer));
        let (line, poller) = (*line, &mut self.poller);
        let goes_on = match outlook {
            Ok(Some(outlook)) => {
                if watched.line.is_some() && outlook.line.is_none() {
                    self.farewells.begin(client);
                }
                rewatch(poller, relay, (client, line), watched, outlook)
            }
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        if !goes_on.unwrap_or_else(|error| lost(&error)) {
            self.dismiss(client, line);
        }
    }

    fn dismiss(&mut self, client: Token, line: Token) {
        self.seats.remove(line);
        if let Some(Seat::Client { relay, watched, .. }) = self.seats.remove(client) {
            let line = watched.line.map(|_| relay.line());
            for socket in [Some(relay.client()), line].into_iter().flatten() {
                if let Err(error) = self.poller.unwatch(socket) {
                    tracing::warn!(%error, "cannot end the watch of a connection");
                }
            }
        }
    }
}

/// Watches for what the relay waits for now. Says that it goes on.
fn rewatch(
    poller: &mut Epoll,
    relay: &Relay,
    (client, line): (Token, Token),
    watched: &mut Outlook,
    outlook: Outlook,
) -> io::Result<bool> {
    if outlook.client != watched.client {
        poller.rewatch(relay.client(), client, outlook.client)?;
        watched.client = outlook.client;
    }
    if outlook.line != watched.line {
        match outlook.line {
            Some(interest) => poller.rewatch(relay.line(), line, interest)?,
            None => poller.unwatch(relay.line())?,
        }
        watched.line = outlook.line;
    }
    Ok(true)
}

fn lost(error: &io::Error) -> bool {
    tracing::debug!(%error, "lost a connection");
    false
}

/// A new line. It is there at once, or the parent has more of them waiting than it can take.
fn dial(lines: &Path) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let line = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&line, &SocketAddrUnix::new(lines)?)?;
    Ok(line)
}

#[cfg(test)]
mod tests;
