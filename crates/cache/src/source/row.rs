//! Rows of tables, in terms that every SQL source shares.

mod bytes;
mod deserialize;
mod key;
mod record;
mod serialize;

use std::sync::Arc;

pub use bytes::BytesMapping;
pub use key::KeyCells;
pub use record::SerdeMapping;

/// One SQL value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text.
    Text(Box<str>),
    /// Bytes.
    Blob(Box<[u8]>),
}

/// What a column holds, as its declaration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Integers.
    Integer,
    /// Floating-point numbers.
    Real,
    /// Text.
    Text,
    /// Bytes.
    Blob,
    /// Anything: the source does not say.
    Any,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Box<str>,
    /// What it holds.
    pub kind: ColumnType,
    /// Whether it may be NULL.
    pub nullable: bool,
}

/// The columns of a table, in the table's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Arc<[Column]>);

impl Columns {
    /// Columns in the table's order.
    pub fn new(columns: impl Into<Arc<[Column]>>) -> Self {
        Self(columns.into())
    }

    /// The position of the column of that name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|column| &*column.name == name)
    }
}

impl std::ops::Deref for Columns {
    type Target = [Column];

    fn deref(&self) -> &[Column] {
        &self.0
    }
}

/// A row, or a part of one: a cell for each column, `None` for a column that it does not name.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    columns: Columns,
    cells: Box<[Option<Cell>]>,
}

impl Row {
    /// A row that names no column yet.
    pub fn empty(columns: Columns) -> Self {
        let cells = vec![None; columns.len()].into();
        Self { columns, cells }
    }

    /// The columns of its table.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The cell at a column's position.
    pub fn cell(&self, position: usize) -> Option<&Cell> {
        self.cells.get(position).and_then(Option::as_ref)
    }

    /// Names a column. Panics when the position is past the last column.
    pub fn set(&mut self, position: usize, cell: Cell) {
        self.cells[position] = Some(cell);
    }

    /// Every named column with its position and cell.
    pub fn named(&self) -> impl Iterator<Item = (usize, &Column, &Cell)> {
        let cells = self.cells.iter().enumerate();
        cells.filter_map(|(at, cell)| Some((at, &self.columns[at], cell.as_ref()?)))
    }

    /// Whether it names every column.
    pub fn is_whole(&self) -> bool {
        self.cells.iter().all(Option::is_some)
    }

    /// This row with the columns that `change` names put over its own.
    pub fn merged(&self, change: &Row) -> Row {
        let mut row = self.clone();
        for (at, _, cell) in change.named() {
            row.set(at, cell.clone());
        }
        row
    }
}

/// How keys and values of a cache stand in a table.
pub trait Mapping<K, V>: Send + Sync + 'static {
    /// The cells of the key columns, in the order in which the table was told of them.
    fn key(&self, key: &K) -> Result<Vec<Cell>, crate::source::SourceError>;

    /// The value that a row holds; the row names every column that was asked for.
    fn value(&self, row: Row) -> Result<V, crate::source::SourceError>;

    /// The columns that `value` names. It may name key columns, which the source does not store but
    /// checks: an error of kind `Rejected` if they are another key's.
    fn row(&self, columns: &Columns, value: &V) -> Result<Row, crate::source::SourceError>;

    /// See [`crate::source::Source::merge`].
    fn merge(&self, base: Option<&V>, change: &V) -> V;

    /// See [`crate::source::Source::is_whole`].
    fn is_whole(&self, _change: &V) -> bool {
        true
    }
}
