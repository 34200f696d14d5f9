//! The table of commands. A new command is a file beside this one and a row in the
//! file of its group.

mod acl;
mod cache;
mod connection;
mod generic;
mod hash;
mod pubsub;
mod server;
mod string;
mod transactions;

use crate::command::access::Access;
use crate::command::flag::{FAST, LOADING, NOSCRIPT, STALE};
use crate::command::meaning::Meaning;
use crate::command::{Command, Group, Keys, Run};

const NONE: Keys = Keys::None;
/// The first argument.
const ONE: Keys = Keys::Range { first: 1, last: 1, step: 1 };
/// The second argument, which the name of a subcommand is before.
const SECOND: Keys = Keys::Range { first: 2, last: 2, step: 1 };
/// The first two arguments.
const TWO: Keys = Keys::Range { first: 1, last: 2, step: 1 };
/// Every argument.
const ALL: Keys = Keys::Range { first: 1, last: -1, step: 1 };
/// Every other argument.
const PAIRS: Keys = Keys::Range { first: 1, last: -1, step: 2 };

/// At any time, by anyone.
const ALWAYS: u32 = LOADING | STALE | FAST;
/// About the connection only.
const SELF: u32 = NOSCRIPT | LOADING | STALE;

const GROUPS: [&[Command]; 9] = [
    string::ROWS,
    generic::ROWS,
    hash::ROWS,
    connection::ROWS,
    pubsub::ROWS,
    transactions::ROWS,
    server::ROWS,
    acl::ROWS,
    cache::ROWS,
];

/// Every command there is.
pub(crate) static TABLE: [Command; COUNT] = joined();

const COUNT: usize = {
    let (mut count, mut group) = (0, 0);
    while group < GROUPS.len() {
        count += GROUPS[group].len();
        group += 1;
    }
    count
};

const fn joined() -> [Command; COUNT] {
    let mut table = [GROUPS[0][0]; COUNT];
    let (mut place, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].len() {
            table[place] = GROUPS[group][row];
            place += 1;
            row += 1;
        }
        group += 1;
    }
    table
}

const fn row(
    name: &'static str,
    arity: i32,
    flags: u32,
    keys: Keys,
    group: Group,
    since: &'static str,
    run: Run,
) -> Command {
    Command {
        name,
        arity,
        flags,
        keys,
        accesses: [0; 2],
        access_notes: "",
        group,
        since,
        complexity: "",
        summary: "",
        tips: &[],
        meaning: Meaning::NoKeys,
        note: "",
        run,
        subcommands: &[],
    }
}

impl Command {
    const fn about(self, complexity: &'static str, summary: &'static str) -> Self {
        Self { complexity, summary, ..self }
    }

    const fn over(self, subcommands: &'static [Command]) -> Self {
        Self { subcommands, ..self }
    }

    /// What it does with its keys; see [`access`](crate::command::access).
    const fn uses(self, access: Access) -> Self {
        self.uses_two(access, access)
    }

    /// What it does with its first key, and with its second.
    const fn uses_two(self, first: Access, second: Access) -> Self {
        Self { accesses: [first, second], ..self }
    }

    /// Why it uses its keys as it does.
    const fn uses_because(self, access_notes: &'static str) -> Self {
        Self { access_notes, ..self }
    }

    const fn tips(self, tips: &'static [&'static str]) -> Self {
        Self { tips, ..self }
    }

    const fn means(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }

    /// What else there is to say of it in the documentation.
    const fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::flag::WRITE;

    #[test]
    fn reads_write_nothing() {
        for command in TABLE.iter().filter(|command| command.is_read()) {
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
