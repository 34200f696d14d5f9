//! Drives the clients of an application: a thread each, which asks, waits, and says what it saw.
//!
//! In an open loop requests are due by a schedule that the strategy has no influence on, and each counts
//! from when it was due: whether the one before was still being answered, or the machine was too busy to
//! wake the client in time. Somebody who asks at that moment waits either way.

use std::num::NonZeroU64;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::thread::set_current_timer_slack;

use super::application::Application;
use super::observer::{Ledger, Witness};
use crate::failure::{Failure, Result};
use crate::interruption;
use crate::workload::Operation;

/// Digits of a latency that are kept.
const DIGITS: u8 = 3;

/// The longest latency that is told from longer ones, in nanoseconds: ten minutes.
const LATENCY_MAX: u64 = 600_000_000_000;

/// How long a client sleeps before it looks whether the run is broken off.
const SLEEP_MAX: Duration = Duration::from_millis(200);

/// When clients ask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Pace {
    /// When they have been answered.
    Closed,
    /// At even distances, so many requests a second in all.
    Open { per_second: f64 },
}

/// What a client asks, one request after the other.
pub(super) type Requests = Box<dyn Iterator<Item = Operation> + Send>;

/// One client: how it works, and what it asks.
pub(super) struct Client {
    pub(super) application: Box<dyn Application>,
    pub(super) requests: Requests,
}

/// What driving came to.
#[derive(Debug)]
pub(super) struct Outcome {
    /// How many requests were answered.
    pub(super) requests: u64,
    /// How long it took.
    pub(super) lasted: Duration,
    /// Latencies of reads, in nanoseconds.
    pub(super) reads: Histogram<u64>,
    /// Latencies of writes.
    pub(super) writes: Histogram<u64>,
    /// What the reads were given; to be judged when all writes have ended, others' too.
    pub(super) witness: Witness,
}

/// Lets the clients ask for as long, and keeps what they are given, to be judged by `ledger`.
///
/// # Errors
///
/// When a request fails, or the run is broken off.
pub(super) fn drive(
    clients: &mut [Client],
    ledger: &Ledger,
    pace: Pace,
    lasting: Duration,
) -> Result<Outcome> {
    let began = Instant::now();
    let share = clients.len();
    let outcomes = thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .enumerate()
            .map(|(place, client)| {
                let schedule = Schedule::new(pace, began, place, share);
                scope.spawn(move || client.work(ledger, schedule, began + lasting))
            })
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|outcome| outcome.unwrap_or_else(|_| Err(panicked()))).collect::<Vec<_>>()
    });
    let mut sum = Outcome::new()?;
    for outcome in outcomes {
        sum.add(outcome?)?;
    }
    sum.lasted = began.elapsed();
    Ok(sum)
}

/// What is said of a thread that panicked.
pub(super) fn panicked() -> Failure {
    Failure::run("a thread of the lab panicked")
}

/// When the requests of one client are due.
enum Schedule {
    /// When the one before has been answered.
    AtOnce,
    /// Every so often.
    Even { due: Instant, interval: Duration },
}

impl Schedule {
    /// Of the client in that place of so many. They are offset, so that not all ask at once.
    fn new(pace: Pace, began: Instant, place: usize, clients: usize) -> Self {
        match pace {
            Pace::Closed => Self::AtOnce,
            Pace::Open { per_second } => {
                let interval = Duration::from_secs_f64(clients as f64 / per_second);
                let offset = interval.mul_f64(place as f64 / clients as f64);
                Self::Even { due: began + offset, interval }
            }
        }
    }

    /// Waits until the next request is due, and answers when that was: from then on its latency counts,
    /// however late this wakes up. `None` when it is due after the end.
    fn next(&mut self, end: Instant) -> Result<Option<Instant>> {
        match self {
            Self::AtOnce => Ok(Some(Instant::now()).filter(|now| *now < end)),
            Self::Even { due, interval } => {
                let this = *due;
                *due += *interval;
                if this >= end {
                    return Ok(None);
                }
                sleep_until(this)?;
                Ok(Some(this))
            }
        }
    }
}

/// Sleeps, unless the run is broken off.
fn sleep_until(moment: Instant) -> Result<()> {
    loop {
        interruption::check()?;
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(SLEEP_MAX));
    }
}

impl Client {
    fn work(&mut self, ledger: &Ledger, mut schedule: Schedule, end: Instant) -> Result<Outcome> {
        // Without this the system may let it oversleep by a twentieth of a millisecond.
        set_current_timer_slack(NonZeroU64::new(1))
            .map_err(|error| Failure::io("prctl", error.into()))?;
        let mut outcome = Outcome::new()?;
        while let Some(since) = schedule.next(end)? {
            let Some(request) = self.requests.next() else { break };
            interruption::check()?;
            self.ask(request, ledger, since, &mut outcome)?;
        }
        Ok(outcome)
    }

    fn ask(
        &mut self,
        request: Operation,
        ledger: &Ledger,
        since: Instant,
        outcome: &mut Outcome,
    ) -> Result<()> {
        outcome.requests += 1;
        match request {
            Operation::Read(key) => {
                let asked = Instant::now();
                let seen = self.application.read(key)?;
                outcome.reads.saturating_record(nanoseconds(since.elapsed()));
                outcome.witness.saw(ledger, key, seen.as_deref(), asked);
            }
            Operation::Write(key) => {
                self.write(key, ledger)?;
                outcome.writes.saturating_record(nanoseconds(since.elapsed()));
            }
        }
        Ok(())
    }

    /// Writes a key, and has it in the ledger.
    pub(super) fn write(&mut self, key: u64, ledger: &Ledger) -> Result<()> {
        let (begun, value) = ledger.begin(key);
        let committed = self.application.write(key, value)?;
        ledger.end(begun, committed);
        Ok(())
    }
}

impl Outcome {
    fn new() -> Result<Self> {
        let histogram = || Histogram::new_with_bounds(1, LATENCY_MAX, DIGITS).map_err(Failure::run);
        Ok(Self {
            requests: 0,
            lasted: Duration::ZERO,
            reads: histogram()?,
            writes: histogram()?,
            witness: Witness::default(),
        })
    }

    fn add(&mut self, other: Self) -> Result<()> {
        self.requests += other.requests;
        self.reads.add(other.reads).map_err(Failure::run)?;
        self.writes.add(other.writes).map_err(Failure::run)?;
        self.witness.join(other.witness);
        Ok(())
    }

    /// Requests that were answered in a second.
    pub(super) fn per_second(&self) -> f64 {
        self.requests as f64 / self.lasted.as_secs_f64()
    }
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
