//! What a command may ask, and what it may change.

use std::mem;
use std::sync::Arc;
use std::vec;

use crate::client::Client;
use crate::command::Stop;
use crate::error::Error;
use crate::hub::Hub;
use crate::store::{
    Answer, Held, Later, Message, Mode, Outcome, Particulars, Request, Store, Terms, Ticket,
};
use crate::value::Item;

/// The surroundings of one run of one command.
pub(crate) struct Context<'a> {
    pub(crate) client: &'a mut Client,
    /// What all sessions share.
    pub(crate) hub: &'a Arc<Hub>,
    /// The wall clock when the request first ran.
    pub(crate) now_unix_ms: u64,
    /// How questions are asked.
    pub(crate) mode: Mode,
    /// Whether keys are used by being looked at.
    pub(crate) touch: bool,
    /// How long the request is.
    pub(crate) bytes: usize,
    /// What [`seed`](Self::seed) drew, in either run.
    pub(crate) drawn: Option<u64>,
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
        hub: &'a Arc<Hub>,
        now_unix_ms: u64,
    ) -> Self {
        Self::new(Answers::Store { store, ticket }, client, hub, now_unix_ms)
    }

    /// For the second run, with the answer to what the first one asked.
    pub(crate) fn arrived(
        answer: Answer,
        client: &'a mut Client,
        hub: &'a Arc<Hub>,
        now_unix_ms: u64,
    ) -> Self {
        let answers = match answer {
            Answer::Items(items) => Answers::Items(items.into_iter()),
            Answer::Outcome(outcome) => Answers::Outcome(outcome),
            Answer::Explained(messages) => Answers::Explained(messages),
        };
        Self::new(answers, client, hub, now_unix_ms)
    }

    fn new(
        answers: Answers<'a>,
        client: &'a mut Client,
        hub: &'a Arc<Hub>,
        now_unix_ms: u64,
    ) -> Self {
        let (mode, touch, drawn) = (Mode::Plain, true, None);
        Self { client, hub, now_unix_ms, mode, touch, bytes: 0, drawn, answers }
    }

    /// Shows what `key` holds to `see`. Keys must be read in the order that the table gives them.
    pub(crate) fn read<T>(
        &mut self,
        key: &[u8],
        see: impl FnOnce(Option<Item<'_>>) -> T,
    ) -> Result<T, Stop> {
        self.read_by(|store, terms, see| store.read(terms, key, see), see)
    }

    /// [`read`](Self::read) for a command that answers the value as a whole, and nothing else.
    pub(crate) fn read_whole<T>(
        &mut self,
        key: &[u8],
        see: impl FnOnce(Option<Item<'_>>) -> T,
    ) -> Result<T, Stop> {
        self.read_by(|store, terms, see| store.read_whole(terms, key, see), see)
    }

    fn read_by<T>(
        &mut self,
        read: impl FnOnce(&mut dyn Store, Terms, See<'_>) -> Result<Result<(), Later>, Error>,
        see: impl FnOnce(Option<Item<'_>>) -> T,
    ) -> Result<T, Stop> {
        let terms = self.terms();
        match &mut self.answers {
            Answers::Store { .. } if self.mode == Mode::Traced => Err(Stop::Fetch),
            Answers::Store { store, .. } => read_now(|see| read(*store, terms, see), see),
            Answers::Items(items) => {
                let held = items.next().ok_or_else(Self::unfit)??;
                Ok(see(held.as_ref().map(|held| held.item())))
            }
            _ => Err(self.other_answer()),
        }
    }

    /// Puts a request to the store: one in each run.
    pub(crate) fn ask(&mut self, request: Request<'_>) -> Result<Outcome, Stop> {
        let terms = self.terms();
        if let Answers::Store { store, ticket } = &mut self.answers {
            return store.ask(*ticket, terms, request)?.map_err(|Later| Stop::Asked);
        }
        match mem::replace(&mut self.answers, Answers::Nothing) {
            Answers::Outcome(outcome) => Ok(outcome?),
            _ => Err(Self::unfit().into()),
        }
    }

    /// On what terms questions are asked.
    pub(crate) fn terms(&self) -> Terms {
        let Self { touch, mode, bytes, .. } = *self;
        Terms { database: self.client.database, touch, mode, bytes }
    }

    /// What is known of the copy of `key`; `None` when there is none. Only in a first run, which is
    /// the only one of a command that asks nothing else.
    pub(crate) fn inspect(&mut self, key: &[u8]) -> Result<Option<Particulars>, Stop> {
        let database = self.client.database;
        Ok(self.store()?.inspect(database, key)?)
    }

    /// [`inspect`](Self::inspect) in any database.
    pub(crate) fn inspect_in(
        &mut self,
        database: u8,
        key: &[u8],
    ) -> Result<Option<Particulars>, Stop> {
        Ok(self.store()?.inspect(database, key)?)
    }

    /// Walks over keys; see [`Store::scan`]. Only in a first run.
    pub(crate) fn scan(
        &mut self,
        cursor: u64,
        count: usize,
        see: impl FnMut(&[u8], Item<'_>),
    ) -> Result<u64, Stop> {
        self.scan_in(self.client.database, cursor, count, see)
    }

    /// The same in another database.
    pub(crate) fn scan_in(
        &mut self,
        database: u8,
        cursor: u64,
        count: usize,
        mut see: impl FnMut(&[u8], Item<'_>),
    ) -> Result<u64, Stop> {
        Ok(self.store()?.scan(database, cursor, count, &mut see))
    }

    /// A number that nobody can foresee. Only in a first run: a second one could not draw the same.
    pub(crate) fn random(&mut self) -> Result<u64, Stop> {
        Ok(self.store()?.random())
    }

    /// A number that nobody can foresee, and the same in both runs of a request. It has to be asked
    /// for before anything that may have to wait.
    pub(crate) fn seed(&mut self) -> Result<u64, Stop> {
        if let Some(drawn) = self.drawn {
            return Ok(drawn);
        }
        let drawn = self.random()?;
        self.drawn = Some(drawn);
        Ok(drawn)
    }

    fn store(&mut self) -> Result<&mut dyn Store, Stop> {
        match &mut self.answers {
            Answers::Store { store, .. } => Ok(&mut **store),
            _ => Err(Self::unfit().into()),
        }
    }

    /// The longest string that a command may make of shorter ones: `proto-max-bulk-len`, but never
    /// more than Redis' own default for it, so that a client that may change the parameter cannot
    /// make the server ask for more memory than there is.
    pub(crate) fn string_bytes_max(&self) -> usize {
        const REDIS_BYTES_MAX: usize = 512 << 20;
        self.hub.settings.bulk_bytes_max().min(REDIS_BYTES_MAX)
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

/// What a store shows a value to.
type See<'a> = &'a mut dyn FnMut(Option<Item<'_>>);

fn read_now<T>(
    read: impl FnOnce(See<'_>) -> Result<Result<(), Later>, Error>,
    see: impl FnOnce(Option<Item<'_>>) -> T,
) -> Result<T, Stop> {
    let (mut see, mut seen) = (Some(see), None);
    let read = read(&mut |item| {
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
