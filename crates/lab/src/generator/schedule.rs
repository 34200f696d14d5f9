//! When the requests of a connection are due.

use super::tally::Span;
use super::{Load, Pace};
use crate::workload::Random;

/// How long requests have waited is told of so many of a schedule at most, each of which stands for those
/// around it.
const WAITS_MAX: u64 = 1000;

/// The moments at which one connection is to ask, in nanoseconds from the beginning.
#[derive(Debug)]
pub(super) enum Schedule {
    /// At once, whenever there is room.
    AtOnce,
    /// Every so often.
    Even { next: f64, interval: f64 },
    /// With gaps drawn from an exponential distribution.
    Random { next: f64, interval: f64, random: Random },
}

impl Schedule {
    /// That of a load's connection. Even schedules are offset, so that not all connections ask at once.
    pub(super) fn new(load: &Load, connection: usize) -> Self {
        let interval = |per_second| 1e9 * load.connections as f64 / per_second;
        let offset = |per_second| 1e9 * connection as f64 / per_second;
        match load.pace {
            Pace::Closed => Self::AtOnce,
            Pace::Open { per_second } => {
                Self::Even { next: offset(per_second), interval: interval(per_second) }
            }
            Pace::Poisson { per_second } => {
                let interval = interval(per_second);
                let mut random = Random::seeded(connection as u64);
                Self::Random { next: gap(interval, &mut random), interval, random }
            }
        }
    }

    /// When the next request is due, at `now` or before or after it.
    pub(super) fn due(&self, now: u64) -> u64 {
        match self {
            Self::AtOnce => now,
            Self::Even { next, .. } | Self::Random { next, .. } => *next as u64,
        }
    }

    /// The request that was due is sent.
    pub(super) fn advance(&mut self) {
        match self {
            Self::AtOnce => {}
            Self::Even { next, interval } => *next += *interval,
            Self::Random { next, interval, random } => *next += gap(*interval, random),
        }
    }

    /// Whether the server has no influence on it.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Self::AtOnce)
    }

    /// The requests that are due within `span`, from the next one on; of random ones, so many as are to be
    /// expected.
    pub(super) fn left(&self, span: Span) -> Left {
        let (next, interval) = match self {
            Self::AtOnce => return Left { first: 0.0, interval: 0.0, count: 0 },
            Self::Even { next, interval } | Self::Random { next, interval, .. } => {
                (*next, *interval)
            }
        };
        let before_span = self.count_before(span.begins, next, interval);
        let count = self.count_before(span.ends, next, interval) - before_span;
        Left { first: next + before_span * interval, interval, count: count.round() as u64 }
    }

    fn count_before(&self, moment: u64, next: f64, interval: f64) -> f64 {
        let intervals = (moment as f64 - next) / interval;
        match self {
            _ if intervals <= 0.0 || intervals.is_nan() => 0.0,
            Self::Random { .. } => 1.0 + intervals,
            _ => intervals.ceil(),
        }
    }
}

/// Requests of one schedule that are not sent.
#[derive(Debug)]
pub(super) struct Left {
    /// When the first is due.
    pub(super) first: f64,
    pub(super) interval: f64,
    pub(super) count: u64,
}

impl Left {
    /// For how long they have been due at `end`, each time with how many requests that is told of.
    pub(super) fn waits(&self, end: u64) -> impl Iterator<Item = (u64, u64)> {
        let Self { first, interval, count } = *self;
        let together = count.div_ceil(WAITS_MAX).max(1);
        (0..count).step_by(together as usize).map(move |index| {
            let together = together.min(count - index);
            let middle = index as f64 + (together - 1) as f64 / 2.0;
            (end.saturating_sub((first + middle * interval) as u64), together)
        })
    }
}

/// A gap of a Poisson process whose mean is `interval`.
fn gap(interval: f64, random: &mut Random) -> f64 {
    -interval * (1.0 - random.unit()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::testing::nowhere;

    const SECOND: u64 = 1_000_000_000;

    fn load(pace: Pace) -> Load {
        Load { connections: 4, pace, ..Load::on(nowhere()) }
    }

    fn due_within(begins: u64, ends: u64, pace: Pace) -> u64 {
        let span = Span { begins, ends };
        let left = |connection| Schedule::new(&load(pace), connection).left(span).count;
        (0..4).map(left).sum()
    }

    /// As it would be counted one by one.
    fn counted(mut schedule: Schedule, span: Span) -> u64 {
        let mut count = 0;
        while schedule.due(0) < span.ends {
            count += u64::from(span.contains(schedule.due(0)));
            schedule.advance();
        }
        count
    }

    #[test]
    fn the_connections_share_the_rate() {
        let even = Pace::Open { per_second: 1000.0 };
        assert_eq!(due_within(0, SECOND, even), 1000);
        assert_eq!(due_within(SECOND / 2, SECOND, even), 500);
        let random = Pace::Poisson { per_second: 10_000.0 };
        assert!((9_990..=10_010).contains(&due_within(0, SECOND, random)));
        assert!((4_990..=5_010).contains(&due_within(SECOND / 2, SECOND, random)));
    }

    #[test]
    fn what_is_left_is_what_would_have_come() {
        let even = Load { connections: 7, ..load(Pace::Open { per_second: 1000.0 }) };
        let random = Load { connections: 7, ..load(Pace::Poisson { per_second: 70_000.0 }) };
        for (connection, begins) in
            (0..7).zip([0, 1, 7_000_000, 7_000_001, 10_000_000, 500_000_000, 999_999_999])
        {
            let span = Span { begins, ends: SECOND };
            let mut schedule = Schedule::new(&even, connection);
            schedule.advance();
            assert_eq!(schedule.left(span).count, counted(schedule, span), "{connection} {begins}");
            let left = Schedule::new(&random, connection).left(span).count;
            let came = counted(Schedule::new(&random, connection), span);
            assert!(left.abs_diff(came) < 500, "{left} {came}");
        }
    }

    #[test]
    fn what_is_left_of_a_high_rate_is_told_at_once() {
        let pace = Pace::Open { per_second: 1e7 };
        let day = Span { begins: 0, ends: 86_400 * SECOND };
        let left = Schedule::new(&load(pace), 0).left(day);
        assert_eq!(left.count, 86_400 * 10_000_000 / 4);
        let waits: Vec<_> = left.waits(day.ends).collect();
        assert_eq!(waits.len() as u64, WAITS_MAX);
        assert_eq!(waits.iter().map(|(_, count)| count).sum::<u64>(), left.count);
        let mean = waits.iter().map(|(wait, _)| wait / WAITS_MAX).sum::<u64>();
        assert!(mean.abs_diff(day.ends / 2) < SECOND, "{mean}");
    }

    #[test]
    fn a_rate_next_to_nothing_is_due_once_at_most() {
        for pace in [Pace::Open { per_second: 1e-300 }, Pace::Poisson { per_second: 1e-300 }] {
            assert!(due_within(0, SECOND, pace) <= 1, "{pace:?}");
        }
    }

    #[test]
    fn even_schedules_are_offset() {
        let pace = Pace::Open { per_second: 1000.0 };
        let first = [0, 1, 2, 3].map(|connection| Schedule::new(&load(pace), connection).due(0));
        assert_eq!(first, [0, 1_000_000, 2_000_000, 3_000_000]);
    }

    #[test]
    fn gaps_of_a_poisson_process_vary_as_much_as_they_last() {
        let (mut random, interval) = (Random::seeded(7), 1000.0);
        let gaps: Vec<_> = (0..20_000).map(|_| gap(interval, &mut random)).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean - interval).abs() < 30.0, "{mean}");
        assert!((variance.sqrt() - interval).abs() < 50.0, "{variance}");
    }

    #[test]
    fn a_closed_loop_is_due_whenever_it_is_asked() {
        let mut schedule = Schedule::new(&load(Pace::Closed), 0);
        schedule.advance();
        assert_eq!(schedule.due(17), 17);
        assert_eq!(schedule.left(Span { begins: 0, ends: SECOND }).count, 0);
    }
}
