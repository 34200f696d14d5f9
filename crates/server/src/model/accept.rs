//! Accepting clients, and what to do when that fails.

use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SocketFlags, acceptfrom_with};

use super::pump::{self, Wire};
use super::slots::Token;
use super::{Arrival, Service};

/// How long to leave the listener alone when the process is out of file descriptors or memory.
/// The listener stays readable meanwhile, so going on at once would only burn the CPU.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// How many clients are accepted before the connections get their turns again.
const ACCEPTS_MAX: usize = 64;

/// A listener that never blocks.
pub(super) struct Acceptor {
    listener: TcpListener,
    index: usize,
}

/// A client that was accepted.
pub(super) struct Arrived {
    pub(super) socket: TcpStream,
    pub(super) arrival: Arrival,
}

/// What accepting came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Nobody is waiting, or only those who can wait for the next round.
    Enough,
    /// Something has run out: let the listener rest for [`PAUSE`].
    Exhausted,
}

impl Acceptor {
    /// Accepts at `listener`, which is number `index` of the model's.
    pub(super) fn new(index: usize, listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { listener, index })
    }

    /// What the loop watches for input.
    pub(super) fn listener(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// By what the loop knows it.
    pub(super) fn token(&self) -> Token {
        Token::of_listener(self.index)
    }

    /// Accepts those who wait.
    pub(super) fn accept(&self, clients: &mut Vec<Arrived>) -> Accepted {
        accept_each(|| self.next().map(|client| clients.push(client)))
    }

    /// Accepts one of them.
    pub(super) fn next(&self) -> io::Result<Arrived> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (socket, peer) = acceptfrom_with(&self.listener, flags)?;
        let socket = TcpStream::from(socket);
        let peer = peer.and_then(|peer| peer.try_into().ok()).ok_or(Errno::CONNABORTED)?;
        let arrival = Arrival { listener: self.index, peer, local: socket.local_addr()? };
        Ok(Arrived { socket, arrival })
    }
}

/// Has `next` accept those who wait, one after the other.
pub(super) fn accept_each(mut next: impl FnMut() -> io::Result<()>) -> Accepted {
    for _ in 0..ACCEPTS_MAX {
        match next() {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => match remedy(&error) {
                Remedy::Next => {}
                Remedy::Pause => return Accepted::Exhausted,
            },
        }
    }
    Accepted::Enough
}

/// What a failed accept calls for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// That one client is gone: accept the next.
    Next,
    /// Something has run out: let the listener rest for [`PAUSE`].
    Pause,
}

/// Decides what to do about `error`, and logs what an operator should know.
pub(super) fn remedy(error: &io::Error) -> Remedy {
    match Errno::from_io_error(error) {
        Some(Errno::INTR | Errno::CONNABORTED | Errno::PROTO | Errno::PERM) => Remedy::Next,
        _ => {
            tracing::warn!(%error, "cannot accept connections; pausing for {PAUSE:?}");
            Remedy::Pause
        }
    }
}

/// What to send to a client that cannot be taken up because of `error`, which is logged.
pub(super) fn turn_away<S: Service>(service: &S, arrival: Arrival, error: &io::Error) -> Vec<u8> {
    tracing::warn!(%error, "cannot take up a connection");
    pump::guarded(|| service.refusal(arrival, &error.to_string())).unwrap_or_default()
}

/// What to say of a client for whom `what` cannot be started because of `error`.
pub(super) fn not_started(what: &str, limits: &str, error: &io::Error) -> io::Error {
    let message = format!(
        "cannot start a {what} for this connection ({error}): raise the limits of {limits}, lower \
         maxclients, or choose another model"
    );
    io::Error::new(error.kind(), message)
}

/// Sends `refusal` and closes. One send is enough, as the send buffer of a new socket is empty.
pub(super) fn refuse(socket: &TcpStream, refusal: &[u8], buffer: &mut [u8]) {
    let mut wire = socket;
    // The peer may be gone; then there is nobody to refuse.
    let _ = wire.send(refusal);
    pump::discard_input(&mut wire, buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_descriptors_pauses() {
        assert_eq!(remedy(&Errno::MFILE.into()), Remedy::Pause);
        assert_eq!(remedy(&Errno::NFILE.into()), Remedy::Pause);
    }

    #[test]
    fn a_client_that_left_the_queue_does_not_stop_the_next() {
        assert_eq!(remedy(&Errno::CONNABORTED.into()), Remedy::Next);
    }
}
