//! The load generator: what many clients ask of one server, and how long they wait for it.
//!
//! ```text
//!  Script          what a connection asks, one each
//!     | requests                                       epoll
//!  Connection      a window of requests in flight   <-------- Driver: a thread, many connections
//!     | replies: Inbox, Scanner
//!  Tally           latencies and errors of a thread  -------> Outcome: those of all threads
//! ```
//!
//! In a closed loop ([`Pace::Closed`]) a connection asks again when it is answered: a server that stalls is
//! asked less for as long, so that few requests see the stall. In an open loop ([`Pace::Open`]) requests are
//! due by a schedule that the server has no influence on, as those of independent users are. A request that
//! cannot be sent when it is due is late, and its latency counts from when it was due. Latencies that are
//! to describe a server come from an open loop.

mod arrival;
mod backlog;
mod connection;
mod descriptors;
mod dialogue;
mod driver;
mod inbox;
mod opening;
mod scanner;
mod schedule;
mod tally;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod threads;
mod timer;

use std::net::SocketAddr;
use std::time::Duration;

use hdrhistogram::Histogram;

pub(crate) use dialogue::Dialogue;

use crate::failure::{Failure, Result};
use crate::measure::number::counted;

/// How long a connection may wait for a reply, unless a load says otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A longer window would fill the memory with requests that wait for each other.
const PIPELINE_MAX: usize = 100_000;

/// No generator asks more often, in a second.
const RATE_MAX: f64 = 1e7;

/// What one connection asks.
pub(crate) trait Script {
    /// Appends what has to be answered without an error before the load begins, such as `AUTH`, and says
    /// how many requests these are.
    fn greeting(&mut self, _out: &mut Vec<u8>) -> usize {
        0
    }

    /// Appends one request, and says of which kind it is.
    fn request(&mut self, out: &mut Vec<u8>) -> Kind;

    /// Is told of each reply, whole as it came, in the order of the requests. Of a request whose connection
    /// was lost it hears no more.
    fn answered(&mut self, _kind: Kind, reply: &[u8]) -> Verdict {
        Verdict::of(reply)
    }
}

/// What a request does; its latency is kept with those of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
}

/// What a reply is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is what was asked for. Its latency counts.
    Fine,
    /// It is an error. It is counted as one, and its latency is not kept.
    Error,
}

impl Verdict {
    /// An error is an error; everything else is fine.
    pub(crate) fn of(reply: &[u8]) -> Self {
        match reply.first() {
            Some(b'-' | b'!') => Self::Error,
            _ => Self::Fine,
        }
    }
}

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// Whenever the window of a connection has room.
    Closed,
    /// At even intervals, so many a second over all connections.
    Open {
        /// Over all connections.
        per_second: f64,
    },
    /// At random, so many a second over all connections on average, as independent users do.
    Poisson {
        /// Over all connections.
        per_second: f64,
    },
}

/// A load on a server.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Who is asked.
    pub(crate) target: SocketAddr,
    /// How many connections ask.
    pub(crate) connections: usize,
    /// How many threads drive them, no more than there are connections.
    pub(crate) threads: usize,
    /// The window of each connection: how many of its requests may be in flight.
    pub(crate) pipeline: usize,
    /// When they ask.
    pub(crate) pace: Pace,
    /// What is thrown away at the beginning.
    pub(crate) warm_up: Duration,
    /// What is measured after that.
    pub(crate) lasting: Duration,
    /// How long a connection may wait for a reply before it counts as lost, and how long after the end
    /// replies are waited for.
    pub(crate) patience: Duration,
}

impl Load {
    /// One connection that asks `target` for a second, one request after the other.
    pub(crate) fn on(target: SocketAddr) -> Self {
        Self {
            target,
            connections: 1,
            threads: 1,
            pipeline: 1,
            pace: Pace::Closed,
            warm_up: Duration::ZERO,
            lasting: Duration::from_secs(1),
            patience: PATIENCE,
        }
    }

    /// Opens the connections, each with the script that `script` gives for its number, drives them, and says
    /// what it came to. It ends within `warm_up + lasting + patience` of the last connection's opening.
    ///
    /// # Errors
    ///
    /// When a connection cannot be opened, a greeting is answered with an error, or every connection is lost
    /// before the time is over. Some lost connections are no failure: [`Outcome::lost`] counts them.
    pub(crate) fn drive<S: Script>(&self, script: impl Fn(usize) -> S + Sync) -> Result<Outcome> {
        let (outcome, ..) = self.drive_beside(script, || ())?;
        Ok(outcome)
    }

    /// As [`drive`](Self::drive), and calls `sample` twice: at the beginning and at the end of what is
    /// measured. What the server has used in between can be told from the difference.
    pub(crate) fn drive_beside<S: Script, T>(
        &self,
        script: impl Fn(usize) -> S + Sync,
        sample: impl FnMut() -> T,
    ) -> Result<(Outcome, T, T)> {
        self.check()?;
        descriptors::allow(self.connections)?;
        threads::drive(self, &script, sample)
    }

    /// Refuses what makes no sense, or more than can be done.
    pub(crate) fn check(&self) -> Result<()> {
        if self.connections == 0 || self.threads == 0 || self.pipeline == 0 {
            return Err(Failure::misuse(
                "a load needs at least one connection, one thread and a pipeline of one request",
            ));
        }
        if self.pipeline > PIPELINE_MAX {
            let most = counted(PIPELINE_MAX as u64);
            return Err(Failure::misuse(format!("a pipeline has {most} requests at most")));
        }
        match self.pace {
            Pace::Open { per_second } | Pace::Poisson { per_second }
                if !per_second.is_normal() || !(0.0..=RATE_MAX).contains(&per_second) =>
            {
                let most = counted(RATE_MAX as u64);
                Err(Failure::misuse(format!(
                    "the rate of an open loop has to be above zero, and {most} a second at most"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// What a load came to. The warm-up is not in it.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Replies that came within [`lasted`](Self::lasted), errors included.
    pub(crate) requests: u64,
    /// Errors among these replies, and requests that were never answered.
    pub(crate) errors: u64,
    /// Requests that were sent and never answered: their connection was lost, or the patience after the end
    /// was over. They have no latency.
    pub(crate) unanswered: u64,
    /// How long was measured.
    pub(crate) lasted: Duration,
    /// Latencies of reads in nanoseconds: of all that were due within the time and were answered well, at
    /// whatever time. Those that were due and never sent count as if they had been answered at the end of
    /// the time, which is the least that they would have waited; as many of them as reads as there are reads
    /// among the requests that were sent.
    pub(crate) reads: Histogram<u64>,
    /// Latencies of writes, likewise.
    pub(crate) writes: Histogram<u64>,
    /// What the generator's threads used of the processor.
    pub(crate) cpu: Duration,
    /// How late the generator itself was: from when a request was due and its window had room to when it was
    /// sent, in nanoseconds. Empty in a closed loop.
    pub(crate) lag: Histogram<u64>,
    /// Requests of an open loop that were due within the time and never sent: the window had no room up to
    /// the end, or the connection was lost. Of a schedule at random, so many as were to be expected.
    pub(crate) unsent: u64,
    /// Connections that ended early.
    pub(crate) lost: usize,
    /// The first thing that went wrong, in a sentence, be it in the warm-up: an error of the server, or how a
    /// connection was lost.
    pub(crate) complaint: Option<String>,
    /// How many threads the generator had.
    pub(crate) threads: usize,
}

impl Outcome {
    /// Requests that were answered in a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.lasted.as_secs_f64()
    }

    /// Requests that were due within the time and were answered well.
    pub(crate) fn answered_well(&self) -> u64 {
        (self.reads.len() + self.writes.len()).saturating_sub(self.unsent)
    }

    /// What the generator used of the processor for a request, in microseconds.
    pub(crate) fn cpu_us_per_request(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.requests.max(1) as f64
    }

    /// What has to be known before these figures are believed, in sentences.
    pub(crate) fn warnings(&self) -> Vec<String> {
        tally::warnings(self)
    }
}
