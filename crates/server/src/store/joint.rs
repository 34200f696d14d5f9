//! Plain writes of one pipeline as one write.
//!
//! Writes that follow each other and concern one keyspace are given to the engine together: one group
//! of the journal, one transaction of the source. Each still has a reply of its own, and a value that
//! is refused takes no other down with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use larder::{ErrorKind, WriteOptions};
use larder_protocol::error::Error;
use larder_protocol::hub::Load;
use larder_protocol::store::{Answer, Mode, Outcome, Ticket};

use super::work::{Task, Work};
use crate::failure;
use crate::key::Key;
use crate::keyspace::Keyspace;
use crate::value::Value;

/// What is carried out at a time.
pub(super) enum Unit {
    /// Something by itself.
    Single(Work),
    /// Several writes of one keyspace, of different keys.
    Joint(Joint),
}

/// Writes of one keyspace that begin together.
pub(super) struct Joint {
    keyspace: Arc<Keyspace>,
    options: WriteOptions,
    keys: BTreeSet<Key>,
    writes: Vec<Put>,
}

struct Put {
    ticket: Ticket,
    key: Key,
    value: Value,
    /// Counts it for as long as it lasts.
    _load: Option<Load>,
}

/// Joins what can be joined, and keeps the order.
pub(super) fn units(work: Vec<Work>) -> Vec<Unit> {
    let mut units = Vec::with_capacity(work.len());
    for work in work {
        let Some(work) = join(units.last_mut(), work) else { continue };
        units.push(match work {
            Work {
                ticket,
                terms,
                task: Task::Put { at: (keyspace, key), value, options },
                load,
            } if terms.mode == Mode::Plain => {
                let keys = BTreeSet::from([key.clone()]);
                let writes = vec![Put { ticket, key, value, _load: load }];
                Unit::Joint(Joint { keyspace, options, keys, writes })
            }
            work => Unit::Single(work),
        });
    }
    units
}

/// Adds the work to the last unit; gives it back when it does not belong there.
fn join(last: Option<&mut Unit>, work: Work) -> Option<Work> {
    let Some(Unit::Joint(joint)) = last else { return Some(work) };
    let Work { ticket, terms, task: Task::Put { at: (keyspace, key), value, options }, load } =
        work
    else {
        return Some(work);
    };
    let fits = terms.mode == Mode::Plain
        && Arc::ptr_eq(&joint.keyspace, &keyspace)
        && joint.options.lifetime == options.lifetime
        // Of two writes of a key the second may be a part of a row, which the first completes.
        && joint.keys.insert(key.clone());
    if !fits {
        let task = Task::Put { at: (keyspace, key), value, options };
        return Some(Work { ticket, terms, task, load });
    }
    joint.writes.push(Put { ticket, key, value, _load: load });
    None
}

impl Joint {
    /// Carries the writes out; the answer to each.
    pub(super) async fn run(self) -> Vec<(Ticket, Answer)> {
        let pairs = self.writes.iter().map(|put| (put.key.clone(), put.value.clone()));
        match self.keyspace.cache.put_many(pairs, self.options.clone()).await {
            Ok(()) => self.answered(Ok(())),
            Err(error) if self.writes.len() > 1 && error.kind() == ErrorKind::Value => {
                self.run_apart().await
            }
            Err(error) => self.answered(Err(failure::of(&error))),
        }
    }

    /// One value was refused, and with it all: finds out which.
    async fn run_apart(self) -> Vec<(Ticket, Answer)> {
        let mut answers = Vec::with_capacity(self.writes.len());
        for put in self.writes {
            let put_alone = self.keyspace.cache.put_with(put.key, put.value, self.options.clone());
            let outcome = put_alone.await.map_err(|error| failure::of(&error));
            answers.push((put.ticket, answer(outcome)));
        }
        answers
    }

    fn answered(&self, outcome: Result<(), Error>) -> Vec<(Ticket, Answer)> {
        self.writes.iter().map(|put| (put.ticket, answer(outcome.clone()))).collect()
    }
}

fn answer(outcome: Result<(), Error>) -> Answer {
    Answer::Outcome(outcome.map(|()| Outcome::Done))
}
