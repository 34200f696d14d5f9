//! What is counted.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::backlog::Backlog;
use super::schedule::Left;
use super::{Kind, Load, Outcome};

/// Latencies are told with so many significant digits.
const DIGITS: u8 = 3;

/// No latency is longer: an hour, in nanoseconds.
const LATENCY_MAX: u64 = 3_600_000_000_000;

/// A generator that is later than this now and then is told so, in nanoseconds.
const LAG_MAX: u64 = 1_000_000;

/// Some requests are always due right before the end.
const UNSENT_SHARE_MAX: f64 = 0.01;

/// A thread that is busy for a larger share of its time has no reserve.
const BUSY_MAX: f64 = 0.95;

/// When what is measured begins and ends, in nanoseconds from the beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) begins: u64,
    pub(super) ends: u64,
}

impl Span {
    pub(super) fn of(load: &Load) -> Self {
        let begins = nanoseconds(load.warm_up);
        Self { begins, ends: begins.saturating_add(nanoseconds(load.lasting)) }
    }

    pub(super) fn contains(self, moment: u64) -> bool {
        (self.begins..self.ends).contains(&moment)
    }
}

/// As many as a number can hold, which is six centuries.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What one thread has counted.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) span: Span,
    outcome: Outcome,
    backlog: Backlog,
}

impl Tally {
    pub(super) fn new(load: &Load) -> Self {
        let empty = empty_histogram();
        let outcome = Outcome {
            requests: 0,
            errors: 0,
            unanswered: 0,
            lasted: load.lasting,
            reads: empty.clone(),
            writes: empty.clone(),
            cpu: Duration::ZERO,
            lag: empty.clone(),
            unsent: 0,
            lost: 0,
            complaint: None,
            threads: 1,
        };
        Self { span: Span::of(load), outcome, backlog: Backlog::new(empty) }
    }

    /// A request that was due at `due` is sent at `now`, and could have been from `ready` on.
    pub(super) fn sent(&mut self, kind: Kind, due: u64, ready: u64, now: u64) {
        self.backlog.sent(kind);
        if self.span.contains(due) {
            self.outcome.lag.saturating_record(now.saturating_sub(due.max(ready)));
        }
    }

    /// A reply is as it should be.
    pub(super) fn answered(&mut self, kind: Kind, due: u64, now: u64) {
        self.outcome.requests += u64::from(self.span.contains(now));
        if self.span.contains(due) {
            let latencies = match kind {
                Kind::Read => &mut self.outcome.reads,
                Kind::Write => &mut self.outcome.writes,
            };
            latencies.saturating_record(now.saturating_sub(due));
        }
    }

    /// A reply is an error, which `words` tell.
    pub(super) fn refused(&mut self, now: u64, words: impl FnOnce() -> String) {
        let counts = u64::from(self.span.contains(now));
        self.outcome.requests += counts;
        self.outcome.errors += counts;
        // Told even of the warm-up: it may be why the connection is lost soon after.
        self.outcome.complaint.get_or_insert_with(words);
    }

    /// A connection is lost, and with it so many requests in flight.
    pub(super) fn lost(&mut self, requests: usize, words: String) {
        self.outcome.lost += 1;
        self.unanswered(requests, words);
    }

    /// So many requests are given up.
    pub(super) fn unanswered(&mut self, requests: usize, words: String) {
        self.outcome.errors += requests as u64;
        self.outcome.unanswered += requests as u64;
        self.outcome.complaint.get_or_insert(words);
    }

    /// What a connection has not sent, and never will.
    pub(super) fn unsent(&mut self, left: &Left) {
        self.outcome.unsent += left.count;
        self.backlog.add(left, self.span.ends);
    }

    /// What it came to.
    pub(super) fn finish(self) -> Outcome {
        let Self { mut outcome, backlog, .. } = self;
        backlog.share_out(&mut outcome.reads, &mut outcome.writes);
        outcome
    }
}

impl Outcome {
    /// Adds what another thread has counted in the same time.
    pub(super) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.unanswered += other.unanswered;
        self.cpu += other.cpu;
        self.unsent += other.unsent;
        self.lost += other.lost;
        self.threads += other.threads;
        self.complaint = self.complaint.take().or_else(|| other.complaint.clone());
        for (sum, part) in [
            (&mut self.reads, &other.reads),
            (&mut self.writes, &other.writes),
            (&mut self.lag, &other.lag),
        ] {
            sum.add(part).expect("all histograms have the same bounds");
        }
    }
}

pub(super) fn warnings(outcome: &Outcome) -> Vec<String> {
    let found = [failures(outcome), unsent(outcome), lag(outcome), saturation(outcome)];
    found.into_iter().flatten().collect()
}

fn failures(outcome: &Outcome) -> Option<String> {
    let Outcome { errors, lost, requests, unanswered, complaint, .. } = outcome;
    if *errors == 0 && *lost == 0 {
        return None;
    }
    let first = complaint.as_deref()?;
    let connections = match lost {
        0 => String::new(),
        1 => ", and a connection was lost".to_owned(),
        lost => format!(", and {lost} connections were lost"),
    };
    let all = requests + unanswered;
    Some(format!("{errors} of {all} requests failed{connections}. The first: {first}"))
}

fn unsent(outcome: &Outcome) -> Option<String> {
    let why = match outcome.lost {
        0 => "The server did not keep up with the rate",
        _ => "The server did not keep up with the rate, or lost who was to ask",
    };
    let unsent = outcome.unsent;
    (unsent as f64 > UNSENT_SHARE_MAX * outcome.requests as f64)
        .then(|| format!("{why}: {unsent} requests that were due were never sent"))
}

fn lag(outcome: &Outcome) -> Option<String> {
    let late = outcome.lag.value_at_quantile(0.99);
    (late > LAG_MAX).then(|| {
        format!(
            "The generator was late itself: one request in a hundred was sent {:.1} ms after it could have \
             been, or later. Latencies contain that: give it more threads, or a machine of its own",
            late as f64 / 1e6
        )
    })
}

fn saturation(outcome: &Outcome) -> Option<String> {
    let time = outcome.lasted.as_secs_f64() * outcome.threads as f64;
    let busy = outcome.cpu.as_secs_f64() / time;
    (busy > BUSY_MAX).then(|| {
        format!(
            "The generator was busy {:.0} % of its time, so the figures are its own rather than the server's: \
             give it more threads, or a machine of its own",
            busy * 100.0
        )
    })
}

fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_MAX, DIGITS).expect("the bounds are sound")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::testing::nowhere;

    /// From the first second to the second one.
    fn tally() -> Tally {
        let second = Duration::from_secs(1);
        Tally::new(&Load { warm_up: second, lasting: second, ..Load::on(nowhere()) })
    }

    const BEFORE: u64 = 999_999_999;
    const WITHIN: u64 = 1_500_000_000;
    const AFTER: u64 = 2_000_000_000;

    #[test]
    fn a_request_counts_when_its_reply_came_and_its_latency_when_it_was_due() {
        let mut tally = tally();
        tally.answered(Kind::Read, BEFORE, WITHIN);
        tally.answered(Kind::Write, WITHIN, AFTER);
        tally.answered(Kind::Write, AFTER, AFTER);
        let Outcome { requests, reads, writes, .. } = tally.outcome;
        assert_eq!((requests, reads.len(), writes.len()), (1, 0, 1));
        assert_eq!(writes.value_at_quantile(0.5) / 1_000_000, 500);
    }

    #[test]
    fn an_error_has_no_latency() {
        let mut tally = tally();
        tally.refused(BEFORE, || "first".to_owned());
        assert!(warnings(&tally.outcome).is_empty(), "it was the warm-up's");
        tally.refused(WITHIN, || "second".to_owned());
        tally.refused(WITHIN, || "third".to_owned());
        let outcome = tally.outcome;
        assert_eq!((outcome.requests, outcome.errors, outcome.reads.len()), (2, 2, 0));
        assert_eq!(warnings(&outcome), ["2 of 2 requests failed. The first: first"]);
    }

    #[test]
    fn requests_that_were_never_answered_are_among_those_that_failed() {
        let mut tally = tally();
        tally.lost(3, "closed".to_owned());
        assert_eq!(
            warnings(&tally.outcome),
            ["3 of 3 requests failed, and a connection was lost. The first: closed"]
        );
        tally.answered(Kind::Read, WITHIN, WITHIN);
        tally.unanswered(2, "did not answer".to_owned());
        assert!(warnings(&tally.outcome)[0].starts_with("5 of 6 requests failed"));
        assert_eq!(tally.outcome.answered_well(), 1);
    }

    #[test]
    fn a_request_that_was_never_sent_has_waited_up_to_the_end_and_is_no_answer() {
        let mut tally = tally();
        tally.sent(Kind::Write, WITHIN, WITHIN, WITHIN);
        tally.unsent(&Left { first: WITHIN as f64, interval: 1.0, count: 1 });
        let outcome = tally.finish();
        assert_eq!((outcome.unsent, outcome.writes.len(), outcome.answered_well()), (1, 1, 0));
        assert_eq!(outcome.writes.max() / 1_000_000, 500);
    }

    #[test]
    fn lag_counts_from_when_the_request_could_have_been_sent() {
        let mut tally = tally();
        tally.sent(Kind::Read, WITHIN, WITHIN + 400_000_000, WITHIN + 402_000_000);
        assert_eq!(tally.outcome.lag.max() / 1_000_000, 2);
        assert!(warnings(&tally.outcome)[0].contains("late itself"));
    }

    #[test]
    fn what_makes_figures_doubtful_is_told() {
        let mut outcome = tally().outcome;
        assert!(warnings(&outcome).is_empty());
        outcome.unsent = 7;
        outcome.cpu = Duration::from_millis(990);
        let told = warnings(&outcome);
        assert!(told[0].contains("7 requests that were due"), "{told:?}");
        assert!(told[1].contains("99 %"), "{told:?}");
        outcome.lost = 1;
        assert!(warnings(&outcome)[0].contains("or lost who was to ask"));
    }

    #[test]
    fn threads_add_up() {
        let (mut one, mut other) = (tally(), tally());
        one.answered(Kind::Read, WITHIN, WITHIN);
        other.answered(Kind::Read, WITHIN, WITHIN);
        other.lost(3, "closed".to_owned());
        one.outcome.merge(&other.outcome);
        let sum = one.outcome;
        assert_eq!((sum.requests, sum.errors, sum.lost, sum.threads), (2, 3, 1, 2));
        assert_eq!(sum.unanswered, 3);
        assert_eq!(sum.reads.len(), 2);
        assert_eq!(sum.complaint.as_deref(), Some("closed"));
    }
}
