//! `CACHE.JOURNAL DEAD`: the queued writes that a source refused for good.

use std::sync::Arc;

use larder::journal::{DeadLetter, Sequence};
use larder_protocol::error::Error;
use larder_protocol::reply::Reply;
use larder_protocol::store::{JournalRequest, Letters, Outcome};

use super::work::Task;
use super::{ClientStore, Step};
use crate::failure;
use crate::key::Key;
use crate::keyspace::Keyspace;
use crate::status::without_queue;
use crate::value::Value;

/// An order about dead letters.
pub(super) struct Dead {
    keyspace: Arc<Keyspace>,
    letters: Letters,
    order: Order,
}

enum Order {
    Replay { force: bool },
    Drop,
}

impl ClientStore {
    pub(super) fn journal(&self, request: JournalRequest<'_>) -> Result<Step, Error> {
        let order = |keyspace, letters, order| {
            let keyspace = self.queued(keyspace)?.clone();
            Ok(Step::Later(Task::Dead(Dead { keyspace, letters, order })))
        };
        match request {
            JournalRequest::Status { keyspace } => self.status.journals(keyspace).map(super::done),
            JournalRequest::DeadLetters { keyspace, after, count } => {
                let keyspace = self.queued(keyspace)?;
                let letters = keyspace.cache.dead_letters().into_iter();
                let page = letters.filter(|letter| letter.record.sequence.0 > after).take(count);
                let told = page.map(|letter| keyspace.told(&letter)).collect();
                Ok(super::done(Reply::Array(told)))
            }
            JournalRequest::Replay { keyspace, letters, force } => {
                order(keyspace, letters, Order::Replay { force })
            }
            JournalRequest::Discard { keyspace, letters } => order(keyspace, letters, Order::Drop),
        }
    }

    /// The keyspace of that name, which has a queue.
    fn queued(&self, name: &[u8]) -> Result<&Arc<Keyspace>, Error> {
        let keyspace = self.status.keyspace_named(name)?;
        match keyspace.cache.journal_status() {
            Some(_) => Ok(keyspace),
            None => Err(without_queue(keyspace)),
        }
    }
}

impl Dead {
    /// Carries it out; answers how many letters it concerned.
    pub(super) async fn run(self) -> Result<Outcome, Error> {
        let cache = &self.keyspace.cache;
        let letters = match self.letters {
            Letters::Numbered(numbers) => numbers.into_iter().map(Sequence).collect(),
            Letters::All => {
                cache.dead_letters().into_iter().map(|letter| letter.record.sequence).collect()
            }
        };
        let count = match self.order {
            Order::Replay { force } => {
                cache.replay_dead_letters(letters, force).await.map(|replayed| replayed.queued)
            }
            Order::Drop => cache.drop_dead_letters(letters).await,
        };
        count.map(Outcome::Count).map_err(|error| failure::of(&error))
    }
}

impl Keyspace {
    /// A dead letter as clients are told of it.
    fn told(&self, letter: &DeadLetter<Key, Value>) -> Reply {
        let record = &letter.record;
        let key = [&*self.prefix, record.key.as_ref()].concat();
        let age = self.cache.runtime().now().since(record.appended);
        let fields = [
            ("number", Reply::Integer(record.sequence.0.cast_signed())),
            ("key", Reply::Bulk(key)),
            ("value", record.value.as_ref().map_or(Reply::Null, shown)),
            ("reason", Reply::Bulk(letter.reason.clone().into_bytes())),
            ("age_ms", Reply::Integer(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))),
            ("superseded", Reply::Integer(letter.superseded.into())),
        ];
        let pair = |(name, value): (&str, Reply)| (Reply::Bulk(name.into()), value);
        Reply::Map(fields.into_iter().map(pair).collect())
    }
}

/// A value as a string: a row as its document.
fn shown(value: &Value) -> Reply {
    value.view().string().map_or(Reply::Null, |text| Reply::Bulk(text.into_owned()))
}
