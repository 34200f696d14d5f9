//! What the strategies that write have in common: a source, and what follows from its answer.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Write;
use crate::entry::Entry;
use crate::options::WriteOptions;
use crate::parts::{Parts, StoreOutcome};
use crate::sabotage::{self, Mutation};
use crate::source::{Source, SourceError, Stored};
use crate::stats::Count;
use crate::trace::Participant::{self, Cache, Database};
use crate::trace::{Tell, Trace, tell_together};
use crate::{Key, Value};

/// What a strategy that writes is made of.
#[derive(Clone)]
pub(crate) struct Backed<K: Key, V: Value> {
    pub(crate) parts: Arc<Parts<K, V>>,
    pub(crate) source: Arc<dyn Source<K, V>>,
}

/// What a cache may say of a key after its write.
pub(super) enum Known<V> {
    Value(Option<V>),
    /// The write named a part, and the rest is not at hand.
    Unsure,
}

impl<K: Key, V: Value> Backed<K, V> {
    /// Stores what `writes` say.
    pub(super) async fn store(
        &self,
        writes: &[Write<K, V>],
        options: &WriteOptions,
        timeout: Option<Duration>,
    ) -> StoreOutcome<V> {
        tell(writes, &options.trace, Cache, Database, || errand(writes));
        let changes = writes.iter().map(Write::change).collect();
        self.parts.stats.add(Count::Writes, writes.len() as u64);
        writes.iter().for_each(|write| write.guard.doubt());
        let outcome =
            self.parts.store(self.source.clone(), changes, options.timeout.or(timeout)).await;
        if options.trace.is_some() {
            let (from, what) = reply(&outcome);
            tell(writes, &options.trace, from, Cache, || what);
        }
        outcome
    }

    /// The source does not have it.
    pub(super) fn failed(&self, writes: &[Write<K, V>], error: SourceError) -> crate::Error {
        self.parts.stats.add(Count::WriteErrors, writes.len() as u64);
        writes.iter().for_each(|write| write.guard.trust());
        self.parts.source_error(writes[0].guard.key(), error)
    }

    /// Nobody knows whether the source has it: nothing is cached until it has answered, and no
    /// other write of these keys begins, which the late one could undo.
    pub(super) fn lost_sight(
        &self,
        writes: Vec<Write<K, V>>,
        error: SourceError,
        late: Option<oneshot::Receiver<()>>,
        options: &WriteOptions,
    ) -> crate::Error {
        self.parts.stats.add(Count::WritesUnknown, writes.len() as u64);
        if sabotage::is(Mutation::KeepAfterUnknown) {
            writes.iter().for_each(|write| write.guard.trust());
            return self.parts.source_error(writes[0].guard.key(), error);
        }
        let fences: Vec<_> = writes.iter().map(|write| write.guard.fence()).collect();
        for write in &writes {
            options.trace.tell(Cache, Cache, "drop copy", write.guard.key());
            self.parts.install(&write.guard, None);
        }
        let error = self.parts.source_error(writes[0].guard.key(), error);
        if let Some(late) = late.filter(|_| !sabotage::is(Mutation::LiftFenceAtTimeout)) {
            writes.iter().for_each(|write| write.guard.outlast());
            self.parts.runtime.spawn(Box::pin(async move {
                // Ready, with an error, when the source's call has ended one way or the other.
                late.await.ok();
                drop(fences);
                drop(writes);
            }));
        }
        error
    }

    /// What the key holds now that `write` was stored.
    pub(super) fn value_after(
        &self,
        write: &Write<K, V>,
        stored: &Stored<V>,
        earlier: Option<&Entry<V>>,
    ) -> Known<V> {
        let Some(written) = &write.value else { return Known::Value(None) };
        if let Some(stored) = &stored.value {
            return Known::Value(Some(stored.clone()));
        }
        if self.source.is_whole(written) {
            return Known::Value(Some(written.clone()));
        }
        match self.merged(earlier, written) {
            Some(whole) => Known::Value(Some(whole)),
            None => Known::Unsure,
        }
    }

    /// `part` over a copy, if together they are all that the key holds.
    pub(super) fn merged(&self, copy: Option<&Entry<V>>, part: &V) -> Option<V> {
        let now = self.parts.runtime.now();
        let base = copy.filter(|entry| entry.is_fresh(now))?;
        let merged = self.source.merge(base.value.as_ref(), part);
        // A part of a new row lacks what the source fills in by itself.
        self.source.is_whole(&merged).then_some(merged)
    }
}

/// What diagrams call what a write does to the key's copy.
pub(super) fn settling<V>(entry: &Option<Entry<V>>) -> &'static str {
    match entry {
        Some(Entry { value: Some(_), .. }) => "update",
        Some(Entry { value: None, .. }) => "update: absent",
        None => "drop copy",
    }
}

/// What diagrams call the call that stores `writes`.
fn errand<K: Key, V: Value>(writes: &[Write<K, V>]) -> String {
    let puts = writes.iter().filter(|write| write.value.is_some()).count();
    match (puts, writes.len() - puts) {
        (1, 0) => "upsert".to_owned(),
        (0, 1) => "delete".to_owned(),
        (puts, 0) => format!("upsert {puts} rows"),
        (0, deletes) => format!("delete {deletes} rows"),
        (puts, deletes) => format!("upsert {puts}, delete {deletes} rows"),
    }
}

/// What diagrams call the end of that call, and who says so.
fn reply<V>(outcome: &StoreOutcome<V>) -> (Participant, String) {
    match outcome {
        StoreOutcome::Stored(_) => (Database, "stored".to_owned()),
        // The source has not said anything.
        StoreOutcome::Unknown(_, Some(_)) => (Cache, "time-out, outcome unknown".to_owned()),
        StoreOutcome::Failed(error) | StoreOutcome::Unknown(error, None) => {
            (Database, format!("error: {}", error.message()))
        }
    }
}

/// Records one message about all of `writes`.
fn tell<K: Key, V: Value>(
    writes: &[Write<K, V>],
    trace: &Option<Trace>,
    from: Participant,
    to: Participant,
    what: impl FnOnce() -> String,
) {
    let traced = trace
        .iter()
        .flat_map(|trace| writes.iter().map(move |write| (trace, write.guard.key() as &dyn Debug)));
    tell_together(traced, from, to, what);
}
