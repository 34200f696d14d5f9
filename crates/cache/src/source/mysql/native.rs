//! The types of columns, and which cell a key is in a column of which type.
//!
//! A row has one key, so a key has one spelling: of the texts that the server would take for one
//! value, only the one that it answers with itself names the row. The others name none.

use crate::source::row::{Cell, ColumnType};
use crate::source::table::{NativeType, spelling};

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Native {
    /// Integers of so many bits; a year is one of 16.
    Integer {
        bits: u32,
        unsigned: bool,
    },
    /// A field of so many bits.
    Bits(u32),
    Float,
    Double,
    /// Digits, of which so many stand behind the point.
    Decimal {
        scale: u32,
    },
    /// Text in some character set.
    Text(Collation),
    /// Bytes; those of a fixed length are filled up with NULs.
    Bytes {
        fixed: Option<usize>,
    },
    Json,
    Date,
    /// A time of day or a span of time.
    Time,
    Timestamp,
    Uuid,
    /// What cannot be part of a key: an enumeration, a geometry, an address.
    Other,
}

/// How a column of text compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collation {
    /// Byte by byte.
    Bytes,
    /// Byte by byte, but for spaces at the end.
    Padded,
    /// The same, and of ASCII's letters only.
    Ascii,
    /// By letters, so that several texts are one; or in a character set that a key may not have a
    /// place in, so that the server cannot compare the two.
    Unfit,
}

impl Collation {
    /// By its name: MariaDB says `nopad`, MySQL has one that is numbered 0900.
    pub(super) fn of(name: &str) -> Self {
        let (characters, rest) = name.split_once('_').unwrap_or((name, ""));
        match (characters, rest) {
            ("utf8mb4", "nopad_bin" | "0900_bin") => Self::Bytes,
            ("utf8mb4", "bin") => Self::Padded,
            ("ascii", "bin" | "nopad_bin") => Self::Ascii,
            _ => Self::Unfit,
        }
    }

    /// The same for a column from whose texts the server takes spaces at the end.
    pub(super) fn padded(self) -> Self {
        match self {
            Self::Bytes => Self::Padded,
            other => other,
        }
    }

    fn tells_apart(self, text: &str) -> bool {
        match self {
            Self::Bytes => true,
            Self::Padded | Self::Unfit => !text.ends_with(' '),
            Self::Ascii => text.is_ascii() && !text.ends_with(' '),
        }
    }
}

impl Native {
    pub(super) fn column_type(&self) -> ColumnType {
        match self {
            // The largest are no integer elsewhere.
            Self::Integer { bits: 64, unsigned: true } => ColumnType::Decimal,
            Self::Bits(bits) if *bits > 63 => ColumnType::Decimal,
            Self::Integer { .. } | Self::Bits(_) => ColumnType::Integer,
            Self::Float | Self::Double => ColumnType::Real,
            Self::Decimal { .. } => ColumnType::Decimal,
            Self::Text(_) | Self::Other => ColumnType::Text,
            Self::Bytes { .. } => ColumnType::Blob,
            Self::Json => ColumnType::Json,
            Self::Date => ColumnType::Date,
            Self::Time => ColumnType::Time,
            Self::Timestamp => ColumnType::Timestamp,
            Self::Uuid => ColumnType::Uuid,
        }
    }

    /// Whether a unique index over it has one row for each key.
    pub(super) fn can_be_key(&self) -> bool {
        !matches!(
            self,
            Self::Float
                | Self::Double
                | Self::Json
                | Self::Other
                | Self::Bits(_)
                | Self::Text(Collation::Unfit)
        )
    }
}

impl NativeType for Native {
    fn key(&self, cell: Cell) -> Option<Cell> {
        match (self, cell) {
            (_, Cell::Null | Cell::Boolean(_) | Cell::Json(_)) => None,
            (Self::Integer { bits: 64, unsigned: true }, cell) => decimal(0, cell, u64_spelling),
            (Self::Integer { bits, unsigned }, cell) => integer(*bits, *unsigned, cell),
            (Self::Decimal { scale }, cell) => decimal(*scale, cell, decimal_spelling),
            (Self::Text(collation), cell) => {
                text(cell).filter(|text| collation.tells_apart(text)).map(Cell::Text)
            }
            (Self::Bytes { fixed }, cell) => bytes(cell)
                .filter(|bytes| fixed.is_none_or(|length| bytes.len() == length))
                .map(Cell::Blob),
            (Self::Date, Cell::Text(text)) => is_date(&text).then_some(Cell::Text(text)),
            (Self::Time, Cell::Text(text)) => is_time(&text).then_some(Cell::Text(text)),
            (Self::Timestamp, Cell::Text(text)) => is_timestamp(&text).then_some(Cell::Text(text)),
            (Self::Uuid, Cell::Text(text)) => is_uuid(&text).then_some(Cell::Text(text)),
            _ => None,
        }
    }
}

fn integer(bits: u32, unsigned: bool, cell: Cell) -> Option<Cell> {
    let cell = match cell {
        Cell::Text(text) | Cell::Decimal(text) => spelling::integer(&text)?,
        Cell::Real(real) => spelling::whole(real)?,
        cell => cell,
    };
    let Cell::Integer(integer) = cell else { return None };
    let end = 1_i128 << if unsigned { bits } else { bits - 1 };
    let begin = if unsigned { 0 } else { -end };
    (begin..end).contains(&i128::from(integer)).then_some(cell)
}

/// A cell of digits, of which `scale` stand behind the point.
fn decimal(scale: u32, cell: Cell, is_spelling: fn(&str, u32) -> bool) -> Option<Cell> {
    let digits = match cell {
        Cell::Text(digits) | Cell::Decimal(digits) => digits,
        // A number has one spelling, whatever the column's is.
        Cell::Integer(integer) if scale == 0 => integer.to_string().into(),
        Cell::Integer(integer) => format!("{integer}.{:0width$}", 0, width = scale as usize).into(),
        _ => return None,
    };
    is_spelling(&digits, scale).then_some(Cell::Decimal(digits))
}

fn u64_spelling(digits: &str, _scale: u32) -> bool {
    digits.parse::<u64>().is_ok_and(|number| number.to_string() == digits)
}

fn decimal_spelling(digits: &str, scale: u32) -> bool {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_zero = unsigned.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    !whole.is_empty()
        && all_digits(whole)
        && all_digits(fraction)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.len() == scale as usize
        && unsigned.contains('.') == (scale > 0)
        && !(is_zero && digits.starts_with('-'))
}

fn text(cell: Cell) -> Option<Box<str>> {
    match cell {
        Cell::Text(text) | Cell::Decimal(text) => Some(text),
        Cell::Integer(integer) => Some(integer.to_string().into()),
        Cell::Real(real) if !real.is_nan() => Some(format!("{real:?}").into()),
        _ => None,
    }
}

fn bytes(cell: Cell) -> Option<Box<[u8]>> {
    match cell {
        Cell::Blob(bytes) => Some(bytes),
        Cell::Text(text) => Some(text.into_boxed_bytes()),
        _ => None,
    }
}

fn is_date(text: &str) -> bool {
    has_shape(text, "dddd-dd-dd")
}

fn is_timestamp(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(date, time)| {
        let (time, fraction) = split_fraction(time);
        is_date(date) && has_shape(time, "dd:dd:dd") && fraction
    })
}

/// Spans of time may be negative and longer than a day.
fn is_time(text: &str) -> bool {
    let (time, fraction) = split_fraction(text.strip_prefix('-').unwrap_or(text));
    let is_nothing = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b':' | b'.'));
    let hours_of_three = has_shape(time, "ddd:dd:dd") && !time.starts_with('0');
    (has_shape(time, "dd:dd:dd") || hours_of_three)
        && fraction
        && !(is_nothing && text.starts_with('-'))
}

fn is_uuid(text: &str) -> bool {
    has_shape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
}

/// What stands before the fraction of a second, and whether the fraction is spelled as it should be:
/// without zeros at its end.
fn split_fraction(time: &str) -> (&str, bool) {
    match time.split_once('.') {
        Some((time, fraction)) => {
            let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
            (time, digits && (1..=6).contains(&fraction.len()) && !fraction.ends_with('0'))
        }
        None => (time, true),
    }
}

/// Whether `text` has a digit where `shape` has a `d`, a lower-case hexadecimal one where it has an
/// `x`, and is like it elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(letter, wanted): (u8, u8)| match wanted {
        b'd' => letter.is_ascii_digit(),
        b'x' => letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter),
        _ => letter == wanted,
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    /// The texts that a column of this type takes for keys.
    fn taken(native: &Native, spellings: &[&'static str]) -> Vec<&'static str> {
        let is_taken = |spelling: &&str| native.key(text(spelling)).is_some();
        spellings.iter().copied().filter(|spelling| is_taken(spelling)).collect()
    }

    #[test]
    fn an_integer_key_has_one_spelling_within_its_columns_bounds() {
        let tiny = Native::Integer { bits: 8, unsigned: false };
        let spellings = ["127", "128", "-128", "-129", "07", "+7", " 7", "7.0", "-0", ""];
        assert_eq!(taken(&tiny, &spellings), ["127", "-128"]);
        let unsigned = Native::Integer { bits: 64, unsigned: true };
        let spellings = ["18446744073709551615", "18446744073709551616", "-1", "00"];
        assert_eq!(taken(&unsigned, &spellings), ["18446744073709551615"]);
        assert_eq!(unsigned.key(Cell::Integer(7)), Some(Cell::Decimal("7".into())));
        assert_eq!(tiny.key(Cell::Real(7.0)), Some(Cell::Integer(7)));
        assert_eq!(tiny.key(Cell::Real(7.5)), None);
    }

    #[test]
    fn a_decimal_key_has_all_digits_of_its_scale() {
        let price = Native::Decimal { scale: 2 };
        let spellings = ["7.50", "0.00", "-0.05", "7.5", "7", "-0.00", "07.50", ".50", "7.500"];
        assert_eq!(taken(&price, &spellings), ["7.50", "0.00", "-0.05"]);
        assert_eq!(price.key(Cell::Integer(-7)), Some(Cell::Decimal("-7.00".into())));
        assert_eq!(taken(&Native::Decimal { scale: 0 }, &["7", "7."]), ["7"]);
    }

    #[test]
    fn spaces_at_the_end_of_a_key_count_only_where_the_collation_says_so() {
        let padded = Native::Text(Collation::of("utf8mb4_bin"));
        let exact = Native::Text(Collation::of("utf8mb4_nopad_bin"));
        assert_eq!(taken(&padded, &["a", "a ", " a"]), ["a", " a"]);
        assert_eq!(taken(&exact, &["a", "a "]), ["a", "a "]);
        let ascii = Native::Text(Collation::of("ascii_bin"));
        assert_eq!(taken(&ascii, &["a", "a ", "ä"]), ["a"]);
        for (name, can_be_key) in
            [("utf8mb4_0900_ai_ci", false), ("latin1_bin", false), ("utf8mb4_0900_bin", true)]
        {
            assert_eq!(Native::Text(Collation::of(name)).can_be_key(), can_be_key, "{name}");
        }
    }

    #[test]
    fn bytes_of_a_fixed_length_are_not_filled_up() {
        let fixed = Native::Bytes { fixed: Some(2) };
        assert_eq!(taken(&fixed, &["ab", "a", "abc"]), ["ab"]);
        assert_eq!(Native::Bytes { fixed: None }.key(Cell::Integer(7)), None);
    }

    #[test]
    fn dates_and_times_are_spelled_as_they_are_answered() {
        assert_eq!(taken(&Native::Date, &["2024-01-31", "2024-1-31", "20240131"]), ["2024-01-31"]);
        let times =
            ["23:59:59.5", "-838:59:59", "23:59:59.50", "1:00:00", "-00:00:00", "023:00:00"];
        assert_eq!(taken(&Native::Time, &times), ["23:59:59.5", "-838:59:59"]);
        let moments = ["2024-01-31 23:59:59", "2024-01-31T23:59:59", "2024-01-31"];
        assert_eq!(taken(&Native::Timestamp, &moments), ["2024-01-31 23:59:59"]);
    }

    #[test]
    fn a_uuid_is_written_in_lower_case() {
        let lower = "0123abcd-0000-4000-8000-0123456789ab";
        let upper = "0123ABCD-0000-4000-8000-0123456789AB";
        assert_eq!(taken(&Native::Uuid, &[lower, upper]), [lower]);
    }

    #[test]
    fn null_is_nobodys_key() {
        assert_eq!(Native::Text(Collation::Bytes).key(Cell::Null), None);
    }
}
