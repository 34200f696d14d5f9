//! Cells and SQLite's values, and which cell a key is in a column of which type.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::source::row::{Cell, ColumnType};
use crate::source::table::NativeType;
use crate::source::table::spelling::{exact, integer, real, whole};
use crate::source::{SourceError, SourceErrorKind};

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) | Self::Decimal(text) | Self::Json(text) => {
                ValueRef::Text(text.as_bytes())
            }
            Self::Boolean(truth) => ValueRef::Integer((*truth).into()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The cell that a column holds.
pub(super) fn cell(value: ValueRef<'_>, column: &str) -> Result<Cell, SourceError> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(integer) => Cell::Integer(integer),
        ValueRef::Real(real) => Cell::Real(real),
        ValueRef::Blob(bytes) => Cell::Blob(bytes.into()),
        ValueRef::Text(text) => Cell::Text(utf8(text, column)?.into()),
    })
}

fn utf8<'a>(text: &'a [u8], column: &str) -> Result<&'a str, SourceError> {
    std::str::from_utf8(text).map_err(|error| {
        let sentence = format!("column {column:?} holds text that is not UTF-8: {error}");
        SourceError::new(SourceErrorKind::Undecodable, sentence)
    })
}

/// How a column converts what is stored in it (<https://sqlite.org/datatype3.html>, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Real,
    Text,
    /// Declared to hold bytes; converts nothing.
    Blob,
    Numeric,
    /// Declared to hold anything, or not at all; converts nothing.
    Any,
}

impl Affinity {
    pub(super) fn of(declared: &str, strict: bool) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |part: &str| declared.contains(part);
        match () {
            () if declared.is_empty() || (strict && declared == "ANY") => Self::Any,
            () if has("INT") => Self::Integer,
            () if has("CHAR") || has("CLOB") || has("TEXT") => Self::Text,
            () if has("BLOB") => Self::Blob,
            () if has("REAL") || has("FLOA") || has("DOUB") => Self::Real,
            () => Self::Numeric,
        }
    }

    pub(super) fn column_type(self) -> ColumnType {
        match self {
            Self::Integer => ColumnType::Integer,
            Self::Real => ColumnType::Real,
            Self::Text => ColumnType::Text,
            Self::Blob => ColumnType::Blob,
            Self::Numeric | Self::Any => ColumnType::Any,
        }
    }
}

impl NativeType for Affinity {
    fn key(&self, cell: Cell) -> Option<Cell> {
        match (self, plain(cell)) {
            (_, Cell::Null) => None,
            (_, Cell::Real(real)) if real.is_nan() => None,
            (Self::Integer, Cell::Text(text)) => integer(&text),
            (Self::Integer, Cell::Real(real)) => whole(real),
            (Self::Integer | Self::Real, Cell::Blob(_)) => None,
            (Self::Real, Cell::Text(text)) => real(&text),
            (Self::Real, Cell::Integer(integer)) => exact(integer),
            (Self::Text, Cell::Integer(integer)) => Some(Cell::Text(integer.to_string().into())),
            (Self::Text, Cell::Real(real)) => Some(Cell::Text(format!("{real:?}").into())),
            (Self::Blob, Cell::Text(text)) => Some(Cell::Blob(text.into_boxed_bytes())),
            (Self::Numeric, Cell::Text(text)) => numeric(text),
            (_, cell) => Some(cell),
        }
    }
}

/// A cell of one of the types that SQLite has.
fn plain(cell: Cell) -> Cell {
    match cell {
        Cell::Decimal(text) | Cell::Json(text) => Cell::Text(text),
        Cell::Boolean(truth) => Cell::Integer(truth.into()),
        cell => cell,
    }
}

/// SQLite turns text that looks like a number into one, and a whole one into an integer.
fn numeric(text: Box<str>) -> Option<Cell> {
    let is_letter = |letter: char| letter.is_ascii_alphabetic() && !"eE".contains(letter);
    let is_space = |letter: char| letter.is_ascii_whitespace() || letter == '\x0b';
    let trimmed = text.trim_matches(is_space);
    if trimmed.contains(is_letter) || trimmed.parse::<f64>().is_err() {
        return Some(Cell::Text(text));
    }
    integer(&text).or_else(|| match real(&text)? {
        Cell::Real(real) if whole(real).is_some() => None,
        cell => Some(cell),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn declared_types_follow_sqlites_rules() {
        for (declared, affinity) in [
            ("INTEGER", Affinity::Integer),
            ("bigint", Affinity::Integer),
            ("VARCHAR(4)", Affinity::Text),
            ("BLOB", Affinity::Blob),
            ("", Affinity::Any),
            ("DOUBLE PRECISION", Affinity::Real),
            ("DECIMAL(10,5)", Affinity::Numeric),
            // SQLite's own example: the INT in the name wins.
            ("FLOATING POINT", Affinity::Integer),
            ("ANY", Affinity::Numeric),
        ] {
            assert_eq!(Affinity::of(declared, false), affinity, "{declared}");
        }
        assert_eq!(Affinity::of("ANY", true), Affinity::Any);
    }

    #[test]
    fn an_integer_key_has_one_spelling() {
        let key = |spelling| Affinity::Integer.key(text(spelling));
        assert_eq!(key("7"), Some(Cell::Integer(7)));
        assert_eq!(key("-9223372036854775808"), Some(Cell::Integer(i64::MIN)));
        for other in ["07", "+7", " 7", "7.0", "7e0", "-0", "", "x", "9223372036854775808"] {
            assert_eq!(key(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_real_key_has_one_spelling() {
        let key = |spelling| Affinity::Real.key(text(spelling));
        assert_eq!(key("-0.5"), Some(Cell::Real(-0.5)));
        assert_eq!(key("0.0"), Some(Cell::Real(0.0)));
        for other in ["-0.0", "0", "+0.5", ".5", "5e-1", "NaN", "x"] {
            assert_eq!(key(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_numeric_key_has_one_spelling_and_may_be_text() {
        let key = |spelling| Affinity::Numeric.key(text(spelling));
        assert_eq!(key("7"), Some(Cell::Integer(7)));
        assert_eq!(key("7.5"), Some(Cell::Real(7.5)));
        assert_eq!(key("2024-01-31"), Some(text("2024-01-31")));
        assert_eq!(key("inf"), Some(text("inf")));
        for other in ["7.0", "07", " 7", "7\x0b", "7.", "75e-1", "1e3"] {
            assert_eq!(key(other), None, "{other:?}");
        }
    }

    #[test]
    fn numbers_meet_columns_of_the_other_type_only_without_loss() {
        assert_eq!(Affinity::Integer.key(Cell::Real(7.0)), Some(Cell::Integer(7)));
        assert_eq!(Affinity::Integer.key(Cell::Real(7.5)), None);
        assert_eq!(Affinity::Integer.key(Cell::Real(f64::INFINITY)), None);
        assert_eq!(Affinity::Real.key(Cell::Integer(7)), Some(Cell::Real(7.0)));
        assert_eq!(Affinity::Real.key(Cell::Integer(i64::MAX)), None);
    }

    #[test]
    fn cells_of_types_that_sqlite_lacks_are_those_that_it_has() {
        assert_eq!(Affinity::Integer.key(Cell::Decimal("7".into())), Some(Cell::Integer(7)));
        assert_eq!(Affinity::Integer.key(Cell::Boolean(true)), Some(Cell::Integer(1)));
        assert_eq!(Affinity::Text.key(Cell::Json("[1]".into())), Some(text("[1]")));
    }

    #[test]
    fn null_and_nan_are_nobodys_key() {
        assert_eq!(Affinity::Any.key(Cell::Null), None);
        assert_eq!(Affinity::Any.key(Cell::Real(f64::NAN)), None);
    }

    #[test]
    fn text_is_the_bytes_of_a_blob_column() {
        assert_eq!(Affinity::Blob.key(text("ab")), Some(Cell::Blob((*b"ab").into())));
    }
}
