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
///
/// ```
/// use larder::source::row::Cell;
///
/// let row = [Cell::Text("tea".into()), Cell::Integer(3), Cell::Null];
/// # drop(row);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text, and what the source writes as text: a date, a time, a UUID.
    Text(Box<str>),
    /// Bytes.
    Blob(Box<[u8]>),
    /// A truth value, where the source has such a type.
    Boolean(bool),
    /// A decimal number, digit by digit as the source writes it.
    Decimal(Box<str>),
    /// A JSON document, or an array as one.
    Json(Box<str>),
}

/// What a column holds, as its declaration says.
///
/// ```
/// use larder::source::row::ColumnType;
///
/// assert_ne!(ColumnType::Text, ColumnType::Any);
/// ```
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
    /// Truth values.
    Boolean,
    /// Decimal numbers of exact digits.
    Decimal,
    /// JSON documents.
    Json,
    /// Arrays, which are JSON arrays here.
    Array,
    /// Dates, as text such as `2024-01-31`.
    Date,
    /// Times of day, as text such as `23:59:59.5`.
    Time,
    /// Moments, as text such as `2024-01-31 23:59:59.5`.
    Timestamp,
    /// UUIDs, as text of 32 lower-case digits in five groups.
    Uuid,
    /// Anything: the source does not say.
    Any,
}

/// A column of a table.
///
/// ```
/// use larder::source::row::{Column, ColumnType};
///
/// let count = Column { name: "count".into(), kind: ColumnType::Integer, nullable: false };
/// # drop(count);
/// ```
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
///
/// ```
/// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
/// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
/// # let columns =
/// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
/// let names: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
/// assert_eq!(names, ["name", "count"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Arc<[Column]>);

impl Columns {
    /// Columns in the table's order.
    ///
    /// ```
    /// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
    /// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
    /// # let columns =
    /// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
    /// assert_eq!(columns.len(), 2);
    /// ```
    pub fn new(columns: impl Into<Arc<[Column]>>) -> Self {
        Self(columns.into())
    }

    /// The position of the column of that name.
    ///
    /// ```
    /// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
    /// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
    /// # let columns =
    /// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
    /// assert_eq!(columns.position("count"), Some(1));
    /// assert_eq!(columns.position("price"), None);
    /// ```
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
///
/// ```
/// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
/// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
/// # let columns =
/// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
/// let mut part = Row::empty(columns);
/// part.set(1, Cell::Integer(3)); // the count, and nothing of the name
/// assert!(!part.is_whole());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    columns: Columns,
    cells: Box<[Option<Cell>]>,
}

impl Row {
    /// A row that names no column yet.
    ///
    /// ```
    /// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
    /// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
    /// # let columns =
    /// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
    /// assert_eq!(Row::empty(columns).named().count(), 0);
    /// ```
    pub fn empty(columns: Columns) -> Self {
        let cells = vec![None; columns.len()].into();
        Self { columns, cells }
    }

    /// The columns of its table.
    ///
    /// ```
    /// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
    /// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
    /// # let columns =
    /// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
    /// assert_eq!(Row::empty(columns.clone()).columns(), &columns);
    /// ```
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The cell at a column's position.
    ///
    /// ```
    /// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
    /// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
    /// # let columns =
    /// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
    /// # let mut part = Row::empty(columns);
    /// # part.set(1, Cell::Integer(3));
    /// assert_eq!((part.cell(0), part.cell(1)), (None, Some(&Cell::Integer(3))));
    /// ```
    pub fn cell(&self, position: usize) -> Option<&Cell> {
        self.cells.get(position).and_then(Option::as_ref)
    }

    /// Names a column. Panics when the position is past the last column.
    ///
    /// ```
    /// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
    /// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
    /// # let columns =
    /// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
    /// let mut part = Row::empty(columns);
    /// part.set(0, Cell::Null); // names the column: its value is NULL
    /// assert_eq!(part.cell(0), Some(&Cell::Null));
    /// ```
    pub fn set(&mut self, position: usize, cell: Cell) {
        self.cells[position] = Some(cell);
    }

    /// Every named column with its position and cell.
    ///
    /// ```
    /// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
    /// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
    /// # let columns =
    /// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
    /// # let mut part = Row::empty(columns);
    /// # part.set(1, Cell::Integer(3));
    /// for (_position, column, cell) in part.named() {
    ///     assert_eq!((&*column.name, cell), ("count", &Cell::Integer(3)));
    /// }
    /// ```
    pub fn named(&self) -> impl Iterator<Item = (usize, &Column, &Cell)> {
        let cells = self.cells.iter().enumerate();
        cells.filter_map(|(at, cell)| Some((at, &self.columns[at], cell.as_ref()?)))
    }

    /// Whether it names every column.
    ///
    /// ```
    /// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
    /// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
    /// # let columns =
    /// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
    /// assert!(!Row::empty(columns).is_whole());
    /// ```
    pub fn is_whole(&self) -> bool {
        self.cells.iter().all(Option::is_some)
    }

    /// This row with the columns that `change` names put over its own.
    ///
    /// ```
    /// # use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
    /// # let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
    /// # let columns =
    /// #     Columns::new(vec![column("name", ColumnType::Text), column("count", ColumnType::Integer)]);
    /// let mut row = Row::empty(columns.clone());
    /// row.set(0, Cell::Text("tea".into()));
    /// let mut part = Row::empty(columns);
    /// part.set(1, Cell::Integer(3));
    /// assert!(row.merged(&part).is_whole());
    /// ```
    pub fn merged(&self, change: &Row) -> Row {
        let mut row = self.clone();
        for (at, _, cell) in change.named() {
            row.set(at, cell.clone());
        }
        row
    }
}

/// How keys and values of a cache stand in a table.
///
/// ```
/// use larder::source::row::{Cell, Columns, Mapping, Row};
/// use larder::source::{SourceError, SourceErrorKind};
///
/// /// Temperatures in whole degrees, in a column that holds tenths of them.
/// struct Tenths;
///
/// impl Mapping<u64, i64> for Tenths {
///     fn key(&self, key: &u64) -> Result<Vec<Cell>, SourceError> {
///         Ok(vec![Cell::Integer(*key as i64)])
///     }
///
///     fn value(&self, row: Row) -> Result<i64, SourceError> {
///         match row.cell(0) {
///             Some(Cell::Integer(tenths)) => Ok(tenths / 10),
///             _ => Err(SourceError::new(SourceErrorKind::Undecodable, "this is no temperature")),
///         }
///     }
///
///     fn row(&self, columns: &Columns, value: &i64) -> Result<Row, SourceError> {
///         let mut row = Row::empty(columns.clone());
///         row.set(0, Cell::Integer(value * 10));
///         Ok(row)
///     }
///
///     fn merge(&self, _base: Option<&i64>, change: &i64) -> i64 {
///         *change
///     }
/// }
/// assert_eq!(Tenths.key(&7).unwrap(), [Cell::Integer(7)]);
/// ```
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
