//! Commands about transactions.

use crate::command::access::RO;
use crate::command::flag::{ALLOW_BUSY, FAST, ISOLATED, LOADING, NOSCRIPT, SKIP_SLOWLOG, STALE};
use crate::command::meaning::Meaning;
use crate::command::table::{ALL, NONE, row};
use crate::command::{Command, Group, transaction};

const STEP: u32 = NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY;

#[rustfmt::skip]
pub(super) const ROWS: &[Command] = &[
    row("multi", 1, STEP, NONE, Group::Transactions, "1.2.0", transaction::begin)
        .about("O(1)", "Begins a transaction: what follows is queued."),
    row("exec", 1, NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG | ISOLATED, NONE, Group::Transactions, "1.2.0", transaction::execute)
        .about("Depends on the commands that are queued.", "Runs what is queued, unless a watched key has changed."),
    row("discard", 1, STEP, NONE, Group::Transactions, "2.0.0", transaction::discard)
        .about("O(N) with the number of queued commands", "Forgets what is queued."),
    row("watch", -2, STEP, ALL, Group::Transactions, "2.2.0", transaction::watch)
        .about("O(1) for each key", "Watches keys: EXEC runs nothing if one of them changes before it.")
        .means(Meaning::Cached)
        .uses(RO),
    row("unwatch", 1, STEP, NONE, Group::Transactions, "2.2.0", transaction::unwatch)
        .about("O(N) with the number of watched keys", "Watches no key any more."),
];
