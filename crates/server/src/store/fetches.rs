//! Reads that missed, on their way to the sources and back.
//!
//! A client has one load under way at a time. What it misses meanwhile is loaded together
//! afterwards: a pipeline that arrives in many pieces makes few queries, and loses nothing by it,
//! because its replies keep their order anyway.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use futures_util::future::join_all;
use larder::runtime::{Runtime, Time};
use larder::trace::Trace;
use larder::{Peek, ReadOptions};
use larder_protocol::error::Error;
use larder_protocol::store::{Answer, Held, Ticket};
use larder_protocol::value::Item;
use parking_lot::Mutex;

use super::answers::Answers;
use super::item;
use super::work::Place;
use crate::failure;
use crate::report::Report;
use crate::value::Value;

/// Keys that are read under one ticket, and where they belong.
pub(super) type Fetch = (Ticket, Vec<Result<Place, Error>>);

pub(super) type Items = Vec<Result<Option<Box<dyn Held>>, Error>>;

/// The reads of one client that missed.
#[derive(Default)]
pub(super) struct Fetches(Mutex<Lane>);

#[derive(Default)]
enum Lane {
    /// No load is under way.
    #[default]
    Free,
    /// One is; these come after it.
    Busy(Vec<Fetch>),
}

impl Fetches {
    /// Loads what `fetches` ask for, now or after what is being loaded; the answers go to `answers`.
    pub(super) fn start(
        self: &Arc<Self>,
        report: &Arc<Report>,
        answers: &Arc<Answers>,
        fetches: Vec<Fetch>,
    ) {
        let fetches = match &mut *self.0.lock() {
            Lane::Busy(queue) => return queue.extend(fetches),
            free @ Lane::Free => {
                *free = Lane::Busy(Vec::new());
                fetches
            }
        };
        let runtime = report.keyspaces.runtime().clone();
        let (lane, answers) = (self.clone(), answers.clone());
        report.keyspaces.runtime().spawn(Box::pin(async move {
            let mut batch = fetches;
            while !batch.is_empty() {
                answers.deliver(fetch_together(batch, &runtime).await);
                batch = lane.next();
            }
        }));
    }

    /// What came while a load was under way; the lane is free when nothing did.
    fn next(&self) -> Vec<Fetch> {
        let mut lane = self.0.lock();
        match &mut *lane {
            Lane::Busy(queue) if !queue.is_empty() => mem::take(queue),
            _ => {
                *lane = Lane::Free;
                Vec::new()
            }
        }
    }
}

/// Loads the keys of several questions, one query for each keyspace.
async fn fetch_together(fetches: Vec<Fetch>, runtime: &Arc<dyn Runtime>) -> Vec<(Ticket, Answer)> {
    let places: Vec<&Place> = fetches
        .iter()
        .flat_map(|(_, places)| places)
        .filter_map(|place| place.as_ref().ok())
        .collect();
    let mut items = fetch(&places, None, runtime).await.into_iter();
    let answers = fetches.iter().map(|(ticket, places)| {
        let own = places.iter().map(|place| match place {
            Ok(_) => items.next().unwrap_or(Ok(None)),
            Err(error) => Err(error.clone()),
        });
        (*ticket, Answer::Items(own.collect()))
    });
    answers.collect()
}

/// The items of `places`, in their order.
pub(super) async fn fetch(
    places: &[&Place],
    trace: Option<&Trace>,
    runtime: &Arc<dyn Runtime>,
) -> Items {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, (keyspace, _)) in places.iter().enumerate() {
        groups.entry(&keyspace.name).or_default().push(index);
    }
    let options = ReadOptions { trace: trace.cloned(), ..ReadOptions::default() };
    let loads = groups.into_values().map(|indices| {
        let options = &options;
        async move {
            let keyspace = &places[indices[0]].0;
            let keys = indices.iter().map(|index| places[*index].1.clone()).collect();
            let values = keyspace.cache.get_many(keys, options).await;
            indices.into_iter().zip(values).collect::<Vec<_>>()
        }
    });
    let mut items: Vec<(usize, larder::Result<Option<Value>>)> =
        join_all(loads).await.into_iter().flatten().collect();
    items.sort_by_key(|(index, _)| *index);
    let now = runtime.now();
    items.into_iter().map(|(index, value)| held(places[index], value, now)).collect()
}

fn held(
    (keyspace, key): &Place,
    value: larder::Result<Option<Value>>,
    now: Time,
) -> Result<Option<Box<dyn Held>>, Error> {
    let Some(value) = value.map_err(|error| failure::of(&error))? else { return Ok(None) };
    let fresh_until = keyspace.cache.peek_at(now, key.as_ref(), |found| match found {
        Peek::Value(_, fresh_until) => fresh_until,
        Peek::Absent | Peek::Miss => Time::NEVER,
    });
    Ok(Some(Box::new(HeldValue { value, fresh_until, now })))
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
