//! The pump: moves the bytes of one connection, under every model.

use std::any::Any;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Connection;

/// How many bytes one turn reads at most, so the size of the buffer that a worker's connections
/// share. A connection whose input never ends gives way to the others after each.
pub(super) const TURN_BYTES: usize = 64 * 1024;

/// How many bytes one turn sends before it gives way, when the connection always has more.
const TURN_SENT_MAX: usize = 1024 * 1024;

/// How many turns' worth of unread input are thrown away before closing.
const DISCARDS_MAX: usize = 16;

/// A socket that never blocks: it fails with [`ErrorKind::WouldBlock`] instead.
pub(super) trait Wire {
    /// Takes bytes that have come, 0 when the peer will send no more.
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Sends some of `bytes`.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

impl Wire for &TcpStream {
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(buffer)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write(bytes)
    }
}

/// Why a connection gets a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// There may be input.
    Readable,
    /// There may be room for output.
    Writable,
    /// The peer is gone in both directions, though input may be left.
    Broken,
    /// The connection's waker was woken.
    Woken,
    /// A shutdown begins.
    Drain,
}

/// What a connection waits for, besides its waker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    /// Nothing: it holds input back until a late answer comes.
    Nothing,
    Input,
    Room,
    InputAndRoom,
}

impl Interest {
    pub(super) fn input(self) -> bool {
        matches!(self, Self::Input | Self::InputAndRoom)
    }

    pub(super) fn room(self) -> bool {
        matches!(self, Self::Room | Self::InputAndRoom)
    }
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The connection goes on, and waits.
    Open(Interest),
    /// It has finished or failed: drop it and close its socket.
    Closed,
}

/// One connection and how far its conversation has come.
pub(super) struct Pump<C> {
    connection: C,
    input: Input,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    Ended,
}

impl<C: Connection> Pump<C> {
    pub(super) fn new(connection: C) -> Self {
        Self { connection, input: Input::Open }
    }

    /// One turn: at most one read, then everything that can be sent at once.
    ///
    /// One read is enough for all that a small request needs, without a second one to learn that
    /// nothing is left. Sending right away, rather than once the socket reports room, spares a
    /// wait. A panic of the connection ends it and is logged.
    pub(super) fn turn(&mut self, wire: &mut impl Wire, event: Event, buffer: &mut [u8]) -> Turn {
        let turn = catch_unwind(AssertUnwindSafe(|| self.act(wire, event, buffer)));
        turn.unwrap_or_else(|panic| {
            tracing::error!(panic = message(&*panic), "a connection panicked; closing it");
            Turn::Closed
        })
    }

    /// What the connection waits for now.
    pub(super) fn interest(&self) -> Interest {
        match (self.reads(), !self.connection.output().is_empty()) {
            (false, false) => Interest::Nothing,
            (true, false) => Interest::Input,
            (false, true) => Interest::Room,
            (true, true) => Interest::InputAndRoom,
        }
    }

    fn act(&mut self, wire: &mut impl Wire, event: Event, buffer: &mut [u8]) -> Turn {
        match self.exchange(wire, event, buffer) {
            Ok(()) if self.is_over() => {
                discard_input(wire, buffer);
                Turn::Closed
            }
            Ok(()) => Turn::Open(self.interest()),
            Err(error) => {
                tracing::debug!(%error, "lost a connection");
                Turn::Closed
            }
        }
    }

    fn exchange(
        &mut self,
        wire: &mut impl Wire,
        event: Event,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        match event {
            Event::Readable | Event::Broken if self.reads() => self.receive(wire, buffer)?,
            Event::Broken => return Err(ErrorKind::ConnectionReset.into()),
            Event::Readable | Event::Writable => {}
            Event::Woken => self.connection.resume(),
            Event::Drain => self.connection.drain(),
        }
        self.flush(wire)
    }

    fn reads(&self) -> bool {
        self.input == Input::Open && self.connection.wants_input()
    }

    fn is_over(&self) -> bool {
        self.connection.is_finished() && self.connection.output().is_empty()
    }

    fn receive(&mut self, wire: &mut impl Wire, buffer: &mut [u8]) -> io::Result<()> {
        match unless_blocked(wire.recv(buffer))? {
            Some(0) => {
                self.input = Input::Ended;
                self.connection.end_of_input();
            }
            Some(count) => self.connection.receive(&buffer[..count]),
            None => {}
        }
        Ok(())
    }

    fn flush(&mut self, wire: &mut impl Wire) -> io::Result<()> {
        let mut total = 0;
        while total < TURN_SENT_MAX {
            let output = self.connection.output();
            if output.is_empty() {
                break;
            }
            let length = output.len();
            let Some(count) = unless_blocked(wire.send(output))? else { break };
            self.connection.sent(count);
            total += count;
            if count < length {
                break;
            }
        }
        Ok(())
    }
}

/// Reads away what the peer has sent, up to a bound: closing over unread bytes would reset the
/// connection, and the peer could lose the last of the output.
pub(super) fn discard_input(wire: &mut impl Wire, buffer: &mut [u8]) {
    for _ in 0..DISCARDS_MAX {
        match wire.recv(buffer) {
            Ok(count) if count == buffer.len() => {}
            _ => break,
        }
    }
}

/// Opens a connection, unless that panics.
pub(super) fn guarded<T>(connect: impl FnOnce() -> T) -> Option<T> {
    let opened = catch_unwind(AssertUnwindSafe(connect));
    let log = |panic: &(dyn Any + Send)| {
        tracing::error!(panic = message(panic), "opening a connection panicked; closing it");
    };
    opened.inspect_err(|panic| log(&**panic)).ok()
}

fn unless_blocked(moved: io::Result<usize>) -> io::Result<Option<usize>> {
    match moved {
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
