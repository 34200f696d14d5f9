//! larder, used in the way of its strategy.

use std::sync::Arc;

use larder::journal::Journal;
use larder::tier::Tier;
use larder::{Cache, Edit, Error, ErrorKind, Leased, Lifetime, Present, ReadOptions, WriteOptions};

use crate::database::Database;
use crate::drive::Mount;
use crate::history::Fate;
use crate::plan::Plan;
use crate::process::Process;
use crate::queue;
use crate::shelf::Shelf;
use crate::way::Way;

/// A cache of one process. Clones are the same cache.
#[derive(Clone)]
pub struct Subject {
    pub cache: Cache<String, u64, Shelf>,
    pub journal: Option<Arc<dyn Journal<String, u64>>>,
    way: Way,
    database: Database,
    shelf: Shelf,
}

/// Why a call has no answer.
pub type Ended<T> = Result<T, Fate>;

impl Subject {
    /// The cache of a plan, in a process that has just begun, on what its drive holds.
    pub async fn start(
        plan: &Plan,
        process: &Process,
        database: &Database,
        mount: Mount,
    ) -> Result<Self, String> {
        let journal = match plan.way {
            Way::Behind => Some(queue::open(plan, process, mount).await?),
            Way::BehindMemory => Some(queue::in_memory(plan, process)),
            _ => None,
        };
        let shelf = Shelf::default();
        let builder = Cache::builder("simulated")
            .tier(shelf.clone())
            .source(database.clone())
            .strategy(plan.strategy())
            .freshness(plan.freshness())
            .runtime(Arc::new(process.clone()));
        let builder = match &journal {
            Some(journal) => builder.journal(journal.clone()),
            None => builder,
        };
        let cache = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { cache, journal, way: plan.way, database: database.clone(), shelf })
    }

    /// Reads one key.
    pub async fn read(&self, key: &str) -> Option<Option<u64>> {
        let key = key.to_owned();
        match self.way {
            _ if self.way.takes_leases() => self.read_under_lease(key).await,
            Way::GetOrLoad => {
                let load = || self.database.clone().load_one(key.clone());
                self.cache.get_or_load(key.clone(), load).await.ok()
            }
            _ => self.cache.get(&*key).await.ok(),
        }
    }

    async fn read_under_lease(&self, key: String) -> Option<Option<u64>> {
        match self.cache.lease(key.clone()).ok()? {
            Leased::Hit(value) => Some(value),
            Leased::Lease(lease) => {
                let value = self.database.clone().load_one(key.clone()).await.ok()?;
                self.cache.fill(key, lease, value);
                Some(value)
            }
        }
    }

    /// Reads several keys together, where the cache loads.
    pub async fn read_many(&self, keys: Vec<String>) -> Vec<Option<Option<u64>>> {
        let answers = self.cache.get_many(keys, &ReadOptions::default()).await;
        answers.into_iter().map(Result::ok).collect()
    }

    /// Writes one key, or deletes it, and drops the copy where that is left to the caller.
    pub async fn write(&self, key: &str, value: Option<u64>) -> Fate {
        let key = key.to_owned();
        if self.way.leaves_writes_to_the_application() {
            let stored = self.database.clone().store_one(key.clone(), value).await;
            match value.is_some_and(|value| value % 3 == 0) {
                true => self.cache.invalidate_prefix(&key),
                false => drop(self.cache.invalidate(&key)),
            }
            return match stored {
                Ok(()) => Fate::Done,
                Err(error) if error.kind() == larder::source::SourceErrorKind::Unknown => {
                    Fate::Unknown
                }
                Err(_) => Fate::Failed,
            };
        }
        fate(match value {
            Some(value) => self.cache.put(key, value).await,
            None => self.cache.remove(key).await.map(drop),
        })
    }

    /// Writes or deletes several keys as one.
    pub async fn write_many(&self, changes: Vec<(String, Option<u64>)>) -> Fate {
        fate(self.cache.write_many(changes, WriteOptions::default()).await.map(drop))
    }

    /// Writes what takes the place of the present value; answers what that was.
    pub async fn update(&self, key: &str, value: u64) -> Ended<Option<u64>> {
        let decide = |present: Option<Present<'_, u64>>| {
            (Edit::Put(value, Lifetime::Policy), present.map(|present| *present.value))
        };
        let updated = self.cache.update(key.to_owned(), WriteOptions::default(), decide).await;
        updated.map_err(|error| fate(Err(error)))
    }

    /// Loses the copy of `key`, as a full cache does.
    pub fn evict(&self, key: &str) {
        self.shelf.remove(&key.to_owned());
    }

    /// From now on the memory takes no entry, or takes them again.
    pub fn refuse_entries(&self, refuses: bool) {
        self.shelf.refuse(refuses);
    }
}

fn fate(written: Result<(), Error>) -> Fate {
    match written {
        Ok(()) => Fate::Done,
        Err(error) if error.kind() == ErrorKind::Unknown => Fate::Unknown,
        Err(_) => Fate::Failed,
    }
}
