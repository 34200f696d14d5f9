//! What a cache is made of, as its strategy and its loader see it.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use tokio::sync::oneshot;

use crate::entry::Entry;
use crate::error::{Error, ErrorKind};
use crate::freshness::{Freshness, Lifetime, Moment};
use crate::keys::{Keys, Replacement, WriteGuard};
use crate::runtime::{Runtime, within};
use crate::source::{Change, Source, SourceError, SourceErrorKind, Stored};
use crate::stats::{Count, Counters};
use crate::{Key, Value};

pub(crate) struct Parts<K: Key, V: Value> {
    pub(crate) name: Box<str>,
    pub(crate) keys: Arc<Keys<K, V>>,
    pub(crate) freshness: Freshness,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) stats: Counters,
}

/// What is known of a store.
pub(crate) enum StoreOutcome<V> {
    /// The source has it.
    Stored(Vec<Stored<V>>),
    /// The source does not have it.
    Failed(SourceError),
    /// Nobody knows yet. The receiver is ready once the source's call has ended.
    Unknown(SourceError, Option<oneshot::Receiver<()>>),
}

impl<K: Key, V: Value> Parts<K, V> {
    pub(crate) fn error(&self, kind: ErrorKind, message: impl fmt::Display) -> Error {
        Error::new(kind, &self.name, message)
    }

    pub(crate) fn source_error(&self, key: &dyn fmt::Debug, error: SourceError) -> Error {
        Error::from_source(&self.name, key, error)
    }

    /// The entry for a value that a writer has written.
    pub(crate) fn written_entry(
        &self,
        value: Option<V>,
        lifetime: Lifetime,
        kept: Option<&Entry<V>>,
    ) -> Option<Entry<V>> {
        let now = self.runtime.now();
        let kept = kept.filter(|entry| entry.is_fresh(now)).map(|entry| entry.fresh_until);
        let moment = Moment { now, random: self.runtime.random(), kept };
        self.freshness.entry(value, lifetime, moment)
    }

    /// What takes the place of a key's entry when no source is asked.
    pub(crate) fn replacement(
        &self,
        value: V,
        lifetime: Lifetime,
        present: Option<&Entry<V>>,
    ) -> Replacement<V> {
        let kept = present.map(|entry| entry.fresh_until);
        let moment = Moment { now: self.runtime.now(), random: self.runtime.random(), kept };
        let entry = self.freshness.entry(Some(value), lifetime, moment);
        entry.map_or(Replacement::Remove, Replacement::Entry)
    }

    /// Makes `entry` the key's copy. A tier that refuses it holds no copy afterwards, which is as
    /// good an agreement with the source as any.
    pub(crate) fn install(&self, guard: &WriteGuard<K, V>, entry: Option<Entry<V>>) {
        if guard.install(entry).is_err() {
            self.stats.add(Count::Refused, 1);
        }
    }

    /// Runs `task` to its end even if the caller goes away; `None` when its runtime ended first.
    pub(crate) async fn run_to_end<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.start(task).await.ok()
    }

    fn start<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        // Whoever waited may have gone away: the task mattered, not its answer.
        self.runtime.spawn(Box::pin(async move { drop(sender.send(task.await)) }));
        receiver
    }

    /// Stores changes, waiting no longer than `timeout`. The source's call itself is never dropped.
    pub(crate) async fn store(
        &self,
        source: Arc<dyn Source<K, V>>,
        changes: Vec<Change<K, V>>,
        timeout: Option<Duration>,
    ) -> StoreOutcome<V> {
        let Some(timeout) = timeout else { return outcome(store_caught(source, changes).await) };
        let deadline = self.runtime.now() + timeout;
        let (ended, late) = oneshot::channel::<()>();
        let mut storing = self.start(async move {
            let stored = store_caught(source, changes).await;
            drop(ended);
            stored
        });
        match within(&*self.runtime, deadline, &mut storing).await {
            Some(Ok(stored)) => outcome(stored),
            Some(Err(_)) => unknown("the runtime ended during the write", None),
            None => unknown("the write took longer than its time-out", Some(late)),
        }
    }
}

/// The outcome of a call that changes the source; unknown when it panics.
pub(crate) async fn caught<T>(
    call: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|_| {
        let message = "the source panicked during the write";
        Err(SourceError::new(SourceErrorKind::Unknown, message))
    })
}

async fn store_caught<K: Key, V: Value>(
    source: Arc<dyn Source<K, V>>,
    changes: Vec<Change<K, V>>,
) -> Result<Vec<Stored<V>>, SourceError> {
    let asked = changes.len();
    let stored = caught(async { source.store(changes).await }).await?;
    match stored.len() == asked {
        true => Ok(stored),
        false => {
            let message = "the source answered for fewer or more changes than it was given";
            Err(SourceError::new(SourceErrorKind::Unknown, message))
        }
    }
}

fn outcome<V>(stored: Result<Vec<Stored<V>>, SourceError>) -> StoreOutcome<V> {
    match stored {
        Ok(stored) => StoreOutcome::Stored(stored),
        Err(error) if error.kind() == SourceErrorKind::Unknown => {
            StoreOutcome::Unknown(error, None)
        }
        // A source that panicked may have stored first.
        Err(error) if error.kind() == SourceErrorKind::Panicked => {
            let error = SourceError::new(SourceErrorKind::Unknown, error.message());
            StoreOutcome::Unknown(error, None)
        }
        Err(error) => StoreOutcome::Failed(error),
    }
}

fn unknown<V>(message: &str, late: Option<oneshot::Receiver<()>>) -> StoreOutcome<V> {
    let message = format!("{message}; whether the source has it is unknown");
    StoreOutcome::Unknown(SourceError::new(SourceErrorKind::Unknown, message), late)
}
