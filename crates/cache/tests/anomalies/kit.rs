//! A database that stops where a test tells it to and keeps fences when it is told to, and a tier that
//! refuses when a test says so.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use larder::Entry;
use larder::runtime::{Runtime, Simulated, Time};
use larder::source::{
    Capabilities, Change, Fence, Fenced, Fences, Holder, Loaded, Source, SourceError,
    SourceErrorKind, Stored, Takeover,
};
use larder::tier::{Inserted, Lookup, MemoryTier, Refused, Tier, Usage};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::fence_table::FenceTable;

/// Where a call of the database can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// Before a load has read its rows.
    LoadRead,
    /// After that, before it returns them.
    LoadReturn,
    /// Before a store has committed.
    StoreCommit,
    /// After that, before its reply.
    StoreReply,
}

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the call says so.
    Fails,
    /// The values are refused for good.
    Rejects,
    /// A store commits, and its reply is lost.
    LosesReply,
    /// The call panics; a store has committed by then.
    Panics,
    /// Nothing is done, because the table is not there.
    Misses,
}

/// Random waits and faults, in place of those that a test sets one by one.
#[derive(Clone)]
pub struct Chaos {
    pub world: Simulated,
    pub faults_percent: u64,
}

/// A table with one column of numbers. Clones are the same table.
#[derive(Clone, Default)]
pub struct Database(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    rows: BTreeMap<String, u64>,
    commits: Vec<Change<String, u64>>,
    holds: HashMap<Point, VecDeque<oneshot::Receiver<()>>>,
    load_faults: VecDeque<Fault>,
    store_faults: VecDeque<Fault>,
    loads: Vec<Vec<String>>,
    chaos: Option<Chaos>,
    fences: Option<FenceTable>,
}

/// Holds one call at its point until it is released or dropped.
#[must_use]
pub struct Hold(oneshot::Sender<()>);

impl Hold {
    pub fn release(self) {
        drop(self.0);
    }
}

impl Database {
    pub fn with(rows: &[(&str, u64)]) -> Self {
        let database = Self::default();
        rows.iter().for_each(|(key, value)| database.put(key, Some(*value)));
        database
    }

    /// Sets a row at once, as somebody who does not know of the cache would.
    pub fn put(&self, key: &str, value: Option<u64>) {
        self.0.lock().commit(Change { key: key.to_owned(), value });
    }

    /// How many hold this table.
    pub fn clones(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    pub fn row(&self, key: &str) -> Option<u64> {
        self.0.lock().rows.get(key).copied()
    }

    /// What was committed of `key`, in order.
    pub fn commits(&self, key: &str) -> Vec<Option<u64>> {
        let table = self.0.lock();
        table.commits.iter().filter(|c| c.key == key).map(|c| c.value).collect()
    }

    /// The keys of every load so far.
    pub fn loads(&self) -> Vec<Vec<String>> {
        self.0.lock().loads.clone()
    }

    /// Holds the next call that comes to `point`.
    pub fn hold(&self, point: Point) -> Hold {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().holds.entry(point).or_default().push_back(receiver);
        Hold(sender)
    }

    pub fn fail_load(&self, fault: Fault) {
        self.0.lock().load_faults.push_back(fault);
    }

    pub fn fail_store(&self, fault: Fault) {
        self.0.lock().store_faults.push_back(fault);
    }

    /// From now on it keeps fences.
    pub fn keep_fences(&self) {
        self.0.lock().fences.get_or_insert_default();
    }

    pub fn set_chaos(&self, chaos: Option<Chaos>) {
        self.0.lock().chaos = chaos;
    }

    pub async fn load_one(self, key: String) -> Result<Option<u64>, SourceError> {
        self.load(vec![key]).await?.pop().expect("one answer")
    }

    pub async fn store_one(self, key: String, value: Option<u64>) -> Result<(), SourceError> {
        self.store(vec![Change { key, value }]).await.map(drop)
    }

    /// Commits changes, together with what the fence says, or not at all.
    async fn commit(
        &self,
        changes: Vec<Change<String, u64>>,
        fence: Option<Fence>,
    ) -> Result<Fenced<u64>, SourceError> {
        self.pass(Point::StoreCommit).await;
        let (stored, fault) = self.0.lock().transact(changes, fence)?;
        self.pass(Point::StoreReply).await;
        fault.map_or(Ok(stored), |fault| Err(fault.strike()))
    }

    async fn pass(&self, point: Point) {
        let (hold, chaos) = {
            let mut table = self.0.lock();
            let hold = table.holds.get_mut(&point).and_then(VecDeque::pop_front);
            (hold, table.chaos.clone())
        };
        if let Some(hold) = hold {
            hold.await.ok();
        }
        if let Some(Chaos { world, .. }) = chaos {
            let wait = Duration::from_micros(world.random() % 4000);
            world.sleep_until(world.now() + wait).await;
        }
    }
}

impl Table {
    /// What came of the transaction, and how that is hidden from whoever asked for it.
    fn transact(
        &mut self,
        changes: Vec<Change<String, u64>>,
        fence: Option<Fence>,
    ) -> Result<(Fenced<u64>, Option<Fault>), SourceError> {
        let fault = self.store_faults.pop_front();
        let fault = fault.or_else(|| self.chaotic([Fault::Fails, Fault::LosesReply]));
        let stored = Fenced::Stored(vec![Stored::default(); changes.len()]);
        if matches!(fault, Some(Fault::Fails | Fault::Rejects | Fault::Misses)) {
            return Ok((stored, fault));
        }
        if let (Some(fence), Some(fences)) = (fence, &mut self.fences)
            && !fences.advance(&fence)?
        {
            return Ok((Fenced::Already, fault));
        }
        changes.into_iter().for_each(|change| self.commit(change));
        Ok((stored, fault))
    }

    fn commit(&mut self, change: Change<String, u64>) {
        match change.value {
            Some(value) => drop(self.rows.insert(change.key.clone(), value)),
            None => drop(self.rows.remove(&change.key)),
        }
        self.commits.push(change);
    }

    /// The fault of a call, if it has any.
    fn chaotic(&self, faults: [Fault; 2]) -> Option<Fault> {
        let chaos = self.chaos.as_ref()?;
        let draw = chaos.world.random() % 100;
        (draw < chaos.faults_percent).then(|| faults[(draw % 2) as usize])
    }
}

impl Source<String, u64> for Database {
    fn capabilities(&self) -> Capabilities {
        Capabilities { writes: true, atomic_batches: true, returns_stored: false }
    }

    fn load(&self, keys: Vec<String>) -> BoxFuture<'_, Result<Vec<Loaded<u64>>, SourceError>> {
        async move {
            self.pass(Point::LoadRead).await;
            let (values, fault) = {
                let mut table = self.0.lock();
                let values = keys.iter().map(|key| Ok(table.rows.get(key).copied())).collect();
                table.loads.push(keys);
                let fault = table.load_faults.pop_front();
                (values, fault.or_else(|| table.chaotic([Fault::Fails, Fault::Rejects])))
            };
            self.pass(Point::LoadReturn).await;
            match fault {
                None => Ok(values),
                Some(fault) => Err(fault.strike()),
            }
        }
        .boxed()
    }

    fn store(
        &self,
        changes: Vec<Change<String, u64>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<u64>>, SourceError>> {
        async move {
            match self.commit(changes, None).await? {
                Fenced::Stored(stored) => Ok(stored),
                Fenced::Already => unreachable!("nothing was fenced"),
            }
        }
        .boxed()
    }

    fn fences(&self) -> Option<&dyn Fences<String, u64>> {
        self.0.lock().fences.is_some().then_some(self)
    }
}

impl Fences<String, u64> for Database {
    fn take_over(
        &self,
        journal: Arc<str>,
        holder: Holder,
    ) -> BoxFuture<'_, Result<Takeover, SourceError>> {
        async move {
            let mut table = self.0.lock();
            let fault = table.store_faults.pop_front();
            let fences = table.fences.get_or_insert_default();
            match fault {
                Some(Fault::LosesReply) => {
                    fences.take_over(journal, holder);
                    Err(Fault::LosesReply.strike())
                }
                Some(fault) => Err(fault.strike()),
                None => Ok(fences.take_over(journal, holder)),
            }
        }
        .boxed()
    }

    fn store_fenced(
        &self,
        changes: Vec<Change<String, u64>>,
        fence: Fence,
    ) -> BoxFuture<'_, Result<Fenced<u64>, SourceError>> {
        self.commit(changes, Some(fence)).boxed()
    }
}

impl Fault {
    fn strike(self) -> SourceError {
        match self {
            Fault::Fails => SourceError::new(SourceErrorKind::Unavailable, "the database is down"),
            Fault::Rejects => SourceError::new(SourceErrorKind::Rejected, "a constraint failed"),
            Fault::LosesReply => SourceError::new(SourceErrorKind::Unknown, "the reply was lost"),
            Fault::Misses => SourceError::new(SourceErrorKind::Misconfigured, "there is no table"),
            Fault::Panics => panic!("the database panics, as the test asked"),
        }
    }
}

/// A memory tier that refuses entries, or loses one, when a test says so.
#[derive(Clone)]
pub struct TestTier {
    entries: Arc<MemoryTier<String, u64>>,
    refuses: Arc<AtomicBool>,
}

impl TestTier {
    pub fn new() -> Self {
        let entries = Arc::new(MemoryTier::with_entries(1000));
        Self { entries, refuses: Arc::default() }
    }

    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::Relaxed);
    }
}

impl Tier<String, u64> for TestTier {
    fn entry(&self, key: &String) -> Option<Entry<u64>> {
        self.entries.entry(key)
    }

    fn insert(&self, key: String, entry: Entry<u64>) -> Inserted<String> {
        if self.refuses.load(Ordering::Relaxed) {
            return Inserted::refused(Refused::Unavailable, self.entries.remove(&key));
        }
        self.entries.insert(key, entry)
    }

    fn remove(&self, key: &String) -> bool {
        self.entries.remove(key)
    }

    fn retain(&self, keep: &(dyn Fn(&String, Time) -> bool + Sync)) {
        self.entries.retain(keep);
    }

    fn clear(&self) {
        self.entries.clear();
    }

    fn usage(&self) -> Usage {
        self.entries.usage()
    }
}

impl Lookup<str> for TestTier {
    type View<'a> = <MemoryTier<String, u64> as Lookup<str>>::View<'a>;

    fn lookup<R>(&self, key: &str, see: impl FnOnce(Entry<Self::View<'_>>) -> R) -> Option<R> {
        self.entries.lookup(key, see)
    }
}
