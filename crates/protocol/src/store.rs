//! The seam between commands and whatever holds the keys.
//!
//! A command is a pure function of its arguments and of the [`Store`]'s answers. A store answers
//! at once or says [`Later`]; then the session keeps the command, and runs the same function again
//! once the answer has arrived. No command knows which of the two happened.

mod journal;

use crate::error::Error;
use crate::reply::Reply;
use crate::value::Item;

pub use journal::{Flushed, JournalRequest, Letters};

/// Names one question of one session whose answer comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// The store cannot answer without waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Later;

/// On what terms a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The database, 0 to 15, that the keys are meant in (`SELECT`).
    pub database: u8,
    /// Whether this counts as a use of the keys (`OBJECT IDLETIME`).
    pub touch: bool,
    /// How it is to be carried out.
    pub mode: Mode,
    /// How long the request is.
    pub bytes: usize,
}

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
        terms: Terms,
        key: &[u8],
        see: &mut dyn FnMut(Option<Item<'_>>),
    ) -> Result<Result<(), Later>, Error>;

    /// [`read`](Self::read) for a command that shows its client the whole value, as a string. A store
    /// that has more than one place for such values may put it where the next reader finds it sooner.
    fn read_whole(
        &mut self,
        terms: Terms,
        key: &[u8],
        see: &mut dyn FnMut(Option<Item<'_>>),
    ) -> Result<Result<(), Later>, Error> {
        self.read(terms, key, see)
    }

    /// Asks for all `keys` together; the answer, [`Answer::Items`], comes later under `ticket`, or
    /// [`Answer::Outcome`] with an error when they failed together. A pipeline of misses is one
    /// such call for each request, all before [`Session::receive`](crate::Session::receive)
    /// returns: that is the time to load what they ask for.
    fn fetch(&mut self, ticket: Ticket, terms: Terms, keys: &mut dyn Iterator<Item = &[u8]>);

    /// Carries out a request: its outcome now, or later under `ticket`. A ticket that was not
    /// needed names the next question.
    fn ask(
        &mut self,
        ticket: Ticket,
        terms: Terms,
        request: Request<'_>,
    ) -> Result<Result<Outcome, Later>, Error>;

    /// What is known of the copy of `key`, without loading or using it; `None` when there is none.
    fn inspect(&mut self, database: u8, key: &[u8]) -> Result<Option<Particulars>, Error>;

    /// Shows about `count` keys of `database` from `cursor` on to `see`, with their values, and
    /// answers the cursor to go on from, 0 at the end. Keys that are there from the beginning of
    /// an iteration, which is cursor 0, to its end are shown exactly once.
    ///
    /// Only what is cached is shown: the database may hold rows that nobody has read.
    fn scan(
        &mut self,
        database: u8,
        cursor: u64,
        count: usize,
        see: &mut dyn FnMut(&[u8], Item<'_>),
    ) -> u64;

    /// Begins a transaction of `keys`, which stays clear of what others do with the `watched` ones
    /// where it can. [`Begun::Whole`] says that the keys can be changed together: once an
    /// [`Answer::Outcome`] has come under `ticket` they are the transaction's own, every question
    /// about them is answered at once, from what it has come to so far, and nothing is carried out
    /// until [`commit`](Self::commit).
    fn begin(
        &mut self,
        _ticket: Ticket,
        _terms: Terms,
        _keys: &mut dyn Iterator<Item = &[u8]>,
        _watched: &mut dyn Iterator<Item = &[u8]>,
    ) -> Result<Begun, Error> {
        Ok(Begun::Apart)
    }

    /// Carries out what the transaction has come to, all or nothing: now, or an
    /// [`Answer::Outcome`] comes later under `ticket`.
    fn commit(&mut self, _ticket: Ticket) -> Result<Result<(), Later>, Error> {
        Ok(Ok(()))
    }

    /// Forgets what the transaction has come to.
    fn abandon(&mut self) {}

    /// A number that nobody can foresee (`HRANDFIELD`, `ACL GENPASS`).
    fn random(&mut self) -> u64;

    /// Keeps all other sessions from changing or reading keys until [`release`](Self::release),
    /// where keys have no source. Both are called within one call of the session, and a store on
    /// its own has nothing to do.
    fn isolate(&mut self) {}

    /// Ends what [`isolate`](Self::isolate) began.
    fn release(&mut self) {}
}

/// How the requests of a transaction run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// Each on its own.
    Apart,
    /// Together, once the answer has come.
    Whole,
}

/// What is known of a cached copy beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Particulars {
    /// How it is kept, in Redis' words (`OBJECT ENCODING`).
    pub encoding: &'static str,
    /// Whether it is one of the small integers that Redis keeps once for all keys
    /// (`OBJECT REFCOUNT`).
    pub is_shared: bool,
    /// Seconds since it was last used.
    pub idle_s: u64,
    /// How often it was used lately, as a logarithm (`OBJECT FREQ`).
    pub frequency: u8,
    /// About how many bytes of memory it takes, its key included.
    pub bytes: u64,
    /// Whether it is but a copy of what a source holds.
    pub is_copy: bool,
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
    /// Sets several keys together (`MSET`, `MSETNX`); answers [`Outcome::Written`].
    PutMany {
        /// Keys and values. A key that is named twice takes its last value.
        pairs: Vec<(&'a [u8], &'a [u8])>,
        /// Writes none of them when one of the keys exists.
        if_absent: bool,
    },
    /// Gives another key the value and the expiry of `from` (`COPY`, `RENAME`); answers
    /// [`Outcome::Transferred`].
    Transfer {
        /// The key that has the value.
        from: &'a [u8],
        /// The key that is to have it.
        to: &'a [u8],
        /// The database of `to`.
        to_database: u8,
        /// Whether `from` stays.
        keep: bool,
        /// Whether `to` gives way if it exists.
        replace: bool,
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
    /// Drops every cached copy (`FLUSHDB`, `FLUSHALL`); never a row.
    Clear {
        /// Of every database.
        all: bool,
    },
    /// How many keys the database holds (`DBSIZE`); answers [`Outcome::Count`].
    Size,
    /// Any key of the database (`RANDOMKEY`); answers [`Outcome::Reply`].
    RandomKey,
    /// Nothing for a while (`DEBUG SLEEP`); other sessions go on.
    Rest {
        /// How long, in milliseconds.
        ms: u64,
    },
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
    /// `CACHE.FLUSH`: waits until the source has what is queued; answers [`Outcome::Written`], false
    /// when the time has run out before.
    Flush {
        /// What is waited for.
        of: Flushed<'a>,
        /// For how long; 0 is for ever.
        timeout_ms: u64,
    },
    /// `CACHE.JOURNAL`.
    Journal(JournalRequest<'a>),
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
    /// The whole value, made from the present one in place (`APPEND`, `SETRANGE`); the expiry stays.
    Grow(Vec<u8>),
    /// The whole value, a number that stays the text it is (`INCRBYFLOAT`); the expiry stays.
    Sum(Vec<u8>),
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
    /// Whether the keys were written.
    Written(bool),
    /// What became of a transfer.
    Transferred(Transferred),
    /// The reply itself.
    Reply(Reply),
}

/// What became of a [transfer](Request::Transfer).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transferred {
    /// It took place.
    Done,
    /// There was nothing to transfer.
    Missing,
    /// The other key exists, and was not to give way.
    Occupied,
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
