//! Values that are the bytes of one column.

use super::{Cell, ColumnType, Columns, Mapping, Row};
use crate::source::{SourceError, SourceErrorKind};

/// Keys and values as bytes: one key column, one value column.
///
/// Bytes that are UTF-8 without a NUL are stored as text, so that a person who looks into the table
/// can read them, all others as bytes; a column declared to hold bytes gets bytes. Reading gives the
/// same bytes back; of a number its digits, of a document its text, of a truth value `true` or
/// `false`. NULL is no value: reading it is an error of kind [`SourceErrorKind::Undecodable`].
///
/// ```
/// use larder::source::row::{BytesMapping, Cell, Mapping};
///
/// let mapping: &dyn Mapping<Vec<u8>, Vec<u8>> = &BytesMapping;
/// assert_eq!(mapping.key(&b"tea".to_vec())?, [Cell::Text("tea".into())]);
/// assert_eq!(mapping.key(&vec![0xff])?, [Cell::Blob([0xff].into())]);
/// # Ok::<(), larder::source::SourceError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct BytesMapping;

impl<K, V> Mapping<K, V> for BytesMapping
where
    K: AsRef<[u8]>,
    V: AsRef<[u8]> + From<Vec<u8>> + Clone,
{
    fn key(&self, key: &K) -> Result<Vec<Cell>, SourceError> {
        Ok(vec![text_or_blob(key.as_ref(), Nul::StaysBytes)])
    }

    fn value(&self, row: Row) -> Result<V, SourceError> {
        let name = &only(row.columns())?.name;
        match row.cell(0) {
            Some(Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text)) => {
                Ok(text.as_bytes().to_vec().into())
            }
            Some(Cell::Boolean(truth)) => Ok(truth.to_string().into_bytes().into()),
            Some(Cell::Blob(bytes)) => Ok(bytes.to_vec().into()),
            Some(Cell::Integer(integer)) => Ok(integer.to_string().into_bytes().into()),
            Some(Cell::Real(real)) => Ok(format!("{real:?}").into_bytes().into()),
            Some(Cell::Null) | None => {
                let sentence = format!("column {name:?} is NULL, which is no bytes");
                Err(SourceError::new(SourceErrorKind::Undecodable, sentence))
            }
        }
    }

    fn row(&self, columns: &Columns, value: &V) -> Result<Row, SourceError> {
        let cell = match only(columns)?.kind {
            ColumnType::Blob => Cell::Blob(value.as_ref().into()),
            ColumnType::Any => text_or_blob(value.as_ref(), Nul::StaysBytes),
            _ => text_or_blob(value.as_ref(), Nul::IsText),
        };
        let mut row = Row::empty(columns.clone());
        row.set(0, cell);
        Ok(row)
    }

    fn merge(&self, _base: Option<&V>, change: &V) -> V {
        change.clone()
    }
}

/// What a NUL makes of text: many programs show text only up to it.
#[derive(Clone, Copy, PartialEq)]
enum Nul {
    IsText,
    StaysBytes,
}

fn text_or_blob(bytes: &[u8], nul: Nul) -> Cell {
    match std::str::from_utf8(bytes) {
        Ok(text) if nul == Nul::IsText || !text.contains('\0') => Cell::Text(text.into()),
        _ => Cell::Blob(bytes.into()),
    }
}

fn only(columns: &Columns) -> Result<&super::Column, SourceError> {
    match &columns[..] {
        [column] => Ok(column),
        _ => {
            let sentence = format!("bytes stand in one column, not in {}", columns.len());
            Err(SourceError::new(SourceErrorKind::Misconfigured, sentence))
        }
    }
}
