//! Cells as the text of fields, and back, by the type of their column.

mod json;
mod syntax;

use std::borrow::Cow;

use larder::source::row::{Cell, Column, ColumnType};

pub(super) use json::{from_json, is_same, to_json};

/// A cell as the text of a field; `None` for NULL.
pub(super) fn to_field(cell: &Cell) -> Option<Cow<'_, [u8]>> {
    match cell {
        Cell::Null => None,
        Cell::Integer(integer) => Some(Cow::Owned(integer.to_string().into_bytes())),
        Cell::Real(real) => Some(Cow::Owned(format!("{real:?}").into_bytes())),
        Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text) => {
            Some(Cow::Borrowed(text.as_bytes()))
        }
        Cell::Blob(bytes) => Some(Cow::Borrowed(bytes)),
        Cell::Boolean(truth) => Some(Cow::Borrowed(if *truth { b"true" } else { b"false" })),
    }
}

/// The cell of a column for the text of a field.
pub(super) fn from_field(column: &Column, field: &[u8]) -> Result<Cell, String> {
    match (column.kind, std::str::from_utf8(field)) {
        (ColumnType::Blob, _) | (ColumnType::Any, Err(_)) => Ok(Cell::Blob(field.into())),
        (_, Err(_)) => Err(mismatch(column, "bytes that are not UTF-8")),
        (_, Ok(text)) => {
            from_text(column.kind, text).ok_or_else(|| mismatch(column, &format!("'{text}'")))
        }
    }
}

/// A part of a key. The source converts it to its column's type.
pub(super) fn from_key_part(part: &[u8]) -> Cell {
    match std::str::from_utf8(part) {
        Ok(text) => Cell::Text(text.into()),
        Err(_) => Cell::Blob(part.into()),
    }
}

fn from_text(kind: ColumnType, text: &str) -> Option<Cell> {
    let when = |holds: bool| holds.then(|| Cell::Text(text.into()));
    match kind {
        ColumnType::Integer => text.parse().ok().map(Cell::Integer),
        ColumnType::Real => text.parse().ok().filter(|real: &f64| !real.is_nan()).map(Cell::Real),
        ColumnType::Boolean => match text {
            "true" | "t" | "1" => Some(Cell::Boolean(true)),
            "false" | "f" | "0" => Some(Cell::Boolean(false)),
            _ => None,
        },
        ColumnType::Decimal => syntax::is_decimal(text).then(|| Cell::Decimal(text.into())),
        ColumnType::Json => json::is_document(text).then(|| Cell::Json(text.into())),
        ColumnType::Array => json::is_array(text).then(|| Cell::Json(text.into())),
        ColumnType::Date => when(syntax::is_date(text)),
        ColumnType::Time => when(syntax::is_time(text)),
        ColumnType::Timestamp => when(syntax::is_timestamp(text)),
        ColumnType::Uuid => when(syntax::is_uuid(text)),
        ColumnType::Text | ColumnType::Blob | ColumnType::Any => when(true),
    }
}

fn mismatch(column: &Column, value: &str) -> String {
    let kind = match column.kind {
        ColumnType::Integer => "integers",
        ColumnType::Real | ColumnType::Decimal => "numbers",
        ColumnType::Text => "text",
        ColumnType::Blob => "bytes",
        ColumnType::Boolean => "true or false",
        ColumnType::Json => "JSON",
        ColumnType::Array => "JSON arrays",
        ColumnType::Date => "dates such as 2024-01-31",
        ColumnType::Time => "times such as 23:59:59",
        ColumnType::Timestamp => "moments such as 2024-01-31 23:59:59",
        ColumnType::Uuid => "UUIDs",
        ColumnType::Any => "values",
    };
    format!("column '{}' holds {kind}, not {value}", column.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const KINDS: [ColumnType; 13] = [
        ColumnType::Integer,
        ColumnType::Real,
        ColumnType::Text,
        ColumnType::Blob,
        ColumnType::Boolean,
        ColumnType::Decimal,
        ColumnType::Json,
        ColumnType::Array,
        ColumnType::Date,
        ColumnType::Time,
        ColumnType::Timestamp,
        ColumnType::Uuid,
        ColumnType::Any,
    ];

    pub(super) fn column(kind: ColumnType) -> Column {
        Column { name: "c".into(), kind, nullable: true }
    }

    #[test]
    fn a_field_of_each_type_comes_back() {
        for (kind, field) in [
            (ColumnType::Integer, "-7"),
            (ColumnType::Real, "0.5"),
            (ColumnType::Boolean, "true"),
            (ColumnType::Boolean, "false"),
            (ColumnType::Decimal, "-0.10000000000000000001"),
            (ColumnType::Json, r#"{"a": 1.0}"#),
            (ColumnType::Array, r#"["a",null]"#),
            (ColumnType::Date, "2024-02-29"),
            (ColumnType::Time, "23:59:59.5"),
            (ColumnType::Timestamp, "2024-01-31 23:59:59+00"),
            (ColumnType::Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            (ColumnType::Text, "x"),
            (ColumnType::Any, "x"),
        ] {
            let cell = from_field(&column(kind), field.as_bytes()).unwrap();
            assert_eq!(to_field(&cell).unwrap(), field.as_bytes(), "{kind:?}");
        }
    }

    #[test]
    fn null_is_no_field() {
        assert_eq!(to_field(&Cell::Null), None);
    }

    #[test]
    fn what_is_not_of_the_columns_type_is_named() {
        let error = from_field(&column(ColumnType::Integer), b"12x").unwrap_err();
        assert_eq!(error, "column 'c' holds integers, not '12x'");
        for (kind, field) in [
            (ColumnType::Real, b"\xff".as_slice()),
            (ColumnType::Real, b"NaN"),
            (ColumnType::Text, b"\xff"),
            (ColumnType::Boolean, b"yes"),
            (ColumnType::Decimal, b"1,5"),
            (ColumnType::Json, b"{a: 1}"),
            (ColumnType::Array, b"{1,2}"),
            (ColumnType::Array, br#"{"a":1}"#),
            (ColumnType::Date, b"tomorrow"),
            (ColumnType::Time, b"noon"),
            (ColumnType::Timestamp, b"now"),
            (ColumnType::Uuid, b"a0eebc99"),
        ] {
            let error = from_field(&column(kind), field).unwrap_err();
            assert!(error.starts_with("column 'c' holds "), "{error}");
        }
    }
}
