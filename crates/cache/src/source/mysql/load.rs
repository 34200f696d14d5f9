//! Loading: many keys, one query.

use std::collections::HashMap;

use mysql_async::Value;

use super::error::rejected;
use super::native::Native;
use super::session::Session;
use super::{codec, statement};
use crate::source::SourceError;
use crate::source::row::{Cell, Row};
use crate::source::table::{Layout, Wanted, spelled};

/// Most key columns of one query: what the servers' planners still take as ranges of an index.
const KEY_COLUMNS_MAX: usize = 30_000;

/// A row that was found, and the place of its key.
pub(super) type Found = (usize, Result<Row, SourceError>);

/// Loads the rows of `wanted`.
pub(super) async fn load(
    session: &mut Session,
    layout: &Layout<Native>,
    wanted: &[Wanted],
) -> Result<Vec<Found>, SourceError> {
    let keys: Vec<&[Cell]> = wanted.iter().map(|(_, key)| &**key).collect();
    let chunks = chunks(&keys, session.packet_max)?;
    let snapshot = chunks.len() > 1;
    if snapshot {
        // Several queries must see one state of the table.
        session.command("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
        session.command("START TRANSACTION WITH CONSISTENT SNAPSHOT").await?;
    }
    let mut found = Vec::with_capacity(wanted.len());
    for chunk in chunks {
        session.counters.loads.add_one();
        let (keys, wanted) = (&keys[chunk.clone()], &wanted[chunk]);
        let places = places(wanted);
        for (key, row) in select(session, layout, keys).await? {
            let owners = places.get(&key).into_iter().flatten();
            found.extend(owners.map(|place| (*place, row.clone())));
        }
    }
    if snapshot {
        session.command("COMMIT").await?;
    }
    Ok(found)
}

/// The rows of these keys, each with its key as [`spelled`] says.
pub(super) async fn select(
    session: &mut Session,
    layout: &Layout<Native>,
    keys: &[&[Cell]],
) -> Result<Vec<(Vec<u8>, Result<Row, SourceError>)>, SourceError> {
    let sql = statement::select(layout, filled(keys.len()));
    let rows = session.rows(&sql, key_values(keys)).await?;
    let decoded = rows.into_iter().map(|row| {
        let mut values = row.unwrap().into_iter();
        let key = key_of(layout, &mut values)?;
        Ok((spelled(&key), decode(layout, values)))
    });
    decoded.collect()
}

/// Those of these keys that have a row, as [`spelled`] says. The rows are locked.
pub(super) async fn existing(
    session: &mut Session,
    layout: &Layout<Native>,
    keys: &[&[Cell]],
) -> Result<Vec<Vec<u8>>, SourceError> {
    let sql = statement::select_existing(layout, filled(keys.len()));
    let rows = session.rows(&sql, key_values(keys)).await?;
    let keys =
        rows.into_iter().map(|row| Ok(spelled(&key_of(layout, &mut row.unwrap().into_iter())?)));
    keys.collect()
}

/// Cuts keys into runs, each for one statement.
pub(super) fn chunks(
    keys: &[&[Cell]],
    packet_max: usize,
) -> Result<Vec<std::ops::Range<usize>>, SourceError> {
    let mut chunks = Vec::new();
    let mut begin = 0;
    while begin < keys.len() {
        // Half of a packet's room, because the statement may be filled up to twice the keys.
        let length = fitting(&keys[begin..], KEY_COLUMNS_MAX, packet_max / 2)?;
        chunks.push(begin..begin + length);
        begin += length;
    }
    Ok(chunks)
}

/// How many of `rows` one statement takes, at least one: so many parameters and so many bytes.
pub(super) fn fitting(
    rows: &[&[Cell]],
    parameters_max: usize,
    bytes_max: usize,
) -> Result<usize, SourceError> {
    let (mut parameters, mut bytes, mut fitting) = (0, 0, 0);
    for row in rows {
        parameters += row.len();
        bytes += row.iter().map(codec::size).sum::<usize>();
        if parameters > parameters_max || bytes > bytes_max {
            break;
        }
        fitting += 1;
    }
    match fitting {
        0 => Err(rejected(format!(
            "a row of {bytes} bytes is too large: the MySQL server's max_allowed_packet has room for \
             {bytes_max}"
        ))),
        fitting => Ok(fitting),
    }
}

/// Few numbers of keys, so that their statements stay prepared.
pub(super) fn filled(keys: usize) -> usize {
    keys.next_power_of_two()
}

/// The parameters of a statement for [`filled`] keys: the last key stands for those that are missing.
pub(super) fn key_values(keys: &[&[Cell]]) -> Vec<Value> {
    let missing = filled(keys.len()) - keys.len();
    let last = keys.last().into_iter().flat_map(|key| std::iter::repeat_n(key, missing));
    let keys = keys.iter().chain(last);
    keys.flat_map(|key| key.iter().map(codec::value)).collect()
}

fn places(wanted: &[Wanted]) -> HashMap<Vec<u8>, Vec<usize>> {
    let mut places: HashMap<_, Vec<usize>> = HashMap::with_capacity(wanted.len());
    for (place, key) in wanted {
        places.entry(spelled(key)).or_default().push(*place);
    }
    places
}

fn key_of(
    layout: &Layout<Native>,
    values: &mut impl Iterator<Item = Value>,
) -> Result<Vec<Cell>, SourceError> {
    let columns = layout.key.iter().zip(values);
    columns.map(|(column, value)| codec::cell(value, &column.native, &column.name)).collect()
}

fn decode(
    layout: &Layout<Native>,
    values: impl Iterator<Item = Value>,
) -> Result<Row, SourceError> {
    let mut row = Row::empty(layout.columns.clone());
    for ((position, column), value) in layout.columns.iter().enumerate().zip(values) {
        row.set(position, codec::cell(value, &layout.natives[position], &column.name)?);
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceErrorKind;

    fn text(length: usize) -> Vec<Cell> {
        vec![Cell::Text("x".repeat(length).into())]
    }

    #[test]
    fn statements_keep_within_a_packet() {
        let keys: Vec<_> = (0..10).map(|_| text(100)).collect();
        let keys: Vec<&[Cell]> = keys.iter().map(|key| &**key).collect();
        assert_eq!(chunks(&keys, 1000).unwrap(), [0..4, 4..8, 8..10]);
        assert_eq!(chunks(&keys, 1 << 20).unwrap().len(), 1);
    }

    #[test]
    fn what_is_larger_than_a_packet_is_refused() {
        let key = text(100);
        let error = fitting(&[&key], 10, 100).unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Rejected);
        assert!(error.message().contains("max_allowed_packet"), "{error}");
    }

    #[test]
    fn the_last_key_stands_for_those_that_are_missing() {
        let keys = [vec![Cell::Integer(1)], vec![Cell::Integer(2)], vec![Cell::Integer(3)]];
        let keys: Vec<&[Cell]> = keys.iter().map(|key| &**key).collect();
        let values = [1, 2, 3, 3].map(Value::Int);
        assert_eq!(key_values(&keys), values);
    }
}
