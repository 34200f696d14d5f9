//! The table of commands. A new command is a file beside this one and a row here.

use crate::command::flag::{
    ADMIN, DANGEROUS, DENYOOM, FAST, LOADING, NOSCRIPT, READONLY, STALE, WRITE,
};
use crate::command::{Command, Group, Keys, Run};
use crate::command::{
    cache_drop, cache_explain, cache_fill, cache_keyspaces, cache_lease, cache_stats, client,
    dbsize, del, describe, echo, exists, expire, flushdb, get, hdel, hello, help, hget, hgetall,
    hmget, hset, incr, info, mget, mset, persist, ping, quit, select, set, ttl, type_of,
};

const NONE: Keys = Keys::None;
/// The first argument.
const ONE: Keys = Keys::Range { first: 1, last: 1, step: 1 };
/// Every argument.
const ALL: Keys = Keys::Range { first: 1, last: -1, step: 1 };
/// Every other argument.
const PAIRS: Keys = Keys::Range { first: 1, last: -1, step: 2 };

/// At any time, by anyone.
const ALWAYS: u16 = LOADING | STALE | FAST;
/// About the connection only.
const SELF: u16 = NOSCRIPT | LOADING | STALE;

/// Every command there is.
#[rustfmt::skip]
pub(crate) static TABLE: &[Command] = &[
    row("get", 2, READONLY | FAST, ONE, Group::String, "1.0.0", get::run)
        .about("O(1)", "Answers the value of a key, a row as its document."),
    row("set", -3, WRITE | DENYOOM, ONE, Group::String, "1.0.0", set::run)
        .about("O(1)", "Sets the value of a key and, unless told otherwise, its expiry."),
    row("mget", -2, READONLY | FAST, ALL, Group::String, "1.0.0", mget::run)
        .about("O(N) with the number of keys", "Answers the values of several keys; those that miss load together."),
    row("mset", -3, WRITE | DENYOOM, PAIRS, Group::String, "1.0.1", mset::run)
        .about("O(N) with the number of keys", "Sets the values of several keys."),
    row("incr", 2, WRITE | DENYOOM | FAST, ONE, Group::String, "1.0.0", incr::one)
        .about("O(1)", "Adds one to the integer of a key, atomically."),
    row("incrby", 3, WRITE | DENYOOM | FAST, ONE, Group::String, "1.0.0", incr::by)
        .about("O(1)", "Adds a number to the integer of a key, atomically."),

    row("del", -2, WRITE, ALL, Group::Generic, "1.0.0", del::run)
        .about("O(N) with the number of keys", "Removes keys, as their keyspaces' strategies say."),
    row("unlink", -2, WRITE | FAST, ALL, Group::Generic, "4.0.0", del::run)
        .about("O(N) with the number of keys", "Removes keys; the same as DEL here."),
    row("exists", -2, READONLY | FAST, ALL, Group::Generic, "1.0.0", exists::run)
        .about("O(N) with the number of keys", "Counts how many of the keys exist, each as often as it is named."),
    row("type", 2, READONLY | FAST, ONE, Group::Generic, "1.0.0", type_of::run)
        .about("O(1)", "Answers the type of what a key holds; hash for a row."),
    row("expire", -3, WRITE | FAST, ONE, Group::Generic, "1.0.0", expire::seconds)
        .about("O(1)", "Sets the expiry of a key's copy in seconds."),
    row("pexpire", -3, WRITE | FAST, ONE, Group::Generic, "2.6.0", expire::milliseconds)
        .about("O(1)", "Sets the expiry of a key's copy in milliseconds."),
    row("ttl", 2, READONLY | FAST, ONE, Group::Generic, "1.0.0", ttl::seconds)
        .about("O(1)", "Answers in how many seconds a key's copy expires."),
    row("pttl", 2, READONLY | FAST, ONE, Group::Generic, "2.6.0", ttl::milliseconds)
        .about("O(1)", "Answers in how many milliseconds a key's copy expires."),
    row("persist", 2, WRITE | FAST, ONE, Group::Generic, "2.2.0", persist::run)
        .about("O(1)", "Removes the expiry of a key's copy."),

    row("hget", 3, READONLY | FAST, ONE, Group::Hash, "2.0.0", hget::run)
        .about("O(1)", "Answers one field of a hash, or one column of a row."),
    row("hmget", -3, READONLY | FAST, ONE, Group::Hash, "2.0.0", hmget::run)
        .about("O(N) with the number of fields", "Answers several fields of a hash."),
    row("hgetall", 2, READONLY, ONE, Group::Hash, "2.0.0", hgetall::run)
        .about("O(N) with the size of the hash", "Answers all fields of a hash and their values."),
    row("hset", -4, WRITE | DENYOOM | FAST, ONE, Group::Hash, "2.0.0", hset::run)
        .about("O(N) with the number of fields", "Sets fields of a hash and counts the new ones."),
    row("hdel", -3, WRITE | FAST, ONE, Group::Hash, "2.0.0", hdel::run)
        .about("O(N) with the number of fields", "Removes fields of a hash and counts them."),

    row("ping", -1, FAST, NONE, Group::Connection, "1.0.0", ping::run)
        .about("O(1)", "Answers PONG, or the argument."),
    row("echo", 2, ALWAYS, NONE, Group::Connection, "1.0.0", echo::run)
        .about("O(1)", "Answers the argument."),
    row("hello", -1, NOSCRIPT | ALWAYS, NONE, Group::Connection, "6.0.0", hello::run)
        .about("O(1)", "Chooses the version of the protocol and tells who answers."),
    row("select", 2, ALWAYS, NONE, Group::Connection, "1.0.0", select::run)
        .about("O(1)", "Chooses the database; there is one, 0."),
    row("quit", -1, NOSCRIPT | ALWAYS, NONE, Group::Connection, "1.0.0", quit::run)
        .about("O(1)", "Ends the connection."),
    row("client", -2, 0, NONE, Group::Connection, "2.4.0", help::run)
        .about("Depends on subcommand.", "Groups commands about the connection.")
        .over(&[
            row("client|id", 2, SELF, NONE, Group::Connection, "5.0.0", client::id)
                .about("O(1)", "Answers the number of the connection."),
            row("client|getname", 2, SELF, NONE, Group::Connection, "2.6.9", client::name)
                .about("O(1)", "Answers the name of the connection."),
            row("client|setname", 3, SELF, NONE, Group::Connection, "2.6.9", client::set_name)
                .about("O(1)", "Names the connection."),
            row("client|setinfo", 4, SELF, NONE, Group::Connection, "7.2.0", client::set_info)
                .about("O(1)", "Tells which library drives the connection."),
            row("client|help", 2, LOADING | STALE, NONE, Group::Connection, "5.0.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),

    row("command", -1, LOADING | STALE, NONE, Group::Server, "2.8.13", describe::all)
        .about("O(N) with the number of commands", "Describes every command.")
        .over(&[
            row("command|count", 2, LOADING | STALE, NONE, Group::Server, "2.8.13", describe::count)
                .about("O(1)", "Counts the commands."),
            row("command|info", -2, LOADING | STALE, NONE, Group::Server, "2.8.13", describe::info)
                .about("O(N) with the number of commands", "Describes some commands, or all."),
            row("command|docs", -2, LOADING | STALE, NONE, Group::Server, "7.0.0", describe::docs)
                .about("O(N) with the number of commands", "Documents some commands, or all."),
            row("command|list", -2, LOADING | STALE, NONE, Group::Server, "7.0.0", describe::list)
                .about("O(N) with the number of commands", "Answers the names of all commands."),
            row("command|getkeys", -4, LOADING | STALE, NONE, Group::Server, "2.8.13", describe::keys)
                .about("O(N) with the number of arguments", "Answers the keys of a command."),
            row("command|help", 2, LOADING | STALE, NONE, Group::Server, "5.0.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
    row("info", -1, LOADING | STALE | DANGEROUS, NONE, Group::Server, "1.0.0", info::run)
        .about("O(1)", "Tells about the server, section by section."),
    row("dbsize", 1, FAST, NONE, Group::Server, "1.0.0", dbsize::run)
        .about("O(1)", "Counts the keys that are cached."),
    row("flushdb", -1, WRITE | DANGEROUS, NONE, Group::Server, "1.0.0", flushdb::run)
        .about("O(N) with the number of keys", "Drops all cached copies, and never a row."),

    row("cache.lease", 2, WRITE | FAST, ONE, Group::Cache, "0.1.0", cache_lease::run)
        .about("O(1)", "Answers the value of a key or, on a miss, a token to fill it with."),
    row("cache.fill", -4, WRITE | DENYOOM | FAST, ONE, Group::Cache, "0.1.0", cache_fill::run)
        .about("O(1)", "Fills a key under a lease; nil when the lease is void."),
    row("cache.drop", -2, WRITE | FAST, ALL, Group::Cache, "0.1.0", cache_drop::run)
        .about("O(N) with the number of keys", "Drops cached copies, and never a row."),
    row("cache.keyspaces", 1, LOADING | STALE, NONE, Group::Cache, "0.1.0", cache_keyspaces::run)
        .about("O(N) with the number of keyspaces", "Describes the keyspaces."),
    row("cache.stats", -1, LOADING | STALE, NONE, Group::Cache, "0.1.0", cache_stats::run)
        .about("O(N) with the number of keyspaces", "Answers what the keyspaces have counted."),
    row("cache.explain", -2, WRITE | ADMIN, Keys::OfArguments, Group::Cache, "0.1.0", cache_explain::run)
        .about("As the command's.", "Runs a command and answers the messages that passed between the parts."),
];

const fn row(
    name: &'static str,
    arity: i32,
    flags: u16,
    keys: Keys,
    group: Group,
    since: &'static str,
    run: Run,
) -> Command {
    let (complexity, summary) = ("", "");
    Command { name, arity, flags, keys, group, since, complexity, summary, run, subcommands: &[] }
}

impl Command {
    const fn about(self, complexity: &'static str, summary: &'static str) -> Self {
        Self { complexity, summary, ..self }
    }

    const fn over(self, subcommands: &'static [Command]) -> Self {
        Self { subcommands, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_have_keys_and_write_nothing() {
        for command in TABLE.iter().filter(|command| command.is_read()) {
            assert_ne!(command.keys, Keys::None, "{}", command.name);
            assert_eq!(command.flags & WRITE, 0, "{}", command.name);
        }
    }

    #[test]
    fn rows_are_told_in_full_and_once() {
        for (place, command) in TABLE.iter().enumerate() {
            assert!(command.summary.ends_with('.'), "{}", command.name);
            assert!(!command.complexity.is_empty(), "{}", command.name);
            assert!(TABLE[..place].iter().all(|other| other.name != command.name));
        }
    }
}
