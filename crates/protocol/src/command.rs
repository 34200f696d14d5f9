//! The commands: one file each, one row each in the [`table`].
//!
//! A command is a function of its arguments and of what its [`Context`] answers. When an answer
//! has to be waited for the function stops with `?`, what it wrote is taken back, and it runs
//! again from the beginning once the answer is there. So a command must not change anything
//! before its last question.

use crate::args::Args;
use crate::error::Error;
use crate::frame::Out;

mod cache_drop;
mod cache_explain;
mod cache_fill;
mod cache_keyspaces;
mod cache_lease;
mod cache_stats;
mod client;
mod context;
mod dbsize;
mod del;
mod describe;
mod echo;
mod exists;
mod expire;
mod expiry;
mod flushdb;
mod get;
mod hdel;
mod hello;
mod help;
mod hget;
mod hgetall;
mod hmget;
mod hset;
mod incr;
mod info;
mod lookup;
mod mget;
mod mset;
mod persist;
mod ping;
mod quit;
mod select;
mod set;
mod table;
mod ttl;
mod type_of;

pub(crate) use context::Context;
pub(crate) use lookup::resolve;

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
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A row of the table: all that is known of a command without running it.
#[derive(Debug)]
pub(crate) struct Command {
    /// In lower case; a subcommand's begins with its parent's and a bar.
    pub(crate) name: &'static str,
    /// How many arguments it takes, its name included; at least so many when negative.
    pub(crate) arity: i32,
    /// See [`flag`].
    pub(crate) flags: u16,
    pub(crate) keys: Keys,
    pub(crate) group: Group,
    /// The version of Redis that had it first; of larder for its own.
    pub(crate) since: &'static str,
    pub(crate) complexity: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) run: Run,
    pub(crate) subcommands: &'static [Command],
}

/// What a command does, as `COMMAND INFO` says it. Combined with `|`.
pub(crate) mod flag {
    pub(crate) const WRITE: u16 = 1;
    /// Reads keys and nothing else: it may run while other such commands wait.
    pub(crate) const READONLY: u16 = 1 << 1;
    pub(crate) const DENYOOM: u16 = 1 << 2;
    pub(crate) const ADMIN: u16 = 1 << 3;
    pub(crate) const NOSCRIPT: u16 = 1 << 4;
    pub(crate) const LOADING: u16 = 1 << 5;
    pub(crate) const STALE: u16 = 1 << 6;
    pub(crate) const FAST: u16 = 1 << 7;
    /// Not shown as a flag, but as a category.
    pub(crate) const DANGEROUS: u16 = 1 << 8;

    /// What the flags of each bit are called, from the lowest.
    pub(crate) const NAMES: [&str; 8] =
        ["write", "readonly", "denyoom", "admin", "noscript", "loading", "stale", "fast"];
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
    /// larder's own.
    Cache,
}

impl Command {
    pub(crate) fn is_read(&self) -> bool {
        self.flags & flag::READONLY != 0
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
