//! larder's own commands.

use crate::command::access::{ACCESS, DELETE, INSERT, RM, RO, RW};
use crate::command::flag::{ADMIN, DENYOOM, FAST, LOADING, MOVABLE_KEYS, NO_MULTI, STALE, WRITE};
use crate::command::meaning::Meaning;
use crate::command::table::{ALL, NONE, ONE, row};
use crate::command::{
    Command, Group, Keys, cache_drop, cache_explain, cache_fill, cache_flush, cache_journal,
    cache_keyspaces, cache_lease, cache_stats, help,
};

/// All arguments but the last.
const ALL_BUT_LAST: Keys = Keys::Range { first: 1, last: -2, step: 1 };

#[rustfmt::skip]
pub(super) const ROWS: &[Command] = &[
    row("cache.lease", 2, WRITE | FAST, ONE, Group::Cache, "0.1.0", cache_lease::run)
        .about("O(1)", "Answers the value of a key or, on a miss, a token to fill it with.")
        .uses(RO | ACCESS).means(Meaning::Lease),
    row("cache.fill", -4, WRITE | DENYOOM | FAST, ONE, Group::Cache, "0.1.0", cache_fill::run)
        .about("O(1)", "Fills a key under a lease; nil when the lease is void.")
        .uses(RW | INSERT).means(Meaning::Lease),
    row("cache.drop", -2, WRITE | FAST, ALL, Group::Cache, "0.1.0", cache_drop::run)
        .about("O(N) with the number of keys", "Drops cached copies, and never a row.")
        .uses(RM | DELETE).means(Meaning::Drop),
    row("cache.flush", -2, NO_MULTI, ALL_BUT_LAST, Group::Cache, "0.1.0", cache_flush::run)
        .about("O(N) with the number of keyspaces", "Waits until the source has what is queued.")
        .uses(RO).means(Meaning::Queue),
    row("cache.journal", -2, 0, NONE, Group::Cache, "0.1.0", help::run)
        .about("Depends on subcommand.", "Groups commands about the queues of writes.")
        .over(&[
            row("cache.journal|status", -2, LOADING | STALE, NONE, Group::Cache, "0.1.0", cache_journal::status)
                .about("O(N) with the number of keyspaces", "Answers what the queues hold and have done."),
            row("cache.journal|flush", -3, NO_MULTI, NONE, Group::Cache, "0.1.0", cache_journal::flush)
                .about("O(N) with the number of keyspaces", "Waits until the source has what a keyspace has queued."),
            row("cache.journal|dead", -4, ADMIN, NONE, Group::Cache, "0.1.0", cache_journal::dead)
                .about("O(N) with the number of dead letters", "Lists the writes that the source refused, queues them again, or drops them."),
            row("cache.journal|help", 2, LOADING | STALE, NONE, Group::Cache, "0.1.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
    row("cache.keyspaces", 1, LOADING | STALE, NONE, Group::Cache, "0.1.0", cache_keyspaces::run)
        .about("O(N) with the number of keyspaces", "Describes the keyspaces."),
    row("cache.stats", -1, LOADING | STALE, NONE, Group::Cache, "0.1.0", cache_stats::run)
        .about("O(N) with the number of keyspaces", "Answers what the keyspaces have counted."),
    row("cache.explain", -2, WRITE | ADMIN | NO_MULTI | MOVABLE_KEYS, Keys::OfArguments, Group::Cache, "0.1.0", cache_explain::run)
        .about("As the command's.", "Runs a command and answers the messages that passed between the parts.")
        .means(Meaning::AsCarried),
];
