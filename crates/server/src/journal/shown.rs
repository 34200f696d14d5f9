//! Keys and values of a journal for people, without the table that they are of.

use larder::journal::CodecError;
use larder::source::row::{Cell, Column, ColumnType, Columns, Row};
use larder_protocol::value::Fields;
use serde_json::{Map, Value as Json};

use super::stored::{self, Stored};
use crate::mapping::RowValue;

/// A key as a journal has it, as JSON: without its keyspace's prefix.
///
/// # Errors
///
/// When the bytes are no key that a larder has written.
pub fn key(bytes: &[u8]) -> Result<Json, CodecError> {
    stored::read_key(bytes).map(|(_, key)| text(key))
}

/// A value as a journal has it, as JSON: a string, or an object of the fields that are written.
///
/// # Errors
///
/// When the bytes are no value that a larder has written.
pub fn value(bytes: &[u8]) -> Result<Json, CodecError> {
    Ok(match Stored::read(bytes)? {
        Stored::String(content) => text(content),
        Stored::Hash(fields) => {
            let member = |(name, value): (&[u8], &[u8])| {
                (String::from_utf8_lossy(name).into_owned(), text(value))
            };
            Json::Object(fields.into_iter().map(member).collect::<Map<_, _>>())
        }
        Stored::Row(cells) => row(cells),
    })
}

fn row(cells: Vec<(&str, Cell)>) -> Json {
    let column = |(name, _): &(&str, Cell)| Column {
        name: (*name).into(),
        kind: ColumnType::Any,
        nullable: true,
    };
    let mut row = Row::empty(Columns::new(cells.iter().map(column).collect::<Vec<_>>()));
    for (position, (_, cell)) in cells.into_iter().enumerate() {
        row.set(position, cell);
    }
    let row = RowValue::new(row);
    let document = row.document().unwrap_or_default();
    serde_json::from_slice(&document).unwrap_or(Json::Null)
}

/// Bytes as text, or in hexadecimal digits where they are none.
fn text(bytes: &[u8]) -> Json {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            serde_json::json!({ "hex": hex })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_and_values_are_told_as_clients_know_them() {
        let (mut bytes, mut string, mut hash) = (Vec::new(), Vec::new(), Vec::new());
        stored::write_key(0, b"tea", &mut bytes);
        assert_eq!(key(&bytes), Ok(json!("tea")));
        stored::write_string(b"\xff\x00", &mut string);
        assert_eq!(value(&string), Ok(json!({ "hex": "ff00" })));
        stored::write_hash(&[(b"a".to_vec(), b"1".to_vec())], &mut hash);
        assert_eq!(value(&hash), Ok(json!({ "a": "1" })));
    }

    #[test]
    fn a_row_is_told_by_its_columns() {
        let mut bytes = Vec::new();
        let cells =
            [("id", Cell::Integer(7)), ("price", Cell::Null), ("name", Cell::Text("tea".into()))];
        stored::write_row(cells.iter().map(|(name, cell)| (*name, cell)), &mut bytes);
        assert_eq!(value(&bytes), Ok(json!({ "id": 7, "price": null, "name": "tea" })));
    }

    #[test]
    fn what_no_larder_has_written_is_refused() {
        assert!(key(b"").is_err() && value(b"\x01\x09").is_err());
    }
}
