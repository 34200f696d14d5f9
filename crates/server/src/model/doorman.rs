//! The doorman: accepts clients on a thread that does nothing else.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::Shutdown;
use super::accept::{self, Accepted, Acceptor, Arrived};

/// Waits at all listeners of a model.
pub(super) struct Doorman {
    acceptors: Vec<Acceptor>,
    shutdown: Shutdown,
}

impl Doorman {
    pub(super) fn new(listeners: Vec<TcpListener>, shutdown: Shutdown) -> io::Result<Self> {
        let each = listeners.into_iter().enumerate();
        let acceptors =
            each.map(|(index, one)| Acceptor::new(index, one)).collect::<io::Result<_>>()?;
        Ok(Self { acceptors, shutdown })
    }

    /// Hands every client to `admit`, until the shutdown begins.
    ///
    /// # Errors
    ///
    /// When waiting fails. Then the shutdown begins, since those who serve wait for that.
    pub(super) fn admit_all(self, admit: impl FnMut(Arrived)) -> io::Result<()> {
        self.admit(admit).inspect_err(|_| self.shutdown.begin(Duration::ZERO))
    }

    fn admit(&self, mut admit: impl FnMut(Arrived)) -> io::Result<()> {
        let mut clients = Vec::new();
        while self.shutdown.deadline().is_none() {
            for acceptor in self.wait()? {
                let accepted = acceptor.accept(&mut clients);
                clients.drain(..).for_each(&mut admit);
                if accepted == Accepted::Exhausted {
                    self.rest()?;
                }
            }
        }
        Ok(())
    }

    /// Those at whom somebody waits. Comes back also when the shutdown begins.
    fn wait(&self) -> io::Result<Vec<&Acceptor>> {
        let listeners = self.acceptors.iter().map(Acceptor::listener);
        let listeners = listeners.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        let mut watched: Vec<_> = listeners.collect();
        watched.push(PollFd::new(&self.shutdown, PollFlags::IN));
        match poll(&mut watched, None) {
            Err(Errno::INTR) => return Ok(Vec::new()),
            waited => waited?,
        };
        let all = self.acceptors.iter().zip(&watched);
        Ok(all.filter(|(_, fd)| !fd.revents().is_empty()).map(|(one, _)| one).collect())
    }

    /// Leaves the listeners alone for a while, unless the shutdown begins.
    fn rest(&self) -> io::Result<()> {
        let pause = Timespec::try_from(accept::PAUSE).ok();
        match poll(&mut [PollFd::new(&self.shutdown, PollFlags::IN)], pause.as_ref()) {
            Err(Errno::INTR) => Ok(()),
            rested => Ok(rested.map(drop)?),
        }
    }
}
