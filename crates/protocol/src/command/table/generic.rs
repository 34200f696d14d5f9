//! Commands about keys of any type.

use crate::command::access::{ACCESS, DELETE, INSERT, OW, RM, RO, RW, UPDATE};
use crate::command::flag::{DANGEROUS, DENYOOM, FAST, LOADING, NO_TOUCH, READONLY, STALE, WRITE};
use crate::command::meaning::Meaning;
use crate::command::table::{ALL, NONE, ONE, SECOND, TWO, row};
use crate::command::{
    Command, Group, copy, del, exists, expire, help, keys, move_to, object, persist, random_key,
    rename, scan, ttl, type_of,
};

const SUMMED: &[&str] = &["request_policy:multi_shard", "response_policy:agg_sum"];
const MOMENTARY: &[&str] = &["nondeterministic_output"];

#[rustfmt::skip]
pub(super) const ROWS: &[Command] = &[
    row("del", -2, WRITE, ALL, Group::Generic, "1.0.0", del::run)
        .about("O(N) with the number of keys", "Removes keys, as their keyspaces' strategies say.")
        .uses(RM | DELETE).tips(SUMMED).means(Meaning::Remove)
        .note("Answers how many rows there were; under write-behind it loads what is not cached to know, \
               and counts a key that cannot be loaded. Where it only drops copies it answers how many \
               values it dropped."),
    row("unlink", -2, WRITE | FAST, ALL, Group::Generic, "4.0.0", del::run)
        .about("O(N) with the number of keys", "Removes keys; the same as DEL here.")
        .uses(RM | DELETE).tips(SUMMED).means(Meaning::Remove),
    row("exists", -2, READONLY | FAST | NO_TOUCH, ALL, Group::Generic, "1.0.0", exists::run)
        .about("O(N) with the number of keys", "Counts how many of the keys exist, each as often as it is named.")
        .uses(RO).tips(SUMMED).means(Meaning::ReadValue),
    row("touch", -2, READONLY | FAST, ALL, Group::Generic, "3.2.1", exists::run)
        .about("O(N) with the number of keys", "Counts how many of the keys exist, and uses each.")
        .uses(RO).tips(SUMMED).means(Meaning::ReadValue),
    row("type", 2, READONLY | FAST | NO_TOUCH, ONE, Group::Generic, "1.0.0", type_of::run)
        .about("O(1)", "Answers the type of what a key holds; hash for a row.")
        .uses(RO).means(Meaning::ReadValue),
    row("copy", -3, WRITE | DENYOOM, TWO, Group::Generic, "6.2.0", copy::run)
        .about("O(N) with the size of a hash, O(1) for a string", "Gives another key the value of a key, and its expiry.")
        .uses_two(RO | ACCESS, OW | UPDATE).means(Meaning::Transfer),
    row("rename", 3, WRITE, TWO, Group::Generic, "1.0.0", rename::always)
        .about("O(1)", "Gives a key another name, whatever has that name.")
        .uses_two(RW | ACCESS | DELETE, OW | UPDATE).means(Meaning::Transfer),
    row("renamenx", 3, WRITE | FAST, TWO, Group::Generic, "1.0.0", rename::if_absent)
        .about("O(1)", "Gives a key another name, unless a key has that name.")
        .uses_two(RW | ACCESS | DELETE, OW | INSERT).means(Meaning::Transfer),
    row("move", 3, WRITE | FAST, ONE, Group::Generic, "1.0.0", move_to::run)
        .about("O(1)", "Moves a key to another database.")
        .uses(RW | ACCESS | UPDATE).means(Meaning::Transfer)
        .note("A key of a keyspace with a prefix is the same in every database, so it is there already."),
    row("expire", -3, WRITE | FAST, ONE, Group::Generic, "1.0.0", expire::seconds)
        .about("O(1)", "Sets the expiry of a key's copy in seconds.")
        .uses(RW | UPDATE).means(Meaning::Expiry),
    row("pexpire", -3, WRITE | FAST, ONE, Group::Generic, "2.6.0", expire::milliseconds)
        .about("O(1)", "Sets the expiry of a key's copy in milliseconds.")
        .uses(RW | UPDATE).means(Meaning::Expiry),
    row("expireat", -3, WRITE | FAST, ONE, Group::Generic, "1.2.0", expire::at_seconds)
        .about("O(1)", "Sets the time, in seconds since 1970, at which a key's copy expires.")
        .uses(RW | UPDATE).means(Meaning::Expiry),
    row("pexpireat", -3, WRITE | FAST, ONE, Group::Generic, "2.6.0", expire::at_milliseconds)
        .about("O(1)", "Sets the time, in milliseconds since 1970, at which a key's copy expires.")
        .uses(RW | UPDATE).means(Meaning::Expiry),
    row("persist", 2, WRITE | FAST, ONE, Group::Generic, "2.2.0", persist::run)
        .about("O(1)", "Removes the expiry of a key's copy.")
        .uses(RW | UPDATE).means(Meaning::Expiry),
    row("ttl", 2, READONLY | FAST | NO_TOUCH, ONE, Group::Generic, "1.0.0", ttl::seconds)
        .about("O(1)", "Answers in how many seconds a key's copy expires.")
        .uses(RO | ACCESS).tips(MOMENTARY).means(Meaning::ReadValue)
        .note("Answers what is left of the copy."),
    row("pttl", 2, READONLY | FAST | NO_TOUCH, ONE, Group::Generic, "2.6.0", ttl::milliseconds)
        .about("O(1)", "Answers in how many milliseconds a key's copy expires.")
        .uses(RO | ACCESS).tips(MOMENTARY).means(Meaning::ReadValue)
        .note("Answers what is left of the copy."),
    row("expiretime", 2, READONLY | FAST | NO_TOUCH, ONE, Group::Generic, "7.0.0", ttl::end_seconds)
        .about("O(1)", "Answers at which second since 1970 a key's copy expires.")
        .uses(RO | ACCESS).means(Meaning::ReadValue),
    row("pexpiretime", 2, READONLY | FAST | NO_TOUCH, ONE, Group::Generic, "7.0.0", ttl::end_milliseconds)
        .about("O(1)", "Answers at which millisecond since 1970 a key's copy expires.")
        .uses(RO | ACCESS).means(Meaning::ReadValue),
    row("scan", -2, READONLY | NO_TOUCH, NONE, Group::Generic, "2.8.0", scan::run)
        .about("O(1) for every call, O(N) for a whole walk", "Walks over the keys that are cached.")
        .tips(&["nondeterministic_output", "request_policy:special"]).means(Meaning::Cached)
        .note("Database 0 shows the keys of the keyspaces with a prefix too."),
    row("keys", 2, READONLY | DANGEROUS | NO_TOUCH, NONE, Group::Generic, "1.0.0", keys::run)
        .about("O(N) with the number of keys", "Answers all cached keys that match a pattern.")
        .tips(&["request_policy:all_shards", "nondeterministic_output_order"]).means(Meaning::Cached)
        .note("Database 0 shows the keys of the keyspaces with a prefix too."),
    row("randomkey", 1, READONLY | NO_TOUCH, NONE, Group::Generic, "1.0.0", random_key::run)
        .about("O(1)", "Answers one of the keys that are cached.")
        .tips(&["request_policy:all_shards", "nondeterministic_output"]).means(Meaning::Cached),
    row("object", -2, 0, NONE, Group::Generic, "2.2.3", help::run)
        .about("Depends on subcommand.", "Groups commands about how a key is kept.")
        .over(&[
            row("object|encoding", 3, READONLY | NO_TOUCH, SECOND, Group::Generic, "2.2.3", object::encoding)
                .about("O(1)", "Answers how a key's copy is kept.")
                .uses(RO).tips(MOMENTARY).means(Meaning::Cached),
            row("object|freq", 3, READONLY | NO_TOUCH, SECOND, Group::Generic, "4.0.0", object::frequency)
                .about("O(1)", "Answers how often a key's copy was used lately, as a logarithm.")
                .uses(RO).tips(MOMENTARY).means(Meaning::Cached),
            row("object|idletime", 3, READONLY | NO_TOUCH, SECOND, Group::Generic, "2.2.3", object::idle_time)
                .about("O(1)", "Answers for how many seconds a key's copy was not used.")
                .uses(RO).tips(MOMENTARY).means(Meaning::Cached),
            row("object|refcount", 3, READONLY | NO_TOUCH, SECOND, Group::Generic, "2.2.3", object::references)
                .about("O(1)", "Answers how many references there would be in Redis.")
                .uses(RO).tips(MOMENTARY).means(Meaning::Cached),
            row("object|help", 2, LOADING | STALE, NONE, Group::Generic, "6.2.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
];
