//! What a scenario plays with: a world, a database and a subject in front of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use larder::runtime::{Simulated, Task};
use larder::strategy::{Order, ReadPolicy, WriteAround, WriteBehind, WriteThrough};
use larder::{Freshness, Strategy};

use crate::kit::{Database, TestTier};
use crate::larder_subject::Larder;
use crate::naive::Naive;

/// What an observer saw that must not be seen.
pub type Verdict = Result<(), String>;

/// How a write that did not succeed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    Failed,
    Unknown,
}

/// The strategies, and the ways in which an application uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Cache-aside: lease, load, fill.
    Lease,
    /// Cache-aside: one flight per key.
    GetOrLoad,
    ReadThrough,
    SourceFirst,
    CacheFirst,
    WriteBehind,
    AroundThrough,
    AroundAside,
}

impl Way {
    pub const ALL: [Way; 8] = [
        Way::Lease,
        Way::GetOrLoad,
        Way::ReadThrough,
        Way::SourceFirst,
        Way::CacheFirst,
        Way::WriteBehind,
        Way::AroundThrough,
        Way::AroundAside,
    ];

    /// Those in which readers of one key wait for one load.
    pub const WITH_FLIGHTS: [Way; 6] = [
        Way::GetOrLoad,
        Way::ReadThrough,
        Way::SourceFirst,
        Way::CacheFirst,
        Way::WriteBehind,
        Way::AroundThrough,
    ];

    /// Those in which the application writes the source itself.
    pub fn leaves_writes_to_the_application(self) -> bool {
        matches!(self, Way::Lease | Way::GetOrLoad | Way::ReadThrough)
    }
}

/// A cache under test.
pub trait Subject: Send + Sync {
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<u64>, String>>;

    /// Writes, `None` deleting, and drops the copy where the strategy leaves that to the caller.
    fn put(&self, key: &str, value: Option<u64>) -> BoxFuture<'static, Result<(), WriteError>>;

    /// Writes what takes the place of the present value; answers what that was.
    fn update(&self, key: &str, value: u64) -> BoxFuture<'static, Result<Option<u64>, WriteError>>;

    fn invalidate(&self, key: &str);
    fn invalidate_prefix(&self, prefix: &str);
    fn invalidate_all(&self);

    /// Loses the copy of `key`, as a full cache does.
    fn evict(&self, key: &str);

    /// From now on the memory takes no entry, or takes them again.
    fn refuse_entries(&self, refuse: bool);

    /// Waits until what is queued is in the source.
    fn flush(&self) -> BoxFuture<'static, ()>;

    /// Keys that something is still going on with.
    fn in_progress(&self) -> usize;
}

/// What the strategies are built with, where a scenario needs something special.
#[derive(Debug, Clone)]
pub struct Setup {
    pub freshness: Freshness,
    pub write_timeout: Option<Duration>,
    /// Whether the naive write-behind has heard that reads must look at the queue first.
    pub naive_reads_queue: bool,
    pub write_behind: WriteBehind,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            freshness: Freshness::default(),
            write_timeout: None,
            naive_reads_queue: false,
            write_behind: WriteBehind { workers: 2, ..WriteBehind::default() },
        }
    }
}

pub struct Scene {
    pub way: Way,
    pub world: Simulated,
    pub database: Database,
    pub subject: Arc<dyn Subject>,
}

impl Scene {
    pub fn larder(way: Way, seed: u64, setup: &Setup, database: Database) -> Self {
        let world = Simulated::new(seed);
        let subject = Arc::new(Larder::new(way, &world, &database, TestTier::new(), setup));
        Self { way, world, database, subject }
    }

    pub fn naive(way: Way, seed: u64, setup: &Setup, database: Database) -> Self {
        let world = Simulated::new(seed);
        let subject = Arc::new(Naive::new(way, &world, &database, setup));
        Self { way, world, database, subject }
    }

    pub fn reader(&self, key: &str) -> Task<Result<Option<u64>, String>> {
        let task = self.world.start(self.subject.get(key));
        self.world.run_until_idle();
        task
    }

    pub fn writer(&self, key: &str, value: Option<u64>) -> Task<Result<(), WriteError>> {
        let task = self.world.start(self.subject.put(key, value));
        self.world.run_until_idle();
        task
    }

    pub fn read(&self, key: &str) -> Result<Option<u64>, String> {
        self.outcome("a reader", self.reader(key))?
    }

    pub fn write(&self, key: &str, value: Option<u64>) -> Verdict {
        let written = self.outcome("a writer", self.writer(key, value))?;
        written.map_err(|error| format!("a write ended as {error:?}"))
    }

    /// What the task came to by now.
    pub fn outcome<T>(&self, who: &str, mut task: Task<T>) -> Result<T, String> {
        self.world.run_until_idle();
        task.finished().ok_or_else(|| format!("{who} hangs"))
    }

    pub fn expect(&self, key: &str, value: Option<u64>) -> Verdict {
        match self.read(key)? {
            seen if seen == value => Ok(()),
            seen => Err(format!("a reader is given {seen:?} where {value:?} is right")),
        }
    }
}

/// Plays `scenario` on larder, which must hold, and on the naive subject, which must not.
pub fn play(ways: &[Way], setup: &Setup, rows: &[(&str, u64)], scenario: fn(&Scene) -> Verdict) {
    for way in ways {
        let verdict = scenario(&Scene::larder(*way, 1, setup, Database::with(rows)));
        assert_eq!(verdict, Ok(()), "larder, {way:?}");
        let verdict = scenario(&Scene::naive(*way, 1, setup, Database::with(rows)));
        assert!(verdict.is_err(), "{way:?}: the naive subject survives, so this proves nothing");
    }
}

/// The strategy that a way stands for.
pub fn strategy(way: Way, setup: &Setup) -> Strategy {
    let timeout = setup.write_timeout;
    let around = |read| WriteAround { read, timeout, ..WriteAround::default() }.into();
    match way {
        Way::Lease | Way::GetOrLoad => Strategy::CacheAside,
        Way::ReadThrough => Strategy::ReadThrough,
        Way::SourceFirst => WriteThrough { order: Order::SourceFirst, timeout }.into(),
        Way::CacheFirst => WriteThrough { order: Order::CacheFirst, timeout }.into(),
        Way::WriteBehind => setup.write_behind.clone().into(),
        Way::AroundThrough => around(ReadPolicy::Through),
        Way::AroundAside => around(ReadPolicy::Aside),
    }
}
