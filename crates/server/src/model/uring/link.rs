//! One connection of a ring: what has come and what is to be sent, until the kernel has it.

use std::io::{self, ErrorKind};
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rustix::net::sockopt;

use super::ring::Ring;
use crate::model::Connection;
use crate::model::farewells::{self, FAREWELL_MAX};
use crate::model::link::Hook;
use crate::model::pump::{self, Event, Interest, Pump, TURN_BYTES, Turn, Wire};
use crate::model::slots::Token;

/// Memory for output that is kept for the next.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// What a ring holds of one client.
pub(super) struct Link<C> {
    socket: TcpStream,
    /// `None` when the connection has finished, and only what it has sent is on its way yet.
    pump: Option<Pump<C>>,
    hook: Arc<Hook<Token>>,
    inbox: Inbox,
    /// What is sent next, once the kernel has no more of this connection.
    outbox: Vec<u8>,
    /// The request by which input comes.
    receiving: Option<Token>,
    /// It was cancelled, and has yet to complete.
    is_cancelled: bool,
    is_sending: bool,
    /// Its last output has a bound already.
    is_bounded: bool,
}

/// What has come and is not welcome at present: at most as much as the ring has buffers for, and what
/// comes until the kernel knows.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    lent: Vec<u8>,
    end: Option<io::Result<()>>,
}

impl Inbox {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.end.is_none()
    }
}

impl<C: Connection> Link<C> {
    pub(super) fn new(socket: TcpStream, connection: C, hook: Arc<Hook<Token>>) -> Self {
        Self {
            socket,
            pump: Some(Pump::new(connection)),
            hook,
            inbox: Inbox::default(),
            outbox: Vec::new(),
            receiving: None,
            is_cancelled: false,
            is_sending: false,
            is_bounded: false,
        }
    }

    pub(super) fn hear(&mut self, event: Event, buffer: &mut [u8]) {
        if event == Event::Woken {
            self.hook.rearm();
        }
        self.hear_with(event, &[], buffer);
    }

    /// Takes in bytes that the kernel has received.
    pub(super) fn take_in(&mut self, bytes: &[u8], buffer: &mut [u8]) {
        self.hear_with(Event::Readable, bytes, buffer);
    }

    /// Notes that nothing more will come: the peer has ended its side, or the connection is broken.
    pub(super) fn end_input(&mut self, end: io::Result<()>) {
        self.inbox.end = Some(end);
    }

    /// Notes that the request is over by which input came.
    pub(super) fn ended_receiving(&mut self) {
        (self.receiving, self.is_cancelled) = (None, false);
    }

    /// Notes that what was given to the kernel is sent, or cannot be.
    pub(super) fn ended_sending(&mut self, sent: io::Result<()>, mut bytes: Vec<u8>) {
        self.is_sending = false;
        if let Err(error) = sent {
            tracing::debug!(%error, "lost a connection");
            self.outbox.clear();
            self.finish();
        } else if self.outbox.is_empty() && bytes.capacity() <= KEPT_BYTES_MAX {
            bytes.clear();
            self.outbox = bytes;
        }
    }

    /// Answers, and leaves with the kernel what follows from it. Whether the link goes on.
    pub(super) fn answer(
        &mut self,
        ring: &mut Ring,
        token: Token,
        buffer: &mut [u8],
    ) -> io::Result<bool> {
        let interest = self.converse(buffer);
        if !self.outbox.is_empty() && !self.is_sending {
            let bytes = mem::take(&mut self.outbox);
            ring.send(&self.socket, bytes, token)?;
            self.is_sending = true;
        }
        match (interest.input(), self.receiving) {
            (true, None) => self.receiving = Some(ring.receive(&self.socket, token)?),
            (false, Some(receiving)) if !self.is_cancelled && !self.is_saying_farewell() => {
                ring.cancel(receiving)?;
                self.is_cancelled = true;
            }
            _ => {}
        }
        Ok(self.pump.is_some() || self.is_sending || self.receiving.is_some())
    }

    /// Its last output is on the way: a peer that leaves meanwhile is noticed sooner by the request
    /// for its input.
    fn is_saying_farewell(&self) -> bool {
        self.pump.is_none() && self.is_sending
    }

    /// Whether its last output is on the way since the last answer. Says so once.
    pub(super) fn begins_farewell(&mut self) -> bool {
        !mem::replace(&mut self.is_bounded, self.pump.is_none()) && self.is_bounded
    }

    /// Ends what the kernel does with its socket, which completes all requests, and so the link.
    pub(super) fn cut(&self) {
        farewells::cut(&self.socket);
        if let Err(error) = self.socket.shutdown(Shutdown::Both) {
            tracing::debug!(%error, "a connection that is cut was broken");
        }
    }

    /// Has the connection answer until it has heard all that it wants to. What it waits for then.
    fn converse(&mut self, buffer: &mut [u8]) -> Interest {
        loop {
            match self.turn(buffer) {
                Some(Turn::Open(interest)) if interest.input() && !self.inbox.is_empty() => {
                    self.hear_with(Event::Readable, &[], buffer);
                }
                Some(Turn::Open(interest)) => return interest,
                Some(Turn::Closed) => self.finish(),
                None => return Interest::Nothing,
            }
        }
    }

    fn turn(&mut self, buffer: &mut [u8]) -> Option<Turn> {
        let pump = self.pump.as_mut()?;
        let mut wire = RingWire { fresh: &[], inbox: &mut self.inbox, outbox: &mut self.outbox };
        Some(pump.answer(&mut wire, buffer))
    }

    fn hear_with(&mut self, event: Event, fresh: &[u8], buffer: &mut [u8]) {
        let Some(pump) = &mut self.pump else { return };
        let mut wire = RingWire { fresh, inbox: &mut self.inbox, outbox: &mut self.outbox };
        pump.hear(&mut wire, event, buffer);
        let unwelcome = wire.fresh;
        self.inbox.bytes.extend_from_slice(unwelcome);
        self.inbox.lent = Vec::new();
    }

    /// Lets go of the connection. Its socket is closed when its last output has left.
    fn finish(&mut self) {
        let pump = self.pump.take();
        pump::guarded(|| drop(pump));
        self.inbox = Inbox::default();
        // For what the kernel has yet to send when the socket is closed.
        let patience = FAREWELL_MAX.as_millis() as u32;
        if let Err(error) = sockopt::set_tcp_user_timeout(&self.socket, patience) {
            tracing::debug!(%error, "what is left in a closed socket has no bound");
        }
    }

    /// Closes the socket, with nothing left in it that would have the peer lose the last output.
    pub(super) fn close(self, buffer: &mut [u8]) {
        pump::discard_input(&mut &self.socket, buffer);
        pump::guarded(|| drop(self));
    }
}

/// The socket as the pump sees it. What comes is in the ring already, and what is sent is put aside
/// for it.
struct RingWire<'f, 'l> {
    /// What has just come.
    fresh: &'f [u8],
    inbox: &'l mut Inbox,
    outbox: &'l mut Vec<u8>,
}

impl Wire for RingWire<'_, '_> {
    fn recv<'a>(&'a mut self, _: &'a mut [u8]) -> io::Result<&'a [u8]> {
        if !self.inbox.bytes.is_empty() {
            self.inbox.lent = mem::take(&mut self.inbox.bytes);
            return Ok(&self.inbox.lent);
        }
        if !self.fresh.is_empty() {
            return Ok(mem::take(&mut self.fresh));
        }
        match self.inbox.end.take() {
            Some(end) => end.map(|()| &[][..]),
            None => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(TURN_BYTES.saturating_sub(self.outbox.len()));
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.outbox.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}
