//! A queue of writes as one writes it first: a list of them, and a map to find the newest.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use larder::runtime::{Runtime, Simulated};
use parking_lot::Mutex;

use crate::kit::Database;

const INTERVAL: Duration = Duration::from_millis(100);

type Queued = (String, Option<u64>);

#[derive(Clone)]
pub struct NaiveQueue {
    world: Simulated,
    database: Database,
    writes: Arc<Mutex<VecDeque<Queued>>>,
    newest: Arc<Mutex<HashMap<String, Option<u64>>>>,
    unfinished: Arc<Mutex<usize>>,
}

impl NaiveQueue {
    pub fn new(world: &Simulated, database: &Database) -> Self {
        let (world, database) = (world.clone(), database.clone());
        let (writes, newest, unfinished) = Default::default();
        Self { world, database, writes, newest, unfinished }
    }

    pub fn push(&self, key: String, value: Option<u64>) {
        *self.unfinished.lock() += 1;
        self.newest.lock().insert(key.clone(), value);
        self.writes.lock().push_back((key, value));
    }

    pub fn newest(&self, key: &str) -> Option<Option<u64>> {
        self.newest.lock().get(key).copied()
    }

    pub fn start_workers(&self, workers: usize) {
        (0..workers).for_each(|_| drop(self.world.start(self.clone().work())));
    }

    async fn work(self) {
        loop {
            self.pause().await;
            let Some((key, value)) = self.writes.lock().pop_front() else { continue };
            match self.database.clone().store_one(key.clone(), value).await {
                Ok(()) => {
                    self.newest.lock().remove(&key);
                    *self.unfinished.lock() -= 1;
                }
                Err(_) => self.writes.lock().push_back((key, value)),
            }
        }
    }

    pub async fn drained(self) {
        while *self.unfinished.lock() > 0 {
            self.pause().await;
        }
    }

    async fn pause(&self) {
        self.world.sleep_until(self.world.now() + INTERVAL).await;
    }
}
