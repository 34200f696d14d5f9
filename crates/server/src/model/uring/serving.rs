//! One thread's loop over the connections of its ring.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::link::Link;
use super::portions::Portion;
use super::ring::{Completion, Outcome, Ring};
use crate::model::accept::{self, Remedy};
use crate::model::farewells::{self, FAREWELL_MAX, Farewells};
use crate::model::link::Hook;
use crate::model::mailbox::Mailbox;
use crate::model::phase::Phase;
use crate::model::pump::{self, Event, TURN_BYTES};
use crate::model::slots::{Slots, Token};
use crate::model::{Arrival, Service, Shutdown};

/// What a loop is told to begin with.
pub(super) struct Setup<S: Service> {
    pub(super) service: Arc<S>,
    pub(super) shutdown: Shutdown,
    /// Those of all loops.
    pub(super) listeners: Arc<[TcpListener]>,
}

/// Drives the connections of one ring.
pub(super) struct Serving<S: Service> {
    ring: Ring,
    service: Arc<S>,
    shutdown: Shutdown,
    mailbox: Arc<Mailbox<Token>>,
    listeners: Arc<[TcpListener]>,
    /// The request by which each listener accepts, while it does.
    accepting: Vec<Option<Token>>,
    links: Slots<Link<S::Connection>>,
    /// The connections that have heard something in this round, and have yet to answer.
    heard: Vec<Token>,
    buffer: Box<[u8]>,
    phase: Phase,
    /// The connections that are over.
    farewells: Farewells,
}

impl<S: Service> Serving<S> {
    pub(super) fn new(ring: Ring, setup: Setup<S>) -> io::Result<Self> {
        let Setup { service, shutdown, listeners } = setup;
        let mut serving = Self {
            ring,
            service,
            shutdown,
            mailbox: Arc::new(Mailbox::new()?),
            accepting: vec![None; listeners.len()],
            listeners,
            links: Slots::new(),
            heard: Vec::new(),
            buffer: vec![0; TURN_BYTES].into_boxed_slice(),
            phase: Phase::Serving,
            farewells: Farewells::within(FAREWELL_MAX),
        };
        serving.ring.watch(serving.mailbox.bell(), Token::BELL)?;
        serving.ring.watch(serving.shutdown.as_fd(), Token::SHUTDOWN)?;
        serving.listen()?;
        Ok(serving)
    }

    /// Serves until a shutdown is over, and then cuts what is left of the connections.
    ///
    /// # Errors
    ///
    /// When the ring fails, which leaves nothing to wait with.
    pub(super) fn run(mut self) -> io::Result<()> {
        let served = self.serve();
        let Self { ring, mailbox, mut links, .. } = self;
        // While there is the ring, the kernel may work on the sockets.
        drop(ring);
        mailbox.close();
        let left = links.tokens();
        if !left.is_empty() {
            tracing::warn!(connections = left.len(), "cut at the end of the shutdown");
        }
        for token in left {
            let link = links.remove(token);
            pump::guarded(|| drop(link));
        }
        served
    }

    fn serve(&mut self) -> io::Result<()> {
        let (mut completions, mut woken) = (Vec::new(), Vec::new());
        while !self.is_over() {
            self.round(&mut completions, &mut woken)?;
        }
        Ok(())
    }

    /// One wait, and a turn for all whom it or the mail concerns: first all hear, then all answer.
    /// The lists come and go empty; lending them spares their allocation in each round.
    fn round(
        &mut self,
        completions: &mut Vec<Completion>,
        woken: &mut Vec<Token>,
    ) -> io::Result<()> {
        let patience = self.patience();
        self.ring.wait(completions, patience)?;
        if self.phase.is_draining() {
            // No request that names a listener is left unsubmitted.
            self.listeners = Arc::new([]);
        }
        self.mailbox.collect(woken);
        woken.drain(..).for_each(|token| self.hear(token, Event::Woken));
        completions.drain(..).try_for_each(|completion| self.attend(completion))?;
        self.end_rest()?;
        self.end_farewells();
        self.answer()
    }

    fn is_over(&self) -> bool {
        let is_done = || self.links.is_empty() && self.mailbox.close_if_empty();
        self.phase.is_draining() && (is_done() || self.phase.is_past())
    }

    /// How long the loop may sleep if nothing happens.
    fn patience(&self) -> Option<Duration> {
        if !self.mailbox.may_sleep() {
            return Some(Duration::ZERO);
        }
        farewells::shorter(self.phase.left(), self.farewells.left())
    }

    fn attend(&mut self, completion: Completion) -> io::Result<()> {
        let Completion { about, outcome, is_last } = completion;
        match outcome {
            Outcome::Accepted(accepted) => self.accepted(about, accepted, is_last)?,
            Outcome::Received(received) => self.received(about, received, is_last),
            Outcome::Sent(sent, bytes) => {
                if let Some(link) = self.links.find(about) {
                    link.ended_sending(sent, bytes);
                    self.heard.push(about);
                }
            }
            Outcome::Readable if about == Token::BELL => {
                self.mailbox.silence();
                self.ring.watch(self.mailbox.bell(), Token::BELL)?;
            }
            Outcome::Readable => self.drain()?,
            Outcome::Cancelled => {}
        }
        Ok(())
    }

    /// Accepts at every listener that does not yet.
    fn listen(&mut self) -> io::Result<()> {
        for (index, accepting) in self.accepting.iter_mut().enumerate() {
            if accepting.is_none() {
                let listener = &self.listeners[index];
                *accepting = Some(self.ring.accept(listener, Token::of_listener(index))?);
            }
        }
        Ok(())
    }

    fn accepted(
        &mut self,
        about: Token,
        accepted: io::Result<OwnedFd>,
        is_last: bool,
    ) -> io::Result<()> {
        let Some(index) = about.listener() else { return Ok(()) };
        if is_last {
            self.accepting[index] = None;
        }
        match accepted {
            _ if self.phase.is_draining() => return Ok(()),
            Ok(socket) => self.adopt(index, TcpStream::from(socket)),
            Err(error) => match accept::remedy(&error) {
                Remedy::Next => {}
                Remedy::Pause => {
                    self.phase = Phase::Resting { until: Instant::now() + accept::PAUSE };
                }
            },
        }
        if matches!(self.phase, Phase::Serving) { self.listen() } else { Ok(()) }
    }

    fn end_rest(&mut self) -> io::Result<()> {
        if matches!(self.phase, Phase::Resting { .. }) && self.phase.is_past() {
            self.phase = Phase::Serving;
            self.listen()?;
        }
        Ok(())
    }

    /// Cuts the clients that have not read in time what was left for them.
    fn end_farewells(&mut self) {
        while let Some(token) = self.farewells.overdue() {
            self.links.find(token).into_iter().for_each(|link| link.cut());
        }
    }

    fn adopt(&mut self, listener: usize, socket: TcpStream) {
        let addresses = || {
            socket.set_nodelay(true)?;
            Ok((socket.peer_addr()?, socket.local_addr()?))
        };
        match addresses() {
            Ok((peer, local)) => self.connect(socket, Arrival { listener, peer, local }),
            Err::<_, io::Error>(error) => tracing::debug!(%error, "a client left at once"),
        }
    }

    fn connect(&mut self, socket: TcpStream, arrival: Arrival) {
        let hook = Arc::new(Hook::new(Arc::clone(&self.mailbox), self.links.upcoming()));
        let waker = Waker::from(Arc::clone(&hook));
        match pump::guarded(|| self.service.connect(waker, arrival)) {
            Some(Ok(connection)) => {
                let token = self.links.insert(Link::new(socket, connection, hook));
                // Its first turn finds out what it really waits for, and sends a greeting.
                self.hear(token, Event::Writable);
            }
            Some(Err(refusal)) => accept::refuse(&socket, &refusal, &mut self.buffer),
            None => {}
        }
    }

    fn received(&mut self, token: Token, received: io::Result<Option<Portion>>, is_last: bool) {
        let Some(link) = self.links.find(token) else { return };
        if is_last {
            link.ended_receiving();
        }
        match received {
            Ok(Some(portion)) => {
                link.take_in(self.ring.bytes(&portion), &mut self.buffer);
                self.ring.give_back(portion);
            }
            Ok(None) => link.end_input(Ok(())),
            Err(error) if is_interruption(&error) => {}
            Err(error) => link.end_input(Err(error)),
        }
        self.heard.push(token);
    }

    fn drain(&mut self) -> io::Result<()> {
        let Some(deadline) = self.shutdown.deadline() else { return Ok(()) };
        self.phase = Phase::Draining { deadline };
        for accepting in self.accepting.iter().flatten() {
            self.ring.cancel(*accepting)?;
        }
        self.links.tokens().into_iter().for_each(|token| self.hear(token, Event::Drain));
        Ok(())
    }

    fn hear(&mut self, token: Token, event: Event) {
        let Some(link) = self.links.find(token) else { return };
        link.hear(event, &mut self.buffer);
        self.heard.push(token);
    }

    fn answer(&mut self) -> io::Result<()> {
        let mut heard = std::mem::take(&mut self.heard);
        for token in heard.drain(..) {
            let Some(link) = self.links.find(token) else { continue };
            if link.answer(&mut self.ring, token, &mut self.buffer)? {
                if link.begins_farewell() {
                    self.farewells.begin(token);
                }
            } else {
                let ended = self.links.remove(token);
                ended.into_iter().for_each(|link| link.close(&mut self.buffer));
            }
        }
        self.heard = heard;
        Ok(())
    }
}

/// The request was cancelled, or all buffers were in use. It can be made again.
fn is_interruption(error: &io::Error) -> bool {
    let known = [Errno::CANCELED, Errno::NOBUFS];
    Errno::from_io_error(error).is_some_and(|errno| known.contains(&errno))
}

#[cfg(test)]
mod tests;
