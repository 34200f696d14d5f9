//! The commands: one file each, one row each in the [`table`].
//!
//! A command is a function of its arguments and of what its [`Context`] answers. When an answer
//! has to be waited for the function stops with `?`, what it wrote is taken back, and it runs
//! again from the beginning once the answer is there. So a command must not change anything
//! before its last question.

use crate::args::Args;
use crate::client::{Client, Queued};
use crate::command::access::Access;
use crate::command::meaning::Meaning;
use crate::error::Error;
use crate::frame::Out;

pub(crate) mod access;
mod acl_cat;
mod acl_dry_run;
mod acl_file;
mod acl_genpass;
mod acl_list;
mod acl_log;
mod acl_user;
mod append;
mod auth;
mod cache_drop;
mod cache_explain;
mod cache_fill;
mod cache_flush;
mod cache_journal;
mod cache_keyspaces;
mod cache_lease;
mod cache_stats;
pub(crate) mod category;
mod client_kill;
mod client_list;
mod client_names;
mod client_options;
mod client_tracking;
mod config;
mod context;
mod copy;
mod dbsize;
mod debug;
mod del;
mod describe;
mod document;
mod echo;
mod exists;
mod expire;
mod expiry;
mod flush;
mod function;
mod get;
mod get_keys;
mod getdel;
mod getex;
mod getrange;
mod getset;
mod hdel;
mod hello;
mod help;
mod hexists;
mod hget;
mod hgetall;
mod hincrby;
mod hkeys;
mod hlen;
mod hmget;
mod hrandfield;
mod hscan;
mod hset;
mod hsetnx;
mod incr;
mod incrbyfloat;
mod info;
mod keys;
mod lcs;
mod list;
mod lookup;
pub(crate) mod meaning;
mod memory;
mod mget;
mod move_to;
mod mset;
mod object;
mod persist;
mod ping;
mod pubsub;
mod quit;
mod random_key;
mod rename;
mod reset;
mod scan;
mod select;
mod set;
mod setex;
mod setnx;
mod setrange;
mod strlen;
mod table;
mod time;
mod transaction;
mod ttl;
mod type_of;
mod walk;

pub(crate) use client_list::summary;
pub(crate) use context::Context;
pub(crate) use lookup::{named_by, resolve};
pub(crate) use table::TABLE;
pub(crate) use transaction::has_changed;

/// What carries a command out.
pub(crate) type Run = fn(&Args<'_>, &mut Context<'_>, &mut Out<'_>) -> Done;

/// Either the reply is written, or a [`Stop`] says why it is not.
pub(crate) type Done = Result<(), Stop>;

/// Why a command ended otherwise than with its reply.
#[derive(Debug)]
pub(crate) enum Stop {
    /// With an error.
    Error(Error),
    /// Its keys have to be fetched first.
    Fetch,
    /// It has asked, and the answer comes later.
    Asked,
    /// The reply is written, and the session ends with it.
    Quit,
    /// These are to run now, one after the other; nothing has been written.
    Script(Vec<Queued>),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A row of the table: all that is known of a command without running it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    /// In lower case; a subcommand's begins with its parent's and a bar.
    pub(crate) name: &'static str,
    /// How many arguments it takes, its name included; at least so many when negative.
    pub(crate) arity: i32,
    /// See [`flag`].
    pub(crate) flags: u32,
    pub(crate) keys: Keys,
    /// What is done with the first key, and with those after it.
    pub(crate) accesses: [Access; 2],
    /// Explains the access where it cannot be seen from it; mostly empty.
    pub(crate) access_notes: &'static str,
    pub(crate) group: Group,
    /// The version of Redis that had it first; of larder for its own.
    pub(crate) since: &'static str,
    pub(crate) complexity: &'static str,
    pub(crate) summary: &'static str,
    /// What a client library can make use of, in Redis' words.
    pub(crate) tips: &'static [&'static str],
    pub(crate) meaning: Meaning,
    /// What else the documentation says of it; mostly empty.
    pub(crate) note: &'static str,
    pub(crate) run: Run,
    pub(crate) subcommands: &'static [Command],
}

/// What a command does, as `COMMAND INFO` says it. Combined with `|`.
pub(crate) mod flag {
    pub(crate) const WRITE: u32 = 1;
    /// Reads keys and nothing else: it may run while other such commands wait.
    pub(crate) const READONLY: u32 = 1 << 1;
    pub(crate) const DENYOOM: u32 = 1 << 2;
    pub(crate) const ADMIN: u32 = 1 << 3;
    pub(crate) const PUBSUB: u32 = 1 << 4;
    pub(crate) const NOSCRIPT: u32 = 1 << 5;
    pub(crate) const LOADING: u32 = 1 << 6;
    pub(crate) const STALE: u32 = 1 << 7;
    // Bit 8 is for commands that `MONITOR` leaves out; there is none.
    pub(crate) const SKIP_SLOWLOG: u32 = 1 << 9;
    pub(crate) const FAST: u32 = 1 << 10;
    /// Allowed before the client has said who it is.
    pub(crate) const NO_AUTH: u32 = 1 << 11;
    pub(crate) const NO_MULTI: u32 = 1 << 12;
    pub(crate) const ALLOW_BUSY: u32 = 1 << 13;
    pub(crate) const MOVABLE_KEYS: u32 = 1 << 14;

    /// What the flags of each bit are called, from the lowest.
    pub(crate) const NAMES: [&str; 15] = [
        "write",
        "readonly",
        "denyoom",
        "admin",
        "pubsub",
        "noscript",
        "loading",
        "stale",
        "skip_monitor",
        "skip_slowlog",
        "fast",
        "no_auth",
        "no_multi",
        "allow_busy",
        "movablekeys",
    ];

    // Not shown as flags.

    /// Of the category `dangerous`.
    pub(crate) const DANGEROUS: u32 = 1 << 24;
    /// Looks at keys without using them: their idle time goes on.
    pub(crate) const NO_TOUCH: u32 = 1 << 25;
    /// Runs with no other session's command between its steps, as far as the store can see to it.
    pub(crate) const ISOLATED: u32 = 1 << 26;
    /// Of the category `keyspace`, though about the server.
    pub(crate) const KEYSPACE: u32 = 1 << 27;
    /// Of the category `connection`, though about the server.
    pub(crate) const CONNECTION: u32 = 1 << 28;
    /// Of the category `scripting`, though there are no scripts.
    pub(crate) const SCRIPTING: u32 = 1 << 29;
    /// Answers with pushes, which are no replies: `CLIENT REPLY` does not keep them back.
    pub(crate) const PUSHES: u32 = 1 << 30;
    /// Writes one key: it may be asked for while other such commands wait that arrived with it. The
    /// store carries them out in their order.
    pub(crate) const JOINS: u32 = 1 << 31;
}

/// Which arguments are keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// None is.
    None,
    /// From `first` to `last` by `step`; a negative `last` counts from the end.
    Range { first: usize, last: isize, step: usize },
    /// The arguments are a command, whose keys they are.
    OfArguments,
}

/// The kind of thing that a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Generic,
    String,
    Hash,
    Connection,
    Server,
    PubSub,
    Transactions,
    /// larder's own.
    Cache,
}

impl Group {
    /// As `COMMAND DOCS` calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::String => "string",
            Self::Hash => "hash",
            Self::Connection => "connection",
            Self::Server => "server",
            Self::PubSub => "pubsub",
            Self::Transactions => "transactions",
            Self::Cache => "cache",
        }
    }
}

impl Command {
    pub(crate) fn is_read(&self) -> bool {
        self.flags & flag::READONLY != 0
    }

    /// Whether it may be asked for together with other writes of its kind.
    pub(crate) fn joins(&self) -> bool {
        self.flags & flag::JOINS != 0
    }

    /// Whether it runs at once in a transaction, instead of being queued.
    pub(crate) fn runs_in_transaction(&self) -> bool {
        matches!(self.name, "exec" | "discard" | "multi" | "watch" | "quit" | "reset")
    }

    /// Whether a pause of all clients lets it through: the one that ends the pause.
    pub(crate) fn ends_pause(&self) -> bool {
        self.name == "client|unpause"
    }

    /// Whether a pause of writes holds it up.
    pub(crate) fn may_write(&self, client: &Client) -> bool {
        let writes =
            |command: &Command| command.flags & flag::WRITE != 0 || command.name == "publish";
        match (self.name, &client.transaction) {
            ("exec", Some(transaction)) => {
                transaction.requests.iter().any(|queued| writes(queued.command))
            }
            _ => writes(self),
        }
    }

    /// The keys among `args`, a request of this command.
    pub(crate) fn keys<'a>(&self, args: Args<'a>) -> Box<dyn Iterator<Item = &'a [u8]> + 'a> {
        match self.keys {
            Keys::None => Box::new(std::iter::empty()),
            Keys::Range { first, last, step } => {
                let end = match usize::try_from(last) {
                    Ok(last) => last + 1,
                    Err(_) => (args.len() + 1).saturating_sub(last.unsigned_abs()),
                };
                Box::new(args.iter().take(end).skip(first).step_by(step))
            }
            Keys::OfArguments => {
                let inner = args.from(1);
                match resolve(&inner) {
                    Ok(command) => command.keys(inner),
                    Err(_) => Box::new(std::iter::empty()),
                }
            }
        }
    }

    /// What `args`, a request of this command, does with the key that is its `place`th, from zero.
    pub(crate) fn access_of(&self, args: Args<'_>, place: usize) -> Access {
        match self.accesses[place.min(1)] {
            access if access & access::VARIABLE == 0 => access,
            // `SET`: reads only if it is to answer the earlier value.
            _ if (3..args.len()).any(|option| args.is(option, "GET")) => {
                access::RW | access::ACCESS | access::UPDATE
            }
            _ => access::OW | access::UPDATE,
        }
    }

    /// Whether it only groups its subcommands and cannot run by itself.
    pub(crate) const fn is_container(&self) -> bool {
        !self.subcommands.is_empty() && self.arity == -2
    }

    /// Whether a request of so many arguments, the name included, is one of this command.
    pub(crate) fn takes(&self, arguments: usize) -> bool {
        let least = self.arity.unsigned_abs() as usize;
        if self.arity < 0 { arguments >= least } else { arguments == least }
    }

    /// The name by which a parent knows it.
    pub(crate) fn short_name(&self) -> &'static str {
        self.name.rsplit('|').next().unwrap_or(self.name)
    }
}
