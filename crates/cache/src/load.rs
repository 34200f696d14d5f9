//! Loads flights from the source, those that come together in one query.
//!
//! A load starts at once when none runs. Flights that come while one does wait in a queue and are
//! loaded together when it ends, or when they have waited for [`PATIENCE`] and fewer than
//! [`CONCURRENT_MAX`] run. So a pipeline of misses that arrives in pieces is a few queries, a slow
//! load holds up nobody for long, and a source that slows down sees larger batches.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use parking_lot::Mutex;

use crate::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::{Flight, Landing};
use crate::freshness::{Lifetime, Moment};
use crate::journal::Journal;
use crate::keys::Fill;
use crate::parts::Parts;
use crate::sabotage::{self, Mutation};
use crate::source::{Loaded, Source, SourceError, SourceErrorKind};
use crate::stats::Count;
use crate::trace::Participant::{Cache, Database, Queue as Journaled};
use crate::trace::{Tell, tell_together};
use crate::{Key, Value};

/// Queries of one source that one cache runs at the same time.
const CONCURRENT_MAX: usize = 4;

/// How long flights wait for a load that runs before they get one of their own.
const PATIENCE: Duration = Duration::from_millis(1);

/// Keys in one query.
const BATCH_MAX: usize = 10_000;

/// Flights that wait for a query. Only flights that were voided before they left can make them
/// more than there are keys in progress.
const WAITING_MAX: usize = 1 << 18;

pub(crate) struct Loader<K: Key, V: Value> {
    parts: Arc<Parts<K, V>>,
    source: Arc<dyn Source<K, V>>,
    /// What is looked at before the source, where writes wait in a journal.
    pending: Option<Arc<dyn Journal<K, V>>>,
    queue: Mutex<Queue<K, V>>,
}

struct Queue<K: Key, V: Value> {
    waiting: VecDeque<(K, Arc<Flight<V>>)>,
    running: usize,
    /// Whether somebody will look after [`PATIENCE`] whether flights still wait.
    watched: bool,
}

/// When flights are loaded that have just joined the queue.
enum Departure {
    Now,
    /// With the load that ends next, or after [`PATIENCE`].
    Soon,
    /// As those that wait already.
    WithTheOthers,
}

impl<K: Key, V: Value> Loader<K, V> {
    pub(crate) fn new(
        parts: Arc<Parts<K, V>>,
        source: Arc<dyn Source<K, V>>,
        pending: Option<Arc<dyn Journal<K, V>>>,
    ) -> Arc<Self> {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), running: 0, watched: false });
        Arc::new(Self { parts, source, pending, queue })
    }

    /// Loads these flights, whoever goes on waiting for them.
    pub(crate) fn start(self: &Arc<Self>, mut flights: Vec<(K, Arc<Flight<V>>)>) {
        if flights.is_empty() {
            return;
        }
        let (departure, refused) = {
            let mut queue = self.queue.lock();
            let room = WAITING_MAX.saturating_sub(queue.waiting.len());
            let refused = flights.split_off(room.min(flights.len()));
            queue.waiting.extend(flights);
            (queue.departure(), refused)
        };
        self.refuse(refused);
        match departure {
            Departure::Now => self.run(),
            Departure::Soon => self.watch(),
            Departure::WithTheOthers => {}
        }
    }

    /// Looks after a while whether flights still wait for a load that runs.
    fn watch(self: &Arc<Self>) {
        let loader = self.clone();
        let patience = self.parts.runtime.sleep_until(self.parts.runtime.now() + PATIENCE);
        self.parts.runtime.spawn(Box::pin(async move {
            patience.await;
            if loader.queue.lock().outwaited() {
                loader.run();
            }
        }));
    }

    fn refuse(&self, flights: Vec<(K, Arc<Flight<V>>)>) {
        for (key, flight) in flights {
            let message = "too many loads are waiting for the source; try again later";
            let error = self.parts.error(ErrorKind::Busy, message).at(&key);
            Airborne::new(self.parts.clone(), key, flight).land(Err(error));
        }
    }

    fn run(self: &Arc<Self>) {
        let mut turn = Turn { loader: self.clone(), ended: false };
        self.parts.runtime.spawn(Box::pin(async move {
            while let Some(batch) = turn.take() {
                turn.loader.load(batch).await;
            }
        }));
    }

    async fn load(&self, batch: Vec<Airborne<K, V>>) {
        let mut bases = Vec::with_capacity(batch.len());
        for flight in batch {
            match self.look_at_pending(&flight) {
                Some(None) => flight.land(Ok(None)),
                Some(Some(value)) if self.source.is_whole(&value) => flight.land(Ok(Some(value))),
                Some(Some(part)) => bases.push((flight, Some(part))),
                None => bases.push((flight, None)),
            }
        }
        if !bases.is_empty() {
            self.load_from_source(bases).await;
        }
    }

    fn look_at_pending(&self, flight: &Airborne<K, V>) -> Option<Option<V>> {
        let journal = self.pending.as_ref().filter(|_| !sabotage::is(Mutation::IgnorePending))?;
        let trace = &flight.flight.trace;
        trace.tell(Cache, Journaled, "pending?", &flight.key);
        let pending = journal.pending(&flight.key);
        let answer = match &pending {
            Some(Some(_)) => "pending write",
            Some(None) => "pending delete",
            None => "nothing pending",
        };
        trace.tell(Journaled, Cache, answer, &flight.key);
        pending
    }

    /// Loads flights, each with the pending part that is to lie over what the source has.
    async fn load_from_source(&self, flights: Vec<(Airborne<K, V>, Option<V>)>) {
        let keys: Vec<K> = flights.iter().map(|(flight, _)| flight.key.clone()).collect();
        tell_departure(flights.iter().map(|(flight, _)| flight), keys.len());
        self.parts.stats.add(Count::LoadQueries, 1);
        self.parts.stats.add(Count::Loads, keys.len() as u64);
        let loads = self.ask_source(keys).await;
        for ((flight, part), loaded) in flights.into_iter().zip(loads) {
            let merged = match (&loaded, part) {
                (Ok(base), Some(part)) => Some(self.source.merge(base.as_ref(), &part)),
                _ => None,
            };
            match merged {
                None => flight.arrive(loaded),
                Some(whole) if self.source.is_whole(&whole) => flight.arrive(Ok(Some(whole))),
                Some(part) => flight.pass_on(part),
            }
        }
    }

    async fn ask_source(&self, keys: Vec<K>) -> Vec<Loaded<V>> {
        let asked = keys.len();
        let load = AssertUnwindSafe(async { self.source.load(keys).await }).catch_unwind().await;
        let error = match load {
            Ok(Ok(loads)) if loads.len() == asked => return loads,
            Ok(Ok(loads)) => miscounted(asked, loads.len()),
            Ok(Err(error)) => error,
            Err(_) => SourceError::new(SourceErrorKind::Panicked, "the loader panicked"),
        };
        vec![Err(error); asked]
    }
}

/// One query for `keys` keys leaves for the source.
fn tell_departure<'a, K: Key, V: Value>(
    flights: impl Iterator<Item = &'a Airborne<K, V>>,
    keys: usize,
) {
    let traced = flights.filter_map(|airborne| {
        Some((airborne.flight.trace.as_ref()?, &airborne.key as &dyn Debug))
    });
    tell_together(traced, Cache, Database, || match keys {
        1 => "load".to_owned(),
        _ => format!("load {keys} keys"),
    });
}

fn miscounted(asked: usize, answered: usize) -> SourceError {
    let message = format!("the source answered {answered} values for {asked} keys");
    SourceError::new(SourceErrorKind::Misconfigured, message)
}

impl<K: Key, V: Value> Queue<K, V> {
    fn departure(&mut self) -> Departure {
        if self.running == 0 {
            self.running = 1;
            return Departure::Now;
        }
        match std::mem::replace(&mut self.watched, true) {
            false => Departure::Soon,
            true => Departure::WithTheOthers,
        }
    }

    /// Whether flights have waited long enough for a load of their own.
    fn outwaited(&mut self) -> bool {
        self.watched = false;
        let starts = !self.waiting.is_empty() && self.running < CONCURRENT_MAX;
        self.running += usize::from(starts);
        starts
    }
}

/// One of the loads that run; it takes batches until none is left.
struct Turn<K: Key, V: Value> {
    loader: Arc<Loader<K, V>>,
    ended: bool,
}

impl<K: Key, V: Value> Turn<K, V> {
    fn take(&mut self) -> Option<Vec<Airborne<K, V>>> {
        let mut queue = self.loader.queue.lock();
        if queue.waiting.is_empty() {
            // Under the same lock: a flight that comes after this starts a load of its own.
            queue.running -= 1;
            self.ended = true;
            return None;
        }
        let count = queue.waiting.len().min(BATCH_MAX);
        let parts = &self.loader.parts;
        let taken = queue.waiting.drain(..count);
        Some(taken.map(|(key, flight)| Airborne::new(parts.clone(), key, flight)).collect())
    }
}

impl<K: Key, V: Value> Drop for Turn<K, V> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // The runtime dropped this load. What still waits would wait for ever.
        let mut queue = self.loader.queue.lock();
        queue.running -= 1;
        let left: Vec<_> = match queue.running {
            0 => queue.waiting.drain(..).collect(),
            _ => Vec::new(),
        };
        drop(queue);
        for (key, flight) in left {
            drop(Airborne::new(self.loader.parts.clone(), key, flight));
        }
    }
}

/// A flight that has left, and lands whatever happens: with an error when its load is dropped.
pub(crate) struct Airborne<K: Key, V: Value> {
    parts: Arc<Parts<K, V>>,
    key: K,
    flight: Arc<Flight<V>>,
    landed: bool,
}

impl<K: Key, V: Value> Airborne<K, V> {
    pub(crate) fn new(parts: Arc<Parts<K, V>>, key: K, flight: Arc<Flight<V>>) -> Self {
        Self { parts, key, flight, landed: false }
    }

    pub(crate) fn land(mut self, landing: Landing<V>) {
        self.landed = true;
        let entry = landing.as_ref().ok().and_then(|value| self.entry(value.clone()));
        self.end(landing, entry);
    }

    /// Lands with what the source answered.
    pub(crate) fn arrive(self, loaded: Loaded<V>) {
        self.tell_arrival(&loaded);
        let landing = loaded.map_err(|error| self.parts.source_error(&self.key, error));
        self.land(landing);
    }

    /// Lands with what is known of a row that the source has not filled in yet; it is not kept.
    fn pass_on(mut self, part: V) {
        self.landed = true;
        self.flight.trace.tell(Database, Cache, "absent", &self.key);
        self.end(Ok(Some(part)), None);
    }

    pub(crate) fn tell_departure(&self) {
        self.flight.trace.tell(Cache, Database, "load", &self.key);
    }

    fn tell_arrival(&self, loaded: &Loaded<V>) {
        let Some(trace) = &self.flight.trace else { return };
        let what = match loaded {
            Ok(Some(_)) => "row".to_owned(),
            Ok(None) => "absent".to_owned(),
            Err(error) => format!("error: {}", error.message()),
        };
        trace.send(Database, Cache, what, &self.key);
    }

    fn entry(&self, value: Option<V>) -> Option<Entry<V>> {
        let parts = &self.parts;
        let moment =
            Moment { now: parts.runtime.now(), random: parts.runtime.random(), kept: None };
        parts.freshness.entry(value, Lifetime::Policy, moment)
    }

    fn end(&self, landing: Landing<V>, entry: Option<Entry<V>>) {
        let parts = &self.parts;
        if landing.is_err() {
            parts.stats.add(Count::LoadErrors, 1);
        }
        let absent = matches!(landing, Ok(None));
        let trace = &self.flight.trace;
        match parts.keys.land(&self.key, &self.flight, &landing, entry) {
            Fill::Void => {
                parts.stats.add(Count::FillsVoid, 1);
                trace.tell(Cache, Cache, "fill refused: void", &self.key);
            }
            Fill::Refused => {
                parts.stats.add(Count::Refused, 1);
                trace.tell(Cache, Cache, "fill refused: too large", &self.key);
            }
            Fill::Filled if absent => trace.tell(Cache, Cache, "fill: absent", &self.key),
            Fill::Filled => trace.tell(Cache, Cache, "fill", &self.key),
            Fill::Nothing => {}
        }
        self.flight.release(&landing);
    }
}

impl<K: Key, V: Value> Drop for Airborne<K, V> {
    fn drop(&mut self) {
        if !self.landed {
            let lost = Error::new(ErrorKind::LoadLost, &self.parts.name, "the load was cancelled");
            let landing: Result<Option<V>> = Err(lost.at(&self.key));
            self.end(landing, None);
        }
    }
}
