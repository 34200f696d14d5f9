//! One connection of a load: a window of requests in flight.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::arrival::{self, Ear};
use super::dialogue::{Dialogue, loss, no_resp, sentence};
use super::inbox::Inbox;
use super::schedule::Schedule;
use super::tally::{Tally, nanoseconds};
use super::{Kind, Load, Script, Verdict};
use crate::failure::{Failure, Result};

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
}

/// A request that is not yet answered.
struct Flight {
    kind: Kind,
    due: u64,
}

/// Why a connection has ended, in a sentence.
pub(super) type Loss = String;

impl<S: Script> Connection<S> {
    /// Connects and greets.
    pub(super) fn open(load: &Load, number: usize, mut script: S) -> Result<Self> {
        let mut dialogue = Dialogue::open(load.target)?;
        let mut outbox = Vec::new();
        let count = script.greeting(&mut outbox);
        dialogue.demand(&outbox, count)?;
        outbox.clear();
        let stream = dialogue.into_stream();
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
            outbox,
            sent: 0,
            room_since: 0,
            heard: 0,
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
        let heard = match self.schedule.is_open() {
            true => ear.read_noted(&self.stream, clock),
            false => ear.read(&self.stream, clock),
        };
        let (bytes, now) = match heard {
            Ok(heard) => heard,
            Err(error) if is_patience(&error) => return Ok(()),
            Err(error) => return Err(self.lost(&error)),
        };
        self.heard = now;
        if self.flights.len() == self.window {
            self.room_since = now;
        }
        let (mut unasked, flights, script) = (None, &mut self.flights, &mut self.script);
        let taken = self.inbox.take(bytes, |reply| match flights.pop_front() {
            Some(Flight { kind, due }) => match script.answered(kind, reply) {
                Verdict::Fine => tally.answered(kind, due, now),
                Verdict::Error => tally.refused(now, || sentence(reply)),
            },
            None => unasked = Some(sentence(reply)),
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
                tally.sent(due, self.room_since, now);
            }
            self.schedule.advance();
        }
    }

    /// Sends as much as the system takes.
    pub(super) fn send(&mut self) -> std::result::Result<(), Loss> {
        while self.sent < self.outbox.len() {
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

    /// Whether it is to ask, and can only once it is answered.
    pub(super) fn is_held_up(&self, now: u64, ends: u64) -> bool {
        !self.has_room() && self.schedule.due(now) <= now.min(ends)
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

    /// How many requests that are due before `ends` were not sent.
    pub(super) fn unsent(self, ends: u64) -> u64 {
        self.schedule.left(ends)
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
