//! Process: a process per connection.
//!
//! What one client does to its process is done to no other. Each costs a start of the program and the
//! memory of a process, and every request that the worker cannot answer itself crosses to the parent
//! and back.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::accept::{self, Accepted, Acceptor, Arrived};
use super::pump;
use super::relayed::{self, Switchboard};
use super::worker::orders;
use super::workforce::{News, Term, Workforce};
use super::{Capabilities, HoldsUp, Model, Options, Service, Shutdown};

/// The model `process`. A bad choice for clients that come and go, and for many of them.
pub(super) struct Process;

impl Model for Process {
    const NAME: &'static str = "process";

    const CAPABILITIES: Capabilities = Capabilities {
        // The sessions are in the loops of the parent.
        holds_up: HoldsUp::Loop,
        connections_max: None,
        waiting_max: None,
        descriptors_max: None,
        tls: true,
        workers: true,
    };

    fn run<S: Service>(
        listeners: Vec<TcpListener>,
        service: Arc<S>,
        options: Options,
        shutdown: Shutdown,
    ) -> io::Result<()> {
        let each = listeners.into_iter().enumerate();
        let doors: Vec<_> =
            each.map(|(index, one)| Acceptor::new(index, one)).collect::<io::Result<_>>()?;
        let watched = doors.iter().map(Acceptor::listener);
        let workforce = Workforce::new(options.worker.clone(), shutdown.clone(), watched)?;
        relayed::serve(service, &options, &shutdown, |switchboard| {
            Reception { switchboard, workforce, doors }.attend()
        })
    }
}

/// Accepts clients, and gives each a worker.
struct Reception<S: Service> {
    switchboard: Switchboard<S>,
    workforce: Workforce,
    doors: Vec<Acceptor>,
}

impl<S: Service> Reception<S> {
    fn attend(mut self) -> io::Result<()> {
        loop {
            for news in self.workforce.wait(None)? {
                match news {
                    News::Knock(index) => self.accept(index)?,
                    News::Ended(ended) if ended.status.success() => {}
                    News::Ended(ended) => tracing::warn!(status = %ended.status, "a worker ended"),
                    News::Stop => {
                        drop(self.doors);
                        return self.workforce.disband();
                    }
                }
            }
        }
    }

    fn accept(&mut self, index: usize) -> io::Result<()> {
        let mut clients = Vec::new();
        let accepted = self.doors[index].accept(&mut clients);
        clients.into_iter().for_each(|client| self.admit(client));
        match accepted {
            Accepted::Enough => Ok(()),
            Accepted::Exhausted => self.workforce.rest(),
        }
    }

    /// Opens the connection of a client, and only then starts a process for it.
    fn admit(&mut self, client: Arrived) {
        let Arrived { socket, arrival } = client;
        let seat = self.switchboard.seat();
        let connection = match pump::guarded(|| self.switchboard.open(&seat, arrival)) {
            Some(Ok(connection)) => connection,
            Some(Err(refusal)) => return accept::refuse(&socket, &refusal, &mut [0; 4096]),
            None => return,
        };
        match self.start(&socket) {
            Ok(line) => self.switchboard.put_through(seat, connection, line),
            Err(error) => {
                pump::guarded(|| drop(connection));
                let error = accept::not_started("process", "processes and open files", &error);
                let refusal = accept::turn_away(self.switchboard.service(), arrival, &error);
                accept::refuse(&socket, &refusal, &mut [0; 4096]);
            }
        }
    }

    /// Starts a worker for a client; answers the parent's end of their line.
    fn start(&mut self, client: &TcpStream) -> io::Result<OwnedFd> {
        let (flags, stream) = (SocketFlags::CLOEXEC, SocketType::STREAM);
        let (near, far) = socketpair(AddressFamily::UNIX, stream, flags, None)?;
        let order = |orders: &OwnedFd| orders::give_client(orders, client.as_fd(), far.as_fd());
        self.workforce.start(Term::Client, order)?;
        Ok(near)
    }
}
