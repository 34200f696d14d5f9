//! How often commands ran and what they failed of (`INFO commandstats`, `INFO errorstats`).

use std::collections::BTreeMap;
use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::command::{Command, TABLE};
use crate::error::Error;

/// What is counted of all commands, since the start or since `CONFIG RESETSTAT`.
pub struct Counts {
    /// By the address of the command: every reference to one leads to the same row.
    commands: Box<[Counter]>,
    errors: Mutex<BTreeMap<&'static str, u64>>,
}

/// What is counted of one command.
struct Counter {
    command: &'static Command,
    calls: AtomicU64,
    failed: AtomicU64,
    rejected: AtomicU64,
}

/// What has been counted of one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandCount {
    /// Its name; a subcommand's after its parent's and a bar.
    pub name: &'static str,
    /// How often it ran.
    pub calls: u64,
    /// How often it ran and answered an error.
    pub failed: u64,
    /// How often it was refused before it ran.
    pub rejected: u64,
}

impl Default for Counts {
    fn default() -> Self {
        let subcommands = TABLE.iter().flat_map(|command| command.subcommands);
        let mut commands: Vec<Counter> = TABLE.iter().chain(subcommands).map(Counter::of).collect();
        commands.sort_unstable_by_key(|counter| ptr::from_ref(counter.command).addr());
        Self { commands: commands.into(), errors: Mutex::default() }
    }
}

impl Counts {
    /// A command has run, or has begun to.
    pub(crate) fn ran(&self, command: &Command) {
        self.count(command, |counter| &counter.calls);
    }

    /// One that has run answers an error.
    pub(crate) fn failed(&self, command: &Command, error: &Error) {
        self.count(command, |counter| &counter.failed);
        self.answered(error);
    }

    /// One is refused before it runs.
    pub(crate) fn rejected(&self, command: &Command, error: &Error) {
        self.count(command, |counter| &counter.rejected);
        self.answered(error);
    }

    /// An error is answered to what may be no command at all.
    pub(crate) fn answered(&self, error: &Error) {
        *self.errors.lock().entry(error.code).or_default() += 1;
    }

    /// Begins anew.
    pub fn reset(&self) {
        self.errors.lock().clear();
        for counter in &self.commands {
            for count in [&counter.calls, &counter.failed, &counter.rejected] {
                count.store(0, Ordering::Relaxed);
            }
        }
    }

    /// The commands that were sent, by name.
    pub fn commands(&self) -> Vec<CommandCount> {
        let mut counts: Vec<CommandCount> = self.commands.iter().map(Counter::read).collect();
        counts.retain(|count| count.calls + count.rejected > 0);
        counts.sort_unstable_by_key(|count| count.name);
        counts
    }

    /// The first words of the errors that were answered, and how often each was.
    pub fn errors(&self) -> Vec<(&'static str, u64)> {
        self.errors.lock().iter().map(|(code, count)| (*code, *count)).collect()
    }

    fn count(&self, command: &Command, count: fn(&Counter) -> &AtomicU64) {
        let address = |counter: &Counter| ptr::from_ref(counter.command).addr();
        let wanted = ptr::from_ref(command).addr();
        if let Ok(place) = self.commands.binary_search_by_key(&wanted, address) {
            count(&self.commands[place]).fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counts")
            .field("commands", &self.commands())
            .field("errors", &self.errors())
            .finish()
    }
}

impl Counter {
    fn of(command: &'static Command) -> Self {
        let zero = AtomicU64::default;
        Self { command, calls: zero(), failed: zero(), rejected: zero() }
    }

    fn read(&self) -> CommandCount {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        CommandCount {
            name: self.command.name,
            calls: read(&self.calls),
            failed: read(&self.failed),
            rejected: read(&self.rejected),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> &'static Command {
        let subcommands = TABLE.iter().flat_map(|command| command.subcommands);
        TABLE.iter().chain(subcommands).find(|command| command.name == name).unwrap()
    }

    #[test]
    fn each_command_has_counts_of_its_own() {
        let counts = Counts::default();
        let (get, sub) = (named("get"), named("config|get"));
        counts.ran(get);
        counts.ran(get);
        counts.failed(get, &Error::wrong_type());
        counts.rejected(sub, &Error::arity("config|get"));
        let expected = [
            CommandCount { name: "config|get", calls: 0, failed: 0, rejected: 1 },
            CommandCount { name: "get", calls: 2, failed: 1, rejected: 0 },
        ];
        assert_eq!(counts.commands(), expected);
        assert_eq!(counts.errors(), [("ERR", 1), ("WRONGTYPE", 1)]);
    }

    #[test]
    fn a_reset_forgets_all() {
        let counts = Counts::default();
        counts.ran(named("get"));
        counts.answered(&Error::syntax());
        counts.reset();
        assert!(counts.commands().is_empty() && counts.errors().is_empty());
    }
}
