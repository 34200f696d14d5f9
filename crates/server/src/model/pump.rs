//! The pump: moves the bytes of one connection, under every model.

use std::any::Any;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::net::{RecvFlags, SendFlags, recv, send};

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
    /// Lends bytes that have come, none when the peer will send no more. They are in `buffer`,
    /// unless they are somewhere already.
    fn recv<'a>(&'a mut self, buffer: &'a mut [u8]) -> io::Result<&'a [u8]>;

    /// Sends some of `bytes`.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

impl<F: AsFd> Wire for &F {
    fn recv<'a>(&'a mut self, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
        let (count, _) = recv(&**self, &mut *buffer, RecvFlags::DONTWAIT)?;
        Ok(&buffer[..count])
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(&**self, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?)
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
///
/// Each turn has two halves, so that a loop can let all connections of a round hear their events
/// before any of them answers: a client that gets many answers at once comes back with many
/// requests at once.
pub(super) struct Pump<C> {
    connection: C,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// The peer sends no more.
    InputEnded,
    /// The peer is gone, or the connection panicked.
    Lost,
}

impl<C: Connection> Pump<C> {
    pub(super) fn new(connection: C) -> Self {
        Self { connection, state: State::Open }
    }

    /// The first half of a turn: acts on `event`, with at most one read.
    ///
    /// One read takes all that a small request needs, and a second one to learn that nothing is
    /// left would double the cost. A panic of the connection is logged, and loses it.
    pub(super) fn hear(&mut self, wire: &mut impl Wire, event: Event, buffer: &mut [u8]) {
        self.guard(|pump| pump.act(wire, event, buffer));
    }

    /// The second half of a turn: sends what can be sent at once, without waiting to hear that
    /// there is room, and says how it goes on.
    pub(super) fn answer(&mut self, wire: &mut impl Wire, buffer: &mut [u8]) -> Turn {
        self.guard(|pump| pump.flush(wire));
        let turn = self.guard(|pump| Ok(pump.outlook()));
        if let Some(Turn::Closed) = turn {
            discard_input(wire, buffer);
        }
        turn.unwrap_or(Turn::Closed)
    }

    /// How much it has to send. A connection that is lost sends nothing.
    pub(super) fn output_bytes(&mut self) -> usize {
        self.guard(|pump| Ok(pump.connection.output().len())).unwrap_or(0)
    }

    /// Whether its peer may be cut if it does not take what is left.
    pub(super) fn is_saying_farewell(&mut self) -> bool {
        self.guard(|pump| Ok(pump.connection.is_saying_farewell())).unwrap_or(false)
    }

    fn outlook(&self) -> Turn {
        match self.interest() {
            Interest::Input | Interest::Nothing if self.connection.is_finished() => Turn::Closed,
            interest => Turn::Open(interest),
        }
    }

    fn interest(&self) -> Interest {
        match (self.reads(), !self.connection.output().is_empty()) {
            (false, false) => Interest::Nothing,
            (true, false) => Interest::Input,
            (false, true) => Interest::Room,
            (true, true) => Interest::InputAndRoom,
        }
    }

    /// Lets the connection do something, unless it is lost, and loses it when that fails.
    fn guard<T>(&mut self, act: impl FnOnce(&mut Self) -> io::Result<T>) -> Option<T> {
        if self.state == State::Lost {
            return None;
        }
        match catch_unwind(AssertUnwindSafe(|| act(&mut *self))) {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => tracing::debug!(%error, "lost a connection"),
            Err(panic) => tracing::error!(panic = message(&*panic), "a connection panicked"),
        }
        self.state = State::Lost;
        None
    }

    fn act(&mut self, wire: &mut impl Wire, event: Event, buffer: &mut [u8]) -> io::Result<()> {
        match event {
            Event::Readable | Event::Broken if self.reads() => self.receive(wire, buffer)?,
            Event::Broken => return Err(ErrorKind::ConnectionReset.into()),
            Event::Readable | Event::Writable => {}
            Event::Woken => self.connection.resume(),
            Event::Drain => self.connection.drain(),
        }
        Ok(())
    }

    fn reads(&self) -> bool {
        self.state == State::Open && self.connection.wants_input()
    }

    fn receive(&mut self, wire: &mut impl Wire, buffer: &mut [u8]) -> io::Result<()> {
        match unless_blocked(wire.recv(buffer))? {
            Some([]) => {
                self.state = State::InputEnded;
                self.connection.end_of_input();
            }
            Some(bytes) => self.connection.receive(bytes),
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
    let size = buffer.len();
    for _ in 0..DISCARDS_MAX {
        match wire.recv(buffer) {
            Ok(bytes) if bytes.len() == size => {}
            _ => break,
        }
    }
}

/// Opens or drops a connection; `None` when that panics.
pub(super) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    let called = catch_unwind(AssertUnwindSafe(call));
    let log = |panic: &(dyn Any + Send)| {
        tracing::error!(panic = message(panic), "opening or dropping a connection panicked");
    };
    called.inspect_err(|panic| log(&**panic)).ok()
}

pub(super) fn unless_blocked<T>(moved: io::Result<T>) -> io::Result<Option<T>> {
    match moved {
        Ok(moved) => Ok(Some(moved)),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics at its first input, and counts what it is asked afterwards.
    #[derive(Default)]
    struct Fragile {
        calls_after: usize,
    }

    impl Connection for Fragile {
        fn receive(&mut self, _: &[u8]) {
            panic!("broken");
        }

        fn resume(&mut self) {
            self.calls_after += 1;
        }

        fn output(&self) -> &[u8] {
            &[]
        }

        fn sent(&mut self, _: usize) {}

        fn wants_input(&self) -> bool {
            true
        }

        fn end_of_input(&mut self) {}

        fn drain(&mut self) {}

        fn is_finished(&self) -> bool {
            false
        }
    }

    /// Has input without end, and counts the reads.
    #[derive(Default)]
    struct Spring {
        reads: usize,
    }

    impl Wire for Spring {
        fn recv<'a>(&'a mut self, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
            self.reads += 1;
            Ok(buffer)
        }

        fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
    }

    #[test]
    fn a_connection_that_panicked_is_asked_nothing_more() {
        let (mut pump, mut wire) = (Pump::new(Fragile::default()), Spring::default());
        pump.hear(&mut wire, Event::Readable, &mut [0; 8]);
        pump.hear(&mut wire, Event::Woken, &mut [0; 8]);
        assert_eq!(pump.answer(&mut wire, &mut [0; 8]), Turn::Closed);
        assert_eq!(pump.connection.calls_after, 0);
        assert_eq!(wire.reads, 1);
    }
}
