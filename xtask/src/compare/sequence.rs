//! What is sent: a sequence of steps over one or two connections.

use std::collections::BTreeSet;
use std::fmt;

use super::words::{escape, join};

/// Steps that are sent to both servers, beginning with empty databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence {
    /// Where it comes from.
    pub(super) title: String,
    pub(super) steps: Vec<Step>,
}

/// One thing that is sent, and the connection (0 or 1) over which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) connection: usize,
    pub(super) act: Act,
}

/// What is done in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// One command in its frame.
    Command(Vec<Vec<u8>>),
    /// Bytes as they are: commands that must go together, or that are no arrays.
    Bytes(Vec<u8>),
    /// Bytes, perhaps broken ones, after which nothing more is sent over the connection.
    Last(Vec<u8>),
    /// Nothing is sent for so many milliseconds.
    Wait(u64),
}

impl Sequence {
    /// Whether each of its steps is one of these commands.
    pub(super) fn has_only(&self, names: &BTreeSet<String>) -> bool {
        let named =
            |first: &Vec<u8>| names.contains(&String::from_utf8_lossy(first).to_ascii_uppercase());
        let known = |step: &Step| step.arguments().and_then(<[_]>::first).is_some_and(named);
        self.steps.iter().all(known)
    }
}

impl Step {
    /// A command over the first connection.
    #[cfg(test)]
    pub(super) fn command(arguments: Vec<Vec<u8>>) -> Self {
        Self { connection: 0, act: Act::Command(arguments) }
    }

    /// The arguments, if it is a command.
    pub(super) fn arguments(&self) -> Option<&[Vec<u8>]> {
        match &self.act {
            Act::Command(arguments) => Some(arguments),
            Act::Bytes(_) | Act::Last(_) | Act::Wait(_) => None,
        }
    }

    /// The bytes on the wire.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match &self.act {
            Act::Command(arguments) => frame(arguments),
            Act::Bytes(bytes) | Act::Last(bytes) => bytes.clone(),
            Act::Wait(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.connection > 0 {
            f.write_str("2: ")?;
        }
        match &self.act {
            Act::Command(arguments) => f.write_str(&join(arguments)),
            Act::Bytes(bytes) => write!(f, "raw \"{}\"", escape(bytes)),
            Act::Last(bytes) => write!(f, "last \"{}\"", escape(bytes)),
            Act::Wait(milliseconds) => write!(f, "wait {milliseconds}"),
        }
    }
}

/// A command as clients send it.
pub(super) fn frame(arguments: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        let argument = argument.as_ref();
        bytes.extend(format!("${}\r\n", argument.len()).into_bytes());
        bytes.extend(argument);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// Whether an argument is that word, in any case.
pub(super) fn is(arguments: &[Vec<u8>], place: usize, word: &str) -> bool {
    arguments.get(place).is_some_and(|argument| argument.eq_ignore_ascii_case(word.as_bytes()))
}

/// The name of a command in upper case, with that of its subcommand where it has one.
pub(super) fn name(arguments: &[Vec<u8>]) -> String {
    const CONTAINERS: [&str; 10] = [
        "ACL", "CLIENT", "COMMAND", "CONFIG", "DEBUG", "FUNCTION", "LATENCY", "MEMORY", "OBJECT",
        "PUBSUB",
    ];
    let upper = |place: usize| {
        let word = arguments.get(place).map_or(&[][..], Vec::as_slice);
        String::from_utf8_lossy(word).to_ascii_uppercase()
    };
    let first = upper(0);
    if first == "COMMAND" && arguments.len() == 2 && is(arguments, 1, "INFO") {
        return first; // They are the same.
    }
    match arguments.len() > 1 && CONTAINERS.contains(&first.as_str()) {
        true => format!("{first} {}", upper(1)),
        false => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(connection: usize, act: Act) -> Step {
        Step { connection, act }
    }

    #[test]
    fn commands_are_arrays_of_bulk_strings() {
        let set = Step::command(vec![b"SET".into(), vec![], vec![0, 255]]);
        assert_eq!(set.bytes(), b"*3\r\n$3\r\nSET\r\n$0\r\n\r\n$2\r\n\x00\xff\r\n");
    }

    #[test]
    fn steps_are_shown_as_scripts_have_them() {
        let get = Act::Command(vec![b"get".into(), b"a b".into()]);
        assert_eq!(step(0, get.clone()).to_string(), "get \"a b\"");
        assert_eq!(step(1, get).to_string(), "2: get \"a b\"");
        assert_eq!(step(0, Act::Bytes(b"*1\r\n".into())).to_string(), "raw \"*1\\r\\n\"");
        assert_eq!(step(0, Act::Wait(20)).to_string(), "wait 20");
    }

    #[test]
    fn a_subcommand_is_part_of_the_name() {
        assert_eq!(name(&[b"client".into(), b"id".into(), b"x".into()]), "CLIENT ID");
        assert_eq!(name(&[b"Get".into(), b"id".into()]), "GET");
        assert_eq!(name(&[b"command".into()]), "COMMAND");
    }
}
