//! Commands about hashes, and so about rows.

use crate::command::access::{ACCESS, DELETE, INSERT, RO, RW, UPDATE};
use crate::command::flag::{DENYOOM, FAST, JOINS, READONLY, WRITE};
use crate::command::meaning::Meaning;
use crate::command::table::{ONE, row};
use crate::command::{
    Command, Group, hdel, hexists, hget, hgetall, hincrby, hkeys, hlen, hmget, hrandfield, hscan,
    hset, hsetnx,
};

#[rustfmt::skip]
pub(super) const ROWS: &[Command] = &[
    row("hget", 3, READONLY | FAST, ONE, Group::Hash, "2.0.0", hget::run)
        .about("O(1)", "Answers one field of a hash, or one column of a row.")
        .uses(RO | ACCESS).means(Meaning::ReadFields),
    row("hmget", -3, READONLY | FAST, ONE, Group::Hash, "2.0.0", hmget::run)
        .about("O(N) with the number of fields", "Answers several fields of a hash.")
        .uses(RO | ACCESS).means(Meaning::ReadFields),
    row("hgetall", 2, READONLY, ONE, Group::Hash, "2.0.0", hgetall::run)
        .about("O(N) with the size of the hash", "Answers all fields of a hash and their values.")
        .uses(RO | ACCESS).tips(&["nondeterministic_output_order"]).means(Meaning::ReadFields)
        .note("The columns of a row are its fields; a column that is NULL is none."),
    row("hkeys", 2, READONLY, ONE, Group::Hash, "2.0.0", hkeys::names)
        .about("O(N) with the size of the hash", "Answers the names of all fields of a hash.")
        .uses(RO | ACCESS).tips(&["nondeterministic_output_order"]).means(Meaning::ReadFields),
    row("hvals", 2, READONLY, ONE, Group::Hash, "2.0.0", hkeys::values)
        .about("O(N) with the size of the hash", "Answers the values of all fields of a hash.")
        .uses(RO | ACCESS).tips(&["nondeterministic_output_order"]).means(Meaning::ReadFields),
    row("hlen", 2, READONLY | FAST, ONE, Group::Hash, "2.0.0", hlen::run)
        .about("O(1)", "Counts the fields of a hash.")
        .uses(RO).means(Meaning::ReadFields),
    row("hexists", 3, READONLY | FAST, ONE, Group::Hash, "2.0.0", hexists::run)
        .about("O(1)", "Tells whether a hash has a field.")
        .uses(RO).means(Meaning::ReadFields),
    row("hstrlen", 3, READONLY | FAST, ONE, Group::Hash, "3.2.0", hexists::length)
        .about("O(1)", "Answers how many bytes the value of a field has.")
        .uses(RO).means(Meaning::ReadFields),
    row("hrandfield", -2, READONLY, ONE, Group::Hash, "6.2.0", hrandfield::run)
        .about("O(N) with the size of the hash and the number of fields answered", "Answers fields of a hash, picked by chance.")
        .uses(RO | ACCESS).tips(&["nondeterministic_output"]).means(Meaning::ReadFields),
    row("hscan", -3, READONLY, ONE, Group::Hash, "2.8.0", hscan::run)
        .about("O(N) with the size of the hash, for at least 1/64 of it", "Walks over the fields of a hash, some at each call.")
        .uses(RO | ACCESS).tips(&["nondeterministic_output"]).means(Meaning::ReadFields),
    row("hset", -4, WRITE | JOINS | DENYOOM | FAST, ONE, Group::Hash, "2.0.0", hset::counted)
        .about("O(N) with the number of fields", "Sets fields of a hash and counts the new ones.")
        .uses(RW | UPDATE).means(Meaning::WriteFields)
        .note("Writes the columns that it names, with no other write of the row between."),
    row("hmset", -4, WRITE | JOINS | DENYOOM | FAST, ONE, Group::Hash, "2.0.0", hset::uncounted)
        .about("O(N) with the number of fields", "Sets fields of a hash; HSET's earlier form.")
        .uses(RW | UPDATE).means(Meaning::WriteFields),
    row("hsetnx", 4, WRITE | JOINS | DENYOOM | FAST, ONE, Group::Hash, "2.0.0", hsetnx::run)
        .about("O(1)", "Sets a field of a hash that does not have it.")
        .uses(RW | INSERT).means(Meaning::WriteFields),
    row("hincrby", 4, WRITE | JOINS | DENYOOM | FAST, ONE, Group::Hash, "2.0.0", hincrby::by)
        .about("O(1)", "Adds a number to the integer of a field, atomically.")
        .uses(RW | ACCESS | UPDATE).means(Meaning::WriteFields),
    row("hincrbyfloat", 4, WRITE | JOINS | DENYOOM | FAST, ONE, Group::Hash, "2.6.0", hincrby::by_float)
        .about("O(1)", "Adds a number with a fraction to that of a field, atomically.")
        .uses(RW | ACCESS | UPDATE).means(Meaning::WriteFields),
    row("hdel", -3, WRITE | FAST, ONE, Group::Hash, "2.0.0", hdel::run)
        .about("O(N) with the number of fields", "Removes fields of a hash and counts them.")
        .uses(RW | DELETE).means(Meaning::WriteFields)
        .note("Sets columns of a row to NULL."),
];
