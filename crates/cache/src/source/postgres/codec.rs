//! Cells as parameters, and columns of an answer as cells.
//!
//! Every parameter is an array, one element a row: of bytes for columns of bytes, and of text, which
//! the server casts, for all others.

use std::borrow::Cow;

use tokio_postgres::types::ToSql;

use super::literal::array;
use super::native::{Form, Native, widened};
use crate::source::error::rejected;
use crate::source::row::{Cell, Columns, Row};
use crate::source::table::spelling::whole;
use crate::source::{SourceError, SourceErrorKind};

/// The values of one column.
pub(super) enum Values<'c> {
    Text(Vec<Option<Cow<'c, str>>>),
    Bytes(Vec<Option<Cow<'c, [u8]>>>),
}

impl<'c> Values<'c> {
    /// The values for a column called `name`.
    pub(super) fn new(
        native: &Native,
        name: &str,
        cells: impl Iterator<Item = &'c Cell>,
    ) -> Result<Self, SourceError> {
        if native.form == Form::Bytes {
            return Ok(Self::Bytes(cells.map(bytes).collect()));
        }
        let texts = cells.map(|cell| text(native.form, cell));
        let texts = texts.map(|text| text.map_err(|why| refused(name, native, why)));
        texts.collect::<Result<_, _>>().map(Self::Text)
    }

    pub(super) fn parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Text(texts) => texts,
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// The row that an answer has in its columns from `first` on.
pub(super) fn row(
    answer: &tokio_postgres::Row,
    first: usize,
    columns: &Columns,
    natives: &[Native],
) -> Result<Row, SourceError> {
    let mut row = Row::empty(columns.clone());
    for (position, native) in natives.iter().enumerate() {
        let cell = cell(answer, first + position, native.form).map_err(|error| {
            let name = &columns[position].name;
            let sentence = format!("column {name:?} cannot be read: {error}");
            SourceError::new(SourceErrorKind::Undecodable, sentence)
        })?;
        row.set(position, cell);
    }
    Ok(row)
}

fn cell(
    answer: &tokio_postgres::Row,
    at: usize,
    form: Form,
) -> Result<Cell, tokio_postgres::Error> {
    let cell = match form {
        Form::Integer(_) => answer.try_get::<_, Option<i64>>(at)?.map(Cell::Integer),
        Form::Real => answer.try_get::<_, Option<f64>>(at)?.map(Cell::Real),
        Form::Single => answer.try_get::<_, Option<f32>>(at)?.map(widened).map(Cell::Real),
        Form::Boolean => answer.try_get::<_, Option<bool>>(at)?.map(Cell::Boolean),
        Form::Bytes => {
            answer.try_get::<_, Option<&[u8]>>(at)?.map(|bytes| Cell::Blob(bytes.into()))
        }
        form => answer.try_get::<_, Option<&str>>(at)?.map(|text| match form {
            Form::Decimal => Cell::Decimal(text.into()),
            Form::Json | Form::Array { .. } => Cell::Json(text.into()),
            _ => Cell::Text(text.into()),
        }),
    };
    Ok(cell.unwrap_or(Cell::Null))
}

/// What a cell is as text for a column; the error says what it is not.
fn text(form: Form, cell: &Cell) -> Result<Option<Cow<'_, str>>, &'static str> {
    let is_number = matches!(form, Form::Integer(_) | Form::Real | Form::Single | Form::Decimal);
    Ok(Some(match (form, cell) {
        (_, Cell::Null) => return Ok(None),
        (Form::Array { documents }, Cell::Json(json)) => {
            Cow::Owned(array(json, documents).ok_or("it is no JSON array")?)
        }
        (Form::Array { documents }, Cell::Text(text)) if text.starts_with('[') => {
            Cow::Owned(array(text, documents).ok_or("it is no JSON array")?)
        }
        (Form::Integer(_), Cell::Real(real)) => match whole(*real) {
            Some(Cell::Integer(integer)) => Cow::Owned(integer.to_string()),
            _ => Cow::Owned(format!("{real:?}")),
        },
        (_, Cell::Boolean(truth)) if is_number => Cow::Owned(u8::from(*truth).to_string()),
        (_, Cell::Boolean(truth)) => Cow::Owned(truth.to_string()),
        (_, Cell::Integer(integer)) => Cow::Owned(integer.to_string()),
        (_, Cell::Real(real)) => Cow::Owned(format!("{real:?}")),
        (_, Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text)) => Cow::Borrowed(text),
        (_, Cell::Blob(bytes)) => {
            Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| "its bytes are not UTF-8")?)
        }
    }))
}

fn bytes(cell: &Cell) -> Option<Cow<'_, [u8]>> {
    match cell {
        Cell::Null => None,
        Cell::Blob(bytes) => Some(Cow::Borrowed(bytes)),
        Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text) => {
            Some(Cow::Borrowed(text.as_bytes()))
        }
        Cell::Integer(integer) => Some(Cow::Owned(integer.to_string().into_bytes())),
        Cell::Real(real) => Some(Cow::Owned(format!("{real:?}").into_bytes())),
        Cell::Boolean(truth) => Some(Cow::Owned(truth.to_string().into_bytes())),
    }
}

fn refused(name: &str, native: &Native, why: &str) -> SourceError {
    rejected(format!("column {name:?} of type {} cannot hold a value: {why}", native.cast))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(form: Form, cells: &[Cell]) -> Vec<Option<String>> {
        let native = Native { cast: "t".into(), form };
        match Values::new(&native, "c", cells.iter()).unwrap() {
            Values::Text(texts) => {
                texts.into_iter().map(|text| text.map(Cow::into_owned)).collect()
            }
            Values::Bytes(_) => panic!("bytes"),
        }
    }

    fn one(form: Form, cell: Cell) -> String {
        texts(form, &[cell]).remove(0).unwrap()
    }

    #[test]
    fn each_cell_is_the_text_that_its_column_casts() {
        assert_eq!(texts(Form::Text, &[Cell::Null]), [None]);
        assert_eq!(one(Form::Integer(64), Cell::Real(7.0)), "7");
        assert_eq!(one(Form::Integer(64), Cell::Boolean(true)), "1");
        assert_eq!(one(Form::Boolean, Cell::Boolean(true)), "true");
        assert_eq!(one(Form::Real, Cell::Real(f64::NEG_INFINITY)), "-inf");
        assert_eq!(one(Form::Decimal, Cell::Real(0.1)), "0.1");
        assert_eq!(one(Form::Text, Cell::Blob((*b"ab").into())), "ab");
        let list = Cell::Json(r#"["a",null]"#.into());
        assert_eq!(one(Form::Array { documents: false }, list.clone()), r#"{"a",NULL}"#);
        assert_eq!(one(Form::Json, list), r#"["a",null]"#);
        let text = Cell::Text("{1,2}".into());
        assert_eq!(one(Form::Array { documents: false }, text), "{1,2}");
    }

    #[test]
    fn what_no_column_of_text_holds_is_rejected() {
        for (form, cell) in [
            (Form::Text, Cell::Blob([0xff].into())),
            (Form::Array { documents: false }, Cell::Json("{}".into())),
        ] {
            let native = Native { cast: "t".into(), form };
            let error = Values::new(&native, "c", [cell].iter()).err().unwrap();
            assert_eq!(error.kind(), SourceErrorKind::Rejected);
            assert!(error.message().starts_with("column \"c\" of type t"), "{error}");
        }
    }
}
