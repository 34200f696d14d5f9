//! Values that are one column.

use larder::source::SourceError;
use larder::source::row::{BytesMapping, Cell, Column, ColumnType, Columns, Mapping, Row};
use larder_protocol::error::Error;

use super::{KeySchema, cell, key_cells};
use crate::key::Key;
use crate::value::Value;

/// Keys over one or several columns, the value the bytes of another.
#[derive(Debug, Clone, Copy)]
pub struct ColumnMapping {
    key_parts: usize,
}

/// What the server knows of a column in order to refuse what does not belong there.
#[derive(Debug, Clone)]
pub struct ColumnSchema {
    key: KeySchema,
    column: Column,
}

impl ColumnMapping {
    /// Keys of so many parts.
    pub fn new(key_parts: usize) -> Self {
        Self { key_parts }
    }
}

impl ColumnSchema {
    /// The schema of `column` in a table with these keys.
    pub fn new(key: KeySchema, column: Column) -> Self {
        Self { key, column }
    }

    /// What its keys look like.
    pub fn key(&self) -> &KeySchema {
        &self.key
    }

    /// The value of `key` that a client sends. SQLite itself would keep text in a column of numbers; and
    /// what no database takes must not be acknowledged and then lie in a queue.
    pub fn value(&self, key: &Key, bytes: &[u8]) -> Result<Value, Error> {
        self.key.cells(key)?;
        if !matches!(self.column.kind, ColumnType::Text | ColumnType::Blob | ColumnType::Any) {
            cell::from_field(&self.column, bytes).map_err(Error::plain)?;
        }
        Ok(Value::bytes(bytes))
    }
}

impl Mapping<Key, Value> for ColumnMapping {
    fn key(&self, key: &Key) -> Result<Vec<Cell>, SourceError> {
        key_cells(key, self.key_parts)
    }

    fn value(&self, row: Row) -> Result<Value, SourceError> {
        let bytes: Vec<u8> = Mapping::<Key, Vec<u8>>::value(&BytesMapping, row)?;
        Ok(Value::bytes(&bytes))
    }

    fn row(&self, columns: &Columns, value: &Value) -> Result<Row, SourceError> {
        let bytes = match value {
            Value::Bytes(bytes) => bytes.to_vec(),
            // The shape of the keyspace lets only strings come here.
            Value::Hash(_) | Value::Row(_) => Vec::new(),
        };
        Mapping::<Key, Vec<u8>>::row(&BytesMapping, columns, &bytes)
    }

    fn merge(&self, _base: Option<&Value>, change: &Value) -> Value {
        change.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: ColumnType, key: &str, bytes: &[u8]) -> Result<Value, Error> {
        let column = |name: &str, kind| Column { name: name.into(), kind, nullable: true };
        let columns = Columns::new([column("id", ColumnType::Integer)]);
        let key_schema = KeySchema::new("t", columns, ["id"].into_iter()).unwrap();
        ColumnSchema::new(key_schema, column("c", kind)).value(&Key::from(key.as_bytes()), bytes)
    }

    #[test]
    fn a_column_of_a_type_takes_what_is_of_that_type_only() {
        for (kind, good, bad) in [
            (ColumnType::Integer, "-7", "7.5"),
            (ColumnType::Real, "7.5", "NaN"),
            (ColumnType::Json, "[1]", "[1"),
        ] {
            assert!(value(kind, "1", good.as_bytes()).is_ok());
            assert!(value(kind, "1", bad.as_bytes()).is_err());
        }
    }

    #[test]
    fn every_other_column_takes_any_bytes() {
        for kind in [ColumnType::Text, ColumnType::Blob, ColumnType::Any] {
            assert!(value(kind, "1", b"\xff\0").is_ok());
        }
    }

    #[test]
    fn a_value_of_a_key_that_no_row_can_have_is_refused() {
        assert!(value(ColumnType::Any, "one", b"1").is_err());
    }
}
