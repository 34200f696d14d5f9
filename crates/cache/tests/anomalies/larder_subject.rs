//! larder as a subject.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use larder::runtime::Simulated;
use larder::tier::Tier;
use larder::{Cache, Edit, Error, ErrorKind, Leased, Lifetime, WriteOptions};

use crate::kit::{Database, TestTier};
use crate::scene::{Setup, Subject, Way, WriteError, strategy};

pub type TestCache = Cache<String, u64, TestTier>;

pub struct Larder {
    pub cache: TestCache,
    way: Way,
    database: Database,
    tier: TestTier,
}

impl Larder {
    pub fn new(
        way: Way,
        world: &Simulated,
        database: &Database,
        tier: TestTier,
        setup: &Setup,
    ) -> Self {
        let cache = Cache::builder("test")
            .tier(tier.clone())
            .source(database.clone())
            .strategy(strategy(way, setup))
            .freshness(setup.freshness.clone())
            .runtime(Arc::new(world.clone()))
            .build()
            .expect("a cache");
        Self { cache, way, database: database.clone(), tier }
    }
}

impl Subject for Larder {
    fn get(&self, key: &str) -> BoxFuture<'static, Result<Option<u64>, String>> {
        let (cache, database, key) = (self.cache.clone(), self.database.clone(), key.to_owned());
        match self.way {
            Way::Lease | Way::AroundAside => get_by_lease(cache, database, key).boxed(),
            Way::GetOrLoad => async move {
                let load = || database.load_one(key.clone());
                cache.get_or_load(key.clone(), load).await.map_err(|error| error.to_string())
            }
            .boxed(),
            _ => async move { cache.get(&*key).await.map_err(|error| error.to_string()) }.boxed(),
        }
    }

    fn put(&self, key: &str, value: Option<u64>) -> BoxFuture<'static, Result<(), WriteError>> {
        let (cache, database, key) = (self.cache.clone(), self.database.clone(), key.to_owned());
        if self.way.leaves_writes_to_the_application() {
            return async move {
                let stored = database.store_one(key.clone(), value).await;
                cache.invalidate(&key);
                stored.map_err(|_| WriteError::Unknown)
            }
            .boxed();
        }
        async move {
            let written = match value {
                Some(value) => cache.put(key, value).await,
                None => cache.remove(key).await.map(drop),
            };
            written.map_err(write_error)
        }
        .boxed()
    }

    fn update(&self, key: &str, value: u64) -> BoxFuture<'static, Result<Option<u64>, WriteError>> {
        let (cache, key) = (self.cache.clone(), key.to_owned());
        async move {
            let decide = |present: Option<larder::Present<'_, u64>>| {
                (Edit::Put(value, Lifetime::Policy), present.map(|present| *present.value))
            };
            cache.update(key, WriteOptions::default(), decide).await.map_err(write_error)
        }
        .boxed()
    }

    fn invalidate(&self, key: &str) {
        self.cache.invalidate(&key.to_owned());
    }

    fn invalidate_prefix(&self, prefix: &str) {
        self.cache.invalidate_prefix(prefix);
    }

    fn invalidate_all(&self) {
        self.cache.invalidate_all();
    }

    fn evict(&self, key: &str) {
        self.tier.remove(&key.to_owned());
    }

    fn refuse_entries(&self, refuse: bool) {
        self.tier.refuse(refuse);
    }

    fn flush(&self) -> BoxFuture<'static, ()> {
        let cache = self.cache.clone();
        async move { cache.flush().await.expect("a flush") }.boxed()
    }

    fn in_progress(&self) -> usize {
        self.cache.in_progress()
    }
}

async fn get_by_lease(
    cache: TestCache,
    database: Database,
    key: String,
) -> Result<Option<u64>, String> {
    match cache.lease(key.clone()).map_err(|error| error.to_string())? {
        Leased::Hit(value) => Ok(value),
        Leased::Lease(lease) => {
            let loaded = database.load_one(key.clone()).await;
            let value = loaded.map_err(|error| error.to_string())?;
            cache.fill(key, lease, value);
            Ok(value)
        }
    }
}

fn write_error(error: Error) -> WriteError {
    match error.kind() {
        ErrorKind::Unknown => WriteError::Unknown,
        _ => WriteError::Failed,
    }
}
