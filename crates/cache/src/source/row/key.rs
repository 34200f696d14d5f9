//! Keys as cells of key columns.

use super::Cell;

/// A key that stands in one column, or a tuple that stands in several.
///
/// A source converts the cells to its columns' types: the number 7 finds the text `7`, and the text
/// `7` the number.
///
/// ```
/// use larder::source::row::{Cell, KeyCells};
///
/// let key = ("LSZH".to_string(), 14_i64);
/// assert_eq!(key.cells(), [Cell::Text("LSZH".into()), Cell::Integer(14)]);
/// ```
pub trait KeyCells {
    /// The number of columns.
    const WIDTH: usize;

    /// Adds a cell for each column.
    fn append_to(&self, cells: &mut Vec<Cell>);

    /// The cells, one for each column.
    fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::with_capacity(Self::WIDTH);
        self.append_to(&mut cells);
        cells
    }
}

macro_rules! one_column {
    ($($key:ty: $self:ident => $cell:expr;)*) => {$(
        impl KeyCells for $key {
            const WIDTH: usize = 1;

            fn append_to(&$self, cells: &mut Vec<Cell>) {
                cells.push($cell);
            }
        }
    )*};
}

one_column! {
    String: self => Cell::Text(self.as_str().into());
    Box<str>: self => Cell::Text(self.clone());
    std::sync::Arc<str>: self => Cell::Text((**self).into());
    &'static str: self => Cell::Text((*self).into());
    Vec<u8>: self => Cell::Blob(self.as_slice().into());
    Box<[u8]>: self => Cell::Blob(self.clone());
    std::sync::Arc<[u8]>: self => Cell::Blob((**self).into());
    i8: self => Cell::Integer((*self).into());
    i16: self => Cell::Integer((*self).into());
    i32: self => Cell::Integer((*self).into());
    i64: self => Cell::Integer(*self);
    u8: self => Cell::Integer((*self).into());
    u16: self => Cell::Integer((*self).into());
    u32: self => Cell::Integer((*self).into());
    u64: self => unsigned(*self);
    bool: self => Cell::Boolean(*self);
    Cell: self => self.clone();
}

macro_rules! several_columns {
    ($($part:ident $at:tt),*) => {
        impl<$($part: KeyCells),*> KeyCells for ($($part,)*) {
            const WIDTH: usize = 0 $(+ $part::WIDTH)*;

            fn append_to(&self, cells: &mut Vec<Cell>) {
                $(self.$at.append_to(cells);)*
            }
        }
    };
}

several_columns!(A 0);
several_columns!(A 0, B 1);
several_columns!(A 0, B 1, C 2);
several_columns!(A 0, B 1, C 2, D 3);

/// SQL's integers end at `i64::MAX`. Beyond, the digits find a row of a text column, and none of an
/// integer column.
fn unsigned(number: u64) -> Cell {
    match i64::try_from(number) {
        Ok(integer) => Cell::Integer(integer),
        Err(_) => Cell::Text(number.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_nest_and_count_their_columns() {
        type Key = ((u8, String), Vec<u8>);
        let key: Key = ((7, "a".into()), vec![255]);
        let cells = [Cell::Integer(7), Cell::Text("a".into()), Cell::Blob((*b"\xff").into())];
        assert_eq!(key.cells(), cells);
        assert_eq!(Key::WIDTH, 3);
    }

    #[test]
    fn an_unsigned_number_past_the_end_is_its_digits() {
        assert_eq!((1_u64 << 63).cells(), [Cell::Text("9223372036854775808".into())]);
        assert_eq!(((1_u64 << 63) - 1).cells(), [Cell::Integer(i64::MAX)]);
    }
}
