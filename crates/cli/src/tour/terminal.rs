//! Stories as sequence diagrams in a terminal.
//!
//! ```text
//!     App                 Cache              Database
//!      │                    │                    │
//! ── 1. A miss ────────────────────────────────────────────────
//!      │─ get LSZH ────────▶│                    │        0 µs
//!      │                    │─ load LSZH ───────▶│       21 µs
//! ```

use std::fmt::{self, Write};

use larder::trace::{Message, Participant};

use super::story::{Direction, Finding, Step, Story, direction, label};

/// Columns between two lifelines when there are as many as there can be.
const GAP_MIN: usize = 20;

/// Columns between two lifelines when there are few.
const GAP_MAX: usize = 28;

/// Columns from the first lifeline to the last.
const SPAN: usize = 4 * GAP_MIN;

/// The column of the first lifeline.
const MARGIN: usize = 5;

/// Columns for the time at the right.
const TIME: usize = 10;

/// How text is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// Not at all.
    Plain,
    /// By the terminal's own bold and faint letters.
    Ansi,
}

impl Paint {
    /// What fits the output; the user can ask for [none](https://no-color.org).
    pub(super) fn fitting(is_terminal: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if is_terminal && !unwanted { Paint::Ansi } else { Paint::Plain }
    }

    fn bold(self, text: &str) -> String {
        self.dress("1", text)
    }

    fn faint(self, text: &str) -> String {
        self.dress("2", text)
    }

    fn dress(self, code: &str, text: &str) -> String {
        match self {
            Paint::Plain => text.to_owned(),
            Paint::Ansi => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// The story as lines of at most 100 columns, with microseconds since the begin of each step.
pub(super) fn draw(story: &Story, paint: Paint) -> String {
    let mut text = String::new();
    // Writing to a string never fails.
    Page::new(story, paint).write(&mut text, story).ok();
    text
}

struct Page {
    cast: Vec<Participant>,
    gap: usize,
    paint: Paint,
}

impl Page {
    fn new(story: &Story, paint: Paint) -> Self {
        let cast = story.cast();
        let gap = (SPAN / cast.len().saturating_sub(1).max(1)).clamp(GAP_MIN, GAP_MAX);
        Self { cast, gap, paint }
    }

    fn write(&self, text: &mut String, story: &Story) -> fmt::Result {
        writeln!(text, "{}", self.paint.bold(&format!("{}: {}", story.name, story.promise)))?;
        let mut names = Row::blank(self.width());
        for (part, x) in self.lifelines() {
            names.centre(x, part.name());
        }
        writeln!(text, "\n{}", names.text())?;
        for (step, number) in story.steps.iter().zip(1..) {
            self.write_step(text, step, number)?;
        }
        Ok(())
    }

    fn write_step(&self, text: &mut String, step: &Step, number: usize) -> fmt::Result {
        writeln!(text, "{}", self.row().text())?;
        let title = format!("── {number}. {} ", step.title);
        let rule = format!("{title:─<width$}", width = self.width() + TIME);
        writeln!(text, "{}", self.paint.bold(&rule))?;
        let begin = step.messages.first().map(|message| message.at).unwrap_or_default();
        for message in &step.messages {
            let micros = message.at.saturating_sub(begin).as_micros();
            self.write_message(text, message, micros)?;
        }
        for finding in &step.findings {
            writeln!(text, "{}", self.finding(finding).text())?;
        }
        Ok(())
    }

    /// The rows of a message, the time at the last.
    fn write_message(&self, text: &mut String, message: &Message, micros: u128) -> fmt::Result {
        let (from, to) = (self.lifeline(message.from), self.lifeline(message.to));
        let mut rows = match direction(message) {
            Direction::Within => self.circle(from, &label(message)),
            Direction::Ahead => self.arrow(from, to, &label(message), Shaft::AHEAD),
            Direction::Back => self.arrow(from, to, &label(message), Shaft::BACK),
        };
        let last = rows.pop();
        for row in rows {
            writeln!(text, "{}", row.text())?;
        }
        let drawn = last.map(|row| row.padded()).unwrap_or_default();
        let time = format!("{:>TIME$}", format!("{micros} µs"));
        writeln!(text, "{drawn}{}", self.paint.faint(&time))
    }

    /// An arrow with its label in it, or above it where it is longer than the way to the next
    /// lifeline.
    fn arrow(&self, from: usize, to: usize, label: &str, shaft: Shaft) -> Vec<Row> {
        let mut arrow = self.row();
        let (left, right) = (from.min(to), from.max(to));
        arrow.fill(left + 1..right, shaft.line);
        for (_, x) in self.lifelines().filter(|(_, x)| (left + 1..right).contains(x)) {
            arrow.put(x, "┼");
        }
        arrow.put(if to > from { to - 1 } else { to + 1 }, shaft.head);
        let length = label.chars().count();
        if length + 6 <= self.gap {
            let x = if to > from { from + 2 } else { from - 3 - length };
            arrow.put(x, &format!(" {label} "));
            return vec![arrow];
        }
        let room = self.gap - 3;
        let x = if to > from { from + 2 } else { from + 2 - self.gap };
        let mut rows: Vec<Row> = wrap(label, room).iter().map(|line| self.said(x, line)).collect();
        rows.push(arrow);
        rows
    }

    /// A loop beside a lifeline, with its label.
    fn circle(&self, x: usize, label: &str) -> Vec<Row> {
        let mut lines = wrap(label, self.gap - 6);
        lines.resize(lines.len().max(2), String::new());
        let last = lines.len() - 1;
        let line = |(at, line): (usize, &String)| {
            let mut row = self.said(x + 5, line);
            row.put(
                x + 1,
                if at == 0 {
                    "──╮"
                } else if at == last {
                    "◀─╯"
                } else {
                    "  │"
                },
            );
            row
        };
        lines.iter().enumerate().map(line).collect()
    }

    fn finding(&self, finding: &Finding) -> Row {
        let note = format!("[ {} {} ]", finding.about, finding.text);
        let x = self.lifeline(finding.about);
        let mut row = self.row();
        let end = self.width().saturating_sub(note.chars().count());
        row.put(x.saturating_sub(note.chars().count() / 2).min(end), &note);
        row
    }

    fn said(&self, x: usize, text: &str) -> Row {
        let mut row = self.row();
        row.put(x, text);
        row
    }

    /// A row with nothing but the lifelines.
    fn row(&self) -> Row {
        let mut row = Row::blank(self.width());
        for (_, x) in self.lifelines() {
            row.put(x, "│");
        }
        row
    }

    fn lifelines(&self) -> impl Iterator<Item = (Participant, usize)> {
        let columns = (0..).map(|at| MARGIN + at * self.gap);
        self.cast.iter().copied().zip(columns)
    }

    fn lifeline(&self, part: Participant) -> usize {
        self.lifelines().find(|(other, _)| *other == part).map_or(MARGIN, |(_, x)| x)
    }

    fn width(&self) -> usize {
        MARGIN + self.gap * self.cast.len().saturating_sub(1) + "Database".len() / 2 + 1
    }
}

/// What an arrow is made of.
#[derive(Clone, Copy)]
struct Shaft {
    line: char,
    head: &'static str,
}

impl Shaft {
    const AHEAD: Shaft = Shaft { line: '─', head: "▶" };
    const BACK: Shaft = Shaft { line: '╌', head: "◀" };
}

/// A row of the picture.
struct Row(Vec<char>);

impl Row {
    fn blank(width: usize) -> Self {
        Self(vec![' '; width])
    }

    /// Puts text where it belongs; what would stand outside is left out.
    fn put(&mut self, x: usize, text: &str) {
        for (cell, letter) in self.0.iter_mut().skip(x).zip(text.chars()) {
            *cell = letter;
        }
    }

    fn fill(&mut self, columns: std::ops::Range<usize>, letter: char) {
        let width = self.0.len();
        self.0[columns.start.min(width)..columns.end.min(width)].fill(letter);
    }

    fn centre(&mut self, x: usize, text: &str) {
        self.put(x.saturating_sub(text.chars().count() / 2), text);
    }

    fn padded(&self) -> String {
        self.0.iter().collect()
    }

    fn text(&self) -> String {
        self.padded().trim_end().to_owned()
    }
}

/// `text` in lines of at most `width` columns, broken between words where it can be.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_label_is_broken_between_words() {
        assert_eq!(wrap("write 2 rows LSGG LSZB", 12), ["write 2 rows", "LSGG LSZB"]);
        assert_eq!(wrap("unbreakable ly", 4), ["unbreakable", "ly"]);
    }

    #[test]
    fn letters_are_dressed_only_for_a_terminal() {
        assert_eq!(Paint::Plain.bold("a"), "a");
        assert_eq!(Paint::Ansi.bold("a"), "\x1b[1ma\x1b[0m");
    }
}
