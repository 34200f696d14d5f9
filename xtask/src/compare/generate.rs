//! Sequences drawn from a seed.

use std::collections::BTreeSet;

use super::arguments::anything;
use super::grammar::{self, Command};
use super::rules::{self, Tolerance};
use super::script;
use super::sequence::{Act, Sequence, Step, frame, is};
use super::words::join;
use crate::random::Random;

/// How often a command is made a wrong one.
const WRONG: usize = 12;

/// What a sequence is about: groups of the grammar, each with its weight.
struct Theme {
    name: &'static str,
    weight: usize,
    /// How many connections take part.
    connections: usize,
    groups: &'static [(&'static str, usize)],
    /// What some of its sequences begin with.
    opening: &'static [&'static str],
}

const THEMES: &[Theme] = &[
    Theme {
        name: "strings",
        weight: 5,
        connections: 1,
        opening: &[],
        groups: &[("strings", 12), ("keys", 3), ("expiry", 3), ("hashes", 1)],
    },
    Theme {
        name: "hashes",
        weight: 4,
        connections: 1,
        opening: &[],
        groups: &[("hashes", 14), ("keys", 3), ("expiry", 1), ("strings", 1), ("connection", 1)],
    },
    Theme {
        name: "keys",
        weight: 4,
        connections: 1,
        opening: &[],
        groups: &[("keys", 8), ("expiry", 6), ("strings", 4), ("hashes", 3), ("databases", 2)],
    },
    Theme {
        name: "transactions",
        weight: 4,
        connections: 2,
        opening: &[],
        groups: &[
            ("transactions", 10),
            ("strings", 8),
            ("hashes", 4),
            ("keys", 3),
            ("expiry", 2),
            ("databases", 1),
            ("connection", 1),
            ("unknown", 1),
        ],
    },
    Theme {
        name: "pubsub",
        weight: 2,
        connections: 2,
        opening: &[],
        groups: &[("pubsub", 14), ("connection", 2), ("strings", 1)],
    },
    Theme {
        name: "tracking",
        weight: 2,
        connections: 2,
        opening: &["HELLO 3", "CLIENT TRACKING ON", "2: HELLO 3"],
        groups: &[("tracking", 6), ("strings", 8), ("hashes", 4), ("keys", 3), ("expiry", 1)],
    },
    Theme {
        name: "introspection",
        weight: 2,
        connections: 1,
        opening: &[],
        groups: &[("introspection", 14), ("connection", 3), ("strings", 2), ("unknown", 1)],
    },
    Theme {
        name: "acl",
        weight: 2,
        connections: 2,
        opening: &[
            "ACL SETUSER alice on >secret ~k* &* +@all",
            "ACL SETUSER bob on nopass ~* +@read +@acl",
            "2: AUTH alice secret",
        ],
        groups: &[("acl", 14), ("strings", 5), ("hashes", 2), ("keys", 1), ("transactions", 1)],
    },
    Theme {
        name: "everything",
        weight: 2,
        connections: 2,
        opening: &[],
        groups: &[
            ("strings", 6),
            ("hashes", 4),
            ("keys", 4),
            ("expiry", 2),
            ("databases", 1),
            ("transactions", 3),
            ("connection", 2),
            ("introspection", 2),
            ("unknown", 3),
        ],
    },
    Theme {
        name: "wire",
        weight: 3,
        connections: 1,
        opening: &[],
        groups: &[("strings", 1), ("hashes", 1)],
    },
];

/// Draws sequences.
pub(super) struct Generator {
    seed: u64,
    length: usize,
    commands: Vec<Command>,
    themes: Vec<&'static Theme>,
    /// Whether all commands of the grammar may be drawn.
    complete: bool,
}

impl Generator {
    /// A generator of sequences of up to `length` steps; of these commands only, if any are named.
    ///
    /// # Errors
    ///
    /// What is wrong with the grammar or the names.
    pub(super) fn new(seed: u64, length: usize, only: &BTreeSet<String>) -> Result<Self, String> {
        let mut commands = grammar::commands()?;
        let names: BTreeSet<_> = commands.iter().map(|command| command.name.to_owned()).collect();
        if let Some(name) = only.difference(&names).next() {
            return Err(format!("the grammar has no command {name}"));
        }
        commands.retain(|command| only.is_empty() || only.contains(command.name));
        let has = |group: &str| commands.iter().any(|command| command.group == group);
        let possible = |theme: &&Theme| theme.groups.iter().any(|(group, _)| has(group));
        let themes = THEMES.iter().filter(possible).collect();
        Ok(Self { seed, length, commands, themes, complete: only.is_empty() })
    }

    /// The names of all commands.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.commands.iter().map(Command::full_name).collect()
    }

    /// The sequence of that number.
    pub(super) fn sequence(&self, number: u64) -> Sequence {
        let mut random = Random::new(self.seed, number);
        let theme = *random.weighted(&self.themes, |theme| theme.weight);
        let title = format!("seed {}, sequence {number} ({})", self.seed, theme.name);
        let length = 1 + random.below(self.length);
        let steps = match theme.name {
            "wire" => self.wire_steps(theme, length, &mut random),
            _ => self.command_steps(theme, length, &mut random),
        };
        Sequence { title, steps }
    }

    fn command_steps(&self, theme: &Theme, length: usize, random: &mut Random) -> Vec<Step> {
        let mut connection = 0;
        let mut step = || {
            if random.once_in(4) {
                connection = random.below(theme.connections);
            }
            let mut arguments = self.command(theme, random);
            if random.once_in(WRONG) {
                spoil(&mut arguments, random);
            }
            Step { connection, act: Act::Command(arguments) }
        };
        let drawn: Vec<_> = (0..length).map(|_| step()).collect();
        let mut steps = if self.complete { opening(theme, random) } else { Vec::new() };
        steps.extend(drawn);
        steps.truncate(length);
        leave_out_strangers(&mut steps);
        steps
    }

    /// Several commands in the bytes of one step: inline, whole, or broken.
    fn wire_steps(&self, theme: &Theme, length: usize, random: &mut Random) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut left = length;
        while left > 0 {
            let count = 1 + random.below(left.min(5));
            left -= count;
            let mut bytes = Vec::new();
            for _ in 0..count {
                let arguments = self.command(theme, random);
                match random.once_in(3) {
                    true => bytes.extend(format!("{}\r\n", join(&arguments)).into_bytes()),
                    false => bytes.extend(frame(&arguments)),
                }
            }
            if random.once_in(2) {
                break_bytes(&mut bytes, random);
            }
            steps.push(Step { connection: 0, act: Act::Last(bytes) });
        }
        steps
    }

    /// A command of the theme. Replies on the wire are compared as they are, so commands whose
    /// replies may differ are not drawn for it.
    fn command(&self, theme: &Theme, random: &mut Random) -> Vec<Vec<u8>> {
        let weight = |command: &&Command| {
            let group = theme.groups.iter().find(|(group, _)| *group == command.group);
            group.map_or(0, |(_, weight)| *weight) * command.weight
        };
        let commands: Vec<_> = self.commands.iter().filter(|command| weight(command) > 0).collect();
        loop {
            let arguments = random.weighted(&commands, weight).draw(random);
            if theme.name != "wire" || rules::find(&arguments).next().is_none() {
                return arguments;
            }
        }
    }
}

/// What a sequence begins with: RESP3 now and then, and what its theme needs.
fn opening(theme: &Theme, random: &mut Random) -> Vec<Step> {
    let step = |line: &&str| script::step(line).expect("an opening is written as scripts are");
    let protocol: &[&str] = if random.once_in(4) { &["HELLO 3"] } else { &[] };
    let needed = if random.once_in(2) { theme.opening } else { &[] };
    protocol.iter().chain(needed).map(step).collect()
}

/// Leaves out what only larder has where there is a transaction: Redis would discard it.
fn leave_out_strangers(steps: &mut Vec<Step>) {
    let of = |step: &Step, judge: &dyn Fn(&[Vec<u8>]) -> bool| step.arguments().is_some_and(judge);
    let is_strange = |arguments: &[Vec<u8>]| {
        rules::find(arguments).any(|rule| rule.tolerance == Tolerance::Anything)
    };
    if steps.iter().any(|step| of(step, &|arguments| is(arguments, 0, "MULTI"))) {
        steps.retain(|step| !of(step, &is_strange));
    }
}

/// Makes a command a wrong one, in most cases.
fn spoil(arguments: &mut Vec<Vec<u8>>, random: &mut Random) {
    let place = random.below(arguments.len());
    match random.below(6) {
        0 => arguments[0] = arguments[0].to_ascii_lowercase(),
        1 if place > 0 => drop(arguments.remove(place)),
        2 => arguments.push(anything(random)),
        3 => arguments.truncate(place.max(1)),
        4 if place > 0 => arguments[place] = anything(random),
        _ => arguments.insert(place + 1, anything(random)),
    }
}

/// Changes some of the bytes.
fn break_bytes(bytes: &mut Vec<u8>, random: &mut Random) {
    const PIECES: &[&[u8]] = &[
        b"*",
        b"$",
        b"\r\n",
        b"\n",
        b"-1",
        b"0",
        b"9",
        b"99999999999",
        b"*-1\r\n",
        b"*0\r\n",
        b"$-1\r\n",
        b"\"",
        b"'",
        b"a",
        b" ",
        b"\0",
        b"$536870913\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"-",
    ];
    for _ in 0..=random.below(3) {
        let place = random.below(bytes.len() + 1);
        match random.below(4) {
            0 => bytes.truncate(place),
            1 if place < bytes.len() => drop(bytes.remove(place)),
            _ => drop(bytes.splice(place..place, random.pick(PIECES).iter().copied())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(only: &[&str]) -> Generator {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        Generator::new(1, 20, &only).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_sequences() {
        for number in 0..100 {
            let sequence = generator(&[]).sequence(number);
            assert_eq!(sequence, generator(&[]).sequence(number));
            assert!((1..=20).contains(&sequence.steps.len()));
        }
    }

    #[test]
    fn every_theme_names_groups_of_the_grammar() {
        let commands = grammar::commands().unwrap();
        for (group, _) in THEMES.iter().flat_map(|theme| theme.groups) {
            assert!(commands.iter().any(|command| command.group == *group), "{group}");
        }
    }

    #[test]
    fn every_opening_can_be_read() {
        let mut random = Random::new(1, 0);
        let mut longest = 0;
        for _ in 0..100 {
            longest = THEMES
                .iter()
                .map(|theme| opening(theme, &mut random).len())
                .fold(longest, usize::max);
        }
        assert_eq!(longest, 4);
    }

    #[test]
    fn what_only_larder_has_is_in_no_transaction() {
        let step = |line: &str| script::step(line).unwrap();
        let mut steps = vec![step("CLIENT SETINFO LIB-VER 1"), step("GET a")];
        leave_out_strangers(&mut steps);
        assert_eq!(steps.len(), 2);
        steps.push(step("multi"));
        leave_out_strangers(&mut steps);
        assert_eq!(steps, [step("GET a"), step("multi")]);
    }

    #[test]
    fn commands_can_be_chosen() {
        let generator = generator(&["GET", "DBSIZE"]);
        for number in 0..100 {
            for step in generator.sequence(number).steps {
                let name = step.arguments().map(|arguments| arguments[0].to_ascii_uppercase());
                assert!(name.is_none_or(|name| name == b"GET" || name == b"DBSIZE"));
            }
        }
    }

    #[test]
    fn a_command_that_there_is_not_cannot_be_chosen() {
        assert!(Generator::new(1, 20, &["NONE".to_owned()].into()).is_err());
    }
}
