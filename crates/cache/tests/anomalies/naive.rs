//! Each strategy as a competent engineer writes it first.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::{BoxFuture, Either, FutureExt, select};
use larder::runtime::{Runtime, Simulated, Time};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::kit::Database;
use crate::naive_queue::NaiveQueue;
use crate::scene::{Setup, Subject, Way, WriteError};

type Answer = Result<Option<u64>, String>;

/// A map in front of the database.
#[derive(Clone)]
pub struct Naive(Arc<State>);

struct State {
    way: Way,
    world: Simulated,
    database: Database,
    setup: Setup,
    entries: Mutex<HashMap<String, (Option<u64>, Time)>>,
    refuses: Mutex<bool>,
    flights: Mutex<HashMap<String, Vec<oneshot::Sender<Answer>>>>,
    queue: NaiveQueue,
}

impl Naive {
    pub fn new(way: Way, world: &Simulated, database: &Database, setup: &Setup) -> Self {
        let queue = NaiveQueue::new(world, database);
        if way == Way::WriteBehind {
            queue.start_workers(2);
        }
        Self(Arc::new(State {
            way,
            world: world.clone(),
            database: database.clone(),
            setup: setup.clone(),
            entries: Mutex::default(),
            refuses: Mutex::default(),
            flights: Mutex::default(),
            queue,
        }))
    }

    async fn get_or_load(self, key: String) -> Answer {
        if let Some((value, fresh_until)) = self.0.entry(&key) {
            self.refresh_if_due(&key, fresh_until);
            return Ok(value);
        }
        match self.0.way {
            Way::Lease | Way::AroundAside => self.0.load(&key).await,
            _ => self.join_or_load(key).await,
        }
    }

    /// One load per key; who comes while it runs waits for its result.
    async fn join_or_load(self, key: String) -> Answer {
        let waiting = {
            let mut flights = self.0.flights.lock();
            match flights.get_mut(&key) {
                Some(flight) => {
                    let (sender, receiver) = oneshot::channel();
                    flight.push(sender);
                    Some(receiver)
                }
                None => {
                    flights.insert(key.clone(), Vec::new());
                    None
                }
            }
        };
        if let Some(waiting) = waiting {
            return waiting.await.map_err(|_| "the load went away".to_owned())?;
        }
        let value = self.0.load(&key).await?;
        for waiting in self.0.flights.lock().remove(&key).into_iter().flatten() {
            waiting.send(Ok(value)).ok();
        }
        Ok(value)
    }

    fn refresh_if_due(&self, key: &str, fresh_until: Time) {
        let ahead = self.0.setup.freshness.refresh_ahead;
        if !ahead.is_zero() && fresh_until <= self.0.world.now() + ahead {
            let (state, key) = (self.0.clone(), key.to_owned());
            self.0.world.start(async move { state.load(&key).await });
        }
    }

    async fn write(self, key: String, value: Option<u64>) -> Result<(), WriteError> {
        let state = &self.0;
        match state.way {
            Way::SourceFirst => {
                state.store(&key, value).await?;
                state.set(&key, value);
            }
            Way::CacheFirst => {
                state.set(&key, value);
                state.store(&key, value).await?;
            }
            Way::WriteBehind => {
                match value {
                    Some(_) => state.set(&key, value),
                    None => drop(state.entries.lock().remove(&key)),
                }
                state.queue.push(key, value);
            }
            _ => {
                state.store(&key, value).await?;
                state.entries.lock().remove(&key);
            }
        }
        Ok(())
    }
}

impl State {
    fn entry(&self, key: &str) -> Option<(Option<u64>, Time)> {
        let now = self.world.now();
        self.entries.lock().get(key).copied().filter(|(_, fresh_until)| now < *fresh_until)
    }

    fn set(&self, key: &str, value: Option<u64>) {
        if *self.refuses.lock() {
            return;
        }
        let freshness = &self.setup.freshness;
        let ttl = if value.is_some() { freshness.ttl } else { Some(freshness.negative_ttl) };
        let fresh_until = ttl.map_or(Time::NEVER, |ttl| self.world.now() + ttl);
        self.entries.lock().insert(key.to_owned(), (value, fresh_until));
    }

    async fn load(&self, key: &str) -> Answer {
        if let Some(value) = self.queue.newest(key).filter(|_| self.setup.naive_reads_queue) {
            self.set(key, value);
            return Ok(value);
        }
        let loaded = self.database.clone().load_one(key.to_owned()).await;
        let value = loaded.map_err(|error| error.to_string())?;
        self.set(key, value);
        Ok(value)
    }

    async fn store(&self, key: &str, value: Option<u64>) -> Result<(), WriteError> {
        let store = self.database.clone().store_one(key.to_owned(), value).boxed();
        let Some(timeout) = self.setup.write_timeout else {
            return store.await.map_err(|_| WriteError::Failed);
        };
        // A driver that is told to time out does not stop the statement on the server.
        let store = self.world.start(store);
        match select(store, self.world.sleep_until(self.world.now() + timeout)).await {
            Either::Left((stored, _)) => stored.map_err(|_| WriteError::Failed),
            Either::Right(_) => Err(WriteError::Failed),
        }
    }
}

impl Subject for Naive {
    fn get(&self, key: &str) -> BoxFuture<'static, Answer> {
        self.clone().get_or_load(key.to_owned()).boxed()
    }

    fn put(&self, key: &str, value: Option<u64>) -> BoxFuture<'static, Result<(), WriteError>> {
        self.clone().write(key.to_owned(), value).boxed()
    }

    fn update(&self, key: &str, value: u64) -> BoxFuture<'static, Result<Option<u64>, WriteError>> {
        let (naive, key) = (self.clone(), key.to_owned());
        async move {
            let present = naive.clone().get_or_load(key.clone()).await;
            let present = present.map_err(|_| WriteError::Failed)?;
            naive.write(key, Some(value)).await.map(|()| present)
        }
        .boxed()
    }

    fn invalidate(&self, key: &str) {
        self.0.entries.lock().remove(key);
    }

    fn invalidate_prefix(&self, prefix: &str) {
        self.0.entries.lock().retain(|key, _| !key.starts_with(prefix));
    }

    fn invalidate_all(&self) {
        self.0.entries.lock().clear();
    }

    fn evict(&self, key: &str) {
        self.0.entries.lock().remove(key);
    }

    fn refuse_entries(&self, refuse: bool) {
        *self.0.refuses.lock() = refuse;
    }

    fn flush(&self) -> BoxFuture<'static, ()> {
        self.0.queue.clone().drained().boxed()
    }

    fn in_progress(&self) -> usize {
        self.0.flights.lock().len()
    }
}
