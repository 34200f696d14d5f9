//! One thread's loop over many connections, on any poller.

use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::accept::{self, Accepted, Acceptor, Arrived};
use super::balance::{self, Loops, Meter, Pressure};
use super::farewells::{self, FAREWELL_MAX, Farewells};
use super::link::{Hook, Letter, Link};
use super::mailbox::Mailbox;
use super::phase::Phase;
use super::poller::Poller;
use super::pump::{self, Event, Interest, Pump, TURN_BYTES, Turn};
use super::slots::{Slots, Token};
use super::{Service, Shutdown};

/// What a loop is told to begin with.
pub(super) struct Setup<S: Service> {
    pub(super) service: Arc<S>,
    pub(super) shutdown: Shutdown,
    /// All loops of the model, and which of them this one is.
    pub(super) loops: Arc<Loops<S::Connection>>,
    pub(super) index: usize,
    /// For the one loop that accepts for all.
    pub(super) listeners: Vec<TcpListener>,
}

/// Drives the connections of one thread.
pub(super) struct EventLoop<P, S: Service> {
    poller: P,
    service: Arc<S>,
    shutdown: Shutdown,
    loops: Arc<Loops<S::Connection>>,
    index: usize,
    mailbox: Arc<Mailbox<Letter<S::Connection>>>,
    acceptors: Vec<Acceptor>,
    links: Slots<Link<S::Connection>>,
    /// The connections that have heard something in this round, and have yet to answer.
    heard: Vec<Token>,
    buffer: Box<[u8]>,
    meter: Meter,
    phase: Phase,
    /// The connections that have little to send yet, and nothing else to do.
    farewells: Farewells,
}

impl<P: Poller, S: Service> EventLoop<P, S> {
    /// Sets everything up, so that nothing but the poller can fail later.
    pub(super) fn new(setup: Setup<S>) -> io::Result<Self> {
        let Setup { service, shutdown, loops, index, listeners } = setup;
        let (mut poller, mailbox) = (P::new()?, Arc::clone(loops.mailbox(index)));
        poller.watch(mailbox.bell(), Token::BELL, Interest::Input)?;
        poller.watch(shutdown.as_fd(), Token::SHUTDOWN, Interest::Input)?;
        let each = listeners.into_iter().enumerate();
        let acceptors =
            each.map(|(at, one)| Acceptor::new(at, one)).collect::<io::Result<Vec<_>>>()?;
        for acceptor in &acceptors {
            poller.watch(acceptor.listener(), acceptor.token(), Interest::Input)?;
        }
        Ok(Self {
            poller,
            service,
            shutdown,
            loops,
            index,
            mailbox,
            acceptors,
            links: Slots::new(),
            heard: Vec::new(),
            buffer: vec![0; TURN_BYTES].into_boxed_slice(),
            meter: Meter::new(),
            phase: Phase::Serving,
            farewells: Farewells::within(FAREWELL_MAX),
        })
    }

    /// Serves until a shutdown is over, and then cuts what is left of the connections.
    ///
    /// # Errors
    ///
    /// When the poller fails, which leaves nothing to wait with.
    pub(super) fn run(mut self) -> io::Result<()> {
        // It measures the thread that makes it.
        self.meter = Meter::new();
        let served = self.serve();
        self.mailbox.close();
        let left = self.links.tokens();
        if !left.is_empty() {
            tracing::warn!(connections = left.len(), "cut at the end of the shutdown");
        }
        left.into_iter().for_each(|token| self.close(token));
        served
    }

    fn serve(&mut self) -> io::Result<()> {
        let (mut ready, mut letters) = (Vec::new(), Vec::new());
        while !self.is_over() {
            self.round(&mut ready, &mut letters)?;
        }
        Ok(())
    }

    /// One wait, and a turn for all whom it or the mail concerns: first all hear, then all answer.
    /// The lists come and go empty; lending them spares their allocation in each round.
    fn round(
        &mut self,
        ready: &mut Vec<(Token, Event)>,
        letters: &mut Vec<Letter<S::Connection>>,
    ) -> io::Result<()> {
        self.poller.wait(ready, self.patience())?;
        self.mailbox.collect(letters);
        self.open_all(letters);
        for (token, event) in ready.drain(..) {
            self.attend(token, event)?;
            if self.is_loaded(token) {
                // A connection that is to end for it gives back what it holds, before another hears.
                self.mailbox.collect(letters);
                self.open_all(letters);
            }
        }
        self.end_rest()?;
        self.end_farewells();
        self.balance();
        self.answer();
        Ok(())
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
        let patience = self.phase.left().or_else(|| self.meter.patience());
        farewells::shorter(patience, self.farewells.left())
    }

    fn attend(&mut self, token: Token, event: Event) -> io::Result<()> {
        match token {
            Token::BELL => self.mailbox.silence(),
            Token::SHUTDOWN => self.drain()?,
            token => match token.listener() {
                Some(index) => self.accept(index)?,
                None => self.hear(token, event),
            },
        }
        Ok(())
    }

    /// Whether a connection holds so much that others may have to make room for it.
    fn is_loaded(&mut self, token: Token) -> bool {
        self.links.find(token).is_some_and(|link| link.pump.output_bytes() > TURN_BYTES)
    }

    fn open_all(&mut self, letters: &mut Vec<Letter<S::Connection>>) {
        letters.drain(..).for_each(|letter| self.open(letter));
    }

    fn open(&mut self, letter: Letter<S::Connection>) {
        match letter {
            Letter::Woken(token) => self.hear(token, Event::Woken),
            Letter::Adopt(client) => self.adopt(client),
            Letter::Take(link) => self.take(*link),
        }
    }

    fn accept(&mut self, index: usize) -> io::Result<()> {
        let Some(acceptor) = self.acceptors.get(index) else { return Ok(()) };
        let mut clients = Vec::new();
        if acceptor.accept(&mut clients) == Accepted::Exhausted {
            self.listen(Interest::Nothing)?;
            self.phase = Phase::Resting { until: Instant::now() + accept::PAUSE };
        }
        clients.into_iter().for_each(|client| self.place(client));
        Ok(())
    }

    /// What has run out for one listener has run out for all.
    fn listen(&mut self, interest: Interest) -> io::Result<()> {
        for acceptor in &self.acceptors {
            self.poller.rewatch(acceptor.listener(), acceptor.token(), interest)?;
        }
        Ok(())
    }

    fn place(&mut self, client: Arrived) {
        match self.loops.place() {
            index if index == self.index => self.adopt(client),
            // A loop that is over has begun to shut down, and takes no more clients.
            index => drop(self.loops.mailbox(index).send(Letter::Adopt(client))),
        }
    }

    fn end_rest(&mut self) -> io::Result<()> {
        if matches!(self.phase, Phase::Resting { .. }) && self.phase.is_past() {
            self.phase = Phase::Serving;
            self.listen(Interest::Input)?;
        }
        Ok(())
    }

    /// Cuts those whose last output was not taken in time.
    fn end_farewells(&mut self) {
        while let Some(token) = self.farewells.overdue() {
            self.close(token);
        }
    }

    fn drain(&mut self) -> io::Result<()> {
        let Some(deadline) = self.shutdown.deadline() else { return Ok(()) };
        self.phase = Phase::Draining { deadline };
        self.poller.unwatch(self.shutdown.as_fd())?;
        for acceptor in self.acceptors.drain(..) {
            self.poller.unwatch(acceptor.listener())?;
        }
        for token in self.links.tokens() {
            self.hear(token, Event::Drain);
        }
        Ok(())
    }

    /// Opens a connection for a client, unless the shutdown has begun.
    fn adopt(&mut self, client: Arrived) {
        if self.phase.is_draining() {
            return;
        }
        let ready = client.socket.set_nodelay(true);
        match ready.and_then(|()| self.watch(&client.socket)) {
            Ok(()) => self.connect(client),
            Err(error) => {
                let refusal = accept::turn_away(&*self.service, client.arrival, &error);
                accept::refuse(&client.socket, &refusal, &mut self.buffer);
            }
        }
    }

    /// Watches the socket of the link that is inserted next.
    fn watch(&mut self, socket: &impl AsFd) -> io::Result<()> {
        self.poller.watch(socket.as_fd(), self.links.upcoming(), Interest::Input)
    }

    fn connect(&mut self, client: Arrived) {
        let Arrived { socket, arrival } = client;
        let hook = Arc::new(Hook::new(Arc::clone(&self.mailbox), self.links.upcoming()));
        let waker = Waker::from(Arc::clone(&hook));
        let opened = pump::guarded(|| self.service.connect(waker, arrival));
        if let Some(Ok(connection)) = opened {
            let (pump, watched) = (Pump::new(connection), Interest::Input);
            let socket = socket.into();
            let link = Link { socket, pump, hook, watched, is_bounded: false, turns: 0 };
            let token = self.links.insert(link);
            // Its first turn finds out what it really waits for, and sends a greeting.
            return self.hear(token, Event::Writable);
        }
        self.unwatch(&socket);
        if let Some(Err(refusal)) = opened {
            accept::refuse(&socket, &refusal, &mut self.buffer);
        }
    }

    /// Measures the load, and hands over half of it when it stays too high.
    fn balance(&mut self) {
        let Some(load) = self.meter.read() else { return };
        self.loops.report(self.index, load);
        match (self.meter.pressure(), self.phase) {
            (Pressure::Rising, _) => self.links.iter_mut().for_each(|link| link.turns = 0),
            (Pressure::Lasting, Phase::Serving) => {
                if let Some(relief) = self.loops.relief(self.index) {
                    self.relieve(relief);
                }
            }
            _ => {}
        }
    }

    fn relieve(&mut self, relief: usize) {
        let turns = self.links.iter().map(|(token, link)| (token, link.turns));
        let leaving = balance::half(turns);
        tracing::debug!(connections = leaving.len(), from = self.index, to = relief, "handed over");
        leaving.into_iter().for_each(|token| self.hand_over(token, relief));
    }

    fn hand_over(&mut self, token: Token, other: usize) {
        let Some(link) = self.part_with(token) else { return };
        if let Err(Letter::Take(link)) =
            self.loops.mailbox(other).send(Letter::Take(Box::new(link)))
        {
            self.take(*link);
        }
    }

    /// Takes over a connection. It is resumed, as a wake may have gone to its former loop.
    fn take(&mut self, mut link: Link<S::Connection>) {
        link.hook.move_to(Arc::clone(&self.mailbox), self.links.upcoming());
        (link.watched, link.is_bounded) = (Interest::Input, false);
        if let Err(error) = self.watch(&link.socket) {
            tracing::warn!(%error, "cannot take over a connection");
            return;
        }
        let token = self.links.insert(link);
        self.hear(token, Event::Woken);
        if self.phase.is_draining() {
            self.hear(token, Event::Drain);
        }
    }

    fn hear(&mut self, token: Token, event: Event) {
        let Some(link) = self.links.find(token) else { return };
        link.turns = link.turns.saturating_add(1);
        if event == Event::Woken {
            link.hook.rearm();
        }
        link.pump.hear(&mut &link.socket, event, &mut self.buffer);
        self.heard.push(token);
    }

    fn answer(&mut self) {
        let mut heard = std::mem::take(&mut self.heard);
        for token in heard.drain(..) {
            let Some(link) = self.links.find(token) else { continue };
            let turn = link.pump.answer(&mut &link.socket, &mut self.buffer);
            if turn == Turn::Open(Interest::Room)
                && !link.is_bounded
                && link.pump.is_saying_farewell()
            {
                link.is_bounded = true;
                self.farewells.begin(token);
            }
            match turn {
                Turn::Open(interest) if interest == link.watched => {}
                Turn::Open(interest) => self.rewatch(token, interest),
                Turn::Closed => self.close(token),
            }
        }
        self.heard = heard;
    }

    fn rewatch(&mut self, token: Token, interest: Interest) {
        let Some(link) = self.links.find(token) else { return };
        link.watched = interest;
        if let Err(error) = self.poller.rewatch(link.socket.as_fd(), token, interest) {
            tracing::warn!(%error, "cannot watch a connection any longer");
            self.close(token);
        }
    }

    fn close(&mut self, token: Token) {
        let Some(link) = self.part_with(token) else { return };
        pump::guarded(|| drop(link));
    }

    fn part_with(&mut self, token: Token) -> Option<Link<S::Connection>> {
        let link = self.links.remove(token)?;
        self.unwatch(&link.socket);
        Some(link)
    }

    fn unwatch(&mut self, socket: &impl AsFd) {
        if let Err(error) = self.poller.unwatch(socket.as_fd()) {
            tracing::warn!(%error, "cannot end the watch of a connection");
        }
    }
}

#[cfg(test)]
mod tests;
