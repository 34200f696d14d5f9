//! Storing: changes in their order, within the transaction that the writer holds.
//!
//! A put updates the row, and inserts it when there was none, one row a statement: there is no
//! round trip to save, and the statements stay prepared. `INSERT ... ON CONFLICT DO UPDATE` would
//! refuse a put that names a part of an existing row when another column is NOT NULL, because SQLite
//! checks that first. The row is then read again rather than taken from `RETURNING`, which does not
//! show what AFTER triggers did.

use rusqlite::{Connection, params_from_iter};

use super::error::rejected;
use super::load::load_one;
use super::statement::PutStatements;
use super::table::Bound;
use crate::source::row::{Cell, Row};
use crate::source::{Change, SourceError, Stored};

/// Stores `changes`; the answer has their order.
pub(super) fn store<K: 'static, V: 'static>(
    connection: &Connection,
    bound: &Bound<K, V>,
    changes: &[Change<K, V>],
) -> Result<Vec<Stored<V>>, SourceError> {
    bound.counters.stores.add_one();
    let mut puts = None;
    changes.iter().map(|change| store_one(connection, bound, change, &mut puts)).collect()
}

/// The statements of the latest put: its neighbours mostly name the same columns.
type Latest = Option<PutStatements>;

fn store_one<K: 'static, V: 'static>(
    connection: &Connection,
    bound: &Bound<K, V>,
    change: &Change<K, V>,
    puts: &mut Latest,
) -> Result<Stored<V>, SourceError> {
    let key = bound.key(&change.key)?;
    match (&change.value, key) {
        (None, None) => Ok(Stored { value: None, existed: Some(false) }),
        (None, Some(key)) => remove(connection, bound, &key),
        (Some(_), None) => Err(bound.layout.impossible_key()),
        (Some(value), Some(key)) => {
            let row = bound.mapping.row(&bound.layout.columns, value)?;
            put(connection, bound, &key, &row, puts)
        }
    }
}

fn remove<K: 'static, V: 'static>(
    connection: &Connection,
    bound: &Bound<K, V>,
    key: &[Cell],
) -> Result<Stored<V>, SourceError> {
    let mut statement = connection.prepare_cached(&bound.statements.delete)?;
    let existed = statement.execute(params_from_iter(key))? > 0;
    // A trigger that deletes softly leaves the row, which the next load would find.
    let mut exists = connection.prepare_cached(&bound.statements.exists)?;
    if !existed && exists.exists(params_from_iter(key))? {
        let sentence = format!("a trigger of table {:?} kept the row", bound.layout.table);
        return Err(rejected(sentence));
    }
    Ok(Stored { value: None, existed: Some(existed) })
}

fn put<K: 'static, V: 'static>(
    connection: &Connection,
    bound: &Bound<K, V>,
    key: &[Cell],
    row: &Row,
    puts: &mut Latest,
) -> Result<Stored<V>, SourceError> {
    let named = bound.layout.storable(row, key)?;
    refuse_nan(row, &named)?;
    let positions = named.iter().map(|(position, _)| *position);
    let same = puts.take().filter(|puts| positions.clone().eq(puts.named.iter().copied()));
    let puts =
        puts.insert(same.unwrap_or_else(|| PutStatements::new(&bound.layout, positions.collect())));
    let cells = || params_from_iter(named.iter().map(|(_, cell)| *cell).chain(key));
    let existed = if named.is_empty() {
        connection.prepare_cached(&bound.statements.exists)?.exists(cells())?
    } else {
        connection.prepare_cached(&puts.update)?.execute(cells())? > 0
    };
    if !existed {
        connection.prepare_cached(&puts.insert)?.execute(cells())?;
    }
    match load_one(connection, bound, key)? {
        Some(value) => Ok(Stored { value: Some(value), existed: Some(existed) }),
        None => Err(rejected(format!(
            "a trigger of table {:?} ignored or removed the row",
            bound.layout.table
        ))),
    }
}

/// SQLite would store NaN as NULL.
fn refuse_nan(row: &Row, named: &[(usize, &Cell)]) -> Result<(), SourceError> {
    let is_nan = |cell: &Cell| matches!(cell, Cell::Real(real) if real.is_nan());
    match named.iter().find(|(_, cell)| is_nan(cell)) {
        Some((position, _)) => {
            let column = &row.columns()[*position].name;
            Err(rejected(format!("SQLite cannot store NaN, which column {column:?} was given")))
        }
        None => Ok(()),
    }
}
