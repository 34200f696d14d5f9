//! Loading: many keys, one query.

use rusqlite::{Connection, limits::Limit, params_from_iter};

use super::codec;
use super::statement::select_many;
use super::table::Bound;
use crate::source::row::{Cell, Row};
use crate::source::table::{Wanted, wanted};
use crate::source::{Loaded, SourceError};

/// Keys whose statement is kept prepared. Beyond, preparing is small against running, and the
/// statement itself large.
const KEPT_MAX: usize = 1024;

/// Loads `keys` in their order.
pub(super) fn load<K: 'static, V: 'static>(
    connection: &Connection,
    bound: &Bound<K, V>,
    keys: &[K],
) -> Result<Vec<Loaded<V>>, SourceError> {
    let (mut answer, wanted) = wanted(keys, |key| bound.key(key));
    let rows_max = rows_max(connection, bound)?;
    // Several statements must see one state of the table.
    let _snapshot = match wanted.len() > rows_max {
        true => Some(connection.unchecked_transaction()?),
        false => None,
    };
    for chunk in wanted.chunks(rows_max) {
        bound.counters.loads.add_one();
        load_chunk(connection, bound, chunk, &mut answer)?;
    }
    Ok(answer)
}

/// The row of one key as it stands.
pub(super) fn load_one<K: 'static, V: 'static>(
    connection: &Connection,
    bound: &Bound<K, V>,
    key: &[Cell],
) -> Result<Option<V>, SourceError> {
    let mut statement = connection.prepare_cached(&bound.statements.select)?;
    let mut rows = statement.query(params_from_iter(key))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    decode(bound, row, 0).map(Some)
}

fn load_chunk<K: 'static, V: 'static>(
    connection: &Connection,
    bound: &Bound<K, V>,
    chunk: &[Wanted],
    answer: &mut [Loaded<V>],
) -> Result<(), SourceError> {
    if let [(place, key)] = chunk {
        answer[*place] = load_one(connection, bound, key);
        return Ok(());
    }
    // Few shapes, so that they stay prepared; what is too many are keys of NULLs.
    let rows = chunk.len().next_power_of_two();
    let sql = select_many(&bound.layout, rows);
    let cells = chunk.iter().flat_map(|(_, cells)| cells);
    let missing = (rows - chunk.len()) * bound.layout.key.len();
    let parameters = params_from_iter(cells.chain(std::iter::repeat_n(&Cell::Null, missing)));
    let mut prepared;
    let mut kept;
    let mut found = if rows <= KEPT_MAX {
        kept = connection.prepare_cached(&sql)?;
        kept.query(parameters)?
    } else {
        prepared = connection.prepare(&sql)?;
        prepared.query(parameters)?
    };
    while let Some(row) = found.next()? {
        let number: u32 = row.get(0)?;
        if let Some((place, _)) = chunk.get(number as usize) {
            answer[*place] = decode(bound, row, 1).map(Some);
        }
    }
    Ok(())
}

fn decode<K: 'static, V: 'static>(
    bound: &Bound<K, V>,
    row: &rusqlite::Row<'_>,
    first: usize,
) -> Result<V, SourceError> {
    let columns = &bound.layout.columns;
    let mut decoded = Row::empty(columns.clone());
    for (position, column) in columns.iter().enumerate() {
        decoded.set(position, codec::cell(row.get_ref(first + position)?, &column.name)?);
    }
    bound.mapping.value(decoded)
}

/// Most keys of one statement, a power of two: SQLite bounds the parameters.
fn rows_max<K: 'static, V: 'static>(
    connection: &Connection,
    bound: &Bound<K, V>,
) -> Result<usize, SourceError> {
    let variables = connection.limit(Limit::SQLITE_LIMIT_VARIABLE_NUMBER)?;
    let rows = usize::try_from(variables).unwrap_or(1) / bound.layout.key.len();
    Ok(1 << rows.max(1).ilog2())
}
