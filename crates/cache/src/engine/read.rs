//! Reads that are not plain hits.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use super::Engine;
use super::answer::Answer;
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
use crate::trace::{Tell, Trace};
use crate::{Key, Value};

/// The value that an update finds.
///
/// ```
/// use larder::{Cache, Edit, Lifetime, runtime::Simulated, runtime::Time};
/// # use std::sync::Arc;
///
/// # let runtime = Arc::new(Simulated::new(1));
/// # let stock: Cache<&str, u64> = Cache::builder("stock").max_entries(100).runtime(runtime).build()?;
/// stock.put_now(&"tea", 3, Lifetime::Forever)?;
/// stock.update_now(&"tea", |present| {
///     let present = present.map(|present| (*present.value, present.fresh_until));
///     assert_eq!(present, Some((3, Time::NEVER)));
///     (Edit::Keep, ())
/// })?;
/// # Ok::<(), larder::Error>(())
/// ```
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
    Answered(Answer<V>),
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

    /// [`read_one`](Self::read_one) as the policy says.
    pub(crate) fn read_alone(&self, key: K) -> BoxFuture<'_, Result<Option<V>>> {
        async move { self.read_one(key, &ReadOptions::default()).await }.boxed()
    }

    /// Reads keys; what is missed is loaded together.
    pub(crate) async fn read(&self, keys: Vec<K>, options: &ReadOptions) -> Vec<Result<Option<V>>> {
        keys.iter().for_each(|key| options.trace.tell(App, Cache, "get", key));
        let answers = self.look_up(&keys, options).await;
        let told = keys.iter().zip(answers);
        told.map(|(key, answer)| answer.tell(&options.trace, key)).collect()
    }

    /// [`read`](Self::read) for the engine's own use: the application neither asked nor is told.
    pub(super) async fn look_up(&self, keys: &[K], options: &ReadOptions) -> Vec<Answer<V>> {
        let mut departures = Vec::new();
        let places: Vec<_> =
            keys.iter().map(|key| self.take_place(key, options, &mut departures)).collect();
        if let Some(loader) = &self.loader {
            loader.start(departures);
        }
        let patience = self.patience(options);
        let mut answers = Vec::with_capacity(keys.len());
        for (key, place) in keys.iter().zip(places) {
            answers.push(self.arrive(key, place, &patience).await);
        }
        answers
    }

    /// Reads the values that an update begins with, whoever loads in this cache otherwise.
    pub(super) async fn read_for_update(
        &self,
        keys: &[K],
        trace: &Option<Trace>,
    ) -> Result<Vec<Option<V>>> {
        let accept = match self.policy.copies_follow_writes() {
            true => Accept::Fresh,
            false => Accept::Reload,
        };
        let options = ReadOptions { accept, trace: trace.clone(), ..ReadOptions::default() };
        let mut departures = Vec::new();
        let places = keys.iter().map(|key| match self.take_copy(key, &options) {
            Some(value) => Place::Answered(Answer::Hit(value)),
            None if self.update_loader.is_none() => Place::Answered(Answer::Miss),
            None => self.board(key, &options, None, &mut departures),
        });
        let places: Vec<_> = places.collect();
        if let Some(loader) = &self.update_loader {
            loader.start(departures);
        }
        let patience = self.patience(&options);
        let mut values = Vec::with_capacity(keys.len());
        for (key, place) in keys.iter().zip(places) {
            values.push(self.arrive(key, place, &patience).await.tell(trace, key)?);
        }
        Ok(values)
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
        self.admit_loads_by_others(&key)?;
        let now = self.parts.runtime.now();
        let horizon = now + self.parts.freshness.refresh_ahead;
        let present = self.usable_stale(&key, now);
        let good = |entry: &Entry<V>| entry.fresh_until > horizon;
        let place = match self.parts.keys.board(&key, now, options.trace.as_ref(), good) {
            Boarding::Started(flight, seat) => {
                let flight = Airborne::new(self.parts.clone(), key.clone(), flight);
                self.load_by(flight, load);
                Place::Waiting { seat, stale: present.clone() }
            }
            boarding => self.placed(&key, boarding, present.clone()),
        };
        match present.and_then(|entry| self.serve_while_loading(entry, now)) {
            Some(value) => Ok(value),
            None => self.arrive(&key, place, &self.patience(options)).await.into_result(),
        }
    }

    /// Loads the key in the background, because its copy will expire soon or has just done so.
    pub(crate) fn refresh(&self, key: &K) {
        self.refresh_traced(key, None);
    }

    fn refresh_traced(&self, key: &K, trace: Option<&Trace>) {
        let Some(loader) = self.loader.as_ref().filter(|_| self.closed_error().is_none()) else {
            return;
        };
        let now = self.parts.runtime.now();
        let horizon = now + self.parts.freshness.refresh_ahead;
        let good = |entry: &Entry<V>| entry.fresh_until > horizon;
        if let Boarding::Started(flight, _) = self.parts.keys.board(key, now, trace, good) {
            loader.start(vec![(key.clone(), flight)]);
        }
    }

    /// An error where a loader that is not the cache's own would pass by what the cache knows.
    fn admit_loads_by_others(&self, key: &K) -> Result<()> {
        let advice = "reads of this cache look at queued writes first: read the key without a \
                      loader of your own";
        match self.journal() {
            Some(_) => Err(self.parts.error(ErrorKind::Misuse, advice).at(key)),
            None => Ok(()),
        }
    }

    fn load_by<F>(&self, flight: Airborne<K, V>, load: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Option<V>, SourceError>> + Send + 'static,
    {
        self.parts.stats.add(Count::Misses, 1);
        self.parts.stats.add(Count::Loads, 1);
        let load = AssertUnwindSafe(load());
        self.parts.runtime.spawn(Box::pin(async move {
            flight.tell_departure();
            let loaded = load.catch_unwind().await;
            flight.arrive(loaded.unwrap_or_else(|_| {
                Err(SourceError::new(SourceErrorKind::Panicked, "the loader panicked"))
            }));
        }));
    }

    fn take_place(
        &self,
        key: &K,
        options: &ReadOptions,
        departures: &mut Departures<K, V>,
    ) -> Place<V> {
        if let Some(value) = self.take_copy(key, options) {
            return Place::Answered(Answer::Hit(value));
        }
        if self.policy.reader() == Reader::Application {
            return Place::Answered(Answer::Miss);
        }
        let now = self.parts.runtime.now();
        let stale = self.usable_stale(key, now).filter(|_| options.accept == Accept::Policy);
        if let Some(entry) = stale.as_ref().filter(|entry| self.may_revalidate(entry, now)) {
            self.parts.stats.add(Count::Stale, 1);
            self.refresh_traced(key, options.trace.as_ref());
            return Place::Answered(Answer::Stale(entry.value.clone()));
        }
        self.board(key, options, stale, departures)
    }

    /// What the fresh copy says, where the read is content with one.
    fn take_copy(&self, key: &K, options: &ReadOptions) -> Option<Option<V>> {
        let now = self.parts.runtime.now();
        let present = self.parts.keys.entry(key).filter(|_| options.accept != Accept::Reload);
        let Some(entry) = present.filter(|entry| entry.is_fresh(now)) else {
            self.parts.stats.add(Count::Misses, 1);
            return None;
        };
        if self.is_refresh_due(entry.fresh_until, now) {
            self.refresh_traced(key, options.trace.as_ref());
        }
        self.parts.stats.add(Count::Hits, 1);
        Some(entry.value)
    }

    fn board(
        &self,
        key: &K,
        options: &ReadOptions,
        stale: Option<Entry<V>>,
        departures: &mut Departures<K, V>,
    ) -> Place<V> {
        if let Some(error) = self.closed_error() {
            return Place::Answered(Answer::Loaded(Err(error)));
        }
        let now = self.parts.runtime.now();
        let (keys, trace) = (&self.parts.keys, options.trace.as_ref());
        let boarding = match options.accept {
            Accept::Reload => keys.board_anew(key, now, trace),
            Accept::Policy | Accept::Fresh => {
                keys.board(key, now, trace, |entry| entry.is_fresh(now))
            }
        };
        match boarding {
            Boarding::Started(flight, seat) => {
                departures.push((key.clone(), flight));
                Place::Waiting { seat, stale }
            }
            boarding => {
                if matches!(boarding, Boarding::Joined(_)) {
                    options.trace.tell(Cache, Cache, "join flight", key);
                }
                self.placed(key, boarding, stale)
            }
        }
    }

    /// The place of a reader who did not start the flight.
    fn placed(&self, key: &K, boarding: Boarding<V>, stale: Option<Entry<V>>) -> Place<V> {
        match boarding {
            Boarding::Entry(entry) => Place::Answered(Answer::Hit(entry.value)),
            Boarding::Joined(seat) | Boarding::Started(_, seat) => {
                self.parts.stats.add(Count::Joined, 1);
                Place::Waiting { seat, stale }
            }
            Boarding::Full => {
                let message = "too many loads are under way; try again later";
                let error = self.parts.error(ErrorKind::Busy, message).at(key);
                Place::Answered(Answer::Loaded(Err(error)))
            }
        }
    }

    async fn arrive(&self, key: &K, place: Place<V>, patience: &Patience) -> Answer<V> {
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
                    return Answer::Stale(entry.value.clone());
                }
            }
        }
        match within(runtime, patience.hard, seat).await {
            Some(landing) => self.land(key, landing.ok(), None),
            None => {
                let message = "the source did not answer within the load time-out";
                let error = self.parts.error(ErrorKind::LoadTimeout, message).at(key);
                Answer::Loaded(Err(error))
            }
        }
    }

    fn land(&self, key: &K, landing: Option<Landing<V>>, stale: Option<Entry<V>>) -> Answer<V> {
        let landing = landing.unwrap_or_else(|| Err(self.lost(key)));
        let Err(error) = landing else { return Answer::Loaded(landing) };
        let now = self.parts.runtime.now();
        let window = self.parts.freshness.stale_if_error;
        match stale.filter(|entry| now < entry.fresh_until + window) {
            Some(entry) => {
                self.parts.stats.add(Count::Stale, 1);
                Answer::Stale(entry.value)
            }
            None => Answer::Loaded(Err(error)),
        }
    }

    fn lost(&self, key: &K) -> Error {
        self.parts.error(ErrorKind::LoadLost, "the load ended without an answer").at(key)
    }

    fn is_refresh_due(&self, fresh_until: Time, now: Time) -> bool {
        let ahead = self.parts.freshness.refresh_ahead;
        !ahead.is_zero() && fresh_until <= now + ahead
    }

    fn usable_stale(&self, key: &K, now: Time) -> Option<Entry<V>> {
        let window = self.parts.freshness.stale_window();
        self.parts.keys.entry(key).filter(|entry| now < entry.fresh_until + window)
    }

    /// What a reader is given at once although the key is being loaded.
    fn serve_while_loading(&self, entry: Entry<V>, now: Time) -> Option<Option<V>> {
        let count = match entry.is_fresh(now) {
            true => Count::Hits,
            false => Count::Stale,
        };
        let serve = entry.is_fresh(now) || self.may_revalidate(&entry, now);
        serve.then(|| {
            self.parts.stats.add(count, 1);
            entry.value
        })
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
