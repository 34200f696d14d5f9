//! Pieces of a report in Markdown, for documents that quote it.

use super::{Cell, Claim, Part, Report, Table};

impl Report {
    /// The table of that title, or the claims below the heading of that name.
    ///
    /// Of a large table, `TITLE where COLUMN = WORDS and ...` gives the rows that say so, without these
    /// columns. `None` also when there is no such column or row.
    pub fn quote(&self, reference: &str) -> Option<String> {
        match reference.split_once(" where ") {
            Some((title, conditions)) => {
                let whole = self.table(title)?;
                let conditions = conditions.split(" and ").map(|it| it.split_once(" = "));
                let narrowed = conditions.collect::<Option<Vec<_>>>()?;
                let table = narrowed.into_iter().try_fold(whole.clone(), narrowed_to)?;
                (!table.rows.is_empty()).then(|| table_quoted(&table))
            }
            None => self.quote_whole(reference),
        }
    }

    fn table(&self, title: &str) -> Option<&Table> {
        self.parts.iter().find_map(|part| match part {
            Part::Table(table) if table.title == title => Some(table),
            _ => None,
        })
    }

    fn quote_whole(&self, title: &str) -> Option<String> {
        let mut heading = "";
        self.parts.iter().find_map(|part| match part {
            Part::Heading(text) => {
                heading = text;
                None
            }
            Part::Table(table) if table.title == title => Some(table_quoted(table)),
            Part::Claims(claims) if heading == title => Some(claims_quoted(claims)),
            _ => None,
        })
    }
}

/// The rows that have these words in that column, without it.
fn narrowed_to(mut table: Table, (column, words): (&str, &str)) -> Option<Table> {
    let place = table.columns.iter().position(|name| name == column)?;
    table.columns.remove(place);
    table.rows.retain(|row| row[place].main() == words);
    table.rows.iter_mut().for_each(|row| drop(row.remove(place)));
    Some(table)
}

fn table_quoted(table: &Table) -> String {
    let columns = 0..table.columns.len();
    let rules = columns.map(|column| if table.is_of_figures(column) { "---:|" } else { "---|" });
    let mut text = row(table.columns.iter().map(|name| escaped(name)));
    text.push_str(&format!("|{}\n", rules.collect::<String>()));
    text.extend(table.rows.iter().map(|cells| row(cells.iter().map(cell))));
    text
}

fn claims_quoted(claims: &[Claim]) -> String {
    let head = "| claim | figures | verdict |\n|---|---|---|\n".to_owned();
    let rows = claims.iter().map(|claim| {
        let verdict = format!("**{}**", claim.verdict);
        row([escaped(&claim.claim), escaped(&claim.figures), verdict].into_iter())
    });
    head + &rows.collect::<String>()
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn cell(cell: &Cell) -> String {
    let main = escaped(&cell.main());
    match (cell, cell.note()) {
        (_, Some(note)) => format!("{main} <sub>{note}</sub>"),
        (Cell::Absent(_), None) => format!("*{main}*"),
        _ => main,
    }
}

/// As text that is neither mark-up nor the end of a cell.
fn escaped(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => quoted.push(' '),
            '<' => quoted.push_str("&lt;"),
            '&' => quoted.push_str("&amp;"),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' => quoted.extend(['\\', letter]),
            _ => quoted.push(letter),
        }
    }
    quoted
}
