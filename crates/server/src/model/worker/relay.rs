//! A relay: one client in a worker, between its socket and its line.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::net::Shutdown;

use super::Deputy;
use crate::model::Mandate;
use crate::model::farewells;
use crate::model::line::{Decoder, Told};
use crate::model::pump::{self, Event, Interest, Wire, unless_blocked};
use crate::outbox::Outbox;

/// How much may wait in either direction before no more is read for it.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// How long a mandate is made use of. A client that has not been heard of for longer would be taken
/// for idle, and what it reads for unused.
const MANDATE_TERM: Duration = Duration::from_millis(500);

/// One client: what it sends is answered by the deputy or passed on, and what comes back is handed
/// to it.
pub(super) struct Relay {
    client: TcpStream,
    line: OwnedFd,
    up: Outbox,
    down: Outbox,
    decoder: Decoder,
    /// How many bytes of the client have been passed on.
    passed: u64,
    /// Under what mandate the deputy may answer now, and since when.
    mandate: Option<(Mandate, Instant)>,
    /// The client sends no more.
    is_client_done: bool,
    /// The parent has been told so.
    is_line_shut: bool,
    /// The parent says no more: what is left is for the client, and then it is closed.
    is_line_over: bool,
}

/// What a relay waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outlook {
    pub(super) client: Interest,
    /// `None` once the line is over. It would be told of again and again.
    pub(super) line: Option<Interest>,
}

impl Relay {
    /// Begins with the words by which the parent learns who it is, if it does not know.
    pub(super) fn new(client: TcpStream, line: OwnedFd, greeting: &str) -> io::Result<Self> {
        client.set_nodelay(true)?;
        let mut up = Outbox::default();
        up.end().extend_from_slice(greeting.as_bytes());
        Ok(Self {
            client,
            line,
            up,
            down: Outbox::default(),
            decoder: Decoder::default(),
            passed: 0,
            mandate: None,
            is_client_done: false,
            is_line_shut: false,
            is_line_over: false,
        })
    }

    pub(super) fn client(&self) -> BorrowedFd<'_> {
        self.client.as_fd()
    }

    pub(super) fn line(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    /// Gives up what the client has not read yet: its socket is about to be closed.
    pub(super) fn cut(&self) {
        farewells::cut(&self.client);
    }

    /// Acts on what has become of the client's socket.
    ///
    /// # Errors
    ///
    /// The client is gone.
    pub(super) fn hear_client(
        &mut self,
        event: Event,
        deputy: &mut impl Deputy,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        match event {
            Event::Readable | Event::Broken if self.hears_client() => {
                match read(&self.client, buffer)? {
                    Some(0) => self.is_client_done = true,
                    Some(count) => self.take(&buffer[..count], deputy),
                    None => {}
                }
            }
            Event::Broken => return Err(ErrorKind::ConnectionReset.into()),
            _ => {}
        }
        Ok(())
    }

    /// Has the deputy answer what it may and can, and passes on the rest.
    fn take(&mut self, mut bytes: &[u8], deputy: &mut impl Deputy) {
        self.mandate.take_if(|(_, since)| since.elapsed() > MANDATE_TERM);
        while let Some((mandate, _)) = self.mandate
            && self.down.len() < WAITING_BYTES_MAX
            && let Some(count) = deputy.answer(mandate, bytes, self.down.end())
        {
            bytes = &bytes[count..];
        }
        if !bytes.is_empty() {
            self.mandate = None;
            self.passed += bytes.len() as u64;
            self.up.end().extend_from_slice(bytes);
        }
    }

    /// Acts on what has become of the line. That it ends, in whatever way, is the parent's last word.
    pub(super) fn hear_line(&mut self, event: Event, buffer: &mut [u8]) {
        match event {
            Event::Readable if self.hears_line() => {
                self.read_line(buffer);
            }
            // Nothing follows what the socket holds, so this comes to an end.
            Event::Broken => while self.read_line(buffer) {},
            _ => {}
        }
    }

    /// Reads once; says whether there may be more.
    fn read_line(&mut self, buffer: &mut [u8]) -> bool {
        match read(&self.line, buffer) {
            Ok(Some(0)) | Err(_) => {
                self.is_line_over = true;
                self.up = Outbox::default();
                false
            }
            Ok(Some(count)) => {
                self.note(&buffer[..count]);
                true
            }
            Ok(None) => false,
        }
    }

    /// Takes in what came down the line. Output may be a part of something, so the deputy must not
    /// speak before a mark says that it was all.
    fn note(&mut self, mut bytes: &[u8]) {
        while let Some(told) = self.decoder.next(&mut bytes) {
            match told {
                Told::Output(output) => {
                    self.mandate = None;
                    self.down.end().extend_from_slice(output);
                }
                Told::Mark(mark) => {
                    let is_all = mark.received == self.passed;
                    self.mandate = is_all.then(|| (mark.mandate, Instant::now()));
                }
            }
        }
    }

    /// Sends what can be sent, and says what to wait for; `None` when it has come to its end.
    ///
    /// # Errors
    ///
    /// The client is gone.
    pub(super) fn answer(&mut self, buffer: &mut [u8]) -> io::Result<Option<Outlook>> {
        flush(&mut &self.client, &mut self.down)?;
        if flush(&mut &self.line, &mut self.up).is_err() {
            // There may be something left to be read of it.
            self.up = Outbox::default();
        }
        self.pass_on_end();
        if self.is_line_over && self.down.len() == 0 {
            pump::discard_input(&mut &self.client, buffer);
            return Ok(None);
        }
        Ok(Some(self.outlook()))
    }

    fn pass_on_end(&mut self) {
        if self.is_client_done && !self.is_line_shut && self.up.len() == 0 {
            self.is_line_shut = true;
            // If that fails the line is over, which is told by itself.
            let _ = rustix::net::shutdown(&self.line, Shutdown::Write);
        }
    }

    fn outlook(&self) -> Outlook {
        let line = interest(self.hears_line(), self.up.len() > 0);
        Outlook {
            client: interest(self.hears_client(), self.down.len() > 0),
            line: (!self.is_line_over).then_some(line),
        }
    }

    fn hears_client(&self) -> bool {
        let is_open = !self.is_client_done && !self.is_line_over;
        is_open && self.up.len() < WAITING_BYTES_MAX && self.down.len() < WAITING_BYTES_MAX
    }

    fn hears_line(&self) -> bool {
        !self.is_line_over && self.down.len() < WAITING_BYTES_MAX
    }
}

fn interest(input: bool, room: bool) -> Interest {
    match (input, room) {
        (false, false) => Interest::Nothing,
        (true, false) => Interest::Input,
        (false, true) => Interest::Room,
        (true, true) => Interest::InputAndRoom,
    }
}

/// Reads what has come into `buffer`; `None` when nothing has, 0 at the end.
fn read(socket: &impl AsFd, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let mut wire = socket;
    unless_blocked(wire.recv(buffer).map(<[u8]>::len))
}

/// Sends until everything is sent, or there is no more room.
fn flush(wire: &mut impl Wire, outbox: &mut Outbox) -> io::Result<()> {
    while outbox.len() > 0 {
        match unless_blocked(wire.send(outbox.unsent()))? {
            Some(count) => outbox.sent(count),
            None => break,
        }
    }
    Ok(())
}
