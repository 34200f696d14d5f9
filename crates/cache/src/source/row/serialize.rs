//! Writing structs as rows, by serde.

use std::fmt;

use serde::Serialize;
use serde::ser::{Impossible, SerializeMap, SerializeStruct, Serializer};

use super::{Cell, Column, ColumnType, Columns, Row};
use crate::source::{SourceError, SourceErrorKind};

/// The row whose columns are the fields of `value`.
pub(super) fn to_row(columns: &Columns, value: &impl Serialize) -> Result<Row, SourceError> {
    value.serialize(RowSerializer(columns)).map_err(SourceError::from)
}

/// Why a value is no row, or a field no cell.
#[derive(Debug)]
enum Unwritable {
    /// A field names no column.
    NoColumn(String),
    /// It is made of parts, which the caller may write otherwise.
    Nested,
    /// Neither the table nor the caller can help.
    Refused(String),
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nested => f.write_str("a value of parts"),
            Self::NoColumn(why) | Self::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unwritable {}

impl serde::ser::Error for Unwritable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Refused(message.to_string())
    }
}

impl From<Unwritable> for SourceError {
    fn from(unwritable: Unwritable) -> Self {
        let kind = match unwritable {
            Unwritable::NoColumn(_) => SourceErrorKind::Misconfigured,
            Unwritable::Nested | Unwritable::Refused(_) => SourceErrorKind::Rejected,
        };
        Self::new(kind, format!("a value cannot be written as a row: {unwritable}"))
    }
}

type Never<T> = Impossible<T, Unwritable>;

/// Answers every method named with one error, whatever its arguments.
macro_rules! refuse {
    ($error:expr => $($method:ident($($type:ty),*) -> $answer:ty;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$answer, Unwritable> {
            Err($error)
        }
    )*};
}

/// The same for methods over a part of any type.
macro_rules! refuse_part {
    ($error:expr => $($method:ident($($type:ty),*);)*) => {$(
        fn $method<T: Serialize + ?Sized>(self, $(_: $type,)* _: &T) -> Result<Self::Ok, Unwritable> {
            Err($error)
        }
    )*};
}

struct RowSerializer<'a>(&'a Columns);

impl RowSerializer<'_> {
    fn fields(&self) -> Fields {
        Fields { row: Row::empty(self.0.clone()), name: None }
    }
}

fn no_struct() -> Unwritable {
    Unwritable::Refused("it is neither a struct nor a map".into())
}

impl Serializer for RowSerializer<'_> {
    type Ok = Row;
    type Error = Unwritable;
    type SerializeSeq = Never<Row>;
    type SerializeTuple = Never<Row>;
    type SerializeTupleStruct = Never<Row>;
    type SerializeTupleVariant = Never<Row>;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Never<Row>;

    fn serialize_map(self, _length: Option<usize>) -> Result<Fields, Unwritable> {
        Ok(self.fields())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Unwritable> {
        Ok(self.fields())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Row, Unwritable> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Row, Unwritable> {
        value.serialize(self)
    }

    refuse_part! { no_struct() =>
        serialize_newtype_variant(&'static str, u32, &'static str);
    }

    refuse! { no_struct() =>
        serialize_bool(bool) -> Row;
        serialize_i8(i8) -> Row;
        serialize_i16(i16) -> Row;
        serialize_i32(i32) -> Row;
        serialize_i64(i64) -> Row;
        serialize_u8(u8) -> Row;
        serialize_u16(u16) -> Row;
        serialize_u32(u32) -> Row;
        serialize_u64(u64) -> Row;
        serialize_f32(f32) -> Row;
        serialize_f64(f64) -> Row;
        serialize_char(char) -> Row;
        serialize_str(&str) -> Row;
        serialize_bytes(&[u8]) -> Row;
        serialize_none() -> Row;
        serialize_unit() -> Row;
        serialize_unit_struct(&'static str) -> Row;
        serialize_unit_variant(&'static str, u32, &'static str) -> Row;
        serialize_seq(Option<usize>) -> Never<Row>;
        serialize_tuple(usize) -> Never<Row>;
        serialize_tuple_struct(&'static str, usize) -> Never<Row>;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never<Row>;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never<Row>;
    }
}

/// The row that a struct's fields, or a map's entries, are gathered in.
struct Fields {
    row: Row,
    /// The map's key whose value comes next.
    name: Option<Box<str>>,
}

impl Fields {
    fn set<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Unwritable> {
        let columns = self.row.columns();
        let Some(position) = columns.position(name) else {
            let names = columns.iter().map(|column| &*column.name).collect::<Vec<_>>().join(", ");
            let sentence = format!("the field {name:?} has no column; there are: {names}");
            return Err(Unwritable::NoColumn(sentence));
        };
        let cell = to_cell(&columns[position], value)?;
        self.row.set(position, cell);
        Ok(())
    }
}

impl SerializeStruct for Fields {
    type Ok = Row;
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        self.set(name, value)
    }

    fn end(self) -> Result<Row, Unwritable> {
        Ok(self.row)
    }
}

impl SerializeMap for Fields {
    type Ok = Row;
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        match key.serialize(CellSerializer)? {
            Cell::Text(name) => self.name = Some(name),
            _ => return Err(Unwritable::Refused("a map's keys must be column names".into())),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let name = self.name.take();
        let name = name.ok_or_else(|| Unwritable::Refused("a map's value has no key".into()))?;
        self.set(&name, value)
    }

    fn end(self) -> Result<Row, Unwritable> {
        Ok(self.row)
    }
}

fn to_cell<T: Serialize + ?Sized>(column: &Column, value: &T) -> Result<Cell, Unwritable> {
    let refused =
        |why: &dyn fmt::Display| Unwritable::Refused(format!("column {:?}: {why}", column.name));
    match value.serialize(CellSerializer) {
        Ok(Cell::Real(real)) if real.is_nan() => Err(refused(&"it cannot hold NaN")),
        Ok(Cell::Null) => Ok(Cell::Null),
        Ok(_) | Err(Unwritable::Nested) if column.kind == ColumnType::Json => {
            let json = serde_json::to_string(value).map_err(|error| refused(&error))?;
            Ok(Cell::Json(json.into()))
        }
        Ok(cell) => Ok(fit(column.kind, cell)),
        Err(Unwritable::Nested) => {
            let json = serde_json::to_value(value).map_err(|error| refused(&error))?;
            Ok(document(column.kind, &json))
        }
        Err(error) => Err(refused(&error)),
    }
}

/// A cell in the form that the column's type has for it.
fn fit(kind: ColumnType, cell: Cell) -> Cell {
    match (kind, cell) {
        (ColumnType::Decimal, Cell::Text(digits)) => Cell::Decimal(digits),
        (ColumnType::Decimal, Cell::Integer(integer)) => Cell::Decimal(integer.to_string().into()),
        (ColumnType::Boolean, cell) => cell,
        // Elsewhere SQL writes truth as a number.
        (_, Cell::Boolean(truth)) => Cell::Integer(truth.into()),
        (_, cell) => cell,
    }
}

/// What is made of parts.
fn document(kind: ColumnType, json: &serde_json::Value) -> Cell {
    let bytes = (kind == ColumnType::Blob).then(|| bytes(json)).flatten();
    match (bytes, kind) {
        (Some(bytes), _) => Cell::Blob(bytes),
        (None, ColumnType::Array) => Cell::Json(json.to_string().into()),
        (None, _) => Cell::Text(json.to_string().into()),
    }
}

/// The bytes that a list of small numbers is.
fn bytes(json: &serde_json::Value) -> Option<Box<[u8]>> {
    let byte = |number: &serde_json::Value| u8::try_from(number.as_u64()?).ok();
    json.as_array()?.iter().map(byte).collect()
}

/// Writes what fits one cell by itself.
struct CellSerializer;

macro_rules! integers {
    ($($method:ident($type:ty);)*) => {$(
        fn $method(self, value: $type) -> Result<Cell, Unwritable> {
            Ok(Cell::Integer(value.into()))
        }
    )*};
}

impl Serializer for CellSerializer {
    type Ok = Cell;
    type Error = Unwritable;
    type SerializeSeq = Never<Cell>;
    type SerializeTuple = Never<Cell>;
    type SerializeTupleStruct = Never<Cell>;
    type SerializeTupleVariant = Never<Cell>;
    type SerializeMap = Never<Cell>;
    type SerializeStruct = Never<Cell>;
    type SerializeStructVariant = Never<Cell>;

    integers! {
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
    }

    fn serialize_bool(self, value: bool) -> Result<Cell, Unwritable> {
        Ok(Cell::Boolean(value))
    }

    fn serialize_u64(self, value: u64) -> Result<Cell, Unwritable> {
        let integer = i64::try_from(value);
        let refused = |_| Unwritable::Refused(format!("{value} is past the largest integer"));
        integer.map(Cell::Integer).map_err(refused)
    }

    fn serialize_f32(self, value: f32) -> Result<Cell, Unwritable> {
        Ok(Cell::Real(value.into()))
    }

    fn serialize_f64(self, value: f64) -> Result<Cell, Unwritable> {
        Ok(Cell::Real(value))
    }

    fn serialize_char(self, value: char) -> Result<Cell, Unwritable> {
        Ok(Cell::Text(value.to_string().into()))
    }

    fn serialize_str(self, value: &str) -> Result<Cell, Unwritable> {
        Ok(Cell::Text(value.into()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Cell, Unwritable> {
        Ok(Cell::Blob(value.into()))
    }

    fn serialize_none(self) -> Result<Cell, Unwritable> {
        Ok(Cell::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Cell, Unwritable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Cell, Unwritable> {
        Ok(Cell::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Cell, Unwritable> {
        Ok(Cell::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Cell, Unwritable> {
        Ok(Cell::Text(variant.into()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Cell, Unwritable> {
        value.serialize(self)
    }

    refuse_part! { Unwritable::Nested =>
        serialize_newtype_variant(&'static str, u32, &'static str);
    }

    refuse! { Unwritable::Nested =>
        serialize_seq(Option<usize>) -> Never<Cell>;
        serialize_tuple(usize) -> Never<Cell>;
        serialize_tuple_struct(&'static str, usize) -> Never<Cell>;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never<Cell>;
        serialize_map(Option<usize>) -> Never<Cell>;
        serialize_struct(&'static str, usize) -> Never<Cell>;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never<Cell>;
    }
}
