//! The categories that permissions are given by (`+@read`), and which of them a command is in.

use crate::command::{Command, Group, flag};

/// A set of categories: a bit for each, its place in [`NAMES`].
pub(crate) type Categories = u32;

const KEYSPACE: Categories = 1;
const READ: Categories = 1 << 1;
const WRITE: Categories = 1 << 2;
const HASH: Categories = 1 << 6;
const STRING: Categories = 1 << 7;
const PUBSUB: Categories = 1 << 12;
const ADMIN: Categories = 1 << 13;
const FAST: Categories = 1 << 14;
const SLOW: Categories = 1 << 15;
const DANGEROUS: Categories = 1 << 17;
const CONNECTION: Categories = 1 << 18;
const TRANSACTION: Categories = 1 << 19;
const SCRIPTING: Categories = 1 << 20;
const CACHE: Categories = 1 << 21;

/// The names, in Redis' order, from the lowest bit; the last is larder's own. Some of them have no
/// command here.
pub(crate) const NAMES: [&str; 22] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
    "cache",
];

/// The category called `name`, in any case and without the `@`.
pub(crate) fn named(name: &[u8]) -> Option<Categories> {
    let place = NAMES.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
    Some(1 << place)
}

/// The names of `categories`.
pub(crate) fn names(categories: Categories) -> impl Iterator<Item = &'static str> {
    (0..NAMES.len()).filter(move |bit| categories & 1 << bit != 0).map(|bit| NAMES[bit])
}

impl Command {
    /// The categories that it is in.
    pub(crate) const fn categories(&self) -> Categories {
        let implied = [
            (flag::WRITE, WRITE),
            (flag::READONLY, READ),
            (flag::ADMIN, ADMIN | DANGEROUS),
            (flag::DANGEROUS, DANGEROUS),
            (flag::PUBSUB, PUBSUB),
            (flag::KEYSPACE, KEYSPACE),
            (flag::CONNECTION, CONNECTION),
            (flag::SCRIPTING, SCRIPTING),
        ];
        let mut categories = if self.flags & flag::FAST == 0 { SLOW } else { FAST };
        let mut place = 0;
        while place < implied.len() {
            if self.flags & implied[place].0 != 0 {
                categories |= implied[place].1;
            }
            place += 1;
        }
        // One that only groups others says nothing by itself.
        if self.is_container() { categories } else { categories | of_group(self.group) }
    }
}

const fn of_group(group: Group) -> Categories {
    match group {
        Group::Generic => KEYSPACE,
        Group::String => STRING,
        Group::Hash => HASH,
        Group::Connection => CONNECTION,
        Group::Transactions => TRANSACTION,
        Group::Cache => CACHE,
        // Commands about publishing have the flag; those about the server have nothing in common.
        Group::Server | Group::PubSub => 0,
    }
}
