//! Keys and values on their way into the journal of a keyspace, and back.

use larder::journal::{Codec, CodecError};
use larder::source::row::{Columns, Row};
use larder_protocol::value::Fields;

use super::stored::{self, Stored};
use crate::key::{Key, KeyRef};
use crate::mapping::RowValue;
use crate::value::{Hash, HashLimits, Value};

/// The codec of a keyspace.
#[derive(Debug, Clone)]
pub(crate) struct KeyspaceCodec {
    /// The columns of its table, where values are rows.
    columns: Option<Columns>,
}

impl KeyspaceCodec {
    /// For a keyspace whose values are strings.
    pub(crate) fn of_strings() -> Self {
        Self { columns: None }
    }

    /// For a keyspace whose values are rows with these columns.
    pub(crate) fn of_rows(columns: Columns) -> Self {
        Self { columns: Some(columns) }
    }

    fn row(&self, cells: Vec<(&str, larder::source::row::Cell)>) -> Result<Value, CodecError> {
        let Some(columns) = &self.columns else {
            return Err(CodecError::new("a row is queued, and the keyspace now holds strings"));
        };
        let mut row = Row::empty(columns.clone());
        for (name, cell) in cells {
            let position = columns.position(name).ok_or_else(|| {
                CodecError::new(format!("the table no longer has the column '{name}' of the row"))
            })?;
            row.set(position, cell);
        }
        Ok(RowValue::new(row).into())
    }

    /// A value that is not a row; where the keyspace holds rows it cannot be stored.
    fn without_columns(&self, value: Value) -> Result<Value, CodecError> {
        match self.columns {
            None => Ok(value),
            Some(_) => Err(CodecError::new("a string is queued, and the keyspace now holds rows")),
        }
    }
}

impl Codec<Key, Value> for KeyspaceCodec {
    fn encode_key(&self, key: &Key, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        stored::write_key(key.database(), key.as_ref(), bytes);
        Ok(())
    }

    fn encode_value(&self, value: &Value, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        match value {
            Value::Bytes(text) => stored::write_string(text, bytes),
            Value::Hash(hash) => stored::write_hash(&fields(hash), bytes),
            Value::Row(row) => {
                let cells = row.row().named().map(|(_, column, cell)| (&*column.name, cell));
                stored::write_row(cells, bytes);
            }
        }
        Ok(())
    }

    fn decode_key(&self, bytes: &[u8]) -> Result<Key, CodecError> {
        let (database, bytes) = stored::read_key(bytes)?;
        Ok(KeyRef { bytes, database }.into())
    }

    fn decode_value(&self, bytes: &[u8]) -> Result<Value, CodecError> {
        match Stored::read(bytes)? {
            Stored::String(text) => self.without_columns(Value::bytes(text)),
            Stored::Hash(fields) => self.without_columns(hash(fields)),
            Stored::Row(cells) => self.row(cells),
        }
    }
}

fn fields(hash: &Hash) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut fields = Vec::with_capacity(hash.len());
    hash.each(&mut |name, value| fields.push((name.to_vec(), value.to_vec())));
    fields
}

fn hash(fields: Vec<(&[u8], &[u8])>) -> Value {
    const ANY: HashLimits = HashLimits { entries_max: usize::MAX, value_max: usize::MAX };
    let mut hash = Hash::default();
    hash.set(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect(), ANY);
    Value::Hash(hash.into())
}

#[cfg(test)]
mod tests {
    use larder::source::row::{Cell, Column, ColumnType};

    use super::*;

    fn columns(names: &[&str]) -> Columns {
        let column =
            |name: &&str| Column { name: (**name).into(), kind: ColumnType::Any, nullable: true };
        Columns::new(names.iter().map(column).collect::<Vec<_>>())
    }

    fn encoded(codec: &KeyspaceCodec, value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        codec.encode_value(value, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_key_keeps_its_database() {
        let (codec, mut bytes) = (KeyspaceCodec::of_strings(), Vec::new());
        let key = Key::from(KeyRef { bytes: b"tea\0", database: 3 });
        codec.encode_key(&key, &mut bytes).unwrap();
        assert_eq!(codec.decode_key(&bytes).unwrap(), key);
    }

    #[test]
    fn strings_and_hashes_come_back() {
        let codec = KeyspaceCodec::of_strings();
        let text = codec.decode_value(&encoded(&codec, &Value::bytes(b"\xff"))).unwrap();
        assert!(matches!(text, Value::Bytes(text) if *text == *b"\xff"));
        let value = hash(vec![(b"b", b"2"), (b"a", b"1")]);
        let Ok(Value::Hash(back)) = codec.decode_value(&encoded(&codec, &value)) else { panic!() };
        assert_eq!(fields(&back)[0], (b"b".to_vec(), b"2".to_vec()));
    }

    #[test]
    fn a_part_of_a_row_comes_back_wherever_its_columns_now_stand() {
        let codec = KeyspaceCodec::of_rows(columns(&["id", "name", "price"]));
        let mut row = Row::empty(columns(&["id", "name", "price"]));
        row.set(0, Cell::Integer(7));
        row.set(2, Cell::Null);
        let bytes = encoded(&codec, &RowValue::new(row).into());
        let codec = KeyspaceCodec::of_rows(columns(&["price", "kind", "id"]));
        let Ok(Value::Row(back)) = codec.decode_value(&bytes) else { panic!() };
        let cells: Vec<_> = (0..3).map(|position| back.row().cell(position).cloned()).collect();
        assert_eq!(cells, [Some(Cell::Null), None, Some(Cell::Integer(7))]);
    }

    #[test]
    fn what_the_keyspace_cannot_hold_any_more_is_refused() {
        let rows = KeyspaceCodec::of_rows(columns(&["id"]));
        let strings = KeyspaceCodec::of_strings();
        let mut row = Row::empty(columns(&["id"]));
        row.set(0, Cell::Integer(7));
        let row = encoded(&rows, &RowValue::new(row).into());
        let said = |error: CodecError| error.to_string();
        assert!(said(strings.decode_value(&row).unwrap_err()).contains("now holds strings"));
        let text = encoded(&strings, &Value::bytes(b"x"));
        assert!(said(rows.decode_value(&text).unwrap_err()).contains("now holds rows"));
        let other = KeyspaceCodec::of_rows(columns(&["key"]));
        assert!(said(other.decode_value(&row).unwrap_err()).contains("the column 'id'"));
    }
}
