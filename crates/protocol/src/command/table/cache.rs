//! larder's own commands.

use crate::command::access::{ACCESS, DELETE, INSERT, RM, RO, RW};
use crate::command::flag::{ADMIN, DENYOOM, FAST, LOADING, MOVABLE_KEYS, STALE, WRITE};
use crate::command::meaning::Meaning;
use crate::command::table::{ALL, NONE, ONE, row};
use crate::command::{
    Command, Group, Keys, cache_drop, cache_explain, cache_fill, cache_keyspaces, cache_lease,
    cache_stats,
};

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
    row("cache.keyspaces", 1, LOADING | STALE, NONE, Group::Cache, "0.1.0", cache_keyspaces::run)
        .about("O(N) with the number of keyspaces", "Describes the keyspaces."),
    row("cache.stats", -1, LOADING | STALE, NONE, Group::Cache, "0.1.0", cache_stats::run)
        .about("O(N) with the number of keyspaces", "Answers what the keyspaces have counted."),
    row("cache.explain", -2, WRITE | ADMIN | MOVABLE_KEYS, Keys::OfArguments, Group::Cache, "0.1.0", cache_explain::run)
        .about("As the command's.", "Runs a command and answers the messages that passed between the parts.")
        .means(Meaning::AsCarried),
];
