//! A table, in the best of three forms that fits: the spread beside the median, the spread below it, or
//! a section for each row.

use super::grid::{self, Column, Line};
use super::voice::Voice;
use super::wrap::{letters, wrapped};
use crate::report::{Cell, Table};

/// Longer text in a cell is broken into lines.
const WORDS_WIDTH_MAX: usize = 28;

/// The table for a terminal of that width.
pub(super) fn shown(table: &Table, width: usize, colour: bool) -> String {
    let forms = [beside, below].map(|form| columns(table, form));
    match forms.iter().find(|columns| grid::width(columns) <= width) {
        Some(columns) => grid::shown(columns, colour),
        None => sections(table, width, colour),
    }
}

/// The lines of a cell, given the width of the column's longest median and longest spread.
type Form = fn(&Cell, (usize, usize)) -> Vec<Line>;

fn columns(table: &Table, form: Form) -> Vec<Column> {
    let column = |at: usize| {
        let cells = || table.rows.iter().filter_map(move |row| row.get(at));
        let widths = widths(cells());
        Column {
            head: table.columns[at].clone(),
            to_the_right: table.is_of_figures(at),
            cells: cells().map(|cell| form(cell, widths)).collect(),
        }
    };
    (0..table.columns.len()).map(column).collect()
}

/// The widths of the longest median and of the longest spread.
fn widths<'a>(cells: impl Iterator<Item = &'a Cell>) -> (usize, usize) {
    let measured = cells.filter(|cell| matches!(cell, Cell::Measured(..)));
    measured.fold((0, 0), |(main, note), cell| {
        let own = cell.note().map_or(0, |note| letters(&note));
        (main.max(letters(&cell.main())), note.max(own))
    })
}

fn beside(cell: &Cell, (main, note): (usize, usize)) -> Vec<Line> {
    if !matches!(cell, Cell::Measured(..)) {
        return words(cell);
    }
    let median = (Voice::Plain, format!("{:>main$}", cell.main()));
    if note == 0 {
        return vec![vec![median]];
    }
    vec![vec![median, (Voice::Soft, format!(" {:<note$}", cell.note().unwrap_or_default()))]]
}

fn below(cell: &Cell, _: (usize, usize)) -> Vec<Line> {
    if !matches!(cell, Cell::Measured(..)) {
        return words(cell);
    }
    let note = cell.note().map(|note| vec![(Voice::Soft, note)]);
    std::iter::once(vec![(Voice::Plain, cell.main().into_owned())]).chain(note).collect()
}

fn words(cell: &Cell) -> Vec<Line> {
    let voice = if matches!(cell, Cell::Absent(_)) { Voice::Soft } else { Voice::Plain };
    let lines = wrapped(&cell.main(), WORDS_WIDTH_MAX).into_iter();
    lines.map(|line| vec![(voice, line)]).collect()
}

/// Each row by itself: what it is about, and a line for each of its figures.
fn sections(table: &Table, width: usize, colour: bool) -> String {
    let leading = table.leading();
    let names = table.columns.iter().skip(leading);
    let names = names.map(|name| letters(name)).max().unwrap_or(0);
    let sections = table.rows.iter().map(|row| {
        let about = about(row, table, leading);
        let figures = row.iter().zip(&table.columns).skip(leading);
        let figures = figures.map(|(cell, name)| named(name, cell, (names, width), colour));
        let about = wrapped(&about, width).into_iter();
        let about = about.map(|line| Voice::Strong.paint(&line, colour) + "\n");
        about.chain(figures).collect::<String>()
    });
    sections.collect()
}

/// What a row is about. What its first cell is, everybody sees; the others need their names.
fn about(row: &[Cell], table: &Table, leading: usize) -> String {
    let named = row.iter().zip(&table.columns).take(leading).enumerate();
    let named = named.map(|(at, (cell, name))| match at {
        0 => cell.main().into_owned(),
        _ => format!("{name}: {}", cell.main()),
    });
    named.collect::<Vec<_>>().join(" · ")
}

/// A figure behind its name, or below it where the terminal is too narrow for both.
fn named(name: &str, cell: &Cell, (names, width): (usize, usize), colour: bool) -> String {
    let note = cell.note().unwrap_or_default();
    let figure = Voice::Plain.paint(&cell.main(), colour) + " " + &Voice::Soft.paint(&note, colour);
    let figure = figure.trim_end();
    let soft = |text: String| Voice::Soft.paint(&text, colour);
    match names + letters(figure) + 4 <= width {
        true => format!("{}  {figure}\n", soft(format!("  {name:<names$}"))),
        false => format!("{}\n    {figure}\n", soft(format!("  {name}"))),
    }
}
