//! Blocking: a thread that drives one connection and sleeps in the kernel while nothing happens.
//!
//! The thread cannot sleep in a read: a late answer, a message of another client or a shutdown has
//! to wake it too. So it waits for its socket, for its bell and for the shutdown together, by one
//! `poll` of three descriptors.

use std::io;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::Instant;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

use super::accept::{self, Arrived};
use super::poller::poll::{flags, meaning};
use super::pump::{self, Event, Interest, Pump, Turn};
use super::{Arrival, Service, Shutdown};

/// How many bytes one turn reads at most. A thread's buffer is its own, so it is smaller than one
/// that many connections share.
const BUFFER_BYTES: usize = 16 * 1024;

/// Drives connections, one after the other.
pub(super) struct Driver<S: Service> {
    service: Arc<S>,
    shutdown: Shutdown,
    bell: Arc<Bell>,
    buffer: Box<[u8]>,
}

/// A client that has a connection.
pub(super) struct Opened<C> {
    socket: TcpStream,
    arrival: Arrival,
    pump: Pump<C>,
}

/// What a wait came to.
enum Waited {
    For([Option<Event>; 2]),
    /// The deadline of the shutdown has passed.
    TooLong,
}

impl<S: Service> Driver<S> {
    pub(super) fn new(service: Arc<S>, shutdown: Shutdown) -> io::Result<Self> {
        let bell = Arc::new(Bell::new()?);
        Ok(Self { service, shutdown, bell, buffer: vec![0; BUFFER_BYTES].into_boxed_slice() })
    }

    /// Opens a connection for a client, unless the service refuses it.
    pub(super) fn open(&mut self, client: Arrived) -> Option<Opened<S::Connection>> {
        let Arrived { socket, arrival } = client;
        if let Err(error) = socket.set_nodelay(true) {
            tracing::warn!(%error, "cannot take up a connection");
            return None;
        }
        let waker = Waker::from(Arc::clone(&self.bell));
        match pump::guarded(|| self.service.connect(waker, arrival))? {
            Ok(connection) => Some(Opened { socket, arrival, pump: Pump::new(connection) }),
            Err(refusal) => {
                accept::refuse(&socket, &refusal, &mut self.buffer);
                None
            }
        }
    }

    /// Serves a connection to its end.
    pub(super) fn serve(&mut self, client: Opened<S::Connection>) {
        let Opened { socket, mut pump, .. } = client;
        if let Err(error) = self.drive(&socket, &mut pump) {
            tracing::warn!(%error, "cannot wait for a connection any longer");
        }
        pump::guarded(|| drop(pump));
    }

    fn drive(&mut self, socket: &TcpStream, pump: &mut Pump<S::Connection>) -> io::Result<()> {
        let mut deadline = None;
        // Its first turn finds out what it really waits for, and sends a greeting.
        let mut events = [Some(Event::Writable), None];
        loop {
            for event in events.into_iter().flatten() {
                pump.hear(&mut &*socket, event, &mut self.buffer);
            }
            let Turn::Open(interest) = pump.answer(&mut &*socket, &mut self.buffer) else {
                return Ok(());
            };
            events = match self.wait(socket, interest, deadline)? {
                Waited::For(events) => events,
                Waited::TooLong => {
                    tracing::warn!("a connection is cut at the end of the shutdown");
                    return Ok(());
                }
            };
            if events.contains(&Some(Event::Drain)) {
                deadline = self.shutdown.deadline();
            }
        }
    }

    /// Waits until something happens that the connection has to hear of. Once there is a deadline,
    /// the shutdown is no news.
    fn wait(
        &self,
        socket: &TcpStream,
        interest: Interest,
        deadline: Option<Instant>,
    ) -> io::Result<Waited> {
        let mut watched = [
            PollFd::new(&self.bell.eventfd, PollFlags::IN),
            PollFd::new(socket, flags(interest)),
            PollFd::new(&self.shutdown, PollFlags::IN),
        ];
        let count = if deadline.is_some() { 2 } else { 3 };
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(Waited::TooLong);
            }
            // A duration too long for the kernel is as good as none.
            let timeout = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut watched[..count], timeout.as_ref()) {
                Ok(0) | Err(Errno::INTR) => {}
                waited => {
                    waited?;
                    return Ok(Waited::For(self.news(watched.map(|fd| fd.revents()))));
                }
            }
        }
    }

    /// The shutdown, after which the next wait tells of the rest; or else what bell and socket say. A
    /// bell that never stops must not keep a client from being heard.
    fn news(&self, [bell, socket, shutdown]: [PollFlags; 3]) -> [Option<Event>; 2] {
        if !shutdown.is_empty() {
            return [Some(Event::Drain), None];
        }
        let is_woken = !bell.is_empty();
        if is_woken {
            self.bell.silence();
        }
        [is_woken.then_some(Event::Woken), (!socket.is_empty()).then(|| meaning(socket))]
    }
}

impl<C> Opened<C> {
    /// Ends it with a word to the client, who cannot be served because of `error`.
    pub(super) fn turn_away<S: Service>(self, service: &S, error: &io::Error) {
        let Self { socket, arrival, pump } = self;
        pump::guarded(|| drop(pump));
        let refusal = accept::turn_away(service, arrival, error);
        accept::refuse(&socket, &refusal, &mut [0; BUFFER_BYTES]);
    }
}

/// The waker of the connections of one thread. Rings that come before it is silenced are one.
///
/// A late ring for a former connection reaches the present one, which then finds nothing new.
struct Bell {
    eventfd: OwnedFd,
    rung: AtomicBool,
}

impl Bell {
    fn new() -> io::Result<Self> {
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { eventfd, rung: AtomicBool::new(false) })
    }

    /// Lets the next ring through. What rings meanwhile is heard by the turn that follows.
    fn silence(&self) {
        // It was rung, so there is something to read.
        let _ = rustix::io::read(&self.eventfd, &mut [0; 8]);
        self.rung.swap(false, Ordering::AcqRel);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // Rung once between two silences, the counter cannot overflow.
            let _ = rustix::io::write(&self.eventfd, &1u64.to_ne_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::model::Connection;
    use crate::model::accept::Acceptor;

    /// Is woken again and again, and leaves once its client has been heard.
    struct Restless {
        waker: Waker,
        has_heard: bool,
    }

    impl Connection for Restless {
        fn receive(&mut self, _: &[u8]) {
            self.has_heard = true;
        }

        fn resume(&mut self) {
            self.waker.wake_by_ref();
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
            self.has_heard
        }
    }

    struct Unrest;

    impl Service for Unrest {
        type Connection = Restless;

        fn connect(&self, waker: Waker, _: Arrival) -> Result<Restless, Vec<u8>> {
            waker.wake_by_ref();
            Ok(Restless { waker, has_heard: false })
        }

        fn refusal(&self, _: Arrival, reason: &str) -> Vec<u8> {
            reason.into()
        }
    }

    #[test]
    fn a_client_is_heard_however_often_its_connection_is_woken() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"heard").unwrap();
        let arrived = arrived(listener);
        let mut driver = Driver::new(Arc::new(Unrest), Shutdown::new().unwrap()).unwrap();
        let opened = driver.open(arrived).unwrap();
        let (served, serving) = mpsc::channel();
        thread::spawn(move || {
            driver.serve(opened);
            served.send(()).unwrap();
        });
        serving.recv_timeout(Duration::from_secs(20)).unwrap();
    }

    /// The client that has connected.
    fn arrived(listener: TcpListener) -> Arrived {
        let acceptor = Acceptor::new(0, listener).unwrap();
        let mut watched = [PollFd::from_borrowed_fd(acceptor.listener(), PollFlags::IN)];
        poll(&mut watched, None).unwrap();
        acceptor.next().unwrap()
    }
}
