//! The grammar of commands, from which they are drawn.
//!
//! `grammar.txt` has a line for each command:
//!
//! ```text
//! == strings
//! 8 SET key value [ NX | XX ] [ GET ] [ EX seconds | PX milliseconds ]
//! DEL key ...
//! ```
//!
//! A number at the beginning says how often a command is drawn in comparison to the others of its
//! group. Words of small letters are kinds of arguments (`arguments.rs`), `[ a | b ]` is optional,
//! `( a | b )` is a choice, and `...` after a part repeats it. Anything else stands for itself.

use super::arguments::{Draw, kind};
use super::sequence::name;
use crate::random::Random;

const TEXT: &str = include_str!("grammar.txt");

/// The most repetitions of a part.
const REPETITIONS_MAX: usize = 4;

/// A command of the grammar.
pub(super) struct Command {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) weight: usize,
    pattern: Vec<Part>,
}

enum Part {
    Word(&'static str),
    Argument(Draw),
    Choice { among: Vec<Vec<Part>>, optional: bool },
    Repeated(Box<Part>),
}

/// Every command.
///
/// # Errors
///
/// What is wrong with a line of the grammar.
pub(super) fn commands() -> Result<Vec<Command>, String> {
    let (mut group, mut commands) = ("", Vec::new());
    for line in TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("== ") {
            Some(name) => group = name,
            None => commands.push(command(group, line).map_err(|why| format!("{why}: {line}"))?),
        }
    }
    Ok(commands)
}

fn command(group: &'static str, line: &'static str) -> Result<Command, String> {
    let mut words = Words(line.split_ascii_whitespace().collect());
    let weight = words.0.first().and_then(|word| word.parse().ok());
    if weight.is_some() {
        words.0.remove(0);
    }
    let name = *words.0.first().ok_or("a line without a command")?;
    let pattern = words.sequence()?;
    match words.0.is_empty() {
        true => Ok(Command { group, name, weight: weight.unwrap_or(1), pattern }),
        false => Err("brackets do not match".to_owned()),
    }
}

/// The words of a line that are still to be read.
struct Words(Vec<&'static str>);

impl Words {
    fn sequence(&mut self) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        while let Some(&word) = self.0.first() {
            if matches!(word, "|" | "]" | ")") {
                break;
            }
            self.0.remove(0);
            let part = match word {
                "[" => Part::Choice { among: self.choice("]")?, optional: true },
                "(" => Part::Choice { among: self.choice(")")?, optional: false },
                "..." => Part::Repeated(Box::new(parts.pop().ok_or("nothing to repeat")?)),
                word => self::word(word)?,
            };
            parts.push(part);
        }
        Ok(parts)
    }

    fn choice(&mut self, close: &str) -> Result<Vec<Vec<Part>>, String> {
        let mut among = Vec::new();
        loop {
            among.push(self.sequence()?);
            match self.0.is_empty().then_some("").or(self.0.first().copied()) {
                Some("|") => self.0.remove(0),
                Some(word) if word == close => {
                    self.0.remove(0);
                    return Ok(among);
                }
                _ => return Err("brackets do not match".to_owned()),
            };
        }
    }
}

fn word(word: &'static str) -> Result<Part, String> {
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Ok(Part::Word(word.strip_prefix('\'').unwrap_or(word)));
    }
    kind(word).map(Part::Argument).ok_or_else(|| format!("there is no kind {word}"))
}

impl Command {
    /// Its name, with that of its subcommand where the grammar fixes that.
    pub(super) fn full_name(&self) -> String {
        let words = self.pattern.iter().map_while(|part| match part {
            Part::Word(word) => Some(word.as_bytes().to_vec()),
            _ => None,
        });
        name(&words.collect::<Vec<_>>())
    }

    /// One such command.
    pub(super) fn draw(&self, random: &mut Random) -> Vec<Vec<u8>> {
        let mut arguments = Vec::new();
        draw_all(&self.pattern, random, &mut arguments);
        arguments
    }
}

fn draw_all(parts: &[Part], random: &mut Random, arguments: &mut Vec<Vec<u8>>) {
    for part in parts {
        part.draw(random, arguments);
    }
}

impl Part {
    fn draw(&self, random: &mut Random, arguments: &mut Vec<Vec<u8>>) {
        match self {
            Self::Word(word) => arguments.push(word.as_bytes().to_vec()),
            Self::Argument(draw) => arguments.push(draw(random)),
            Self::Choice { optional: true, .. } if random.once_in(2) => {}
            Self::Choice { among, .. } => {
                let parts: &Vec<Part> = random.pick(among);
                draw_all(parts, random, arguments);
            }
            Self::Repeated(part) => {
                for _ in 0..=random.below(REPETITIONS_MAX) {
                    part.draw(random, arguments);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &'static str) -> Vec<String> {
        let command = command("group", line).unwrap();
        let mut random = Random::new(1, 1);
        let mut drawn: Vec<_> = (0..200)
            .map(|_| String::from_utf8(command.draw(&mut random).join(&b' ')).unwrap())
            .collect();
        drawn.sort();
        drawn.dedup();
        drawn
    }

    #[test]
    fn the_grammar_can_be_read() {
        let commands = commands().unwrap();
        assert!(commands.len() > 100, "{}", commands.len());
        assert!(commands.iter().all(|command| command.weight > 0));
    }

    #[test]
    fn options_choices_and_repetitions() {
        assert_eq!(drawn("A [ B | C D ]"), ["A", "A B", "A C D"]);
        assert_eq!(drawn("A ( 'b | C )"), ["A C", "A b"]);
        assert_eq!(drawn("9 A B ..."), ["A B", "A B B", "A B B B", "A B B B B"]);
        assert_eq!(drawn("A ( B [ C ] )"), ["A B", "A B C"]);
    }

    #[test]
    fn a_broken_line_is_refused() {
        for line in ["", "7", "A [ B", "A B ]", "A ( B ]", "...", "A nosuchkind"] {
            assert!(command("group", line).is_err(), "{line}");
        }
    }
}
