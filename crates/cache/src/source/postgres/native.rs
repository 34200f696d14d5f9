//! PostgreSQL's types: what larder makes of them, and which key they hold.

use crate::source::row::{Cell, ColumnType};
use crate::source::table::NativeType;
use crate::source::table::spelling::{exact, integer, real, whole};

/// A column's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Native {
    /// Its name as a cast has it, quoted and with its schema where that is needed.
    pub(super) cast: Box<str>,
    pub(super) form: Form,
}

/// What its values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// From the least to the largest integer of so many bits.
    Integer(u32),
    Real,
    /// `real`, of half the precision.
    Single,
    Boolean,
    Bytes,
    Text,
    /// `character(n)`: blanks at the end mean nothing.
    Padded,
    Decimal,
    Json,
    /// An array; whether its elements are documents.
    Array {
        documents: bool,
    },
    Date,
    Time,
    Timestamp,
    Uuid,
    /// Whatever else writes itself as text.
    Other,
}

impl Form {
    /// The form of a type by its name in the catalogue; `element` is that of an array's elements.
    pub(super) fn of(name: &str, element: Option<&str>) -> Self {
        if let Some(element) = element {
            return Self::Array { documents: matches!(element, "json" | "jsonb") };
        }
        match name {
            "int2" => Self::Integer(16),
            "int4" => Self::Integer(32),
            "int8" => Self::Integer(64),
            "float4" => Self::Single,
            "float8" => Self::Real,
            "bool" => Self::Boolean,
            "bytea" => Self::Bytes,
            "text" | "varchar" => Self::Text,
            "bpchar" => Self::Padded,
            "numeric" => Self::Decimal,
            "json" | "jsonb" => Self::Json,
            "date" => Self::Date,
            "time" => Self::Time,
            "timestamp" | "timestamptz" => Self::Timestamp,
            "uuid" => Self::Uuid,
            _ => Self::Other,
        }
    }

    pub(super) fn column_type(self) -> ColumnType {
        match self {
            Self::Integer(_) => ColumnType::Integer,
            Self::Real | Self::Single => ColumnType::Real,
            Self::Boolean => ColumnType::Boolean,
            Self::Bytes => ColumnType::Blob,
            Self::Text | Self::Padded | Self::Other => ColumnType::Text,
            Self::Decimal => ColumnType::Decimal,
            Self::Json => ColumnType::Json,
            Self::Array { .. } => ColumnType::Array,
            Self::Date => ColumnType::Date,
            Self::Time => ColumnType::Time,
            Self::Timestamp => ColumnType::Timestamp,
            Self::Uuid => ColumnType::Uuid,
        }
    }

    /// Whether [`Native::key`] settles which spelling a key has. Where it does not, the server does:
    /// a key is what the column's own text is.
    pub(super) fn is_settled(self) -> bool {
        !matches!(self, Self::Decimal | Self::Date | Self::Time | Self::Timestamp | Self::Other)
    }

    /// Whether a key may stand in such a column.
    pub(super) fn is_key(self) -> bool {
        !matches!(self, Self::Json | Self::Array { .. })
    }
}

impl NativeType for Native {
    fn key(&self, cell: Cell) -> Option<Cell> {
        let key = match (self.form, cell) {
            (_, Cell::Null) => None,
            (_, Cell::Real(real)) if real.is_nan() => None,
            (Form::Integer(bits), cell) => whole_number(cell).filter(|cell| fits(cell, bits)),
            (Form::Real, cell) => floating(cell),
            (Form::Single, cell) => floating(cell).filter(is_single),
            (Form::Boolean, cell) => truth(cell),
            (Form::Bytes, Cell::Text(text)) => Some(Cell::Blob(text.into_boxed_bytes())),
            (Form::Bytes, cell) => matches!(cell, Cell::Blob(_)).then_some(cell),
            (_, cell) => text(cell),
        };
        key.filter(|key| match (self.form, key) {
            (Form::Uuid, Cell::Text(text)) => is_uuid(text),
            (Form::Padded, Cell::Text(text)) => !text.ends_with(' '),
            _ => true,
        })
    }
}

fn whole_number(cell: Cell) -> Option<Cell> {
    match cell {
        Cell::Integer(_) => Some(cell),
        Cell::Real(real) => whole(real),
        Cell::Text(text) | Cell::Decimal(text) => integer(&text),
        _ => None,
    }
}

fn fits(cell: &Cell, bits: u32) -> bool {
    let spare = 64 - bits;
    matches!(cell, Cell::Integer(integer) if (integer << spare) >> spare == *integer)
}

fn floating(cell: Cell) -> Option<Cell> {
    match cell {
        // There is one zero.
        Cell::Real(real) => Some(Cell::Real(real + 0.0)),
        Cell::Integer(integer) => exact(integer),
        Cell::Text(text) | Cell::Decimal(text) => real(&text),
        _ => None,
    }
}

/// Whether a number is the one that its column would show.
fn is_single(cell: &Cell) -> bool {
    matches!(cell, Cell::Real(real) if widened(*real as f32) == *real)
}

/// A number of half the precision as the one that has the same digits.
pub(super) fn widened(single: f32) -> f64 {
    single.to_string().parse().unwrap_or(f64::from(single))
}

fn truth(cell: Cell) -> Option<Cell> {
    match cell {
        Cell::Boolean(_) => Some(cell),
        Cell::Text(text) => match &*text {
            "true" => Some(Cell::Boolean(true)),
            "false" => Some(Cell::Boolean(false)),
            _ => None,
        },
        _ => None,
    }
}

/// The text of a cell, without a NUL: PostgreSQL's text has none.
fn text(cell: Cell) -> Option<Cell> {
    let text = match cell {
        Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text) => text,
        Cell::Integer(integer) => integer.to_string().into(),
        Cell::Real(real) => format!("{real:?}").into(),
        Cell::Boolean(truth) => truth.to_string().into(),
        Cell::Blob(bytes) => std::str::from_utf8(&bytes).ok()?.into(),
        Cell::Null => return None,
    };
    (!text.contains('\0')).then_some(Cell::Text(text))
}

/// Whether `text` is a UUID as PostgreSQL writes it.
fn is_uuid(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || is_digit(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(form: Form, cell: Cell) -> Option<Cell> {
        Native { cast: "t".into(), form }.key(cell)
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn an_integer_key_has_one_spelling_and_fits_its_column() {
        assert_eq!(key(Form::Integer(16), text("-32768")), Some(Cell::Integer(-32768)));
        assert_eq!(key(Form::Integer(64), Cell::Integer(i64::MIN)), Some(Cell::Integer(i64::MIN)));
        assert_eq!(key(Form::Integer(32), Cell::Real(7.0)), Some(Cell::Integer(7)));
        for other in ["32768", "07", "7.0", " 7", "x", ""] {
            assert_eq!(key(Form::Integer(16), text(other)), None, "{other}");
        }
        assert_eq!(key(Form::Integer(32), Cell::Integer(1 << 31)), None);
    }

    #[test]
    fn a_floating_key_is_one_that_its_column_shows() {
        assert_eq!(key(Form::Real, text("0.1")), Some(Cell::Real(0.1)));
        assert_eq!(key(Form::Single, text("0.1")), Some(Cell::Real(0.1)));
        assert_eq!(key(Form::Single, text("0.10000000001")), None);
        assert_eq!(key(Form::Real, Cell::Real(-0.0)), Some(Cell::Real(0.0)));
        assert_eq!(key(Form::Real, Cell::Real(f64::NAN)), None);
    }

    #[test]
    fn truth_values_bytes_and_uuids_have_one_spelling() {
        assert_eq!(key(Form::Boolean, text("true")), Some(Cell::Boolean(true)));
        assert_eq!(key(Form::Boolean, text("t")), None);
        assert_eq!(key(Form::Bytes, text("ab")), Some(Cell::Blob((*b"ab").into())));
        assert_eq!(key(Form::Bytes, Cell::Integer(7)), None);
        let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        assert_eq!(key(Form::Uuid, text(uuid)), Some(text(uuid)));
        assert_eq!(key(Form::Uuid, text(&uuid.to_ascii_uppercase())), None);
    }

    #[test]
    fn text_has_no_nul_and_padding_no_blanks_at_its_end() {
        assert_eq!(key(Form::Text, text("a\0")), None);
        assert_eq!(key(Form::Text, Cell::Integer(7)), Some(text("7")));
        assert_eq!(key(Form::Text, Cell::Blob([0xff].into())), None);
        assert_eq!(key(Form::Text, text("a ")), Some(text("a ")));
        assert_eq!(key(Form::Padded, text("a ")), None);
    }

    #[test]
    fn null_is_nobodys_key() {
        for form in [Form::Integer(64), Form::Text, Form::Bytes, Form::Other] {
            assert_eq!(key(form, Cell::Null), None);
        }
    }
}
