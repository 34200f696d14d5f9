//! Requests that were due and were never sent.
//!
//! They would have waited longest of all. Without them the latencies of a server that does not keep up with
//! a rate would be those of the requests that it did keep up with.

use hdrhistogram::Histogram;

use super::Kind;
use super::schedule::Left;

/// What is due and not sent, in one thread.
#[derive(Debug)]
pub(super) struct Backlog {
    /// For how long each had been due at the end, in nanoseconds.
    waits: Histogram<u64>,
    sent_reads: u64,
    sent_writes: u64,
}

impl Backlog {
    /// `empty` is a histogram like those that it is to be added to.
    pub(super) fn new(empty: Histogram<u64>) -> Self {
        Self { waits: empty, sent_reads: 0, sent_writes: 0 }
    }

    /// A request is sent.
    pub(super) fn sent(&mut self, kind: Kind) {
        match kind {
            Kind::Read => self.sent_reads += 1,
            Kind::Write => self.sent_writes += 1,
        }
    }

    /// These will not be sent before `end`, nor after it.
    pub(super) fn add(&mut self, left: &Left, end: u64) {
        for (wait, count) in left.waits(end) {
            self.waits.saturating_record_n(wait, count);
        }
    }

    /// Adds the waits to latencies. Of which kind the requests would have been nobody has asked: there are
    /// as many reads among them as among those that were sent.
    pub(super) fn share_out(self, reads: &mut Histogram<u64>, writes: &mut Histogram<u64>) {
        let sent = self.sent_reads + self.sent_writes;
        let share = if sent == 0 { 1.0 } else { self.sent_reads as f64 / sent as f64 };
        // What rounding has withheld from the reads so far.
        let mut owed = 0.0;
        for wait in self.waits.iter_recorded() {
            let (value, count) = (wait.value_iterated_to(), wait.count_at_value());
            let due_to_reads = owed + share * count as f64;
            let as_reads = (due_to_reads.round() as u64).min(count);
            owed = due_to_reads - as_reads as f64;
            reads.saturating_record_n(value, as_reads);
            writes.saturating_record_n(value, count - as_reads);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Histogram<u64> {
        Histogram::new_with_bounds(1, 1_000_000_000, 3).unwrap()
    }

    /// The latencies of reads and of writes when so many of each were sent and ten never were.
    fn shared_out(reads: usize, writes: usize) -> (Histogram<u64>, Histogram<u64>) {
        let mut backlog = Backlog::new(empty());
        (0..reads).for_each(|_| backlog.sent(Kind::Read));
        (0..writes).for_each(|_| backlog.sent(Kind::Write));
        backlog.add(&Left { first: 100.0, interval: 100.0, count: 10 }, 2000);
        let (mut reads, mut writes) = (empty(), empty());
        backlog.share_out(&mut reads, &mut writes);
        (reads, writes)
    }

    #[test]
    fn each_has_waited_up_to_the_end() {
        let (reads, writes) = shared_out(1, 0);
        assert_eq!((reads.len(), writes.len()), (10, 0));
        assert!(reads.max().abs_diff(1900) < 5 && reads.min().abs_diff(1000) < 5, "{reads:?}");
    }

    #[test]
    fn kinds_have_the_shares_that_they_had_among_those_that_were_sent() {
        let lengths = |reads, writes| {
            let (reads, writes) = shared_out(reads, writes);
            (reads.len(), writes.len())
        };
        assert_eq!(lengths(3, 2), (6, 4));
        assert_eq!(lengths(1, 1), (5, 5));
        assert_eq!(lengths(0, 7), (0, 10));
        assert_eq!(lengths(0, 0), (10, 0), "of nothing nothing is known");
    }
}
