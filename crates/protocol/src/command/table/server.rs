//! Commands about the server.

use crate::command::access::RO;
use crate::command::flag::{
    ADMIN, CONNECTION, DANGEROUS, FAST, KEYSPACE, LOADING, NO_TOUCH, NOSCRIPT, READONLY, SCRIPTING,
    STALE, WRITE,
};
use crate::command::meaning::Meaning;
use crate::command::table::{NONE, SECOND, SELF, row};
use crate::command::{
    Command, Group, config, dbsize, debug, describe, document, flush, function, get_keys, help,
    info, list, memory, time,
};

/// About the table of commands.
const TABLE: u32 = LOADING | STALE | CONNECTION;
const UNORDERED: &[&str] = &["nondeterministic_output_order"];
const EVERYWHERE: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];

#[rustfmt::skip]
pub(super) const ROWS: &[Command] = &[
    row("command", -1, TABLE, NONE, Group::Server, "2.8.13", describe::all)
        .about("O(N) with the number of commands", "Describes every command.")
        .tips(UNORDERED)
        .over(&[
            row("command|count", 2, TABLE, NONE, Group::Server, "2.8.13", describe::count)
                .about("O(1)", "Counts the commands."),
            row("command|info", -2, TABLE, NONE, Group::Server, "2.8.13", describe::info)
                .about("O(N) with the number of commands", "Describes some commands, or all.")
                .tips(UNORDERED),
            row("command|docs", -2, TABLE, NONE, Group::Server, "7.0.0", document::run)
                .about("O(N) with the number of commands", "Documents some commands, or all.")
                .tips(UNORDERED),
            row("command|list", -2, TABLE, NONE, Group::Server, "7.0.0", list::run)
                .about("O(N) with the number of commands", "Answers the names of all commands, or of some.")
                .tips(UNORDERED),
            row("command|getkeys", -4, TABLE, NONE, Group::Server, "2.8.13", get_keys::plain)
                .about("O(N) with the number of arguments", "Answers the keys of a command."),
            row("command|getkeysandflags", -4, TABLE, NONE, Group::Server, "7.0.0", get_keys::with_flags)
                .about("O(N) with the number of arguments", "Answers the keys of a command, and what it does with each."),
            row("command|help", 2, TABLE, NONE, Group::Server, "5.0.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
    row("info", -1, LOADING | STALE | DANGEROUS, NONE, Group::Server, "1.0.0", info::run)
        .about("O(1)", "Tells about the server, section by section.")
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]),
    row("time", 1, LOADING | STALE | FAST, NONE, Group::Server, "2.6.0", time::run)
        .about("O(1)", "Answers the time of the server, to the millisecond.")
        .tips(&["nondeterministic_output"]),
    row("dbsize", 1, READONLY | FAST | KEYSPACE, NONE, Group::Server, "1.0.0", dbsize::run)
        .about("O(1)", "Counts the keys that are cached.")
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"]).means(Meaning::Cached)
        .note("Database 0 counts the keys of the keyspaces with a prefix too."),
    row("flushdb", -1, WRITE | DANGEROUS | KEYSPACE, NONE, Group::Server, "1.0.0", flush::one)
        .about("O(N) with the number of keys", "Drops all cached copies of a database, and never a row.")
        .tips(EVERYWHERE).means(Meaning::Drop)
        .note("Database 0 has the keyspaces with a prefix too."),
    row("flushall", -1, WRITE | DANGEROUS | KEYSPACE, NONE, Group::Server, "1.0.0", flush::all)
        .about("O(N) with the number of keys", "Drops all cached copies, and never a row.")
        .tips(EVERYWHERE).means(Meaning::Drop),
    row("config", -2, 0, NONE, Group::Server, "2.0.0", help::run)
        .about("Depends on subcommand.", "Groups commands about the parameters of the server.")
        .over(&[
            row("config|get", -3, ADMIN | SELF, NONE, Group::Server, "2.0.0", config::get)
                .about("O(N) with the number of parameters", "Answers the values of parameters."),
            row("config|set", -4, ADMIN | SELF, NONE, Group::Server, "2.0.0", config::set)
                .about("O(N) with the number of parameters", "Sets parameters, all or none.")
                .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
            row("config|resetstat", 2, ADMIN | SELF, NONE, Group::Server, "2.0.0", config::reset_statistics)
                .about("O(1)", "Begins to count anew."),
            row("config|rewrite", 2, ADMIN | SELF, NONE, Group::Server, "2.8.0", config::rewrite)
                .about("O(1)", "Writes the parameters to the configuration file, where they have a counterpart."),
            row("config|help", 2, LOADING | STALE, NONE, Group::Server, "5.0.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
    row("function", -2, 0, NONE, Group::Server, "7.0.0", help::run)
        .about("Depends on subcommand.", "Groups commands about functions, of which there are none.")
        .over(&[
            row("function|flush", -2, WRITE | NOSCRIPT | SCRIPTING, NONE, Group::Server, "7.0.0", function::flush)
                .about("O(1)", "Answers OK: there are no functions.")
                .tips(EVERYWHERE),
            row("function|help", 2, LOADING | STALE | SCRIPTING, NONE, Group::Server, "7.0.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
    row("memory", -2, 0, NONE, Group::Server, "4.0.0", help::run)
        .about("Depends on subcommand.", "Groups commands about memory.")
        .over(&[
            row("memory|usage", -3, READONLY | NO_TOUCH, SECOND, Group::Server, "4.0.0", memory::usage)
                .about("O(1)", "Answers how many bytes a key's copy takes.")
                .uses(RO).means(Meaning::Cached),
            row("memory|help", 2, LOADING | STALE, NONE, Group::Server, "4.0.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
    row("debug", -2, ADMIN | NOSCRIPT | LOADING | STALE | NO_TOUCH, NONE, Group::Server, "1.0.0", debug::run)
        .about("Depends on subcommand.", "Does what test suites ask for, where it can do no harm.")
        .note("`DIGEST`, `DIGEST-VALUE`, `LOADAOF`, `PAUSE-CRON` and `RELOAD` (which do nothing), `OBJECT`, `PROTOCOL` and `SET-ACTIVE-EXPIRE`."),
];
