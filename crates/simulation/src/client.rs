//! A client: one call after the other, drawn at random.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, select};
use larder::runtime::{Runtime, Simulated};

use crate::database::POISON;
use crate::history::{Fate, History};
use crate::plan::Plan;
use crate::subject::Subject;

/// Calls of one client, numbered through all lives.
const CALLS_MAX: u64 = 100;

/// Who makes calls, and on what.
pub struct Client {
    pub world: Simulated,
    pub history: History,
    pub subject: Subject,
    pub plan: Plan,
    /// No other client of the story has this number.
    pub number: u64,
}

impl Client {
    /// Makes all its calls.
    pub async fn run(self) {
        for call in 0..self.plan.calls {
            self.call(1 + self.number * CALLS_MAX + call).await;
        }
    }

    /// Makes one call; what it writes is `value`, or contains it.
    async fn call(&self, value: u64) {
        let key = self.draw_key();
        let own = !self.plan.way.leaves_writes_to_the_application();
        let loads = own && !self.plan.way.takes_leases();
        match self.draw(100) {
            0..34 => self.maybe_give_up(self.read(&key)).await,
            34..42 if loads => self.maybe_give_up(self.read_many()).await,
            34..42 => self.read(&key).await,
            42..66 => self.write(&key, Some(self.maybe_poison(&key, value))).await,
            66..74 => self.write(&key, None).await,
            74..78 if own => self.write_many(value).await,
            78..84 if own => self.update(&key, value).await,
            74..84 => self.write(&key, Some(value)).await,
            84..88 => self.wait().await,
            88..92 => self.evict(&key),
            92..96 => self.invalidate(&key),
            96..98 => self.maybe_give_up(self.flush(&key)).await,
            draw => self.subject.refuse_entries(draw == 98),
        }
    }

    fn maybe_poison(&self, key: &str, value: u64) -> u64 {
        match self.plan.poison && key == "a" && self.draw(3) == 0 {
            true => POISON + value,
            false => value,
        }
    }

    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()> {
        async move {
            let start = self.history.tick();
            if let Some(seen) = self.subject.read(key).await {
                self.history.read(self.number, key, seen, start);
            }
        }
        .boxed()
    }

    fn read_many(&self) -> BoxFuture<'_, ()> {
        async move {
            let keys = self.plan.names();
            let start = self.history.tick();
            let answers = self.subject.read_many(keys.clone()).await;
            for (key, seen) in keys.iter().zip(answers) {
                if let Some(seen) = seen {
                    self.history.read(self.number, key, seen, start);
                }
            }
        }
        .boxed()
    }

    async fn write(&self, key: &str, value: Option<u64>) {
        let place = self.history.begin_write(self.number, key, value);
        let write = async {
            let fate = self.subject.write(key, value).await;
            self.history.end_write(place, fate);
        };
        match self.plan.way.leaves_writes_to_the_application() {
            // An application that goes away before it invalidates has broken its side.
            true => write.await,
            false => self.maybe_give_up(write.boxed()).await,
        }
    }

    /// Writes all keys together, some with a value and some without.
    async fn write_many(&self, value: u64) {
        let change = |key| (key, (self.draw(4) > 0).then_some(value));
        let changes: Vec<_> = self.plan.names().into_iter().map(change).collect();
        let begin = |(key, value): &(String, Option<u64>)| {
            self.history.begin_write(self.number, key, *value)
        };
        let places: Vec<usize> = changes.iter().map(begin).collect();
        let fate = self.subject.write_many(changes).await;
        places.into_iter().for_each(|place| self.history.end_write(place, fate));
    }

    async fn update(&self, key: &str, value: u64) {
        let place = self.history.begin_write(self.number, key, Some(value));
        let start = self.history.tick();
        let update = async {
            let updated = self.subject.update(key, value).await;
            if let Ok(seen) = updated {
                self.history.read(self.number, key, seen, start);
            }
            self.history.end_write(place, updated.map_or_else(|fate| fate, |_| Fate::Done));
        };
        self.maybe_give_up(update.boxed()).await;
    }

    /// Flushes one key, or all.
    fn flush<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()> {
        async move {
            let start = self.history.tick();
            let cache = &self.subject.cache;
            let (flushed, keys) = match self.draw(2) {
                0 => (cache.flush_key(&key.to_owned()).await, vec![key.to_owned()]),
                _ => (cache.flush().await, self.plan.names()),
            };
            if flushed.is_ok() {
                keys.iter().for_each(|key| self.history.flush(self.number, key, start));
            }
        }
        .boxed()
    }

    fn invalidate(&self, key: &str) {
        let cache = &self.subject.cache;
        let what = match self.draw(4) {
            0 => {
                cache.invalidate_all();
                "everything"
            }
            1 => {
                cache.invalidate_prefix(key);
                key
            }
            _ => {
                cache.invalidate(&key.to_owned());
                key
            }
        };
        self.history.tell(|| format!("client {}: invalidates {what}", self.number));
    }

    fn evict(&self, key: &str) {
        self.history.tell(|| format!("the copy of {key} is evicted"));
        self.subject.evict(key);
    }

    async fn wait(&self) {
        let span = Duration::from_micros(self.draw(8000));
        self.world.sleep_until(self.world.now() + span).await;
    }

    /// Waits for `call`, or drops it after a while.
    async fn maybe_give_up(&self, call: BoxFuture<'_, ()>) {
        if self.draw(100) < 85 {
            return call.await;
        }
        let patience = Duration::from_micros(self.draw(6000));
        select(call, self.world.sleep_until(self.world.now() + patience)).await;
    }

    fn draw_key(&self) -> String {
        let names = self.plan.names();
        names[self.draw(names.len() as u64) as usize].clone()
    }

    fn draw(&self, choices: u64) -> u64 {
        self.world.random() % choices
    }
}
