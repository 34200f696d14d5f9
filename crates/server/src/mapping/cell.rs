//! Cells as text and JSON, and back, by the type of their column.

use std::borrow::Cow;

use larder::source::row::{Cell, Column, ColumnType};
use serde_json::Value as Json;

/// A cell as the text of a field; `None` for NULL.
pub(super) fn to_field(cell: &Cell) -> Option<Cow<'_, [u8]>> {
    match cell {
        Cell::Null => None,
        Cell::Integer(integer) => Some(Cow::Owned(integer.to_string().into_bytes())),
        Cell::Real(real) => Some(Cow::Owned(format!("{real:?}").into_bytes())),
        Cell::Text(text) => Some(Cow::Borrowed(text.as_bytes())),
        Cell::Blob(bytes) => Some(Cow::Borrowed(bytes)),
    }
}

/// A cell as JSON. Bytes that are not text become `{"hex": "..."}`.
pub(super) fn to_json(cell: &Cell) -> Json {
    match cell {
        Cell::Null => Json::Null,
        Cell::Integer(integer) => Json::from(*integer),
        // JSON has no infinities.
        Cell::Real(real) => serde_json::Number::from_f64(*real).map_or(Json::Null, Json::Number),
        Cell::Text(text) => Json::from(&**text),
        Cell::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Json::from(text),
            Err(_) => serde_json::json!({ "hex": hex(bytes) }),
        },
    }
}

/// The cell of a column for the text of a field.
pub(super) fn from_field(column: &Column, field: &[u8]) -> Result<Cell, String> {
    let text = std::str::from_utf8(field);
    match (column.kind, text) {
        (ColumnType::Integer, Ok(text)) => {
            text.parse().map(Cell::Integer).map_err(|_| mismatch(column, &format!("'{text}'")))
        }
        (ColumnType::Real, Ok(text)) => match text.parse::<f64>() {
            Ok(real) if !real.is_nan() => Ok(Cell::Real(real)),
            _ => Err(mismatch(column, &format!("'{text}'"))),
        },
        (ColumnType::Text | ColumnType::Any, Ok(text)) => Ok(Cell::Text(text.into())),
        (ColumnType::Blob, _) | (ColumnType::Any, Err(_)) => Ok(Cell::Blob(field.into())),
        (_, Err(_)) => Err(mismatch(column, "bytes that are not UTF-8")),
    }
}

/// The cell of a column for a JSON value.
pub(super) fn from_json(column: &Column, value: &Json) -> Result<Cell, String> {
    match (column.kind, value) {
        (_, Json::Null) => Ok(Cell::Null),
        (ColumnType::Integer | ColumnType::Any, Json::Bool(truth)) => {
            Ok(Cell::Integer((*truth).into()))
        }
        (ColumnType::Real, Json::Bool(truth)) => Ok(Cell::Real(u8::from(*truth).into())),
        (ColumnType::Real, Json::Number(number)) => {
            number.as_f64().map(Cell::Real).ok_or_else(|| mismatch(column, &number.to_string()))
        }
        (ColumnType::Integer | ColumnType::Any, Json::Number(number)) => {
            from_number(column, number)
        }
        (ColumnType::Blob | ColumnType::Any, Json::Object(_)) if hex_of(value).is_some() => {
            from_hex(column, hex_of(value).unwrap_or_default())
        }
        (_, Json::String(text)) => from_field(column, text.as_bytes()),
        // What has no form of its own in SQL stands there as JSON.
        (ColumnType::Text | ColumnType::Any, _) => Ok(Cell::Text(value.to_string().into())),
        _ => Err(mismatch(column, &value.to_string())),
    }
}

/// A part of a key. The source converts it to its column's type.
pub(super) fn from_key_part(part: &[u8]) -> Cell {
    match std::str::from_utf8(part) {
        Ok(text) => Cell::Text(text.into()),
        Err(_) => Cell::Blob(part.into()),
    }
}

fn from_number(column: &Column, number: &serde_json::Number) -> Result<Cell, String> {
    match (number.as_i64(), number.as_f64(), column.kind) {
        (Some(integer), _, _) => Ok(Cell::Integer(integer)),
        (None, Some(real), ColumnType::Any) => Ok(Cell::Real(real)),
        _ => Err(mismatch(column, &number.to_string())),
    }
}

fn mismatch(column: &Column, value: &str) -> String {
    let kind = match column.kind {
        ColumnType::Integer => "integers",
        ColumnType::Real => "numbers",
        ColumnType::Text => "text",
        ColumnType::Blob => "bytes",
        ColumnType::Any => "values",
    };
    format!("column '{}' holds {kind}, not {value}", column.name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex_of(value: &Json) -> Option<&str> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get("hex")?.as_str()
}

fn from_hex(column: &Column, text: &str) -> Result<Cell, String> {
    let digits = text.as_bytes();
    let pair = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).ok().filter(|_| pair.len() == 2)?;
        u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    match bytes {
        Some(bytes) => Ok(Cell::Blob(bytes.into())),
        None => Err(mismatch(column, &format!("the hex '{text}'"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [ColumnType; 5] = [
        ColumnType::Integer,
        ColumnType::Real,
        ColumnType::Text,
        ColumnType::Blob,
        ColumnType::Any,
    ];

    fn column(kind: ColumnType) -> Column {
        Column { name: "c".into(), kind, nullable: true }
    }

    #[test]
    fn a_cell_comes_back_through_json_in_a_column_of_its_type() {
        let cells = [
            (ColumnType::Integer, Cell::Integer(i64::MIN)),
            (ColumnType::Real, Cell::Real(-0.1)),
            (ColumnType::Real, Cell::Real(1.844_674_446_744_073_6e24)),
            (ColumnType::Text, Cell::Text("ü\0\"".into())),
            (ColumnType::Blob, Cell::Blob([0xff, 0x00].into())),
            (ColumnType::Blob, Cell::Blob(b"text".as_slice().into())),
            (ColumnType::Any, Cell::Blob([0xff].into())),
        ];
        for (kind, cell) in cells {
            assert_eq!(from_json(&column(kind), &to_json(&cell)), Ok(cell));
        }
    }

    #[test]
    fn null_is_null_everywhere() {
        for kind in KINDS {
            assert_eq!(from_json(&column(kind), &Json::Null), Ok(Cell::Null));
        }
        assert_eq!(to_field(&Cell::Null), None);
    }

    #[test]
    fn what_is_not_of_the_columns_type_is_named() {
        let error = from_field(&column(ColumnType::Integer), b"12x").unwrap_err();
        assert_eq!(error, "column 'c' holds integers, not '12x'");
        assert!(from_field(&column(ColumnType::Real), b"\xff").is_err());
        assert!(from_field(&column(ColumnType::Real), b"NaN").is_err());
        assert!(from_field(&column(ColumnType::Text), b"\xff").is_err());
        assert!(from_json(&column(ColumnType::Integer), &serde_json::json!(1.5)).is_err());
        assert!(from_json(&column(ColumnType::Integer), &serde_json::json!([1])).is_err());
        assert!(from_json(&column(ColumnType::Blob), &serde_json::json!(true)).is_err());
        assert!(from_json(&column(ColumnType::Blob), &serde_json::json!({"hex": "0g"})).is_err());
        assert!(from_json(&column(ColumnType::Blob), &serde_json::json!({"hex": "+1"})).is_err());
    }
}
