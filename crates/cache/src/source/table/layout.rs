//! The columns of a table that make its keys and values.

use std::fmt;

use super::spec::{TableSpec, ValueColumns};
use super::suggest::existing;
use crate::source::SourceError;
use crate::source::error::{misconfigured, rejected};
use crate::source::row::{Cell, Column, Columns, Row};

/// A column's type, as its database knows it.
pub(crate) trait NativeType: Clone + fmt::Debug + Send + Sync + 'static {
    /// The cell that a column of this type holds for a key; `None` when no row can have it.
    ///
    /// A row has one key, so a key has one spelling: of the texts that the database would take for
    /// one value, only one may be answered with a cell.
    fn key(&self, cell: Cell) -> Option<Cell>;
}

/// A column as the database describes it.
#[derive(Debug)]
pub(crate) struct Described<T> {
    pub(crate) column: Column,
    pub(crate) native: T,
    /// Whether the database computes it, so that nobody stores it.
    pub(crate) generated: bool,
    /// Its place in the primary key, from 1; 0 outside it.
    pub(crate) primary: i64,
}

/// A table as the database describes it, checked against a [`TableSpec`].
#[derive(Debug)]
pub(crate) struct Layout<T> {
    /// The table's name as the database spells it.
    pub(crate) table: Box<str>,
    pub(crate) key: Box<[KeyColumn<T>]>,
    /// The columns that values are made of.
    pub(crate) columns: Columns,
    /// The type of each of `columns`.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql")),
        expect(dead_code, reason = "SQLite is told values without their types")
    )]
    pub(crate) natives: Box<[T]>,
    /// Whether each of `columns` is computed by the database, so that nobody stores it.
    pub(crate) generated: Box<[bool]>,
}

/// A key column.
#[derive(Debug)]
pub(crate) struct KeyColumn<T> {
    pub(crate) name: Box<str>,
    pub(crate) native: T,
    /// Its place among the columns of a value, if it is one.
    pub(crate) position: Option<usize>,
}

impl<T: NativeType> Layout<T> {
    /// Chooses from `described`, all columns of `table` in its order. Whether the key is unique is for
    /// the caller to find out. Every error is of kind `Misconfigured` and says what exists.
    pub(crate) fn choose(
        table: &str,
        described: &[Described<T>],
        spec: &TableSpec,
    ) -> Result<Self, SourceError> {
        let chosen = value_columns(table, described, &spec.value)?;
        let key = key_columns(table, described, &spec.key)?;
        refuse_twice(table, &key)?;
        let position = |name: &str| chosen.iter().position(|column| &*column.column.name == name);
        let key = key.iter().map(|column| KeyColumn {
            name: column.column.name.clone(),
            native: column.native.clone(),
            position: position(&column.column.name),
        });
        let columns = chosen.iter().map(|column| column.column.clone());
        Ok(Self {
            table: table.into(),
            key: key.collect(),
            columns: Columns::new(columns.collect::<Vec<_>>()),
            natives: chosen.iter().map(|column| column.native.clone()).collect(),
            generated: chosen.iter().map(|column| column.generated).collect(),
        })
    }

    /// The names of the key columns.
    pub(crate) fn key_names(&self) -> Vec<&str> {
        self.key.iter().map(|column| &*column.name).collect()
    }

    /// The cells of a key as its columns hold them; `None` when no row can have it.
    pub(crate) fn key(&self, cells: Vec<Cell>) -> Result<Option<Vec<Cell>>, SourceError> {
        if cells.len() != self.key.len() {
            let (table, parts, width) = (&self.table, cells.len(), self.key.len());
            let sentence = format!("a key of {parts} parts for the {width} of table {table:?}");
            return Err(misconfigured(sentence));
        }
        let cells = self.key.iter().zip(cells).map(|(column, cell)| column.native.key(cell));
        Ok(cells.collect())
    }

    /// Why a value cannot be stored under a key that no row can have.
    pub(crate) fn impossible_key(&self) -> SourceError {
        rejected(format!(
            "the key is of another type than the key columns of table {:?}",
            self.table
        ))
    }

    /// The positions and cells that are to be stored of `row` under `key`: neither the key's own,
    /// which have to agree with it, nor those that the database computes.
    pub(crate) fn storable<'r>(
        &self,
        row: &'r Row,
        key: &[Cell],
    ) -> Result<Vec<(usize, &'r Cell)>, SourceError> {
        let mut cells = Vec::new();
        for (position, column, cell) in row.named() {
            let mut keys = self.key.iter().zip(key);
            let own = keys.find(|(part, _)| part.position == Some(position));
            if let Some((part, expected)) = own {
                if part.native.key(cell.clone()).as_ref() != Some(expected) {
                    let name = &column.name;
                    let sentence =
                        format!("the value's column {name:?} names another key than its own");
                    return Err(rejected(sentence));
                }
            } else if !self.generated[position] {
                cells.push((position, cell));
            }
        }
        Ok(cells)
    }
}

/// Two rows of one key would make a cache answer either. Only a unique index over the whole key,
/// comparing bytes, rules that out; this is the error where there is none, and `statement` makes one.
pub(crate) fn not_unique(table: &str, key: &[&str], statement: &str) -> SourceError {
    misconfigured(format!(
        "the key ({}) of table {table:?} is not unique byte for byte; run: {statement}",
        key.join(", ")
    ))
}

fn value_columns<'a, T>(
    table: &str,
    described: &'a [Described<T>],
    value: &ValueColumns,
) -> Result<Vec<&'a Described<T>>, SourceError> {
    match value {
        ValueColumns::Row => Ok(described.iter().collect()),
        ValueColumns::Named(names) if names.is_empty() => {
            Err(misconfigured(format!("no value column of table {table:?} is named")))
        }
        ValueColumns::Named(names) => {
            names.iter().map(|name| find_column(table, described, name)).collect()
        }
    }
}

fn key_columns<'a, T>(
    table: &str,
    described: &'a [Described<T>],
    names: &[String],
) -> Result<Vec<&'a Described<T>>, SourceError> {
    if !names.is_empty() {
        return names.iter().map(|name| find_column(table, described, name)).collect();
    }
    let mut key: Vec<_> = described.iter().filter(|column| column.primary != 0).collect();
    key.sort_by_key(|column| column.primary);
    if key.is_empty() {
        let sentence = format!("table {table:?} has no primary key; name its key columns");
        return Err(misconfigured(sentence));
    }
    Ok(key)
}

fn find_column<'a, T>(
    table: &str,
    described: &'a [Described<T>],
    name: &str,
) -> Result<&'a Described<T>, SourceError> {
    let exact = described.iter().find(|column| &*column.column.name == name);
    // SQL does not tell apart names that differ in the case of ASCII letters, unless they are quoted.
    let found = exact
        .or_else(|| described.iter().find(|column| column.column.name.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| {
        let names = described.iter().map(|column| &*column.column.name);
        let existing = existing(name, names);
        misconfigured(format!("table {table:?} has no column {name:?}; {existing}"))
    })
}

fn refuse_twice<T>(table: &str, key: &[&Described<T>]) -> Result<(), SourceError> {
    let mut names: Vec<&str> = key.iter().map(|column| &*column.column.name).collect();
    names.sort_unstable();
    match names.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(misconfigured(format!("a key column of table {table:?} is named twice"))),
        false => Ok(()),
    }
}
