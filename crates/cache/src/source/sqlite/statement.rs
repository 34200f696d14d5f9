//! The SQL of one table. Names are quoted, values are parameters, nothing else varies.
//!
//! Columns are always qualified: SQLite takes an unknown `"name"` that is not for a string
//! (<https://sqlite.org/quirks.html>, "double-quoted string literals"), so that a column dropped under
//! us would read as its own name.

use std::fmt::Write;

use super::schema::Layout;

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The statements that never vary: each takes one key.
#[derive(Debug)]
pub(super) struct Statements {
    /// Selects the values.
    pub(super) select: String,
    /// Tells whether there is a row.
    pub(super) exists: String,
    /// Deletes the row.
    pub(super) delete: String,
}

impl Statements {
    pub(super) fn new(layout: &Layout) -> Self {
        let table = quoted(&layout.table);
        let row = format!("FROM main.{table} AS r WHERE {}", key_is(layout, 1));
        Self {
            select: format!("SELECT {} {row}", columns(layout)),
            exists: format!("SELECT 1 {row}"),
            delete: format!("DELETE {row}"),
        }
    }
}

/// The statements that put the columns at `named`: each takes their values, then the key.
#[derive(Debug)]
pub(super) struct PutStatements {
    pub(super) named: Vec<usize>,
    /// Sets the columns of an existing row.
    pub(super) update: String,
    /// Inserts a row.
    pub(super) insert: String,
}

impl PutStatements {
    pub(super) fn new(layout: &Layout, named: Vec<usize>) -> Self {
        Self { update: update(layout, &named), insert: insert(layout, &named), named }
    }
}

/// Selects the values of `rows` keys: each row is led by the number of its key, from 0. A key of
/// NULLs selects nothing.
///
/// The keys stand left of a CROSS JOIN, which SQLite never reorders: each is one look-up in the
/// unique index. (`IN (VALUES ...)` over several columns would scan the table.)
pub(super) fn select_many(layout: &Layout, rows: usize) -> String {
    let width = layout.key.len();
    let mut sql = format!("SELECT w.column1, {} FROM (VALUES ", columns(layout));
    for row in 0..rows {
        let separator = if row == 0 { "" } else { "," };
        let parameters = parameters(row * width + 1, width);
        let _ = write!(sql, "{separator}({row},{parameters})");
    }
    let _ = write!(sql, ") AS w CROSS JOIN main.{} AS r ON ", quoted(&layout.table));
    for (at, key) in layout.key.iter().enumerate() {
        let separator = if at == 0 { "" } else { " AND " };
        let column = quoted(&key.name);
        let _ = write!(sql, "{separator}r.{column} COLLATE BINARY = w.column{}", at + 2);
    }
    sql
}

fn update(layout: &Layout, named: &[usize]) -> String {
    let assignments = named.iter().enumerate().map(|(at, position)| {
        let column = quoted(&layout.columns[*position].name);
        format!("{column} = ?{}", at + 1)
    });
    let assignments = assignments.collect::<Vec<_>>().join(", ");
    let key = key_is(layout, named.len() + 1);
    format!("UPDATE main.{} AS r SET {assignments} WHERE {key}", quoted(&layout.table))
}

fn insert(layout: &Layout, named: &[usize]) -> String {
    let values = named.iter().map(|position| &*layout.columns[*position].name);
    let names = values.chain(layout.key.iter().map(|key| &*key.name)).map(quoted);
    let names = names.collect::<Vec<_>>().join(", ");
    let parameters = parameters(1, named.len() + layout.key.len());
    format!("INSERT INTO main.{} ({names}) VALUES ({parameters})", quoted(&layout.table))
}

fn columns(layout: &Layout) -> String {
    let columns = layout.columns.iter().map(|column| format!("r.{}", quoted(&column.name)));
    columns.collect::<Vec<_>>().join(", ")
}

fn key_is(layout: &Layout, first: usize) -> String {
    let terms = layout.key.iter().enumerate().map(|(at, key)| {
        let column = quoted(&key.name);
        format!("r.{column} COLLATE BINARY = ?{}", first + at)
    });
    terms.collect::<Vec<_>>().join(" AND ")
}

fn parameters(first: usize, count: usize) -> String {
    let numbers = (first..first + count).map(|number| format!("?{number}"));
    numbers.collect::<Vec<_>>().join(",")
}
