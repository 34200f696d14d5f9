//! The seam between commands and whatever holds the keys.
//!
//! A command is a pure function of its arguments and of the [`Store`]'s answers. A store answers
//! at once or says [`Later`]; then the session keeps the command, and runs the same function again
//! once the answer has arrived. No command knows which of the two happened.

use crate::error::Error;
use crate::reply::Reply;
use crate::value::Item;

/// Names one question of one session whose answer comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// The store cannot answer without waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Later;

/// How a question is to be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// As fast as it goes.
    #[default]
    Plain,
    /// Recording every message between the parts, for `CACHE.EXPLAIN`. Such a question is always
    /// answered later, as [`Answer::Explained`].
    Traced,
}

/// Holds the keys. Implemented by the server over its keyspaces.
pub trait Store {
    /// Shows the value of `key` to `see`, when that needs no waiting: `see(None)` for a key that
    /// is known to be absent. Calls `see` exactly once on `Ok(Ok(()))`, never otherwise.
    fn read(
        &mut self,
        key: &[u8],
        see: &mut dyn FnMut(Option<Item<'_>>),
    ) -> Result<Result<(), Later>, Error>;

    /// Asks for all `keys` together; the answer, [`Answer::Items`], comes later under `ticket`, or
    /// [`Answer::Outcome`] with an error when they failed together. A pipeline of misses is one
    /// such call for each request, all before [`Session::receive`](crate::Session::receive)
    /// returns: that is the time to load what they ask for.
    fn fetch(&mut self, ticket: Ticket, keys: &mut dyn Iterator<Item = &[u8]>, mode: Mode);

    /// Carries out a request: its outcome now, or later under `ticket`. A ticket that was not
    /// needed names the next question.
    fn ask(
        &mut self,
        ticket: Ticket,
        request: Request<'_>,
        mode: Mode,
    ) -> Result<Result<Outcome, Later>, Error>;
}

/// What a command asks of the store beyond reading.
pub enum Request<'a> {
    /// Sets one key (`SET` without conditions).
    Put {
        /// The key.
        key: &'a [u8],
        /// Its new value.
        value: &'a [u8],
        /// The new value's expiry.
        expiry: Expiry,
    },
    /// Sets several keys together (`MSET`).
    PutMany {
        /// Keys and values. A key that is named twice takes its last value.
        pairs: Vec<(&'a [u8], &'a [u8])>,
    },
    /// Removes keys (`DEL`, `UNLINK`); answers [`Outcome::Count`].
    Remove {
        /// The keys.
        keys: Vec<&'a [u8]>,
    },
    /// Reads, decides and writes one key, atomically.
    Update {
        /// The key.
        key: &'a [u8],
        /// What to do, given what is there; answers [`Outcome::Reply`] with the edit's reply.
        edit: EditFn,
    },
    /// Drops every cached copy (`FLUSHDB`); never a row.
    Clear,
    /// How many keys are held (`DBSIZE`); answers [`Outcome::Count`].
    Size,
    /// `CACHE.LEASE`: answers [`Outcome::Reply`]: the value, or a token on a miss.
    Lease {
        /// The key.
        key: &'a [u8],
    },
    /// `CACHE.FILL`: fills under a lease; answers [`Outcome::Filled`].
    Fill {
        /// The key.
        key: &'a [u8],
        /// The token that `CACHE.LEASE` gave.
        token: u64,
        /// The value to fill with.
        value: &'a [u8],
        /// The copy's expiry, [`Expiry::Default`] for the keyspace's own.
        expiry: Expiry,
    },
    /// `CACHE.DROP`: drops cached copies, never a row; answers [`Outcome::Count`].
    Drop {
        /// The keys.
        keys: Vec<&'a [u8]>,
    },
    /// `CACHE.KEYSPACES`; answers [`Outcome::Reply`].
    Keyspaces,
    /// `CACHE.STATS [keyspace]`; answers [`Outcome::Reply`].
    Stats {
        /// Only this keyspace.
        keyspace: Option<&'a [u8]>,
    },
    /// The store's own lines for a section of `INFO`; answers [`Outcome::Reply`].
    Info {
        /// The section in lower case, `default` when none was named; several are separated by
        /// blanks. One that is not known adds nothing.
        section: &'a str,
    },
}

/// Decides an update from the present value.
pub type EditFn = Box<dyn FnOnce(Option<Item<'_>>) -> Result<Edit, Error> + Send>;

/// The result of looking at a key inside an update.
pub struct Edit {
    /// What changes.
    pub change: Change,
    /// What the client is told when the change has succeeded.
    pub reply: Reply,
}

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Keep,
    /// The whole value.
    Put {
        /// The new value.
        value: Vec<u8>,
        /// Its expiry.
        expiry: Expiry,
    },
    /// Some fields of a hash or a row; the others and the expiry stay.
    SetFields(Vec<(Vec<u8>, Vec<u8>)>),
    /// Some fields go; a hash whose last field goes is removed, columns of a row become NULL.
    RemoveFields(Vec<Vec<u8>>),
    /// The key goes.
    Remove,
    /// Only the expiry of the copy.
    Expire(Expiry),
}

/// When a value, or the cached copy of a row, expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// As the keyspace says: `SET` without an option.
    Default,
    /// As the present value does (`KEEPTTL`).
    Keep,
    /// Never (`PERSIST`).
    Never,
    /// In so many milliseconds; zero is at once.
    InMs(u64),
}

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// A number of keys.
    Count(u64),
    /// Whether the fill took effect.
    Filled(bool),
    /// The reply itself.
    Reply(Reply),
}

/// An answer that arrives later, under a ticket.
pub enum Answer {
    /// What [`Store::fetch`] asked for, in the order of the keys.
    Items(Vec<Result<Option<Box<dyn Held>>, Error>>),
    /// What [`Store::ask`] asked for.
    Outcome(Result<Outcome, Error>),
    /// What a traced question did, in order, whatever came of it.
    Explained(Vec<Message>),
}

/// A value that the store has handed over.
pub trait Held: Send {
    /// The value, to look at.
    fn item(&self) -> Item<'_>;
}

/// One message that passed between two parts while a request was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who sent it: `App`, `Cache`, `Database`, `Queue` or `Worker`.
    pub from: &'static str,
    /// Who received it.
    pub to: &'static str,
    /// What it said.
    pub what: String,
    /// The key it concerned.
    pub key: String,
    /// Microseconds since the request began.
    pub micros: u64,
}
