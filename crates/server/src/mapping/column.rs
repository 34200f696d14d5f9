//! Values that are one column.

use larder::source::SourceError;
use larder::source::row::{BytesMapping, Cell, Columns, Mapping, Row};

use super::key_cells;
use crate::key::Key;
use crate::value::Value;

/// Keys over one or several columns, the value the bytes of another.
#[derive(Debug, Clone, Copy)]
pub struct ColumnMapping {
    key_parts: usize,
}

impl ColumnMapping {
    /// Keys of so many parts.
    pub fn new(key_parts: usize) -> Self {
        Self { key_parts }
    }
}

impl Mapping<Key, Value> for ColumnMapping {
    fn key(&self, key: &Key) -> Result<Vec<Cell>, SourceError> {
        key_cells(key, self.key_parts)
    }

    fn value(&self, row: Row) -> Result<Value, SourceError> {
        let bytes: Vec<u8> = Mapping::<Key, Vec<u8>>::value(&BytesMapping, row)?;
        Ok(Value::Bytes(bytes.into()))
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
