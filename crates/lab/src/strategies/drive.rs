//! Drives the clients of an application: a thread each, which asks, waits, and says what it saw.
//!
//! In an open loop requests are due by a schedule that the strategy has no influence on. A request that
//! could not be sent when it was due, because the one before was still being answered, is counted from
//! when it was due. Where the client was free, and merely woke up late, its latency counts from when it
//! asked: the lateness of a timer is the lab's.

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::application::Application;
use super::observer::{Ledger, Sightings};
use crate::failure::{Failure, Result};
use crate::generator::Pace;
use crate::workload::Operation;

/// Digits of a latency that are kept.
const DIGITS: u8 = 3;

/// The longest latency that is told from longer ones, in nanoseconds: ten minutes.
const LATENCY_MAX: u64 = 600_000_000_000;

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
    /// What the reads were given.
    pub(super) sightings: Sightings,
}

/// Lets the clients ask for as long, and judges what they are given by `ledger`.
///
/// # Errors
///
/// When a request fails.
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
        sum.add(&outcome?)?;
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
            Pace::Open { per_second } | Pace::Poisson { per_second } => {
                let interval = Duration::from_secs_f64(clients as f64 / per_second);
                let offset = interval.mul_f64(place as f64 / clients as f64);
                Self::Even { due: began + offset, interval }
            }
        }
    }

    /// Waits until the next request is due; from when on its latency counts. `None` when it is due after
    /// the end.
    fn next(&mut self, end: Instant) -> Option<Instant> {
        let now = Instant::now();
        match self {
            Self::AtOnce => (now < end).then_some(now),
            Self::Even { due, interval } => {
                let this = *due;
                *due += *interval;
                if this >= end {
                    return None;
                }
                if this <= now {
                    return Some(this);
                }
                thread::sleep(this - now);
                Some(Instant::now())
            }
        }
    }
}

impl Client {
    fn work(&mut self, ledger: &Ledger, mut schedule: Schedule, end: Instant) -> Result<Outcome> {
        let mut outcome = Outcome::new()?;
        while let Some(since) = schedule.next(end) {
            let Some(request) = self.requests.next() else { break };
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
                outcome.sightings.judge(ledger, key, seen.as_deref(), asked);
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
            sightings: Sightings::default(),
        })
    }

    fn add(&mut self, other: &Self) -> Result<()> {
        self.requests += other.requests;
        self.reads.add(&other.reads).map_err(Failure::run)?;
        self.writes.add(&other.writes).map_err(Failure::run)?;
        self.sightings = self.sightings.and(&other.sightings);
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
mod tests {
    use super::*;

    /// Answers every read with what was written last, after a while.
    struct Slow {
        value: Option<Vec<u8>>,
        delay: Duration,
    }

    impl Application for Slow {
        fn read(&mut self, _: u64) -> Result<Option<Vec<u8>>> {
            thread::sleep(self.delay);
            Ok(self.value.clone())
        }

        fn write(&mut self, key: u64, value: Vec<u8>) -> Result<Instant> {
            if key == 0 {
                return Err(Failure::run("no"));
            }
            self.value = Some(value);
            Ok(Instant::now())
        }
    }

    fn client(delay: Duration, requests: Vec<Operation>) -> Client {
        let application = Box::new(Slow { value: None, delay });
        Client { application, requests: Box::new(requests.into_iter()) }
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn everything_that_was_asked_is_counted() {
        let requests = vec![Operation::Write(1), Operation::Read(1), Operation::Write(1)];
        let mut clients =
            [client(Duration::ZERO, requests.clone()), client(Duration::ZERO, requests)];
        let outcome = drive(&mut clients, &Ledger::new(1), Pace::Closed, LONG).unwrap();
        assert_eq!((outcome.requests, outcome.reads.len(), outcome.writes.len()), (6, 2, 4));
        assert_eq!(outcome.sightings.reads, 2);
        assert!(outcome.per_second() > 0.0);
    }

    #[test]
    fn a_request_that_fails_ends_it() {
        let mut clients = [client(Duration::ZERO, vec![Operation::Write(0)])];
        let failure = drive(&mut clients, &Ledger::new(1), Pace::Closed, LONG).unwrap_err();
        assert_eq!(failure.to_string(), "no");
    }

    #[test]
    fn a_request_that_had_to_wait_is_counted_from_when_it_was_due() {
        let delay = Duration::from_millis(5);
        let mut clients = [client(delay, vec![Operation::Read(1); 4])];
        let pace = Pace::Open { per_second: 1e6 };
        let outcome = drive(&mut clients, &Ledger::new(1), pace, LONG).unwrap();
        assert!(outcome.reads.max() > 15_000_000, "{}", outcome.reads.max());
    }

    #[test]
    fn a_schedule_ends_with_the_time() {
        let (began, second) = (Instant::now() - Duration::from_secs(10), Duration::from_secs(1));
        let mut schedule = Schedule::new(Pace::Open { per_second: 10.0 }, began, 1, 2);
        let due: Vec<_> = std::iter::from_fn(|| schedule.next(began + second)).collect();
        let milliseconds = |due: &Instant| (*due - began).as_millis();
        assert_eq!(due.iter().map(milliseconds).collect::<Vec<_>>(), [100, 300, 500, 700, 900]);
        assert_eq!(Schedule::AtOnce.next(began), None);
    }
}
