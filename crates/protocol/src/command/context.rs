//! What a command may ask, and what it may change.

use std::mem;
use std::vec;

use crate::client::Client;
use crate::command::Stop;
use crate::error::Error;
use crate::store::{Answer, Held, Later, Message, Mode, Outcome, Request, Store, Ticket};
use crate::value::Item;

/// The surroundings of one run of one command.
pub(crate) struct Context<'a> {
    pub(crate) client: &'a mut Client,
    /// The wall clock when the request first ran.
    pub(crate) now_unix_ms: u64,
    /// How questions are asked.
    pub(crate) mode: Mode,
    answers: Answers<'a>,
}

/// Where answers come from.
enum Answers<'a> {
    /// The first run: from the store, if it has them.
    Store { store: &'a mut dyn Store, ticket: Ticket },
    /// The second: what was fetched, key by key.
    Items(vec::IntoIter<Result<Option<Box<dyn Held>>, Error>>),
    /// The second: what was asked for.
    Outcome(Result<Outcome, Error>),
    /// The second: what a traced question did.
    Explained(Vec<Message>),
    /// All answers have been used.
    Nothing,
}

impl<'a> Context<'a> {
    /// For the first run of a request, whose questions are asked under `ticket`.
    pub(crate) fn asking(
        store: &'a mut dyn Store,
        ticket: Ticket,
        client: &'a mut Client,
        now_unix_ms: u64,
    ) -> Self {
        let answers = Answers::Store { store, ticket };
        Self { client, now_unix_ms, mode: Mode::Plain, answers }
    }

    /// For the second run, with the answer to what the first one asked.
    pub(crate) fn arrived(answer: Answer, client: &'a mut Client, now_unix_ms: u64) -> Self {
        let answers = match answer {
            Answer::Items(items) => Answers::Items(items.into_iter()),
            Answer::Outcome(outcome) => Answers::Outcome(outcome),
            Answer::Explained(messages) => Answers::Explained(messages),
        };
        Self { client, now_unix_ms, mode: Mode::Plain, answers }
    }

    /// Shows what `key` holds to `see`. Keys must be read in the order that the table gives them.
    pub(crate) fn read<T>(
        &mut self,
        key: &[u8],
        see: impl FnOnce(Option<Item<'_>>) -> T,
    ) -> Result<T, Stop> {
        match &mut self.answers {
            Answers::Store { .. } if self.mode == Mode::Traced => Err(Stop::Fetch),
            Answers::Store { store, .. } => read_now(*store, key, see),
            Answers::Items(items) => {
                let held = items.next().ok_or_else(Self::unfit)??;
                Ok(see(held.as_ref().map(|held| held.item())))
            }
            _ => Err(self.other_answer()),
        }
    }

    /// Puts a request to the store: one in each run.
    pub(crate) fn ask(&mut self, request: Request<'_>) -> Result<Outcome, Stop> {
        if let Answers::Store { store, ticket } = &mut self.answers {
            return store.ask(*ticket, request, self.mode)?.map_err(|Later| Stop::Asked);
        }
        match mem::replace(&mut self.answers, Answers::Nothing) {
            Answers::Outcome(outcome) => Ok(outcome?),
            _ => Err(Self::unfit().into()),
        }
    }

    /// What a traced question did, once that is known.
    pub(crate) fn explained(&mut self) -> Option<Vec<Message>> {
        match &mut self.answers {
            Answers::Explained(messages) => Some(mem::take(messages)),
            _ => None,
        }
    }

    /// The store did not keep its contract.
    pub(crate) fn unfit() -> Error {
        Error::plain("internal: the store's answer does not fit the question")
    }

    /// A fetch may fail as a whole.
    fn other_answer(&mut self) -> Stop {
        match mem::replace(&mut self.answers, Answers::Nothing) {
            Answers::Outcome(Err(error)) => error.into(),
            _ => Self::unfit().into(),
        }
    }
}

fn read_now<T>(
    store: &mut dyn Store,
    key: &[u8],
    see: impl FnOnce(Option<Item<'_>>) -> T,
) -> Result<T, Stop> {
    let (mut see, mut seen) = (Some(see), None);
    let read = store.read(key, &mut |item| {
        if let Some(see) = see.take() {
            seen = Some(see(item));
        }
    })?;
    match (read, seen) {
        (Ok(()), Some(seen)) => Ok(seen),
        (Ok(()), None) => Err(Context::unfit().into()),
        (Err(Later), _) => Err(Stop::Fetch),
    }
}
