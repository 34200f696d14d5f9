//! Cells as JSON, and back.

use larder::source::row::{Cell, Column, ColumnType};
use serde_json::Value as Json;

use super::{from_field, mismatch, syntax};

/// A cell as JSON text. Bytes that are not text become `{"hex": "..."}`; a decimal is a number of the
/// same digits, and a document or an array stands there as it is.
pub(in crate::mapping) fn to_json(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Integer(integer) => integer.to_string(),
        // JSON has no infinities.
        Cell::Real(real) => {
            serde_json::Number::from_f64(*real).map_or_else(|| "null".to_owned(), |n| n.to_string())
        }
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Decimal(digits) if syntax::is_json_number(digits) => digits.to_string(),
        Cell::Text(text) | Cell::Decimal(text) => Json::from(&**text).to_string(),
        Cell::Json(document) => document.to_string(),
        Cell::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Json::from(text).to_string(),
            Err(_) => serde_json::json!({ "hex": hex(bytes) }).to_string(),
        },
    }
}

/// Whether a cell's JSON and `text` are the same value.
pub(in crate::mapping) fn is_same(cell: &Cell, text: &str) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Json>(text).ok();
    parsed(&to_json(cell)).is_some_and(|value| parsed(text) == Some(value))
}

/// The cell of a column for a value in the text of a JSON document. Numbers are not read as floating
/// point where the column keeps their digits.
pub(in crate::mapping) fn from_json(column: &Column, text: &str) -> Result<Cell, String> {
    let is_number = text.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    match column.kind {
        _ if text == "null" => Ok(Cell::Null),
        ColumnType::Json => Ok(Cell::Json(text.into())),
        ColumnType::Array if text.starts_with('[') => Ok(Cell::Json(text.into())),
        ColumnType::Decimal if is_number => Ok(Cell::Decimal(text.into())),
        _ => match serde_json::from_str(text) {
            Ok(value) => from_value(column, &value),
            // What is valid but too deep to be looked into.
            Err(_) => Err(mismatch(column, "what is nested so deeply")),
        },
    }
}

/// Whether `text` is a JSON document.
pub(super) fn is_document(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether `text` is a JSON array.
pub(super) fn is_array(text: &str) -> bool {
    text.trim_ascii_start().starts_with('[') && is_document(text)
}

fn from_value(column: &Column, value: &Json) -> Result<Cell, String> {
    match (column.kind, value) {
        (ColumnType::Boolean, Json::Bool(truth)) => Ok(Cell::Boolean(*truth)),
        (ColumnType::Boolean, Json::Number(_)) => from_field(column, value.to_string().as_bytes()),
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

fn from_number(column: &Column, number: &serde_json::Number) -> Result<Cell, String> {
    match (number.as_i64(), number.as_f64(), column.kind) {
        (Some(integer), _, _) => Ok(Cell::Integer(integer)),
        (None, Some(real), ColumnType::Any) => Ok(Cell::Real(real)),
        _ => Err(mismatch(column, &number.to_string())),
    }
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
    use super::super::tests::{KINDS, column};
    use super::*;

    #[test]
    fn a_cell_comes_back_through_json_in_a_column_of_its_type() {
        let cells = [
            (ColumnType::Integer, Cell::Integer(i64::MIN)),
            (ColumnType::Real, Cell::Real(-0.1)),
            (ColumnType::Real, Cell::Real(1.844_674_446_744_073_6e24)),
            (ColumnType::Text, Cell::Text("ü\0\"".into())),
            (ColumnType::Blob, Cell::Blob([0xff, 0x00].into())),
            (ColumnType::Blob, Cell::Blob(b"text".as_slice().into())),
            (ColumnType::Boolean, Cell::Boolean(true)),
            (
                ColumnType::Decimal,
                Cell::Decimal("12345678901234567890.12345678901234567890".into()),
            ),
            (ColumnType::Json, Cell::Json(r#"{"a": [1.0, "x"]}"#.into())),
            (ColumnType::Array, Cell::Json(r#"[1,null]"#.into())),
            (ColumnType::Date, Cell::Text("2024-01-31".into())),
            (ColumnType::Any, Cell::Blob([0xff].into())),
        ];
        for (kind, cell) in cells {
            assert_eq!(from_json(&column(kind), &to_json(&cell)), Ok(cell));
        }
    }

    #[test]
    fn null_is_null_everywhere() {
        for kind in KINDS {
            assert_eq!(from_json(&column(kind), "null"), Ok(Cell::Null));
        }
    }

    #[test]
    fn digits_that_are_no_json_number_are_a_string() {
        assert_eq!(to_json(&Cell::Decimal("NaN".into())), r#""NaN""#);
        assert_eq!(to_json(&Cell::Decimal("1.50".into())), "1.50");
        let cell = from_json(&column(ColumnType::Decimal), r#""1.50""#);
        assert_eq!(cell, Ok(Cell::Decimal("1.50".into())));
    }

    #[test]
    fn a_truth_value_may_be_written_as_a_number() {
        let column = column(ColumnType::Boolean);
        assert_eq!(from_json(&column, "1"), Ok(Cell::Boolean(true)));
        assert_eq!(from_json(&column, r#""false""#), Ok(Cell::Boolean(false)));
        assert!(from_json(&column, "2").is_err());
    }

    #[test]
    fn what_is_not_of_the_columns_type_is_refused() {
        for (kind, text) in [
            (ColumnType::Integer, "1.5"),
            (ColumnType::Integer, "[1]"),
            (ColumnType::Blob, "true"),
            (ColumnType::Blob, r#"{"hex": "0g"}"#),
            (ColumnType::Blob, r#"{"hex": "+1"}"#),
            (ColumnType::Decimal, "true"),
            (ColumnType::Array, r#"{"a":1}"#),
            (ColumnType::Date, "20240131"),
            (ColumnType::Uuid, "7"),
        ] {
            assert!(from_json(&column(kind), text).is_err(), "{kind:?} {text}");
        }
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert!(from_json(&column(ColumnType::Text), &deep).is_err());
    }
}
