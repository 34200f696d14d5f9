//! What could not be answered from memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use larder::runtime::{Runtime, Time};
use larder::{Lease, ReadOptions, WriteOptions};
use larder_protocol::error::Error;
use larder_protocol::hub::Load;
use larder_protocol::store::{Answer, EditFn, Held, Mode, Outcome, Terms, Ticket};
use larder_protocol::value::Item;

use super::answers::Answers;
use super::dead::Dead;
use super::explain::{Traces, explain};
use super::flush::Flush;
use super::joint::{self, Unit};
use super::transfer::Transfer;
use super::whole::{Begin, Whole};
use super::{decide, item, lease_reply};
use crate::failure;
use crate::key::Key;
use crate::keyspace::Keyspace;
use crate::status::Status;
use crate::value::Value;

/// A question, and the ticket under which it is answered.
pub(super) struct Work {
    pub(super) ticket: Ticket,
    pub(super) terms: Terms,
    pub(super) task: Task,
    /// Counts it for as long as it lasts.
    pub(super) load: Option<Load>,
}

/// A key and the keyspace it belongs to.
pub(super) type Place = (Arc<Keyspace>, Key);

/// A question, owned.
pub(super) enum Task {
    Fetch(Vec<Result<Place, Error>>),
    Put { at: Place, value: Value, options: WriteOptions },
    PutMany { values: Vec<(Place, Value)>, if_absent: bool },
    Transfer(Transfer),
    Remove(Vec<Place>),
    Update { at: Place, edit: EditFn },
    Lease(Place),
    Fill { at: Place, lease: Lease, value: Value, options: WriteOptions },
    Drop(Vec<Place>),
    Flush(Flush),
    Dead(Dead),
    Begin(Begin),
    Commit(Whole),
    Rest(Duration),
}

/// Keys that are asked for together under one ticket.
struct Fetch {
    ticket: Ticket,
    terms: Terms,
    places: Vec<Result<Place, Error>>,
}

type Items = Vec<Result<Option<HeldValue>, Error>>;

/// Starts questions that were asked together; the answers go to `answers`.
pub(super) fn start(status: &Arc<Status>, answers: &Arc<Answers>, work: Vec<Work>) {
    let runtime = status.keyspaces.runtime();
    let (status, answers) = (status.clone(), answers.clone());
    let gate = status.keyspaces.gate().clone();
    runtime.spawn(gate.carry(async move {
        let runtime = status.keyspaces.runtime();
        let mut fetches = Vec::new();
        for unit in joint::units(work) {
            let Work { ticket, terms, task, load } = match unit {
                Unit::Single(work) => work,
                Unit::Joint(joint) => {
                    answers.deliver(joint.run().await);
                    continue;
                }
            };
            match (task, terms.mode) {
                (Task::Fetch(places), Mode::Plain) => {
                    fetches.push(Fetch { ticket, terms, places });
                }
                (task, mode) => {
                    let answer = answer(task, mode, runtime).await;
                    drop(load);
                    answers.deliver([(ticket, answer)]);
                }
            }
        }
        if !fetches.is_empty() {
            answers.deliver(fetch_together(fetches, runtime).await);
        }
    }));
}

async fn answer(task: Task, mode: Mode, runtime: &Arc<dyn Runtime>) -> Answer {
    match mode {
        Mode::Plain => Answer::Outcome(task.run(&Traces::default(), runtime).await),
        Mode::Traced => Answer::Explained(explain(task, runtime).await),
    }
}

/// Loads the keys of several questions, one query for each keyspace.
async fn fetch_together(fetches: Vec<Fetch>, runtime: &Arc<dyn Runtime>) -> Vec<(Ticket, Answer)> {
    let places: Vec<&Place> = fetches
        .iter()
        .flat_map(|fetch| &fetch.places)
        .filter_map(|place| place.as_ref().ok())
        .collect();
    let mut items = fetch(&places, &Traces::default(), runtime).await.into_iter();
    let answers = fetches.iter().map(|fetch| {
        let own = fetch.places.iter().map(|place| match place {
            Ok(_) => items.next().unwrap_or(Ok(None)).map(|item| held(item, fetch.terms)),
            Err(error) => Err(error.clone()),
        });
        (fetch.ticket, Answer::Items(own.collect()))
    });
    answers.collect()
}

/// The items of `places`, in their order.
async fn fetch(places: &[&Place], traces: &Traces, runtime: &Arc<dyn Runtime>) -> Items {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, (keyspace, _)) in places.iter().enumerate() {
        groups.entry(&keyspace.name).or_default().push(index);
    }
    let loads = groups.into_values().map(|indices| async move {
        let keyspace = &places[indices[0]].0;
        let keys = indices.iter().map(|index| places[*index].1.clone()).collect();
        let options = ReadOptions { trace: traces.of(keyspace), ..ReadOptions::default() };
        let values = keyspace.cache.get_many(keys, &options).await;
        indices.into_iter().zip(values).collect::<Vec<_>>()
    });
    let mut items: Vec<(usize, larder::Result<Option<Value>>)> =
        join_all(loads).await.into_iter().flatten().collect();
    items.sort_by_key(|(index, _)| *index);
    let now = runtime.now_precise();
    items.into_iter().map(|(index, value)| found(places[index], value, now)).collect()
}

fn found(
    (keyspace, key): &Place,
    value: larder::Result<Option<Value>>,
    now: Time,
) -> Result<Option<HeldValue>, Error> {
    let Some(value) = value.map_err(|error| failure::of(&error))? else { return Ok(None) };
    let fresh_until = keyspace.cache.glance(key).map_or(Time::NEVER, |entry| entry.fresh_until);
    Ok(Some(HeldValue { value, fresh_until, now }))
}

/// Hands a value over, which is a use of it unless the terms say otherwise.
fn held(value: Option<HeldValue>, terms: Terms) -> Option<Box<dyn Held>> {
    let value = value?;
    if terms.touch {
        value.value.usage().note(value.now);
    }
    Some(Box::new(value))
}

struct HeldValue {
    value: Value,
    fresh_until: Time,
    now: Time,
}

impl Held for HeldValue {
    fn item(&self) -> Item<'_> {
        item(&self.value, self.fresh_until, self.now)
    }
}

impl Task {
    /// Whether the engine has the outcome at once.
    pub(super) fn is_immediate(&self) -> bool {
        matches!(self, Task::Lease(_) | Task::Fill { .. } | Task::Drop(_))
    }

    /// The outcome of a task that [is immediate](Self::is_immediate).
    pub(super) fn run_now(self, traces: &Traces) -> Result<Outcome, Error> {
        match self {
            Task::Lease((keyspace, key)) => {
                let leased = keyspace.cache.lease_with(key, &traced(traces, &keyspace));
                Ok(Outcome::Reply(lease_reply(leased.map_err(|error| failure::of(&error))?)?))
            }
            Task::Fill { at: (keyspace, key), lease, value, options } => {
                let options = WriteOptions { trace: traces.of(&keyspace), ..options };
                Ok(Outcome::Filled(keyspace.cache.fill_with(key, lease, Some(value), &options)))
            }
            Task::Drop(places) => {
                let dropped =
                    places.iter().filter(|(keyspace, key)| keyspace.cache.invalidate(key));
                Ok(Outcome::Count(dropped.count() as u64))
            }
            Task::Fetch(_)
            | Task::Put { .. }
            | Task::PutMany { .. }
            | Task::Transfer(_)
            | Task::Remove(_)
            | Task::Flush(_)
            | Task::Dead(_)
            | Task::Begin(_)
            | Task::Commit(_)
            | Task::Rest(_)
            | Task::Update { .. } => Err(Error::plain("this command has to wait")),
        }
    }

    pub(super) async fn run(
        self,
        traces: &Traces,
        runtime: &Arc<dyn Runtime>,
    ) -> Result<Outcome, Error> {
        match self {
            Task::Fetch(places) => {
                let places: Vec<Place> = places.into_iter().collect::<Result<_, _>>()?;
                let places: Vec<&Place> = places.iter().collect();
                for item in fetch(&places, traces, runtime).await {
                    item?;
                }
                Ok(Outcome::Done)
            }
            Task::Put { at: (keyspace, key), value, options } => {
                let options = WriteOptions { trace: traces.of(&keyspace), ..options };
                let put = keyspace.cache.put_with(key, value, options).await;
                put.map_err(|error| failure::of(&error))?;
                Ok(Outcome::Done)
            }
            Task::PutMany { values, if_absent } => {
                if if_absent && any_exists(&values, traces, runtime).await? {
                    return Ok(Outcome::Written(false));
                }
                put_many(values, traces).await
            }
            Task::Transfer(transfer) => transfer.run(traces, runtime).await,
            Task::Remove(places) => remove(places, traces).await,
            Task::Update { at, edit } => update(at, edit, traces, runtime).await,
            Task::Flush(flush) => flush.run(runtime).await,
            Task::Dead(dead) => dead.run().await,
            Task::Begin(begin) => begin.run().await,
            Task::Commit(whole) => whole.commit().await,
            Task::Rest(span) => {
                runtime.sleep_until(runtime.now() + span).await;
                Ok(Outcome::Done)
            }
            immediate => immediate.run_now(traces),
        }
    }

    /// The keyspaces concerned, each as often as it has a key here.
    pub(super) fn keyspaces(&self) -> Vec<Arc<Keyspace>> {
        let of = |place: &Place| place.0.clone();
        match self {
            Task::Fetch(places) => places.iter().flatten().map(of).collect(),
            Task::PutMany { values, .. } => values.iter().map(|(at, _)| of(at)).collect(),
            Task::Transfer(transfer) => transfer.places().map(of).to_vec(),
            Task::Remove(places) | Task::Drop(places) => places.iter().map(of).collect(),
            Task::Put { at, .. }
            | Task::Update { at, .. }
            | Task::Fill { at, .. }
            | Task::Lease(at) => vec![of(at)],
            // Nobody watches these.
            Task::Flush(_) | Task::Dead(_) | Task::Begin(_) | Task::Commit(_) | Task::Rest(_) => {
                Vec::new()
            }
        }
    }
}

fn traced(traces: &Traces, keyspace: &Arc<Keyspace>) -> WriteOptions {
    WriteOptions { trace: traces.of(keyspace), ..WriteOptions::default() }
}

/// Writes keys: those of one keyspace as one unit, keyspace after keyspace.
async fn put_many(values: Vec<(Place, Value)>, traces: &Traces) -> Result<Outcome, Error> {
    let values = values.into_iter().map(|((keyspace, key), value)| (keyspace, (key, value)));
    for (keyspace, pairs) in by_keyspace(values) {
        let options = traced(traces, &keyspace);
        keyspace.cache.put_many(pairs, options).await.map_err(|error| failure::of(&error))?;
    }
    Ok(Outcome::Written(true))
}

/// Whether one of the keys has a value. Another client may write it before this one does.
async fn any_exists(
    values: &[(Place, Value)],
    traces: &Traces,
    runtime: &Arc<dyn Runtime>,
) -> Result<bool, Error> {
    let places: Vec<&Place> = values.iter().map(|(at, _)| at).collect();
    let found: Vec<_> =
        fetch(&places, traces, runtime).await.into_iter().collect::<Result<_, _>>()?;
    Ok(found.iter().any(Option::is_some))
}

async fn remove(places: Vec<Place>, traces: &Traces) -> Result<Outcome, Error> {
    let mut removed = 0;
    for (keyspace, keys) in by_keyspace(places.into_iter()) {
        let options = traced(traces, &keyspace);
        let count = keyspace.cache.remove_many(keys, options).await;
        removed += count.map_err(|error| failure::of(&error))?;
    }
    Ok(Outcome::Count(removed))
}

async fn update(
    (keyspace, key): Place,
    edit: EditFn,
    traces: &Traces,
    runtime: &Arc<dyn Runtime>,
) -> Result<Outcome, Error> {
    let now = runtime.now_precise();
    let options = traced(traces, &keyspace);
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
