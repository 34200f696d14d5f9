//! What could not be answered from memory.

use std::sync::Arc;
use std::time::Duration;

use larder::runtime::Runtime;
use larder::trace::{Recorder, Trace};
use larder::{Lease, WriteOptions};
use larder_protocol::error::Error;
use larder_protocol::store::{Answer, EditFn, Message, Mode, Outcome, Ticket};

use super::answers::Answers;
use super::fetches::fetch;
use super::{decide, lease_reply};
use crate::failure;
use crate::key::Key;
use crate::keyspace::Keyspace;
use crate::report::Report;
use crate::value::Value;

/// How long `CACHE.EXPLAIN` waits for what a command sets off behind its reply, such as the flush
/// of a queued write.
const EXPLAIN_PATIENCE: Duration = Duration::from_secs(2);

/// A question, and the ticket under which it is answered.
pub(super) struct Work {
    pub(super) ticket: Ticket,
    pub(super) mode: Mode,
    pub(super) task: Task,
}

/// A key and the keyspace it belongs to.
pub(super) type Place = (Arc<Keyspace>, Key);

/// A question, owned.
pub(super) enum Task {
    Fetch(Vec<Result<Place, Error>>),
    Put { at: Place, value: Value, options: WriteOptions },
    PutMany(Vec<(Place, Value)>),
    Remove(Vec<Place>),
    Update { at: Place, edit: EditFn },
    Lease(Place),
    Fill { at: Place, lease: Lease, value: Value, options: WriteOptions },
    Drop(Vec<Place>),
}

/// Starts questions in their order; the answers go to `answers`.
pub(super) fn start(report: &Arc<Report>, answers: &Arc<Answers>, work: Vec<Work>) {
    let runtime = report.keyspaces.runtime().clone();
    let answers = answers.clone();
    report.keyspaces.runtime().spawn(Box::pin(async move {
        for Work { ticket, mode, task } in work {
            let answer = answer(task, mode, &runtime).await;
            answers.deliver([(ticket, answer)]);
        }
    }));
}

async fn answer(task: Task, mode: Mode, runtime: &Arc<dyn Runtime>) -> Answer {
    match mode {
        Mode::Plain => Answer::Outcome(task.run(None, runtime).await),
        Mode::Traced => Answer::Explained(explain(task, runtime).await),
    }
}

/// Runs a task with a recorder, until all that it set off has ended.
async fn explain(task: Task, runtime: &Arc<dyn Runtime>) -> Vec<Message> {
    let prefix = task.prefix();
    let recorder = Recorder::new(runtime.clone());
    let outcome = task.run(Some(recorder.trace()), runtime).await;
    let patience = runtime.sleep_until(runtime.now() + EXPLAIN_PATIENCE);
    let settled = std::pin::pin!(recorder.settled());
    futures_util::future::select(settled, patience).await;
    let mut messages: Vec<Message> =
        recorder.messages().into_iter().map(|message| told(message, &prefix)).collect();
    if let Err(error) = outcome {
        let micros = messages.last().map_or(0, |last| last.micros);
        let what = error.to_string();
        messages.push(Message { from: "Cache", to: "App", what, key: prefix, micros });
    }
    messages
}

fn told(message: larder::trace::Message, prefix: &str) -> Message {
    Message {
        from: message.from.name(),
        to: message.to.name(),
        what: message.what,
        key: format!("{prefix}{}", message.key),
        micros: u64::try_from(message.at.as_micros()).unwrap_or(u64::MAX),
    }
}

impl Task {
    /// Whether the engine has the outcome at once.
    pub(super) fn is_immediate(&self) -> bool {
        matches!(self, Task::Lease(_) | Task::Fill { .. } | Task::Drop(_))
    }

    /// The outcome of a task that [is immediate](Self::is_immediate).
    pub(super) fn run_now(self, traced: &WriteOptions) -> Result<Outcome, Error> {
        match self {
            Task::Lease((keyspace, key)) => {
                let leased = keyspace.cache.lease_with(key, traced);
                Ok(Outcome::Reply(lease_reply(leased.map_err(|error| failure::of(&error))?)?))
            }
            Task::Fill { at: (keyspace, key), lease, value, options } => {
                let options = WriteOptions { trace: traced.trace.clone(), ..options };
                Ok(Outcome::Filled(keyspace.cache.fill_with(key, lease, Some(value), &options)))
            }
            Task::Drop(places) => {
                let dropped =
                    places.iter().filter(|(keyspace, key)| keyspace.cache.invalidate(key));
                Ok(Outcome::Count(dropped.count() as u64))
            }
            Task::Fetch(_)
            | Task::Put { .. }
            | Task::PutMany(_)
            | Task::Remove(_)
            | Task::Update { .. } => Err(Error::plain("this command has to wait")),
        }
    }

    async fn run(self, trace: Option<Trace>, runtime: &Arc<dyn Runtime>) -> Result<Outcome, Error> {
        match self {
            Task::Fetch(places) => {
                let places: Vec<Place> = places.into_iter().collect::<Result<_, _>>()?;
                let places: Vec<&Place> = places.iter().collect();
                for item in fetch(&places, trace.as_ref(), runtime).await {
                    item?;
                }
                Ok(Outcome::Done)
            }
            Task::Put { at: (keyspace, key), value, options } => {
                let options = WriteOptions { trace, ..options };
                let put = keyspace.cache.put_with(key, value, options).await;
                put.map_err(|error| failure::of(&error))?;
                Ok(Outcome::Done)
            }
            Task::PutMany(values) => put_many(values, trace).await,
            Task::Remove(places) => remove(places, trace).await,
            Task::Update { at, edit } => update(at, edit, trace, runtime).await,
            immediate => immediate.run_now(&WriteOptions { trace, ..WriteOptions::default() }),
        }
    }

    /// The prefix of the keyspace concerned, for traces.
    fn prefix(&self) -> String {
        let keyspace = match self {
            Task::Fetch(places) => {
                places.iter().find_map(|place| place.as_ref().ok()).map(|at| &at.0)
            }
            Task::PutMany(values) => values.first().map(|(at, _)| &at.0),
            Task::Remove(places) | Task::Drop(places) => places.first().map(|at| &at.0),
            Task::Put { at, .. }
            | Task::Update { at, .. }
            | Task::Fill { at, .. }
            | Task::Lease(at) => Some(&at.0),
        };
        keyspace
            .map_or_else(String::new, |found| String::from_utf8_lossy(&found.prefix).into_owned())
    }
}

/// Writes keys: those of one keyspace as one unit, keyspace after keyspace.
async fn put_many(values: Vec<(Place, Value)>, trace: Option<Trace>) -> Result<Outcome, Error> {
    for (keyspace, pairs) in
        by_keyspace(values.into_iter().map(|((keyspace, key), value)| (keyspace, (key, value))))
    {
        let options = WriteOptions { trace: trace.clone(), ..WriteOptions::default() };
        keyspace.cache.put_many(pairs, options).await.map_err(|error| failure::of(&error))?;
    }
    Ok(Outcome::Done)
}

async fn remove(places: Vec<Place>, trace: Option<Trace>) -> Result<Outcome, Error> {
    let mut removed = 0;
    for (keyspace, keys) in by_keyspace(places.into_iter()) {
        let options = WriteOptions { trace: trace.clone(), ..WriteOptions::default() };
        let count = keyspace.cache.remove_many(keys, options).await;
        removed += count.map_err(|error| failure::of(&error))?;
    }
    Ok(Outcome::Count(removed))
}

async fn update(
    (keyspace, key): Place,
    edit: EditFn,
    trace: Option<Trace>,
    runtime: &Arc<dyn Runtime>,
) -> Result<Outcome, Error> {
    let now = runtime.now();
    let options = WriteOptions { trace, ..WriteOptions::default() };
    let decided = keyspace
        .cache
        .update(key.clone(), options, |present| decide(&keyspace, &key, now, present, edit))
        .await;
    decided.map_err(|error| failure::of(&error))?.map(Outcome::Reply)
}

/// Groups by keyspace, in the order of first appearance.
fn by_keyspace<T>(items: impl Iterator<Item = (Arc<Keyspace>, T)>) -> Vec<(Arc<Keyspace>, Vec<T>)> {
    let mut groups: Vec<(Arc<Keyspace>, Vec<T>)> = Vec::new();
    for (keyspace, item) in items {
        match groups.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &keyspace)) {
            Some((_, group)) => group.push(item),
            None => groups.push((keyspace, vec![item])),
        }
    }
    groups
}
