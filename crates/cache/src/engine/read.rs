//! Reads that are not plain hits.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use super::Engine;
use crate::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::{Flight, Landing, Seat};
use crate::freshness::LoadTimeout;
use crate::keys::Boarding;
use crate::load::Airborne;
use crate::options::{Accept, ReadOptions};
use crate::runtime::{Time, within};
use crate::source::{SourceError, SourceErrorKind};
use crate::stats::Count;
use crate::strategy::Reader;
use crate::trace::Participant::{App, Cache};
use crate::trace::Tell;
use crate::{Key, Value};

/// The value that an update finds.
#[derive(Debug)]
pub struct Present<'a, V> {
    /// The value.
    pub value: &'a V,
    /// When its copy expires.
    pub fresh_until: Time,
}

impl<V> Clone for Present<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Present<'_, V> {}

/// Where a reader stands with one key.
enum Place<V> {
    Answered(Result<Option<V>>),
    Waiting { seat: Seat<V>, stale: Option<Entry<V>> },
}

/// Until when a reader waits.
struct Patience {
    soft: Time,
    hard: Time,
}

type Departures<K, V> = Vec<(K, Arc<Flight<V>>)>;

impl<K: Key, V: Value> Engine<K, V> {
    /// Reads one key.
    pub(crate) fn read_one<'a>(
        &'a self,
        key: K,
        options: &'a ReadOptions,
    ) -> BoxFuture<'a, Result<Option<V>>> {
        async move {
            let mut values = self.read(vec![key], options).await;
            values.pop().expect("as many answers as keys")
        }
        .boxed()
    }

    /// Reads keys; what is missed is loaded together.
    pub(crate) async fn read(&self, keys: Vec<K>, options: &ReadOptions) -> Vec<Result<Option<V>>> {
        let mut departures = Vec::new();
        let places: Vec<_> =
            keys.iter().map(|key| self.take_place(key, options, &mut departures)).collect();
        if let Some(loader) = &self.loader {
            loader.start(departures);
        }
        let patience = self.patience(options);
        let mut values = Vec::with_capacity(keys.len());
        for (key, place) in keys.iter().zip(places) {
            let value = self.arrive(key, place, &patience).await;
            options.trace.tell(Cache, App, answer(&value), key);
            values.push(value);
        }
        values
    }

    /// Loads `key` by `load` unless it is cached or on its way already.
    pub(crate) async fn read_or_load<F>(
        &self,
        key: K,
        options: &ReadOptions,
        load: impl FnOnce() -> F,
    ) -> Result<Option<V>>
    where
        F: Future<Output = Result<Option<V>, SourceError>> + Send + 'static,
    {
        let trace = options.trace.as_ref();
        let now = self.parts.runtime.now();
        let place = match self.parts.keys.board(&key, trace, |entry| entry.is_fresh(now)) {
            Boarding::Started(flight, seat) => {
                self.parts.stats.add(Count::Misses, 1);
                self.load_by(&key, flight, load());
                Place::Waiting { seat, stale: self.usable_stale(&key, now) }
            }
            boarding => self.placed(&key, boarding, None),
        };
        self.arrive(&key, place, &self.patience(options)).await
    }

    /// Loads the key in the background, because its copy will expire soon or has just done so.
    pub(crate) fn refresh(&self, key: &K) {
        let Some(loader) = &self.loader else { return };
        let horizon = self.parts.runtime.now() + self.parts.freshness.refresh_ahead;
        if let Boarding::Started(flight, _) =
            self.parts.keys.board(key, None, |entry| entry.fresh_until > horizon)
        {
            loader.start(vec![(key.clone(), flight)]);
        }
    }

    fn load_by<F>(&self, key: &K, flight: Arc<Flight<V>>, load: F)
    where
        F: Future<Output = Result<Option<V>, SourceError>> + Send + 'static,
    {
        let airborne = Airborne::new(self.parts.clone(), key.clone(), flight);
        let (parts, key) = (self.parts.clone(), key.clone());
        parts.stats.add(Count::Loads, 1);
        self.parts.runtime.spawn(Box::pin(async move {
            airborne.tell_departure();
            let loaded = std::panic::AssertUnwindSafe(load).catch_unwind().await;
            let loaded = loaded.unwrap_or_else(|_| {
                Err(SourceError::new(SourceErrorKind::Panicked, "the loader panicked"))
            });
            airborne.tell_arrival(&loaded);
            airborne.land(loaded.map_err(|error| parts.source_error(&key, error)));
        }));
    }

    fn take_place(
        &self,
        key: &K,
        options: &ReadOptions,
        departures: &mut Departures<K, V>,
    ) -> Place<V> {
        options.trace.tell(App, Cache, "get", key);
        let now = self.parts.runtime.now();
        let present = self.parts.keys.entry(key).filter(|_| options.accept != Accept::Reload);
        if let Some(entry) = present.filter(|entry| entry.is_fresh(now)) {
            self.refresh_if_due(key, entry.fresh_until, now);
            self.parts.stats.add(Count::Hits, 1);
            return Place::Answered(Ok(entry.value));
        }
        self.parts.stats.add(Count::Misses, 1);
        if self.policy.reader() == Reader::Application {
            return Place::Answered(Ok(None));
        }
        let stale = self.usable_stale(key, now).filter(|_| options.accept == Accept::Policy);
        if let Some(entry) = stale.as_ref().filter(|entry| self.may_revalidate(entry, now)) {
            self.parts.stats.add(Count::Stale, 1);
            self.refresh(key);
            return Place::Answered(Ok(entry.value.clone()));
        }
        self.board(key, options, stale, departures)
    }

    fn board(
        &self,
        key: &K,
        options: &ReadOptions,
        stale: Option<Entry<V>>,
        departures: &mut Departures<K, V>,
    ) -> Place<V> {
        if let Some(error) = self.closed_error() {
            return Place::Answered(Err(error));
        }
        let now = self.parts.runtime.now();
        let reload = options.accept == Accept::Reload;
        let accept = |entry: &Entry<V>| !reload && entry.is_fresh(now);
        match self.parts.keys.board(key, options.trace.as_ref(), accept) {
            Boarding::Started(flight, seat) => {
                departures.push((key.clone(), flight));
                Place::Waiting { seat, stale }
            }
            boarding => self.placed(key, boarding, stale),
        }
    }

    /// The place of a reader who did not start the flight.
    fn placed(&self, key: &K, boarding: Boarding<V>, stale: Option<Entry<V>>) -> Place<V> {
        match boarding {
            Boarding::Entry(entry) => Place::Answered(Ok(entry.value)),
            Boarding::Joined(seat) | Boarding::Started(_, seat) => {
                self.parts.stats.add(Count::Joined, 1);
                Place::Waiting { seat, stale }
            }
            Boarding::Full => {
                let message = "too many loads are under way; try again later";
                Place::Answered(Err(self.parts.error(ErrorKind::Busy, message).at(key)))
            }
        }
    }

    async fn arrive(&self, key: &K, place: Place<V>, patience: &Patience) -> Result<Option<V>> {
        let (mut seat, stale) = match place {
            Place::Answered(answer) => return answer,
            Place::Waiting { seat, stale } => (seat, stale),
        };
        let runtime = &*self.parts.runtime;
        if let Some(entry) = &stale {
            match within(runtime, patience.soft, &mut seat).await {
                Some(landing) => return self.land(key, landing.ok(), stale),
                None => {
                    self.parts.stats.add(Count::Stale, 1);
                    return Ok(entry.value.clone());
                }
            }
        }
        match within(runtime, patience.hard, seat).await {
            Some(landing) => self.land(key, landing.ok(), None),
            None => {
                let message = "the source did not answer within the load time-out";
                Err(self.parts.error(ErrorKind::LoadTimeout, message).at(key))
            }
        }
    }

    fn land(
        &self,
        key: &K,
        landing: Option<Landing<V>>,
        stale: Option<Entry<V>>,
    ) -> Result<Option<V>> {
        let landing = landing.unwrap_or_else(|| Err(self.lost(key)));
        let Err(error) = landing else { return landing };
        let now = self.parts.runtime.now();
        let window = self.parts.freshness.stale_if_error;
        match stale.filter(|entry| now < entry.fresh_until + window) {
            Some(entry) => {
                self.parts.stats.add(Count::Stale, 1);
                Ok(entry.value)
            }
            None => Err(error),
        }
    }

    fn lost(&self, key: &K) -> Error {
        self.parts.error(ErrorKind::LoadLost, "the load ended without an answer").at(key)
    }

    pub(crate) fn refresh_if_due(&self, key: &K, fresh_until: Time, now: Time) {
        let ahead = self.parts.freshness.refresh_ahead;
        if !ahead.is_zero() && fresh_until <= now + ahead {
            self.refresh(key);
        }
    }

    fn usable_stale(&self, key: &K, now: Time) -> Option<Entry<V>> {
        self.parts.keys.entry(key).filter(|entry| now < entry.stale_until)
    }

    fn may_revalidate(&self, entry: &Entry<V>, now: Time) -> bool {
        now < entry.fresh_until + self.parts.freshness.stale_while_revalidate
    }

    fn patience(&self, options: &ReadOptions) -> Patience {
        let policy = self.parts.freshness.load_timeout;
        let LoadTimeout { soft, hard } = options.load_timeout.unwrap_or(policy);
        let now = self.parts.runtime.now();
        let hard = hard.map_or(Time::NEVER, |span| now + span);
        Patience { soft: soft.map_or(hard, |span| hard.min(now + span)), hard }
    }
}

fn answer<V>(value: &Result<Option<V>>) -> &'static str {
    match value {
        Ok(Some(_)) => "value",
        Ok(None) => "absent",
        Err(_) => "error",
    }
}
