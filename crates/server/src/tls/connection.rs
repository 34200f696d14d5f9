//! One encrypted connection.

use std::io::{BufRead, Write};
use std::mem;
use std::net::SocketAddr;

use rustls::{Error, IoState, ServerConnection};

use super::acceptor::Deadline;
use super::certificate;
use crate::model::Connection;
use crate::outbox::Outbox;

/// How many bytes of records wait to be sent before the inner connection's output stays where it
/// is, and its input as well: then its own limits count.
const OUTPUT_MAX: usize = 64 * 1024;

/// What a client is told that talks without TLS, in a form that it understands.
const SPEAK_TLS: &[u8] =
    b"-ERR this port is for TLS: connect with TLS, as redis-cli does with --tls\r\n";

/// A connection that talks TLS to the outside and plaintext to the `inner` one.
///
/// What it holds is bounded: of input what one read of the model brings, since it wants no more
/// while the inner connection wants none; of output 64 KiB and what encryption adds to them.
pub struct TlsConnection<C> {
    tls: ServerConnection,
    inner: C,
    peer: SocketAddr,
    /// Records that have come while the inner connection wants no input.
    backlog: Vec<u8>,
    output: Outbox,
    phase: Phase,
    input: Input,
}

/// How far the conversation has come.
enum Phase {
    Handshake {
        deadline: Deadline,
    },
    /// Plaintext goes through.
    Open,
    /// Nothing is left but to send what is in the output.
    Over,
}

/// What may still come from the peer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// Nothing has come yet.
    Untouched,
    Open,
    /// The stream has ended; what has come of it may be waiting.
    Ending,
    /// The inner connection knows that there will be no more.
    Ended,
}

impl<C: Connection> TlsConnection<C> {
    pub(super) fn new(
        tls: ServerConnection,
        inner: C,
        peer: SocketAddr,
        deadline: Deadline,
    ) -> Self {
        Self {
            tls,
            inner,
            peer,
            backlog: Vec::new(),
            output: Outbox::default(),
            phase: Phase::Handshake { deadline },
            input: Input::Untouched,
        }
    }

    /// Decrypts what waits and encrypts what is to be sent, until neither gets any further.
    fn proceed(&mut self) {
        loop {
            self.open_backlog();
            self.end_input();
            if !self.seal() {
                break;
            }
        }
        self.close_if_done();
    }

    fn open_backlog(&mut self) {
        let mut backlog = mem::take(&mut self.backlog);
        let opened = self.open(&backlog);
        if opened < backlog.len() {
            backlog.drain(..opened);
            self.backlog = backlog;
        }
    }

    /// Decrypts `records` for as long as that is welcome, and answers how many bytes are done with.
    fn open(&mut self, records: &[u8]) -> usize {
        let mut rest = records;
        self.deliver();
        while !rest.is_empty() && self.takes_records() {
            match self.decrypt(&mut rest) {
                Ok(state) if state.peer_has_closed() => {
                    // Whatever comes after that is void.
                    rest = &[];
                    self.input = Input::Ending;
                }
                Ok(_) => {}
                Err(error) => self.fail(&error),
            }
            self.establish();
            self.deliver();
        }
        records.len() - rest.len()
    }

    fn takes_records(&self) -> bool {
        let is_welcome = match self.phase {
            Phase::Handshake { .. } => true,
            Phase::Open => self.inner.wants_input(),
            Phase::Over => false,
        };
        is_welcome && self.output.len() < OUTPUT_MAX
    }

    fn decrypt(&mut self, records: &mut &[u8]) -> Result<IoState, Error> {
        // It refuses a message of the handshake that is longer than any may be.
        self.tls.read_tls(records).map_err(|error| Error::General(error.to_string()))?;
        self.tls.process_new_packets()
    }

    /// Opens the way for plaintext, once the handshake is over.
    fn establish(&mut self) {
        if matches!(self.phase, Phase::Handshake { .. }) && !self.tls.is_handshaking() {
            self.phase = Phase::Open;
            self.identify();
        }
    }

    fn identify(&mut self) {
        let Some([certificate, ..]) = self.tls.peer_certificates() else { return };
        match certificate::identity(certificate) {
            Ok(identity) => self.inner.identify(identity),
            Err(error) => tracing::warn!(
                peer = %self.peer, %error, "a genuine certificate has no readable name"
            ),
        }
    }

    /// Hands what was decrypted to the inner connection, for as long as that wants it.
    fn deliver(&mut self) {
        while matches!(self.phase, Phase::Open) && self.inner.wants_input() {
            let mut reader = self.tls.reader();
            match reader.fill_buf() {
                Ok(plaintext) if !plaintext.is_empty() => {
                    self.inner.receive(plaintext);
                    let count = plaintext.len();
                    reader.consume(count);
                }
                // There is nothing at present, or nothing any more.
                _ => break,
            }
        }
    }

    /// Lets the inner connection know of the end, once it has had all that came before.
    fn end_input(&mut self) {
        if self.input != Input::Ending || !self.backlog.is_empty() {
            return;
        }
        match self.phase {
            Phase::Open if self.inner.wants_input() => {
                self.input = Input::Ended;
                self.inner.end_of_input();
            }
            Phase::Handshake { .. } => self.phase = Phase::Over,
            Phase::Open | Phase::Over => {}
        }
    }

    /// Encrypts the inner connection's output, as far as there is room. Whether there was any.
    fn seal(&mut self) -> bool {
        let before = self.output.len();
        self.collect();
        while matches!(self.phase, Phase::Open) && self.output.len() < OUTPUT_MAX {
            let plaintext = self.inner.output();
            if plaintext.is_empty() {
                break;
            }
            let room = OUTPUT_MAX - self.output.len();
            match self.tls.writer().write(&plaintext[..plaintext.len().min(room)]) {
                Ok(count) if count > 0 => {
                    self.collect();
                    self.inner.sent(count);
                }
                // The keys of TLS 1.2 cannot be renewed.
                _ => self.fail(&Error::EncryptError),
            }
        }
        before < self.output.len()
    }

    /// Takes the records over that are ready.
    fn collect(&mut self) {
        while self.tls.wants_write() {
            // A vector takes everything.
            let _ = self.tls.write_tls(self.output.end());
        }
    }

    fn close_if_done(&mut self) {
        match self.phase {
            Phase::Handshake { .. } if self.inner.is_finished() => self.phase = Phase::Over,
            Phase::Open if self.inner.is_finished() && self.inner.output().is_empty() => {
                self.tls.send_close_notify();
                self.close();
            }
            _ => {}
        }
    }

    /// Ends over something that went wrong. The peer is told as far as TLS has words for it.
    fn fail(&mut self, error: &Error) {
        tracing::info!(peer = %self.peer, %error, "a TLS connection has failed");
        self.close();
    }

    fn close(&mut self) {
        self.collect();
        self.phase = Phase::Over;
        self.backlog = Vec::new();
    }

    /// Ends over a peer that talks without TLS.
    fn turn_away(&mut self) {
        self.output.end().extend_from_slice(SPEAK_TLS);
        self.phase = Phase::Over;
    }
}

/// Whether this is the beginning of a request. A handshake begins with the byte 22.
fn is_request(bytes: &[u8]) -> bool {
    matches!(bytes, [b'*' | b'A'..=b'Z' | b'a'..=b'z', ..])
}

impl<C: Connection> Connection for TlsConnection<C> {
    fn receive(&mut self, bytes: &[u8]) {
        if self.input == Input::Untouched {
            self.input = Input::Open;
            if is_request(bytes) {
                return self.turn_away();
            }
        }
        if self.backlog.is_empty() {
            let opened = self.open(bytes);
            self.backlog.extend_from_slice(&bytes[opened..]);
        } else {
            self.backlog.extend_from_slice(bytes);
        }
        self.proceed();
    }

    fn resume(&mut self) {
        if let Phase::Handshake { deadline } = &self.phase
            && deadline.has_passed()
        {
            return self.fail(&Error::General("its handshake took too long".to_owned()));
        }
        self.inner.resume();
        self.proceed();
    }

    fn output(&self) -> &[u8] {
        self.output.unsent()
    }

    fn sent(&mut self, count: usize) {
        self.output.sent(count);
        self.proceed();
    }

    fn wants_input(&self) -> bool {
        let may_come = matches!(self.input, Input::Untouched | Input::Open);
        may_come && self.backlog.is_empty() && self.takes_records()
    }

    fn end_of_input(&mut self) {
        if self.input != Input::Ended {
            self.input = Input::Ending;
        }
        self.proceed();
    }

    fn drain(&mut self) {
        self.inner.drain();
        self.proceed();
    }

    fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }
}

#[cfg(test)]
mod tests;
