use std::sync::{Arc, Barrier};

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
    let mut clients = [client(Duration::ZERO, requests.clone()), client(Duration::ZERO, requests)];
    let outcome = drive(&mut clients, &Ledger::new(1), Pace::Closed, LONG).unwrap();
    assert_eq!((outcome.requests, outcome.reads.len(), outcome.writes.len()), (6, 2, 4));
    assert_eq!(outcome.witness.reads(), 2);
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
fn a_request_counts_from_when_it_was_due_though_the_client_wakes_up_later() {
    let began = Instant::now();
    let mut schedule = Schedule::new(Pace::Open { per_second: 100.0 }, began, 1, 2);
    let due = began + Duration::from_millis(10);
    assert_eq!(schedule.next(began + LONG).unwrap(), Some(due));
    assert!(Instant::now() > due, "it has woken up since");
}

/// Writes in two steps, and reads what was there first.
struct Slack {
    /// The write is committed.
    committed: Arc<Barrier>,
    /// A read was answered since.
    answered: Arc<Barrier>,
    reads: usize,
}

impl Application for Slack {
    fn read(&mut self, _: u64) -> Result<Option<Vec<u8>>> {
        self.reads += 1;
        match self.reads {
            1 => self.committed.wait(),
            3 => self.answered.wait(),
            _ => return Ok(None),
        };
        Ok(None)
    }

    fn write(&mut self, _: u64, _: Vec<u8>) -> Result<Instant> {
        let committed = Instant::now();
        self.committed.wait();
        self.answered.wait();
        Ok(committed)
    }
}

#[test]
fn a_stale_copy_that_is_read_before_the_writer_has_dropped_it_is_counted() {
    let barriers = [(); 2].map(|()| Arc::new(Barrier::new(2)));
    let client = |requests: Vec<Operation>| {
        let [committed, answered] = barriers.clone();
        let application = Box::new(Slack { committed, answered, reads: 0 });
        Client { application, requests: Box::new(requests.into_iter()) }
    };
    let ledger = Ledger::new(1);
    // The first read was asked for before the commit, or may have been; the others were after it.
    let mut clients = [client(vec![Operation::Write(1)]), client(vec![Operation::Read(1); 3])];
    let outcome = drive(&mut clients, &ledger, Pace::Closed, LONG).unwrap();
    let sightings = outcome.witness.judged(&ledger);
    assert_eq!((sightings.reads, sightings.after_complete), (3, 0));
    assert!(sightings.stale >= 2, "{sightings:?}");
}

#[test]
fn a_schedule_ends_with_the_time() {
    let (began, second) = (Instant::now() - Duration::from_secs(10), Duration::from_secs(1));
    let mut schedule = Schedule::new(Pace::Open { per_second: 10.0 }, began, 1, 2);
    let due: Vec<_> = std::iter::from_fn(|| schedule.next(began + second).unwrap()).collect();
    let milliseconds = |due: &Instant| (*due - began).as_millis();
    assert_eq!(due.iter().map(milliseconds).collect::<Vec<_>>(), [100, 300, 500, 700, 900]);
    assert_eq!(Schedule::AtOnce.next(began).unwrap(), None);
}
