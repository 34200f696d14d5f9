//! What is told of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::connection::{Answer, End};
use super::pair::{Difference, Outcome};
use super::sequence::Sequence;

/// The most of one reply that is shown.
const SHOWN_MAX: usize = 600;

/// What came of the sequences so far.
#[derive(Default)]
pub(super) struct Report {
    names: BTreeSet<String>,
    sequences: usize,
    commands: BTreeMap<String, Count>,
    /// How many differences there are of each class.
    findings: BTreeMap<String, usize>,
    passing: Vec<String>,
}

/// How often a command was answered.
#[derive(Default)]
struct Count {
    all: usize,
    errors: usize,
}

impl Report {
    /// A report that has a line for each of these commands that was sent.
    pub(super) fn new(names: BTreeSet<String>) -> Self {
        Self { names, ..Self::default() }
    }

    /// Counts a sequence.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.sequences += 1;
        for (name, is_error) in &outcome.answered {
            let count = match self.commands.get_mut(name) {
                Some(count) => count,
                None => self.commands.entry(name.clone()).or_default(),
            };
            count.all += 1;
            count.errors += usize::from(*is_error);
        }
    }

    /// Whether a difference is the first of its class, which is then worth shrinking.
    pub(super) fn is_new(&mut self, difference: &Difference) -> bool {
        let count = self.findings.entry(difference.class()).or_default();
        *count += 1;
        *count == 1
    }

    /// Tells of a difference that was not there when the sequence was played again.
    pub(super) fn passed(&mut self, sequence: &Sequence, difference: &Difference) {
        self.passing.push(describe(sequence, difference));
        self.findings.remove(&difference.class());
    }

    /// How many differences there are.
    pub(super) fn differences(&self) -> usize {
        self.findings.values().sum()
    }

    /// How many kinds of differences there are.
    pub(super) fn kinds(&self) -> usize {
        self.findings.len()
    }

    /// How many sequences there were, and what was different.
    pub(super) fn summary(&self) -> String {
        let mut text = String::new();
        for passing in &self.passing {
            let _ = writeln!(text, "seen once, and not again:\n{passing}");
        }
        let all: usize = self.commands.values().map(|count| count.all).sum();
        let _ = writeln!(
            text,
            "{} sequences, {all} commands, {} differences of {} kinds, {} seen once",
            self.sequences,
            self.differences(),
            self.findings.len(),
            self.passing.len()
        );
        for (class, count) in &self.findings {
            let _ = writeln!(text, "{count:8}  {class}");
        }
        text
    }

    /// Each command, how often it was answered, and how often not by an error.
    pub(super) fn table(&self) -> String {
        let mut text = format!("{:24} {:>10} {:>12}\n", "command", "answered", "no error");
        let mut line = |name: &str, count: &Count| {
            let _ = writeln!(text, "{name:24} {:10} {:12}", count.all, count.all - count.errors);
        };
        let mut others = Count::default();
        for (name, count) in &self.commands {
            match self.names.contains(name) || count.all > count.errors {
                true => line(name, count),
                false => others.add(count),
            }
        }
        line("(names that are none)", &others);
        text
    }
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.all += other.all;
        self.errors += other.errors;
    }
}

impl Difference {
    /// What it has in common with others that have the same cause, probably.
    pub(super) fn class(&self) -> String {
        let (redis, larder) = (class(&self.redis), class(&self.larder));
        let name = match redis.starts_with("-ERR unknown") || !known_letters(&self.name) {
            true => "any", // What is unknown may have any name.
            false => &self.name,
        };
        format!("{name}: {redis} / {larder}")
    }
}

fn known_letters(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -".contains(&byte))
}

/// An answer without what changes from one sequence to the next.
fn class(answer: &Answer) -> String {
    let end = match answer.end {
        End::Complete => "",
        End::Closed => " closed",
        End::Silent => " silent",
        End::Garbage => " garbage",
    };
    let last = answer.replies.last();
    let Some(reply) = last else { return format!("nothing{end}") };
    if !reply.is_error() {
        return format!("{}{end}", char::from(reply.kind()));
    }
    let text = String::from_utf8_lossy(reply.text().unwrap_or_default()).into_owned();
    let words: Vec<_> = text.split('\'').next().unwrap_or_default().split(' ').take(8).collect();
    format!("-{}{end}", words.join(" ").trim_end())
}

/// The steps up to a difference, as a script would have them, and both answers.
pub(super) fn describe(sequence: &Sequence, difference: &Difference) -> String {
    let mut text = format!("--- {}\n", sequence.title);
    for step in sequence.steps.iter().take(difference.step + 1) {
        let _ = writeln!(text, "    {}", cut(&step.to_string()));
    }
    for (name, answer) in [("redis", &difference.redis), ("larder", &difference.larder)] {
        let replies: Vec<_> = answer.replies.iter().map(ToString::to_string).collect();
        let end = match answer.end {
            End::Complete => String::new(),
            end => format!(" ({end:?})").to_lowercase(),
        };
        let _ = writeln!(text, "  {name:7}{}{end}", cut(&replies.join(" ")));
    }
    text
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::reply::Reply;
    use crate::compare::sequence::Step;

    fn difference(name: &str, larder: &str) -> Difference {
        let answer = |text: &str| Answer {
            replies: vec![Reply::Line(text.as_bytes()[0], text.as_bytes()[1..].into())],
            end: End::Complete,
        };
        Difference { step: 0, name: name.to_owned(), redis: answer(":1"), larder: answer(larder) }
    }

    fn sequence() -> Sequence {
        let step = Step::command(vec![b"GET".into(), b"a b".into()]);
        Sequence { title: "seed 1".to_owned(), steps: vec![step] }
    }

    #[test]
    fn differences_of_a_kind_are_told_once() {
        let mut report = Report::default();
        assert!(report.is_new(&difference("GET", "-ERR value 'a'")));
        assert!(!report.is_new(&difference("GET", "-ERR value 'b'")));
        assert!(report.is_new(&difference("SET", "-ERR value 'b'")));
        assert_eq!(report.differences(), 3);
        assert!(report.summary().contains("3 differences of 2 kinds"), "{}", report.summary());
    }

    #[test]
    fn names_that_are_none_do_not_make_kinds() {
        let classes = ["NO\0", "?"].map(|name| difference(name, ":2").class());
        assert_eq!(classes[0], classes[1]);
    }

    #[test]
    fn a_difference_is_told_with_its_commands() {
        let text = describe(&sequence(), &difference("GET", ":2"));
        assert_eq!(text, "--- seed 1\n    GET \"a b\"\n  redis  :1\n  larder :2\n");
    }

    #[test]
    fn commands_that_only_fail_are_seen() {
        let mut report = Report::default();
        let answered = vec![("GET".to_owned(), false), ("GET".to_owned(), true)];
        report.add(&Outcome { answered, difference: None });
        let text = report.table();
        let line: Vec<_> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(line, ["GET", "2", "1"]);
    }

    #[test]
    fn what_passes_is_told_but_not_counted() {
        let mut report = Report::default();
        let passing = difference("GET", ":2");
        assert!(report.is_new(&passing));
        report.passed(&sequence(), &passing);
        assert_eq!(report.differences(), 0);
        assert!(report.summary().contains("seen once, and not again"));
    }
}
