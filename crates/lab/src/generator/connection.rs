//! One connection of a load: a window of requests in flight.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::arrival::{self, Ear, Heard};
use super::dialogue::{loss, no_resp, sentence};
use super::inbox::Inbox;
use super::schedule::{Left, Schedule};
use super::tally::{Span, Tally, nanoseconds};
use super::{Kind, Load, Script, Verdict};
use crate::failure::{Failure, Result};

/// How much may lie unread, in bytes: so much the system keeps without holding the server up.
const UNREAD_BYTES_MAX: usize = 32 * 1024;

/// What has passed since the load began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn since(begin: Instant) -> Self {
        Self(begin)
    }

    /// In nanoseconds.
    pub(super) fn now(self) -> u64 {
        nanoseconds(self.0.elapsed())
    }
}

/// A connection, and what it is to ask.
pub(super) struct Connection<S> {
    target: SocketAddr,
    stream: TcpStream,
    script: S,
    schedule: Schedule,
    window: usize,
    patience: Duration,
    flights: VecDeque<Flight>,
    inbox: Inbox,
    /// Requests of which the first `sent` bytes are sent.
    outbox: Vec<u8>,
    sent: usize,
    /// Since when the window has room.
    room_since: u64,
    /// When it last heard something, or began to wait.
    heard: u64,
    /// When it was last read or written to: what it had not read then came later.
    touched: u64,
    /// How long the longest reply was.
    longest_reply: usize,
    /// Whether the last read may have left something.
    is_more_there: bool,
}

/// A request that is not yet answered.
struct Flight {
    kind: Kind,
    due: u64,
}

/// Why a connection has ended, in a sentence.
pub(super) type Loss = String;

impl<S: Script> Connection<S> {
    /// Of one that is let in.
    pub(super) fn new(load: &Load, number: usize, script: S, stream: TcpStream) -> Result<Self> {
        let schedule = Schedule::new(load, number);
        let prepared = stream.set_nonblocking(true).and_then(|()| match schedule.is_open() {
            true => arrival::note_arrivals(&stream),
            false => Ok(()),
        });
        prepared.map_err(|error| Failure::io("a connection", error))?;
        Ok(Self {
            target: load.target,
            stream,
            script,
            schedule,
            window: load.pipeline,
            patience: load.patience,
            flights: VecDeque::with_capacity(load.pipeline.min(1024)),
            inbox: Inbox::default(),
            outbox: Vec::new(),
            sent: 0,
            room_since: 0,
            heard: 0,
            touched: 0,
            longest_reply: 0,
            is_more_there: false,
        })
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Takes what has come, as much as `ear` takes at once.
    pub(super) fn hear(
        &mut self,
        ear: &mut Ear,
        clock: Clock,
        tally: &mut Tally,
    ) -> std::result::Result<(), Loss> {
        let earliest = std::mem::replace(&mut self.touched, clock.now());
        self.is_more_there = false;
        let heard = match self.schedule.is_open() {
            true => ear.read_noted(&self.stream, clock, earliest),
            false => ear.read(&self.stream, clock),
        };
        let Heard { bytes, moment: now, is_full } = match heard {
            Ok(heard) => heard,
            Err(error) if is_patience(&error) => return Ok(()),
            Err(error) => return Err(self.lost(&error)),
        };
        self.heard = now;
        self.is_more_there = is_full;
        if self.flights.len() == self.window {
            self.room_since = now;
        }
        let (mut unasked, flights, script) = (None, &mut self.flights, &mut self.script);
        let longest = &mut self.longest_reply;
        let taken = self.inbox.take(bytes, |reply| {
            *longest = reply.len().max(*longest);
            match flights.pop_front() {
                Some(Flight { kind, due }) => match script.answered(kind, reply) {
                    Verdict::Fine => tally.answered(kind, due, now),
                    Verdict::Error => tally.refused(now, || sentence(reply)),
                },
                None => unasked = Some(sentence(reply)),
            }
        });
        match (taken, unasked) {
            (Err(_), _) => Err(no_resp(self.target)),
            (_, Some(said)) => Err(self.about(&format!("said what nobody asked: {said}"))),
            _ => Ok(()),
        }
    }

    /// Asks what is due at `now`, as far as the window has room; nothing once the time is over.
    pub(super) fn ask(&mut self, now: u64, tally: &mut Tally) {
        if self.flights.is_empty() {
            self.heard = now;
        }
        while self.has_room() && now < tally.span.ends {
            let due = self.schedule.due(now);
            if due > now {
                break;
            }
            let kind = self.script.request(&mut self.outbox);
            self.flights.push_back(Flight { kind, due });
            if self.schedule.is_open() {
                tally.sent(kind, due, self.room_since, now);
            }
            self.schedule.advance();
        }
    }

    /// Sends as much as the system takes, at `now`.
    pub(super) fn send(&mut self, now: u64) -> std::result::Result<(), Loss> {
        while self.sent < self.outbox.len() {
            self.touched = now;
            match self.stream.write(&self.outbox[self.sent..]) {
                Ok(length) => self.sent += length,
                Err(error) if is_patience(&error) => return Ok(()),
                Err(error) => return Err(self.lost(&error)),
            }
        }
        self.outbox.clear();
        self.sent = 0;
        Ok(())
    }

    /// Whether something is left to be sent.
    pub(super) fn has_output(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// When it is to ask next, if that is after `now` and not a matter of replies alone.
    pub(super) fn asks_next(&self, now: u64, ends: u64) -> Option<u64> {
        let due = self.schedule.due(ends);
        (now < due && due < ends).then_some(due)
    }

    /// Whether what comes has to be read at once: it is to ask and can only once it is answered, or the
    /// server could not go on because of what lies unread.
    pub(super) fn is_held_up(&self, now: u64, ends: u64) -> bool {
        let waits_for_room = !self.has_room() && self.schedule.due(now) <= now.min(ends);
        waits_for_room || self.holds_server_up()
    }

    fn holds_server_up(&self) -> bool {
        let may_come = self.longest_reply.saturating_mul(self.flights.len());
        self.is_more_there || self.inbox.is_amid_reply() || may_come > UNREAD_BYTES_MAX
    }

    /// How many requests are not answered.
    pub(super) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// What is said of it when it has waited for too long.
    pub(super) fn silence(&self, now: u64) -> Option<Loss> {
        let waited = now.saturating_sub(self.heard);
        let is_too_long = !self.flights.is_empty() && waited > nanoseconds(self.patience);
        is_too_long.then(|| self.about(&format!("did not answer within {:?}", self.patience)))
    }

    /// What is said of it when it is waited for no longer after the end.
    pub(super) fn given_up(&self) -> String {
        self.about(&format!("did not answer all requests within {:?} of the end", self.patience))
    }

    /// The requests that are due within `span` and not sent.
    pub(super) fn left(&self, span: Span) -> Left {
        self.schedule.left(span)
    }

    fn has_room(&self) -> bool {
        self.flights.len() < self.window
    }

    fn lost(&self, error: &io::Error) -> Loss {
        self.about(&loss(error))
    }

    fn about(&self, what: &str) -> Loss {
        format!("{} {what}", self.target)
    }
}

/// Whether there is nothing to be done but to wait for the next event.
fn is_patience(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::generator::Pace;

    struct Asks;

    impl Script for Asks {
        fn request(&mut self, out: &mut Vec<u8>) -> Kind {
            out.extend_from_slice(b"*1\r\n$4\r\nPING\r\n");
            Kind::Read
        }
    }

    /// A connection that asks each second, with the server's end of it.
    struct Asking {
        connection: Connection<Asks>,
        server: TcpStream,
        ear: Ear,
        tally: Tally,
        now: u64,
    }

    impl Asking {
        fn begin() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let pace = Pace::Open { per_second: 1.0 };
            let lasting = Duration::from_secs(1000);
            let load =
                Load { pace, lasting, pipeline: 9, ..Load::on(listener.local_addr().unwrap()) };
            let stream = TcpStream::connect(load.target).unwrap();
            Self {
                connection: Connection::new(&load, 0, Asks, stream).unwrap(),
                server: listener.accept().unwrap().0,
                ear: Ear::new(),
                tally: Tally::new(&load),
                now: 0,
            }
        }

        /// Asks once, a second after the last time.
        fn ask(&mut self) {
            self.connection.ask(self.now, &mut self.tally);
            self.connection.send(self.now).unwrap();
            self.now += 1_000_000_000;
        }

        fn hear(&mut self, bytes: &[u8]) {
            self.server.write_all(bytes).unwrap();
            self.connection.stream.set_nonblocking(false).unwrap();
            let mut peeked = vec![0; bytes.len()];
            while self.connection.stream.peek(&mut peeked).unwrap() < bytes.len() {}
            self.connection.stream.set_nonblocking(true).unwrap();
            let clock = Clock::since(Instant::now());
            self.connection.hear(&mut self.ear, clock, &mut self.tally).unwrap();
        }

        fn is_held_up(&self) -> bool {
            self.connection.is_held_up(0, self.tally.span.ends)
        }
    }

    #[test]
    fn small_replies_may_lie_unread() {
        let mut asking = Asking::begin();
        asking.ask();
        asking.hear(b"+OK\r\n");
        (0..8).for_each(|_| asking.ask());
        assert!(!asking.is_held_up());
    }

    #[test]
    fn the_rest_of_a_reply_is_read_at_once() {
        let mut asking = Asking::begin();
        asking.ask();
        asking.hear(b"$3\r\n");
        assert!(asking.is_held_up());
        asking.hear(b"abc\r\n");
        assert!(!asking.is_held_up());
    }

    #[test]
    fn replies_that_fill_what_the_system_keeps_are_read_at_once() {
        let mut asking = Asking::begin();
        asking.ask();
        let value = "x".repeat(UNREAD_BYTES_MAX / 2);
        asking.hear(format!("${}\r\n{value}\r\n", value.len()).as_bytes());
        assert!(!asking.is_held_up(), "nothing is under way");
        asking.ask();
        assert!(!asking.is_held_up(), "one has room");
        asking.ask();
        assert!(asking.is_held_up(), "two have none");
    }
}
