//! What a run came to: one value, shown on a terminal, as a self-contained page, as JSON, and as Markdown.
//!
//! A run fills a [`Report`] and calls [`Report::publish`]; it formats nothing itself. JSON holds all of
//! a report, so that a page can be made again without measuring again.

mod file;
mod markdown;
mod page;
mod plot;
mod publish;
mod terminal;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use crate::measure::machine::Machine;
use crate::measure::number::grouped;
pub use crate::measure::spread::Spread;
pub use publish::{Saved, prepare};

/// What a run came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// What was measured.
    pub title: String,
    /// The command that makes this report again.
    pub command: String,
    /// What the figures were made on.
    pub machine: Machine,
    /// When the run began, in seconds since 1970.
    pub began_unix: u64,
    /// How long it took, in seconds.
    pub lasted_seconds: f64,
    /// What is shown, in order.
    pub parts: Vec<Part>,
}

/// A piece of a report.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Begins a section.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Figures in rows.
    Table(Table),
    /// Figures as a picture.
    Plot(Plot),
    /// What is claimed, and what was found.
    Claims(Vec<Claim>),
}

/// Figures in rows. Each row has as many cells as there are columns.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Table {
    /// What the rows are about.
    pub title: String,
    /// The heads of the columns, with units.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// What stands in a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Words.
    Text(String),
    /// What was measured in several rounds, with so many decimals. On a page and in the terminal it
    /// shows the median and, smaller, the spread.
    Measured(Spread, usize),
    /// Was not measured, with the reason in a word or two.
    Absent(String),
}

/// Lines or bars over an axis.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plot {
    /// What is seen.
    pub title: String,
    /// The axis to the right.
    pub x: Axis,
    /// The axis upwards.
    pub y: Axis,
    /// What is drawn, each in a colour of its own, with a legend.
    pub series: Vec<Series>,
}

/// An axis of a plot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Axis {
    /// What it measures, with the unit.
    pub name: String,
    /// How it is divided.
    pub scale: Scale,
}

/// How an axis is divided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// From zero in equal steps.
    Linear,
    /// In powers of ten; everything on it is above zero.
    Logarithmic,
    /// By name: a point's `x` is the index of a name. Drawn as groups of bars.
    Names(Vec<String>),
}

/// One line of a plot, or one colour of its bars.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// From left to right.
    pub points: Vec<Point>,
}

/// A point of a series, with the spread of its rounds drawn as a whisker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// How much.
    pub y: Spread,
}

/// Something that is said of a subject, and what the figures say of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    /// What is claimed, in a sentence.
    pub claim: String,
    /// The figures that bear on it, in a sentence.
    pub figures: String,
    /// What follows.
    pub verdict: Verdict,
}

/// What the figures say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The figures bear it out.
    Holds,
    /// The figures contradict it.
    DoesNotHold,
    /// This machine, or this run, cannot tell.
    NotOnThisMachine,
}

impl Cell {
    /// What matters of it.
    fn main(&self) -> Cow<'_, str> {
        match self {
            Self::Text(words) | Self::Absent(words) => words.into(),
            Self::Measured(spread, decimals) => grouped(spread.median(), *decimals).into(),
        }
    }

    /// The spread, to be shown smaller; a single round has none.
    fn note(&self) -> Option<String> {
        let Self::Measured(spread, decimals) = self else { return None };
        let shown = |figure| grouped(figure, *decimals);
        let several = spread.rounds().len() > 1;
        several.then(|| format!("{}–{}", shown(spread.least()), shown(spread.most())))
    }
}

impl Table {
    /// How many columns, from the left, say what a row is about.
    fn leading(&self) -> usize {
        let is_text = |column: &usize| {
            self.rows.iter().all(|row| matches!(row.get(*column), Some(Cell::Text(_))))
        };
        (0..self.columns.len()).take_while(is_text).count()
    }

    /// Whether a column has figures, which are set to the right.
    fn is_of_figures(&self, column: usize) -> bool {
        self.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Measured(..))))
    }
}

impl Verdict {
    const ALL: [Self; 3] = [Self::Holds, Self::DoesNotHold, Self::NotOnThisMachine];

    /// How many claims came out how, in words.
    fn summary(claims: &[Claim]) -> String {
        let count = |verdict| claims.iter().filter(|claim| claim.verdict == verdict).count();
        let counts = Self::ALL.map(|verdict| (count(verdict), verdict));
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts = counts.map(|(count, verdict)| format!("{verdict}: {count}"));
        counts.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::NotOnThisMachine => "not on this machine",
        })
    }
}

/// A time in seconds since 1970, as people in any zone can read it.
fn moment(unix: u64) -> String {
    let time =
        i64::try_from(unix).ok().and_then(|unix| OffsetDateTime::from_unix_timestamp(unix).ok());
    let Some(time) = time else { return format!("{unix} s after 1970") };
    let (day, month, year) = (time.day(), time.month(), time.year());
    format!("{day} {month} {year}, {:02}:{:02} UTC", time.hour(), time.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_universal_time() {
        assert_eq!(moment(0), "1 January 1970, 00:00 UTC");
        assert_eq!(moment(1_709_210_340), "29 February 2024, 12:39 UTC");
        assert_eq!(moment(u64::MAX), "18446744073709551615 s after 1970");
    }

    #[test]
    fn columns_lead_until_the_first_that_has_figures() {
        let measured = || Cell::Measured(Spread::of([1.0]).unwrap(), 0);
        let text = |words: &str| Cell::Text(words.to_owned());
        let rows = vec![
            vec![text("a"), text("b"), measured(), text("why")],
            vec![text("a"), text("c"), Cell::Absent("refused".to_owned()), text("why")],
        ];
        let columns = ["one", "two", "three", "four"].map(str::to_owned).to_vec();
        let table = Table { title: String::new(), columns, rows };
        assert_eq!(table.leading(), 2);
        assert_eq!([0, 1, 2, 3].map(|at| table.is_of_figures(at)), [false, false, true, false]);
    }
}
