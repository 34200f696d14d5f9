//! How keys and values of clients stand in tables.

mod cell;
mod column;
mod key;
mod row;

use larder::source::row::Cell;
use larder::source::{SourceError, SourceErrorKind};

use crate::key::Key;

pub use column::{ColumnMapping, ColumnSchema};
pub use key::KeySchema;
pub use row::{RowMapping, RowSchema, RowValue};

/// The cells of a key whose parts are joined by `:`. The last part takes what is left, so it alone
/// may contain a `:`.
fn key_cells(key: &Key, parts: usize) -> Result<Vec<Cell>, SourceError> {
    let cells: Vec<Cell> =
        key.as_ref().splitn(parts, |byte| *byte == b':').map(cell::from_key_part).collect();
    if cells.len() == parts {
        return Ok(cells);
    }
    let sentence = format!("the key {key:?} needs {parts} parts joined by ':'");
    Err(SourceError::new(SourceErrorKind::Rejected, sentence))
}
