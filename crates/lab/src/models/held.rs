//! Connections that are open and idle.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_linger;

use super::gets::get;
use crate::measure::kernel;
use crate::measure::number::counted;
use crate::{failure, interruption};

/// How many connections may wait for their first answer at a time. A model that lets clients wait may be
/// expected to refuse one of so many.
const WAITING_MAX: usize = 256;

/// How many are opened together. The next ones follow when all are answered, since a listener has room for
/// about so many and lets those who come then wait for a second.
const BATCH: usize = 64;

/// Or when nobody has been answered for so long: some models keep their clients waiting.
const STALL: Duration = Duration::from_millis(100);

/// How long nobody may be answered before the rest is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long nobody may be answered any more once somebody was refused.
const FINISH_PATIENCE: Duration = Duration::from_millis(200);

/// How long opening all of them may take.
const OPENING_MAX: Duration = Duration::from_secs(20);

/// Of the machine's memory, how much is left alone.
const MEMORY_RESERVE: f64 = 0.15;

/// Connections that were answered once and ask nothing more. Dropping them closes them.
#[derive(Default)]
pub(super) struct Held(Vec<TcpStream>);

/// Why there are not as many as were asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shortfall {
    /// What the server said to one of them.
    Refused(String),
    /// The server closed one without a word.
    Closed,
    /// Some were never answered.
    Unanswered,
    /// This machine would have run out of memory.
    Memory,
    /// It took too long.
    Time,
    /// The run was broken off.
    BrokenOff,
    /// This side could open no more.
    Here(String),
}

impl Shortfall {
    /// In a sentence; `complaint` is what the server complained about last, to nobody in particular.
    pub(super) fn sentence(&self, held: usize, complaint: Option<String>) -> String {
        let held = counted(held as u64);
        let of_server = complaint.map_or(String::new(), |complaint| format!(": {complaint}"));
        match self {
            Self::Refused(reason) => format!("after {held} connections: {reason}"),
            Self::Closed => format!("after {held} connections the next was closed{of_server}"),
            Self::Unanswered => {
                format!("{held} connections are answered, the next is not{of_server}")
            }
            Self::Memory => format!("{held} connections left too little memory for the machine"),
            Self::Time => format!("{held} connections took {} s", OPENING_MAX.as_secs()),
            Self::BrokenOff => format!("after {held} connections the run was broken off"),
            Self::Here(reason) => {
                format!("after {held} connections none could be opened: {reason}")
            }
        }
    }

    /// Whether it is the server that has no more.
    pub(super) fn is_of_server(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Closed | Self::Unanswered)
    }
}

impl Held {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Closes all but `count`.
    pub(super) fn keep(&mut self, count: usize) {
        self.0.truncate(count);
    }

    /// Opens connections until there are `count`, as far as it goes.
    pub(super) fn grow(&mut self, server: SocketAddr, count: usize) -> Result<(), Shortfall> {
        let (waiting, go_on) = (Vec::new(), interruption::check);
        let mut opening = Opening { server, waiting, answered: &mut self.0, go_on };
        let grown = opening.run(count);
        if matches!(grown, Err(Shortfall::Refused(_) | Shortfall::Closed)) {
            opening.finish();
        }
        grown
    }
}

/// Connections that are about to be held.
struct Opening<'a> {
    server: SocketAddr,
    waiting: Vec<TcpStream>,
    answered: &'a mut Vec<TcpStream>,
    /// Fails when the run is broken off.
    go_on: fn() -> failure::Result<()>,
}

impl Opening<'_> {
    fn run(&mut self, count: usize) -> Result<(), Shortfall> {
        let begun = Instant::now();
        let (mut opened_at, mut heard_at) = (begun, begun);
        while self.answered.len() < count {
            (self.go_on)().map_err(|_| Shortfall::BrokenOff)?;
            let now = Instant::now();
            let is_stalled = now - opened_at.max(heard_at) > STALL;
            if self.waiting.is_empty() || (is_stalled && self.waiting.len() < WAITING_MAX) {
                self.open(BATCH.min(count - self.answered.len() - self.waiting.len()))?;
                opened_at = now;
            }
            let before = self.answered.len();
            self.hear()?;
            if self.answered.len() > before {
                heard_at = now;
            } else if now - heard_at > PATIENCE {
                return Err(Shortfall::Unanswered);
            }
            if now - begun > OPENING_MAX {
                return Err(Shortfall::Time);
            }
        }
        Ok(())
    }

    /// Hears those who came before somebody was refused, as long as there are answers.
    fn finish(&mut self) {
        let mut heard_at = Instant::now();
        while !self.waiting.is_empty() && heard_at.elapsed() < FINISH_PATIENCE {
            let before = self.answered.len();
            // Others may be refused as well.
            let _ = self.hear();
            if self.answered.len() > before {
                heard_at = Instant::now();
            }
        }
    }

    fn open(&mut self, count: usize) -> Result<(), Shortfall> {
        let (available, total) = kernel::available_of_total();
        if count > 0 && (available as f64) < total as f64 * MEMORY_RESERVE {
            return Err(Shortfall::Memory);
        }
        for _ in 0..count {
            let opened = connect(self.server);
            self.waiting.push(opened.map_err(|error| Shortfall::Here(error.to_string()))?);
        }
        Ok(())
    }

    /// Waits a moment for answers, and takes them.
    fn hear(&mut self) -> Result<(), Shortfall> {
        let mut descriptors: Vec<_> =
            self.waiting.iter().map(|stream| PollFd::new(stream, PollFlags::IN)).collect();
        let moment = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        // An interrupted wait has found nothing; the next one will.
        let _ = poll(&mut descriptors, Some(&moment));
        let is_ready: Vec<_> = descriptors.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut heard = Ok(());
        for (stream, is_ready) in std::mem::take(&mut self.waiting).into_iter().zip(is_ready) {
            match is_ready.then(|| answer(&stream)) {
                None => self.waiting.push(stream),
                Some(Ok(())) => self.answered.push(stream),
                Some(Err(shortfall)) => heard = heard.and(Err(shortfall)),
            }
        }
        heard
    }
}

fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    // Thousands of ports that wait for late packets would be missing at the next load.
    set_socket_linger(&stream, Some(Duration::ZERO))?;
    // A server that refuses may have closed already; what it said can be read all the same.
    match stream.write_all(&get(0)) {
        Err(error) if !is_closed(error.kind()) => return Err(error),
        _ => stream.set_nonblocking(true)?,
    }
    Ok(stream)
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

fn answer(mut stream: &TcpStream) -> Result<(), Shortfall> {
    let mut reply = [0; 1024];
    match stream.read(&mut reply) {
        Ok(0) => Err(Shortfall::Closed),
        Ok(length) => match &reply[..length] {
            [b'-', words @ ..] => {
                let words = String::from_utf8_lossy(words);
                let words = words.lines().next().unwrap_or_default();
                Err(Shortfall::Refused(words.trim_start_matches("ERR ").to_owned()))
            }
            _ => Ok(()),
        },
        Err(error) if is_closed(error.kind()) => Err(Shortfall::Closed),
        Err(error) => Err(Shortfall::Here(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A server that answers `replies` to its clients, in their order, and keeps them.
    fn server(replies: Vec<&'static [u8]>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let mut clients = Vec::new();
            for reply in replies {
                let mut client = listener.accept().unwrap().0;
                let mut sent = vec![0; get(0).len()];
                client.read_exact(&mut sent).unwrap();
                client.write_all(reply).unwrap();
                // An empty answer is a closed connection.
                clients.extend((!reply.is_empty()).then_some(client));
            }
            thread::park();
        });
        address
    }

    const VALUE: &[u8] = b"$1\r\nv\r\n";

    #[test]
    fn connections_are_held_once_they_are_answered() {
        let address = server(vec![VALUE; 100]);
        let mut held = Held::default();
        assert_eq!(held.grow(address, 100), Ok(()));
        assert_eq!(held.len(), 100);
        held.keep(10);
        assert_eq!(held.len(), 10);
    }

    #[test]
    fn a_refusal_ends_it_with_the_servers_words() {
        let address = server(vec![VALUE, VALUE, b"-ERR too many\r\n"]);
        let mut held = Held::default();
        let refused = held.grow(address, 3).unwrap_err();
        assert_eq!(refused.sentence(held.len(), None), "after 2 connections: too many");
    }

    #[test]
    fn who_came_before_the_one_that_was_refused_is_heard() {
        let address = server(vec![b"-ERR not you\r\n", VALUE, VALUE, VALUE]);
        let mut held = Held::default();
        assert_eq!(held.grow(address, 4), Err(Shortfall::Refused("not you".to_owned())));
        assert_eq!(held.len(), 3);
    }

    #[test]
    fn a_closed_connection_ends_it() {
        let address = server(vec![VALUE, b""]);
        let mut held = Held::default();
        let closed = held.grow(address, 2).unwrap_err();
        assert_eq!(closed, Shortfall::Closed);
        let sentence = closed.sentence(held.len(), Some("no more".to_owned()));
        assert_eq!(sentence, "after 1 connections the next was closed: no more");
    }

    #[test]
    fn a_server_that_does_not_answer_is_given_up() {
        let address = server(vec![VALUE]);
        let mut held = Held::default();
        let unanswered = held.grow(address, 2).unwrap_err();
        assert_eq!(unanswered, Shortfall::Unanswered);
        assert_eq!(held.len(), 1);
    }

    #[test]
    fn a_run_that_is_broken_off_opens_no_more() {
        let mut answered = Vec::new();
        let go_on = || Err(failure::Failure::run("broken off"));
        let server = server(Vec::new());
        let mut opening = Opening { server, waiting: Vec::new(), answered: &mut answered, go_on };
        let broken_off = opening.run(1_000).unwrap_err();
        assert_eq!(broken_off, Shortfall::BrokenOff);
        assert!(opening.waiting.is_empty() && !broken_off.is_of_server());
        let sentence = broken_off.sentence(1_234, None);
        assert_eq!(sentence, "after 1,234 connections the run was broken off");
    }

    #[test]
    fn nobody_there_is_told_by_this_side() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let refused = Held::default().grow(address, 1).unwrap_err();
        assert!(matches!(refused, Shortfall::Here(_)), "{refused:?}");
    }
}
