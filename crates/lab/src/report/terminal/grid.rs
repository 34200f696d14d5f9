//! Cells of several lines in columns.

use super::voice::Voice;
use super::wrap::{letters, longest_word, wrapped};

/// What stands between two columns.
const GUTTER: &str = "   ";

/// A line of a cell: its pieces, each in its voice.
pub(super) type Line = Vec<(Voice, String)>;

/// A column: its head, and its cells from the top down, each a list of lines.
pub(super) struct Column {
    pub(super) head: String,
    pub(super) to_the_right: bool,
    pub(super) cells: Vec<Vec<Line>>,
}

impl Column {
    /// As wide as its widest line; a head is broken, but no word of it.
    fn width(&self) -> usize {
        let lines = self.cells.iter().flatten().map(|line| line_width(line));
        lines.max().unwrap_or(0).max(longest_word(&self.head))
    }

    fn cell(&self, row: usize) -> &[Line] {
        self.cells.get(row).map_or(&[], Vec::as_slice)
    }

    /// A line in its place within the column.
    fn placed(&self, line: &[(Voice, String)], colour: bool) -> String {
        let free = " ".repeat(self.width().saturating_sub(line_width(line)));
        let text: String = line.iter().map(|(voice, text)| voice.paint(text, colour)).collect();
        if self.to_the_right { free + &text } else { text + &free }
    }

    /// The head in lines, `height` of them, so that it stands on what is below it.
    fn head(&self, height: usize) -> Vec<Line> {
        let lines = wrapped(&self.head, self.width());
        let above = vec![Line::new(); height.saturating_sub(lines.len())];
        let lines = lines.into_iter().map(|line| vec![(Voice::Soft, line)]);
        above.into_iter().chain(lines).collect()
    }
}

fn line_width(line: &[(Voice, String)]) -> usize {
    line.iter().map(|(_, text)| letters(text)).sum()
}

/// What all of them take.
pub(super) fn width(columns: &[Column]) -> usize {
    let gutters = GUTTER.len() * columns.len().saturating_sub(1);
    columns.iter().map(Column::width).sum::<usize>() + gutters
}

/// The heads, a rule, and the rows.
pub(super) fn shown(columns: &[Column], colour: bool) -> String {
    let lines = |column: &Column| wrapped(&column.head, column.width()).len();
    let height = columns.iter().map(lines).max().unwrap_or(0);
    let heads: Vec<_> = columns.iter().map(|column| column.head(height)).collect();
    let heads: Vec<_> = heads.iter().map(Vec::as_slice).collect();
    let rule = Voice::Soft.paint(&"─".repeat(width(columns)), colour);
    let count = columns.first().map_or(0, |column| column.cells.len());
    let rows = (0..count).map(|at| {
        let cells: Vec<_> = columns.iter().map(|column| column.cell(at)).collect();
        row(columns, &cells, colour)
    });
    format!("{}{rule}\n{}", row(columns, &heads, colour), rows.collect::<String>())
}

/// As many lines as the highest cell has.
fn row(columns: &[Column], cells: &[&[Line]], colour: bool) -> String {
    let height = cells.iter().map(|cell| cell.len()).max().unwrap_or(0);
    let lines = (0..height).map(|at| {
        let pieces = columns
            .iter()
            .zip(cells)
            .map(|(column, cell)| column.placed(cell.get(at).map_or(&[], Vec::as_slice), colour));
        let line = pieces.collect::<Vec<_>>().join(GUTTER);
        line.trim_end().to_owned() + "\n"
    });
    lines.collect()
}
