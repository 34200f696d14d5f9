//! What goes wrong with calls.

use std::time::Duration;

use larder::runtime::Time;

/// How a source fares at the moment. By default it answers at once and always.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    /// The longest way of a call, there and back each.
    pub way: Duration,
    /// Of a hundred calls so many meet a mishap.
    pub mishaps_percent: u64,
    /// The longest time for which a call stalls, or commits late.
    pub stall: Duration,
    /// When it is down, from and until.
    pub outages: Vec<(Time, Time)>,
}

/// What befalls one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    /// It does not get there.
    Fails,
    /// It loses to another transaction.
    Deadlocks,
    /// It waits this long before it is served.
    Stalls(Duration),
    /// It is served, and the answer is lost.
    LosesReply,
    /// The connection is lost, and it is served this much later.
    CommitsLate(Duration),
}

impl Weather {
    pub(super) fn is_down(&self, now: Time) -> bool {
        self.outages.iter().any(|(from, until)| *from <= now && now < *until)
    }

    pub(super) fn wait(&self, random: u64) -> Duration {
        part(self.way, random)
    }

    pub(super) fn mishap(&self, mut random: impl FnMut() -> u64) -> Option<Mishap> {
        if random() % 100 >= self.mishaps_percent {
            return None;
        }
        let span = part(self.stall, random());
        Some(match random() % 5 {
            0 => Mishap::Fails,
            1 => Mishap::Deadlocks,
            2 => Mishap::Stalls(span),
            3 => Mishap::LosesReply,
            _ => Mishap::CommitsLate(span),
        })
    }
}

fn part(span: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX).max(1);
    Duration::from_nanos(random % nanos)
}
