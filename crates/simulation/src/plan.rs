//! What a seed stands for: a strategy with its options, clients, faults, and how each life of the
//! process ends.

use std::time::Duration;

use larder::journal::{Limits, SyncMode};
use larder::strategy::{
    Backoff, OnFull, Order, ReadPolicy, WriteAround, WriteBehind, WriteThrough,
};
use larder::{Freshness, Strategy};

use crate::draw::Draw;
use crate::way::Way;

/// A story before it is played. The same plan is always the same story.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Where all draws come from.
    pub seed: u64,
    /// The strategy, and how it is used.
    pub way: Way,
    /// Clients at the same time.
    pub clients: u64,
    /// Calls that each of them makes in a life of the process.
    pub calls: u64,
    /// Keys that they share.
    pub keys: u64,
    /// How the lives before the last one end, and how long each lasts.
    pub endings: Vec<(Ending, Duration)>,
    /// Of a hundred calls of the source so many meet a mishap.
    pub mishaps_percent: u64,
    /// How often the source is down for a while in a life.
    pub outages: u64,
    /// Whether some writes of the first key violate a constraint.
    pub poison: bool,
    /// Of a hundred calls of the disk so many fail.
    pub disk_faults_percent: u64,
}

/// What readers of one key are promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// There is one order of all calls of a key that explains every answer, and that no two calls
    /// contradict of which one ended before the other began.
    Linear,
    /// A read is never given what was replaced before it began. While a write is under way, readers may
    /// see either side of it.
    Regular,
}

/// How a life of the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is told to stop, and stops in its own time.
    Shutdown,
    /// It is killed where it stands.
    Killed,
    /// The power fails: what was not synced is gone, or torn.
    PowerFailure,
    /// Another process takes over while this one still talks to the source.
    Superseded,
    /// It stops, and then a byte of its files is not what it was.
    Damaged,
}

impl Ending {
    /// Whether it leaves what the system has not written yet.
    fn spares_unsynced(self) -> bool {
        !matches!(self, Ending::PowerFailure | Ending::Damaged)
    }
}

/// The longest life before the last one.
const LIFE_MAX: Duration = Duration::from_millis(120);

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64, way: Way) -> Self {
        let mut draw = Draw::new(seed, "plan");
        let endings = Draw::new(seed, "endings").below(4);
        let calm = draw.percent(25);
        Self {
            seed,
            way,
            clients: 2 + draw.below(4),
            calls: 4 + draw.below(14),
            keys: 1 + draw.below(4),
            endings: lives(seed, way).take(endings as usize).collect(),
            mishaps_percent: if calm { 0 } else { draw.below(25) },
            outages: if calm { 0 } else { draw.below(3) },
            poison: draw.percent(30),
            disk_faults_percent: if way.survives() && draw.percent(25) { 2 } else { 0 },
        }
    }

    /// Plans that are this one without a part, for whoever looks for the smallest that still fails.
    pub fn smaller(&self) -> Vec<Plan> {
        let mut plans = Vec::new();
        for left_out in 0..self.endings.len() {
            let mut plan = self.clone();
            plan.endings.remove(left_out);
            plans.push(plan);
        }
        let mut change = |changed: Plan| {
            if changed != *self {
                plans.push(changed);
            }
        };
        for clients in [1, self.clients / 2, self.clients - 1] {
            change(Plan { clients: clients.max(1), ..self.clone() });
        }
        for calls in [self.calls / 2, self.calls * 3 / 4, self.calls - 1] {
            change(Plan { calls: calls.max(1), ..self.clone() });
        }
        change(Plan { keys: (self.keys - 1).max(1), ..self.clone() });
        change(Plan { mishaps_percent: 0, ..self.clone() });
        change(Plan { outages: 0, ..self.clone() });
        change(Plan { poison: false, ..self.clone() });
        change(Plan { disk_faults_percent: 0, ..self.clone() });
        plans
    }

    /// What readers are promised. A write takes effect at one moment only where that is its append:
    /// elsewhere there is the source's moment and the cache's, and a load that was voided between the
    /// two may have seen more than the copy.
    pub fn consistency(&self) -> Consistency {
        let goes_through = matches!(self.write_behind().on_full, OnFull::Through(_));
        match self.way.has_journal() && !goes_through {
            true => Consistency::Linear,
            false => Consistency::Regular,
        }
    }

    /// The names of the keys.
    pub fn names(&self) -> Vec<String> {
        ('a'..='z').take(self.keys as usize).map(String::from).collect()
    }

    /// The strategy with its options.
    pub fn strategy(&self) -> Strategy {
        let mut draw = Draw::new(self.seed, "strategy");
        let timeout = draw.percent(50).then(|| Duration::from_millis(3));
        let around = |read| WriteAround { read, timeout, ..WriteAround::default() }.into();
        match self.way {
            Way::Lease | Way::GetOrLoad => Strategy::CacheAside,
            Way::ReadThrough => Strategy::ReadThrough,
            Way::SourceFirst => WriteThrough { order: Order::SourceFirst, timeout }.into(),
            Way::CacheFirst => WriteThrough { order: Order::CacheFirst, timeout }.into(),
            Way::AroundThrough => around(ReadPolicy::Through),
            Way::AroundAside => around(ReadPolicy::Aside),
            Way::BehindMemory | Way::Behind => self.write_behind().into(),
        }
    }

    /// Whether a write takes the place of a queued one of its key.
    pub fn coalesces(&self) -> bool {
        self.write_behind().limits.coalesce
    }

    /// When what is written is made to last.
    pub fn sync(&self) -> SyncMode {
        let mut draw = Draw::new(self.seed, "sync");
        match draw.below(10) {
            0 | 1 => SyncMode::Interval(Duration::from_millis(5)),
            // What is not synced may be lost with the power, and nothing tells damage from a torn end.
            2 if self.endings.iter().all(|(ending, _)| ending.spares_unsynced()) => SyncMode::Os,
            _ => SyncMode::Always,
        }
    }

    /// For how long before a blackout what was acknowledged may be lost.
    pub fn at_risk(&self) -> Option<Duration> {
        match self.sync() {
            SyncMode::Always => None,
            // The sync itself takes its time.
            SyncMode::Interval(span) => Some(span + Duration::from_millis(5)),
            SyncMode::Os => Some(Duration::MAX),
        }
    }

    /// The options of write-behind.
    pub fn write_behind(&self) -> WriteBehind {
        let mut draw = Draw::new(self.seed, "write-behind");
        let millis = Duration::from_millis;
        let limits = Limits {
            records_max: draw.pick(&[3, 6, 1000]),
            batch_max: draw.pick(&[1, 2, 5, 64]),
            flush_interval: draw.pick(&[millis(0), millis(3), millis(10)]),
            coalesce: draw.percent(50),
            ..Limits::default()
        };
        let on_full = [OnFull::Block(millis(5)), OnFull::Reject, OnFull::Through(millis(5))];
        WriteBehind {
            limits,
            workers: draw.pick(&[1, 2, 3]),
            on_full: draw.pick(&on_full),
            backoff: Backoff { first: millis(1), longest: millis(8) },
        }
    }

    /// How long copies may be served.
    pub fn freshness(&self) -> Freshness {
        let mut draw = Draw::new(self.seed, "freshness");
        let millis = Duration::from_millis;
        Freshness {
            ttl: draw.pick(&[None, Some(millis(15)), Some(millis(200))]),
            negative_ttl: draw.pick(&[millis(0), millis(20)]),
            refresh_ahead: draw.pick(&[millis(0), millis(4)]),
            ..Freshness::default()
        }
    }
}

/// How lives end, one after the other.
fn lives(seed: u64, way: Way) -> impl Iterator<Item = (Ending, Duration)> {
    let mut draw = Draw::new(seed, "lives");
    std::iter::from_fn(move || {
        let ending = *way.endings().get(draw.below(16) as usize % way.endings().len().max(1))?;
        // Some end while they begin.
        let longest = if draw.percent(20) { Duration::from_millis(4) } else { LIFE_MAX };
        Some((ending, draw.span(longest)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_smaller_plan_is_smaller() {
        let size = |plan: &Plan| {
            let faults = plan.mishaps_percent + plan.outages + plan.disk_faults_percent;
            let parts = plan.endings.len() as u64 + plan.clients + plan.calls + plan.keys;
            parts + faults + u64::from(plan.poison)
        };
        for seed in 0..50 {
            let plan = Plan::of(seed, Way::Behind);
            assert!(plan.smaller().iter().all(|smaller| size(smaller) < size(&plan)), "{plan:?}");
        }
    }

    #[test]
    fn the_smallest_plan_has_no_smaller_one() {
        let plan = Plan {
            clients: 1,
            calls: 1,
            keys: 1,
            endings: Vec::new(),
            mishaps_percent: 0,
            outages: 0,
            poison: false,
            disk_faults_percent: 0,
            ..Plan::of(1, Way::Behind)
        };
        assert_eq!(plan.smaller(), []);
    }
}
