//! When the requests of a connection are due.

use super::{Load, Pace};
use crate::workload::Random;

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
        match load.pace {
            Pace::Closed => Self::AtOnce,
            Pace::Open { per_second } => {
                let interval = interval(per_second);
                let next = interval * connection as f64 / load.connections as f64;
                Self::Even { next, interval }
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

    /// How many requests are due before `end`, from the next one on.
    pub(super) fn left(mut self, end: u64) -> u64 {
        let mut left = 0;
        while self.is_open() && self.due(end) < end {
            self.advance();
            left += 1;
        }
        left
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

    fn due_in_a_second(pace: Pace) -> u64 {
        (0..4).map(|connection| Schedule::new(&load(pace), connection).left(SECOND)).sum()
    }

    #[test]
    fn the_connections_share_the_rate() {
        assert_eq!(due_in_a_second(Pace::Open { per_second: 1000.0 }), 1000);
        let random = due_in_a_second(Pace::Poisson { per_second: 10_000.0 });
        assert!((9_500..10_500).contains(&random), "{random}");
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
        assert_eq!(schedule.left(SECOND), 0);
    }
}
