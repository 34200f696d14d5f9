//! Cells and the values of the protocol.

use mysql_async::Value;

use super::error::rejected;
use super::native::Native;
use crate::source::row::Cell;
use crate::source::{SourceError, SourceErrorKind};

/// The value that a cell is sent as.
pub(super) fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::NULL,
        Cell::Integer(integer) => Value::Int(*integer),
        Cell::Boolean(truth) => Value::Int((*truth).into()),
        Cell::Real(real) => Value::Double(*real),
        Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text) => {
            Value::Bytes(text.as_bytes().to_vec())
        }
        Cell::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

/// About how many bytes a cell takes in a packet.
pub(super) fn size(cell: &Cell) -> usize {
    const NUMBER: usize = 8;
    // The type of each, and the length of what has one.
    const HEADER: usize = 11;
    HEADER
        + match cell {
            Cell::Null | Cell::Integer(_) | Cell::Boolean(_) | Cell::Real(_) => NUMBER,
            Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text) => text.len(),
            Cell::Blob(bytes) => bytes.len(),
        }
}

/// Refuses what no column of this type can hold, but the server would take for something else.
pub(super) fn check(cell: &Cell, column: &str) -> Result<(), SourceError> {
    match cell {
        Cell::Real(real) if !real.is_finite() => {
            Err(rejected(format!("MySQL cannot store {real}, which column {column:?} was given")))
        }
        _ => Ok(()),
    }
}

/// The cell that a column of type `native` holds.
pub(super) fn cell(value: Value, native: &Native, column: &str) -> Result<Cell, SourceError> {
    Ok(match (native, value) {
        (_, Value::NULL) => Cell::Null,
        (Native::Integer { bits: 64, unsigned: true }, value) => {
            Cell::Decimal(digits(value, column)?)
        }
        (Native::Bits(bits), Value::Bytes(bytes)) => bit_field(*bits, &bytes),
        (_, Value::Int(integer)) => Cell::Integer(integer),
        (_, Value::UInt(integer)) => match i64::try_from(integer) {
            Ok(integer) => Cell::Integer(integer),
            Err(_) => Cell::Decimal(integer.to_string().into()),
        },
        // The shortest digits that are this number: 0.1 and not 0.10000000149011612.
        (_, Value::Float(real)) => Cell::Real(real.to_string().parse().unwrap_or(f64::from(real))),
        (_, Value::Double(real)) => Cell::Real(real),
        (Native::Bytes { .. }, Value::Bytes(bytes)) => Cell::Blob(bytes.into()),
        (Native::Decimal { .. }, Value::Bytes(text)) => Cell::Decimal(utf8(text, column)?),
        (Native::Json, Value::Bytes(text)) => Cell::Json(utf8(text, column)?),
        (Native::Other, Value::Bytes(bytes)) => match utf8(bytes.clone(), column) {
            Ok(text) => Cell::Text(text),
            Err(_) => Cell::Blob(bytes.into()),
        },
        (_, Value::Bytes(text)) => Cell::Text(utf8(text, column)?),
        (Native::Date, Value::Date(year, month, day, ..)) => {
            Cell::Text(format!("{year:04}-{month:02}-{day:02}").into())
        }
        (_, Value::Date(year, month, day, hour, minute, second, micros)) => {
            let fraction = fraction(micros);
            let date = format!("{year:04}-{month:02}-{day:02}");
            Cell::Text(format!("{date} {hour:02}:{minute:02}:{second:02}{fraction}").into())
        }
        (_, Value::Time(negative, days, hours, minutes, seconds, micros)) => {
            let sign = if negative { "-" } else { "" };
            let hours = 24 * days + u32::from(hours);
            let fraction = fraction(micros);
            Cell::Text(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}").into())
        }
    })
}

fn utf8(text: Vec<u8>, column: &str) -> Result<Box<str>, SourceError> {
    String::from_utf8(text).map(Into::into).map_err(|error| {
        let sentence = format!("column {column:?} holds text that is not UTF-8: {error}");
        SourceError::new(SourceErrorKind::Undecodable, sentence)
    })
}

fn digits(value: Value, column: &str) -> Result<Box<str>, SourceError> {
    match value {
        Value::Int(integer) => Ok(integer.to_string().into()),
        Value::UInt(integer) => Ok(integer.to_string().into()),
        Value::Bytes(text) => utf8(text, column),
        other => {
            let sentence = format!("column {column:?} holds no integer but {other:?}");
            Err(SourceError::new(SourceErrorKind::Undecodable, sentence))
        }
    }
}

/// Fields of bits come as bytes, the highest first.
fn bit_field(bits: u32, bytes: &[u8]) -> Cell {
    let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    match i64::try_from(number) {
        Ok(integer) if bits < 64 => Cell::Integer(integer),
        _ => Cell::Decimal(number.to_string().into()),
    }
}

/// The fraction of a second, without zeros at its end.
fn fraction(micros: u32) -> String {
    match micros {
        0 => String::new(),
        _ => format!(".{micros:06}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(native: Native, value: Value) -> Cell {
        cell(value, &native, "c").unwrap()
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn dates_and_times_are_text_without_needless_zeros() {
        let moment = Value::Date(2024, 1, 31, 23, 59, 59, 500_000);
        assert_eq!(read(Native::Timestamp, moment.clone()), text("2024-01-31 23:59:59.5"));
        assert_eq!(read(Native::Date, moment), text("2024-01-31"));
        let span = Value::Time(true, 34, 22, 59, 59, 0);
        assert_eq!(read(Native::Time, span), text("-838:59:59"));
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(read(Native::Float, Value::Float(0.1)), Cell::Real(0.1));
        let largest = Native::Integer { bits: 64, unsigned: true };
        let digits = Cell::Decimal("18446744073709551615".into());
        assert_eq!(read(largest, Value::UInt(u64::MAX)), digits);
        assert_eq!(read(Native::Bits(9), Value::Bytes(vec![1, 2])), Cell::Integer(258));
    }

    #[test]
    fn text_that_is_not_utf8_cannot_be_read() {
        let native = Native::Text(super::super::native::Collation::Bytes);
        let error = cell(Value::Bytes(vec![0xff]), &native, "c").unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Undecodable);
    }

    #[test]
    fn what_is_no_number_is_not_stored() {
        for real in [f64::NAN, f64::INFINITY] {
            let error = check(&Cell::Real(real), "c").unwrap_err();
            assert_eq!(error.kind(), SourceErrorKind::Rejected);
        }
    }
}
