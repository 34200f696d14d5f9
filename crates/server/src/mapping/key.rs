//! Keys as the cells of their columns.

use larder::source::row::{Cell, Column, ColumnType, Columns};
use larder::source::{SourceError, SourceErrorKind};
use larder_protocol::error::Error;

use super::{cell, key_cells};
use crate::key::Key;

/// The columns that the parts of a key stand in.
///
/// A key is checked before a write is acknowledged: a queue must not take what no table will.
#[derive(Debug, Clone)]
pub struct KeySchema {
    columns: Columns,
    /// The positions of the key columns, in the order of the key's parts.
    positions: Box<[usize]>,
}

impl KeySchema {
    /// The keys of a table whose key is made of the columns `key`.
    ///
    /// # Errors
    ///
    /// When a key column is none of `columns`.
    pub fn new<'k>(
        table: &str,
        columns: Columns,
        key: impl Iterator<Item = &'k str>,
    ) -> Result<Self, SourceError> {
        let position = |name: &str| {
            columns.position(name).ok_or_else(|| {
                let sentence = format!("the key column '{name}' is not a column of '{table}'");
                SourceError::new(SourceErrorKind::Misconfigured, sentence)
            })
        };
        let positions = key.map(position).collect::<Result<_, _>>()?;
        Ok(Self { columns, positions })
    }

    /// The table's columns.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Whether the column at `position` is part of the key.
    pub fn contains(&self, position: usize) -> bool {
        self.positions.contains(&position)
    }

    /// Refuses a key that has too few parts.
    pub fn admit(&self, key: &Key) -> Result<(), Error> {
        self.parts(key).map(drop)
    }

    /// The cells of a key and the positions of their columns.
    ///
    /// # Errors
    ///
    /// When no row can have this key: it has too few parts, or one that its column does not hold.
    pub fn cells(&self, key: &Key) -> Result<Vec<(usize, Cell)>, Error> {
        let parts = self.parts(key)?;
        let typed = self.positions.iter().zip(parts).map(|(&position, part)| {
            let cell = typed(&self.columns[position], part).map_err(Error::plain)?;
            Ok((position, cell))
        });
        typed.collect()
    }

    fn parts(&self, key: &Key) -> Result<Vec<Cell>, Error> {
        key_cells(key, self.positions.len())
            .map_err(|error| Error::plain(error.message().to_owned()))
    }
}

/// A key's part as its column holds it. A row has one key, so of the spellings of a number, a truth
/// value or a UUID only that of the column is one: not `07` for 7. Of a decimal or a moment, whose form
/// is the column's own, only the source can tell.
fn typed(column: &Column, part: Cell) -> Result<Cell, String> {
    use ColumnType::{Any, Array, Blob, Boolean, Date, Decimal, Integer, Json};
    use ColumnType::{Real, Text, Time, Timestamp, Uuid};
    let spelled = cell::to_field(&part).unwrap_or_default();
    match column.kind {
        Text | Blob | Any | Json | Array => Ok(part),
        Decimal | Date | Time | Timestamp => cell::from_field(column, &spelled),
        Integer | Real | Boolean | Uuid => settled(column, &spelled),
    }
}

/// The cell whose one spelling this is.
fn settled(column: &Column, spelled: &[u8]) -> Result<Cell, String> {
    let cell = match cell::from_field(column, spelled)? {
        // Zero has no sign in a table.
        Cell::Real(real) => Cell::Real(real + 0.0),
        Cell::Text(text) => Cell::Text(text.to_ascii_lowercase().into()),
        cell => cell,
    };
    match cell::to_field(&cell) {
        Some(own) if own == spelled => Ok(cell),
        own => Err(format!(
            "column '{}' spells this key {}, not {}",
            column.name,
            String::from_utf8_lossy(&own.unwrap_or_default()),
            String::from_utf8_lossy(spelled),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> KeySchema {
        let column = |name: &str, kind| Column { name: name.into(), kind, nullable: false };
        let columns = [column("shop", ColumnType::Text), column("number", ColumnType::Integer)];
        KeySchema::new("t", Columns::new(columns), ["number", "shop"].into_iter()).unwrap()
    }

    fn cells(key: &str) -> Result<Vec<(usize, Cell)>, String> {
        schema().cells(&Key::from(key.as_bytes())).map_err(|error| error.to_string())
    }

    #[test]
    fn parts_stand_in_their_columns_and_the_last_takes_the_rest() {
        let expected = vec![(1, Cell::Integer(-7)), (0, Cell::Text("a:b".into()))];
        assert_eq!(cells("-7:a:b"), Ok(expected));
        assert_eq!(cells("7:").unwrap()[1], (0, Cell::Text("".into())));
    }

    #[test]
    fn a_key_that_no_row_can_have_is_refused() {
        assert_eq!(cells("7").unwrap_err(), "ERR the key 7 needs 2 parts joined by ':'");
        assert_eq!(cells("x:a").unwrap_err(), "ERR column 'number' holds integers, not 'x'");
        assert_eq!(cells("07:a").unwrap_err(), "ERR column 'number' spells this key 7, not 07");
    }

    #[test]
    fn zero_has_one_spelling() {
        let column = Column { name: "id".into(), kind: ColumnType::Real, nullable: false };
        assert_eq!(typed(&column, Cell::Text("0.0".into())), Ok(Cell::Real(0.0)));
        let error = typed(&column, Cell::Text("-0.0".into())).unwrap_err();
        assert_eq!(error, "column 'id' spells this key 0.0, not -0.0");
    }

    #[test]
    fn truth_values_and_uuids_have_one_spelling() {
        let column = |kind| Column { name: "id".into(), kind, nullable: false };
        let text = |text: &str| Cell::Text(text.into());
        assert_eq!(typed(&column(ColumnType::Boolean), text("true")), Ok(Cell::Boolean(true)));
        assert!(typed(&column(ColumnType::Boolean), text("1")).is_err());
        let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        assert_eq!(typed(&column(ColumnType::Uuid), text(uuid)), Ok(text(uuid)));
        assert!(typed(&column(ColumnType::Uuid), text(&uuid.to_ascii_uppercase())).is_err());
    }

    #[test]
    fn a_key_that_is_no_decimal_and_no_moment_is_refused_before_the_source_sees_it() {
        let column = |kind| Column { name: "id".into(), kind, nullable: false };
        let text = |text: &str| Cell::Text(text.into());
        let decimal = typed(&column(ColumnType::Decimal), text("1.50"));
        assert_eq!(decimal, Ok(Cell::Decimal("1.50".into())));
        assert!(typed(&column(ColumnType::Decimal), text("one")).is_err());
        assert!(typed(&column(ColumnType::Date), text("2024-01-31")).is_ok());
        assert!(typed(&column(ColumnType::Date), text("yesterday")).is_err());
    }

    #[test]
    fn a_key_column_that_is_none_of_the_tables_is_named() {
        let columns = schema().columns().clone();
        let error = KeySchema::new("t", columns, ["id"].into_iter()).unwrap_err();
        assert_eq!(error.message(), "the key column 'id' is not a column of 't'");
    }
}
