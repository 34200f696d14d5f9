//! Commands about strings.

use crate::command::access::{ACCESS, DELETE, INSERT, OW, RO, RW, UPDATE, VARIABLE};
use crate::command::flag::{DENYOOM, FAST, JOINS, READONLY, WRITE};
use crate::command::meaning::Meaning;
use crate::command::table::{ALL, ONE, PAIRS, row};
use crate::command::{
    Command, Group, Keys, append, get, getdel, getex, getrange, getset, incr, incrbyfloat, lcs,
    mget, mset, set, setex, setnx, setrange, strlen,
};

#[rustfmt::skip]
pub(super) const ROWS: &[Command] = &[
    row("get", 2, READONLY | FAST, ONE, Group::String, "1.0.0", get::run)
        .about("O(1)", "Answers the value of a key, a row as its document.")
        .uses(RO | ACCESS).means(Meaning::ReadValue)
        .note("With `value = \"row\"` the answer is the row as a JSON object; a column that is NULL is `null` in it."),
    row("set", -3, WRITE | JOINS | DENYOOM, ONE, Group::String, "1.0.0", set::run)
        .about("O(1)", "Sets the value of a key and, unless told otherwise, its expiry.")
        .uses(RW | ACCESS | UPDATE | VARIABLE).uses_because("RW and ACCESS due to the optional `GET` argument").means(Meaning::WriteValue)
        .note("With `value = \"row\"` the value is a JSON object that names columns; the others of the row stay. `NX`, `XX`, `GET` and `KEEPTTL` read, decide and write with no other write of the key between, and load what is not cached. `EX` and its like are the copy's; under write-around there is no copy left for them to speak of."),
    row("setex", 4, WRITE | JOINS | DENYOOM, ONE, Group::String, "2.0.0", setex::seconds)
        .about("O(1)", "Sets the value of a key and its expiry in seconds.")
        .uses(OW | UPDATE).means(Meaning::WriteValue),
    row("psetex", 4, WRITE | JOINS | DENYOOM, ONE, Group::String, "2.6.0", setex::milliseconds)
        .about("O(1)", "Sets the value of a key and its expiry in milliseconds.")
        .uses(OW | UPDATE).means(Meaning::WriteValue),
    row("setnx", 3, WRITE | JOINS | DENYOOM | FAST, ONE, Group::String, "1.0.0", setnx::run)
        .about("O(1)", "Sets the value of a key that does not exist.")
        .uses(OW | INSERT).means(Meaning::WriteValue),
    row("getset", 3, WRITE | JOINS | DENYOOM | FAST, ONE, Group::String, "1.0.0", getset::run)
        .about("O(1)", "Sets the value of a key and answers the earlier one.")
        .uses(RW | ACCESS | UPDATE).means(Meaning::WriteValue),
    row("getdel", 2, WRITE | FAST, ONE, Group::String, "6.2.0", getdel::run)
        .about("O(1)", "Answers the value of a key and removes it.")
        .uses(RW | ACCESS | DELETE).means(Meaning::Remove)
        .note("Refused, unlike `DEL`, where the strategy does not write: the value would be back with the next read."),
    row("getex", -2, WRITE | FAST, ONE, Group::String, "6.2.0", getex::run)
        .about("O(1)", "Answers the value of a key and changes the expiry of its copy.")
        .uses(RW | ACCESS | UPDATE).uses_because("RW and UPDATE because it changes the TTL").means(Meaning::ReadValue)
        .note("Its options change the expiry of the copy, and no row."),
    row("mget", -2, READONLY | FAST, ALL, Group::String, "1.0.0", mget::run)
        .about("O(N) with the number of keys", "Answers the values of several keys; those that miss load together.")
        .uses(RO | ACCESS).tips(&["request_policy:multi_shard"]).means(Meaning::ReadValue)
        .note("What it misses is loaded in one query a keyspace, as are the reads of one pipeline."),
    row("mset", -3, WRITE | DENYOOM, PAIRS, Group::String, "1.0.1", mset::always)
        .about("O(N) with the number of keys", "Sets the values of several keys.")
        .uses(OW | UPDATE).tips(&["request_policy:multi_shard", "response_policy:all_succeeded"]).means(Meaning::WriteValue)
        .note("The keys of one keyspace are written as one transaction, keyspace after keyspace."),
    row("msetnx", -3, WRITE | DENYOOM, PAIRS, Group::String, "1.0.1", mset::if_absent)
        .about("O(N) with the number of keys", "Sets the values of several keys if none of them exists.")
        .uses(OW | INSERT).tips(&["request_policy:multi_shard", "response_policy:agg_min"]).means(Meaning::WriteValue)
        .note("Over a source it looks, then writes: another client may write one of the keys in between. As a lock use SET with NX; for several keys of one write-through keyspace, MSETNX between MULTI and EXEC."),
    row("strlen", 2, READONLY | FAST, ONE, Group::String, "2.2.0", strlen::run)
        .about("O(1)", "Answers how many bytes the value of a key has.")
        .uses(RO).means(Meaning::ReadValue),
    row("append", 3, WRITE | JOINS | DENYOOM | FAST, ONE, Group::String, "2.0.0", append::run)
        .about("O(N) with the length of both strings", "Adds to the end of the value of a key, atomically.")
        .uses(RW | INSERT).means(Meaning::WriteValue),
    row("getrange", 4, READONLY, ONE, Group::String, "2.4.0", getrange::run)
        .about("O(N) with the length of the part", "Answers a part of the value of a key.")
        .uses(RO | ACCESS).means(Meaning::ReadValue),
    row("substr", 4, READONLY, ONE, Group::String, "1.0.0", getrange::run)
        .about("O(N) with the length of the part", "Answers a part of the value of a key; GETRANGE under its earlier name.")
        .uses(RO | ACCESS).means(Meaning::ReadValue),
    row("setrange", 4, WRITE | JOINS | DENYOOM, ONE, Group::String, "2.2.0", setrange::run)
        .about("O(N) with the length of both strings", "Overwrites a part of the value of a key, atomically.")
        .uses(RW | UPDATE).means(Meaning::WriteValue),
    row("incr", 2, WRITE | JOINS | DENYOOM | FAST, ONE, Group::String, "1.0.0", incr::one)
        .about("O(1)", "Adds one to the integer of a key, atomically.")
        .uses(RW | ACCESS | UPDATE).means(Meaning::WriteValue)
        .note("Reads, decides and writes with no other write of the key between; loads what is not cached."),
    row("incrby", 3, WRITE | JOINS | DENYOOM | FAST, ONE, Group::String, "1.0.0", incr::by)
        .about("O(1)", "Adds a number to the integer of a key, atomically.")
        .uses(RW | ACCESS | UPDATE).means(Meaning::WriteValue),
    row("decr", 2, WRITE | JOINS | DENYOOM | FAST, ONE, Group::String, "1.0.0", incr::one_less)
        .about("O(1)", "Takes one from the integer of a key, atomically.")
        .uses(RW | ACCESS | UPDATE).means(Meaning::WriteValue),
    row("decrby", 3, WRITE | JOINS | DENYOOM | FAST, ONE, Group::String, "1.0.0", incr::less_by)
        .about("O(1)", "Takes a number from the integer of a key, atomically.")
        .uses(RW | ACCESS | UPDATE).means(Meaning::WriteValue),
    row("incrbyfloat", 3, WRITE | JOINS | DENYOOM | FAST, ONE, Group::String, "2.6.0", incrbyfloat::run)
        .about("O(1)", "Adds a number with a fraction to that of a key, atomically.")
        .uses(RW | ACCESS | UPDATE).means(Meaning::WriteValue),
    row("lcs", -3, READONLY, Keys::Range { first: 1, last: 2, step: 1 }, Group::String, "7.0.0", lcs::run)
        .about("O(N*M) with the lengths of both strings", "Finds the longest common subsequence of two strings, unless they are too long together.")
        .uses(RO | ACCESS).means(Meaning::ReadValue)
        .note("Two strings that are long together are refused, as Redis refuses them by the default of `proto-max-bulk-len`: when the product of their lengths, each with one more, is over 2^27."),
];
