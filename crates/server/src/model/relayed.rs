//! Relayed: a client whose socket is in a worker, as the parent serves it.
//!
//! To the parent's loops a [line](super::line) is a socket like any other, and a [`Relayed`] the
//! connection on it: an adapter that frames what the service's connection has to say.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::Waker;

use super::balance::Loops;
use super::cores::run_all;
use super::event_loop::{EventLoop, Setup};
use super::line::{Greeted, Mark, NotGreeted, frame_mark, frame_output};
use super::link::{Hook, Letter, Link};
use super::poller::epoll::Epoll;
use super::pump::{Interest, Pump};
use super::slots::Token;
use super::{Arrival, Connection, Options, Service, Shutdown};
use crate::outbox::Outbox;

/// How many bytes of frames are ready at most. More is left with the connection until some are sent,
/// so that its own bounds go by what is really under way.
const FRAMES_BYTES_MAX: usize = 64 * 1024;

/// The connection on a line.
pub(super) struct Relayed<S: Service> {
    stage: Stage<S>,
    /// How many bytes of the client have come.
    received: u64,
    frames: Outbox,
    /// The last frame, if it was a mark.
    marked: Option<Mark>,
}

enum Stage<S: Service> {
    /// The client is about to be announced by its worker.
    Expected {
        service: Arc<S>,
        waker: Waker,
        greeted: Greeted,
    },
    Open(S::Connection),
    /// Only what is framed is left to be sent.
    Over,
}

impl<S: Service> Relayed<S> {
    /// The connection of a client that is known.
    fn open(connection: S::Connection) -> Self {
        Self::new(Stage::Open(connection))
    }

    /// That of the client whose greeting comes next.
    fn expected(service: Arc<S>, waker: Waker) -> Self {
        Self::new(Stage::Expected { service, waker, greeted: Greeted::default() })
    }

    fn new(stage: Stage<S>) -> Self {
        let mut new = Self { stage, received: 0, frames: Outbox::default(), marked: None };
        new.frame();
        new
    }

    /// Goes on with the greeting, and opens the connection once it is there.
    fn greet(&mut self, bytes: &[u8]) {
        let Stage::Expected { service, waker, greeted } = &mut self.stage else { return };
        let (arrival, rest) = match greeted.hear(bytes) {
            Ok(Some(greeting)) => greeting,
            Ok(None) => return,
            Err(NotGreeted) => {
                tracing::error!("a worker announced a client in words that make no sense");
                self.stage = Stage::Over;
                return;
            }
        };
        match service.connect(waker.clone(), arrival) {
            Ok(connection) => {
                self.stage = Stage::Open(connection);
                match rest {
                    [] => self.frame(),
                    rest => self.receive(rest),
                }
            }
            Err(refusal) => {
                self.stage = Stage::Over;
                frame_output(&refusal, self.frames.end());
            }
        }
    }

    /// Calls the connection, if it is open, and frames what comes of it.
    fn call(&mut self, call: impl FnOnce(&mut S::Connection)) {
        if let Stage::Open(connection) = &mut self.stage {
            call(connection);
        }
        self.frame();
    }

    fn frame(&mut self) {
        let Stage::Open(connection) = &mut self.stage else { return };
        while self.frames.len() < FRAMES_BYTES_MAX && !connection.output().is_empty() {
            let count = frame_output(connection.output(), self.frames.end());
            connection.sent(count);
            self.marked = None;
        }
        if connection.output().is_empty()
            && let Some(mandate) = connection.mandate()
        {
            let mark = Mark { received: self.received, mandate };
            if self.marked.replace(mark) != Some(mark) {
                frame_mark(mark, self.frames.end());
            }
        }
    }

    /// Ends what has not begun.
    fn end_expectation(&mut self) {
        if matches!(self.stage, Stage::Expected { .. }) {
            self.stage = Stage::Over;
        }
    }
}

impl<S: Service> Connection for Relayed<S> {
    fn receive(&mut self, bytes: &[u8]) {
        match &mut self.stage {
            Stage::Expected { .. } => self.greet(bytes),
            Stage::Open(_) => {
                self.received += bytes.len() as u64;
                self.call(|connection| connection.receive(bytes));
            }
            Stage::Over => {}
        }
    }

    fn resume(&mut self) {
        self.call(Connection::resume);
    }

    fn output(&self) -> &[u8] {
        self.frames.unsent()
    }

    fn sent(&mut self, count: usize) {
        self.frames.sent(count);
        self.frame();
    }

    fn wants_input(&self) -> bool {
        match &self.stage {
            Stage::Expected { .. } => true,
            Stage::Open(connection) => connection.wants_input(),
            Stage::Over => false,
        }
    }

    fn end_of_input(&mut self) {
        self.end_expectation();
        self.call(Connection::end_of_input);
    }

    fn drain(&mut self) {
        self.end_expectation();
        self.call(Connection::drain);
    }

    fn is_finished(&self) -> bool {
        match &self.stage {
            Stage::Expected { .. } => false,
            Stage::Open(connection) => connection.is_finished() && connection.output().is_empty(),
            Stage::Over => true,
        }
    }

    /// A worker takes no more of it while its client takes nothing, and cannot know that this is all.
    fn is_saying_farewell(&self) -> bool {
        self.is_finished() && self.frames.len() > 0
    }
}

/// The service of the parent's loops.
struct Relays<S>(Arc<S>);

impl<S: Service> Service for Relays<S> {
    type Connection = Relayed<S>;

    fn connect(&self, waker: Waker, arrival: Arrival) -> Result<Relayed<S>, Vec<u8>> {
        self.0.connect(waker, arrival).map(Relayed::open)
    }

    fn refusal(&self, arrival: Arrival, reason: &str) -> Vec<u8> {
        self.0.refusal(arrival, reason)
    }
}

/// The loops of the parent, and how a line comes to one.
pub(super) struct Switchboard<S: Service> {
    relays: Relays<S>,
    loops: Arc<Loops<Relayed<S>>>,
}

/// A place at one of the loops.
pub(super) struct Seat<S: Service> {
    index: usize,
    hook: Arc<Hook<Letter<Relayed<S>>>>,
}

impl<S: Service> Switchboard<S> {
    /// A place for the next line.
    pub(super) fn seat(&self) -> Seat<S> {
        let index = self.loops.place();
        let mailbox = Arc::clone(self.loops.mailbox(index));
        Seat { index, hook: Arc::new(Hook::new(mailbox, Token::NOWHERE)) }
    }

    /// Opens the connection of a client that is about to have a line, unless the service refuses it.
    pub(super) fn open(&self, seat: &Seat<S>, arrival: Arrival) -> Result<Relayed<S>, Vec<u8>> {
        self.relays.connect(Waker::from(Arc::clone(&seat.hook)), arrival)
    }

    /// Serves the client that is announced on `line`.
    pub(super) fn expect(&self, line: OwnedFd) {
        let seat = self.seat();
        let waker = Waker::from(Arc::clone(&seat.hook));
        self.put_through(seat, Relayed::expected(Arc::clone(&self.relays.0), waker), line);
    }

    /// Has `connection` served on `line`.
    pub(super) fn put_through(&self, seat: Seat<S>, connection: Relayed<S>, line: OwnedFd) {
        let Seat { index, hook } = seat;
        let (pump, watched) = (Pump::new(connection), Interest::Input);
        let link = Link { socket: line, pump, hook, watched, is_bounded: false, turns: 0 };
        // A loop that is over has begun to shut down, and takes no more clients.
        drop(self.loops.mailbox(index).send(Letter::Take(Box::new(link))));
    }

    pub(super) fn service(&self) -> &S {
        &self.relays.0
    }
}

/// Runs a model whose sockets are in workers: the loops that serve their lines, and beside them `attend`,
/// which sees to the workers until the shutdown is over.
pub(super) fn serve<S: Service>(
    service: Arc<S>,
    options: &Options,
    shutdown: &Shutdown,
    attend: impl FnOnce(Switchboard<S>) -> io::Result<()> + Send,
) -> io::Result<()> {
    let loops = Arc::new(Loops::new(options.workers.get())?);
    let relays = || Relays(Arc::clone(&service));
    let mut parts: Vec<Box<dyn FnOnce() -> io::Result<()> + Send + '_>> = Vec::new();
    for index in 0..options.workers.get() {
        let setup = Setup {
            service: Arc::new(relays()),
            shutdown: shutdown.clone(),
            loops: Arc::clone(&loops),
            index,
            listeners: Vec::new(),
        };
        let work = EventLoop::<Epoll, Relays<S>>::new(setup)?;
        parts.push(Box::new(move || work.run()));
    }
    let switchboard = Switchboard { relays: relays(), loops };
    parts.push(Box::new(move || attend(switchboard)));
    run_all(parts, shutdown)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has finished, and all of this to send yet.
    struct Leaving(Vec<u8>);

    impl Connection for Leaving {
        fn receive(&mut self, _: &[u8]) {}

        fn resume(&mut self) {}

        fn output(&self) -> &[u8] {
            &self.0
        }

        fn sent(&mut self, count: usize) {
            self.0.drain(..count);
        }

        fn wants_input(&self) -> bool {
            false
        }

        fn end_of_input(&mut self) {}

        fn drain(&mut self) {}

        fn is_finished(&self) -> bool {
            true
        }
    }

    struct Farewells;

    impl Service for Farewells {
        type Connection = Leaving;

        fn connect(&self, _: Waker, _: Arrival) -> Result<Leaving, Vec<u8>> {
            Err(Vec::new())
        }

        fn refusal(&self, _: Arrival, _: &str) -> Vec<u8> {
            Vec::new()
        }
    }

    #[test]
    fn a_farewell_begins_when_the_last_output_is_framed() {
        let mut relayed = Relayed::<Farewells>::open(Leaving(vec![b'x'; 4 * FRAMES_BYTES_MAX]));
        assert!(!relayed.is_saying_farewell(), "its own limits hold for what it has");
        while !relayed.is_finished() {
            relayed.sent(1000);
        }
        assert!(relayed.is_saying_farewell());
        relayed.sent(relayed.output().len());
        assert!(!relayed.is_saying_farewell());
    }
}
