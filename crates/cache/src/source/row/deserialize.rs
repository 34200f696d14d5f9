//! Reading structs from rows, by serde.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::{Cell, Row};
use crate::source::{SourceError, SourceErrorKind};

/// The value whose fields are the columns that `row` names.
pub(super) fn from_row<T: DeserializeOwned>(row: &Row) -> Result<T, SourceError> {
    let fields =
        row.named().map(|(_, column, cell)| (&*column.name, Field { name: &column.name, cell }));
    T::deserialize(MapDeserializer::new(fields)).map_err(|unreadable: Unreadable| {
        let sentence = format!("a row cannot be read: {unreadable}");
        SourceError::new(SourceErrorKind::Undecodable, sentence)
    })
}

/// Why a row cannot be read.
#[derive(Debug)]
struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

impl serde::de::Error for Unreadable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// A column's cell, whose errors name the column.
#[derive(Clone, Copy)]
struct Field<'a> {
    name: &'a str,
    cell: &'a Cell,
}

impl<'de> IntoDeserializer<'de, Unreadable> for Field<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Field<'de> {
    fn named<T>(self, read: Result<T, Unreadable>) -> Result<T, Unreadable> {
        read.map_err(|Unreadable(why)| Unreadable(format!("column {:?}: {why}", self.name)))
    }

    /// Lists, maps and enums with data are stored as JSON.
    fn json<T, F>(self, text: &'de str, read: F) -> Result<T, Unreadable>
    where
        F: FnOnce(
            &mut serde_json::Deserializer<serde_json::de::StrRead<'de>>,
        ) -> serde_json::Result<T>,
    {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = read(&mut json).and_then(|value| json.end().map(|()| value));
        self.named(value.map_err(Unreadable::custom))
    }
}

macro_rules! from_json {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Unreadable> {
            match self.cell {
                Cell::Text(text) | Cell::Json(text) => self.json(text, |json| json.$method($($argument,)* visitor)),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

/// A decimal's digits are read as the number that the caller wants, if they are one.
macro_rules! decimal_digits {
    ($($($method:ident)* : $number:ty => $visit:ident;)*) => {$($(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            match self.cell {
                Cell::Decimal(digits) => match digits.parse::<$number>() {
                    Ok(number) => self.named(visitor.$visit(number)),
                    Err(_) => self.deserialize_any(visitor),
                },
                _ => self.deserialize_any(visitor),
            }
        }
    )*)*};
}

impl<'de> Deserializer<'de> for Field<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.named(match self.cell {
            Cell::Null => visitor.visit_unit(),
            Cell::Integer(integer) => visitor.visit_i64(*integer),
            Cell::Real(real) => visitor.visit_f64(*real),
            Cell::Text(text) | Cell::Decimal(text) => visitor.visit_borrowed_str(text),
            Cell::Blob(bytes) => visitor.visit_borrowed_bytes(bytes),
            Cell::Boolean(truth) => visitor.visit_bool(*truth),
            Cell::Json(text) => return self.json(text, |json| json.deserialize_any(visitor)),
        })
    }

    /// SQL writes truth as a number.
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.cell {
            Cell::Integer(integer @ (0 | 1)) => self.named(visitor.visit_bool(*integer == 1)),
            _ => self.deserialize_any(visitor),
        }
    }

    decimal_digits! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64: i64 => visit_i64;
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64: u64 => visit_u64;
        deserialize_f32 deserialize_f64: f64 => visit_f64;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.cell {
            Cell::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        match self.cell {
            Cell::Json(text) => {
                self.json(text, |json| json.deserialize_enum(name, variants, visitor))
            }
            Cell::Text(text) if text.starts_with('{') => {
                self.json(text, |json| json.deserialize_enum(name, variants, visitor))
            }
            Cell::Text(text) => {
                self.named(visitor.visit_enum(BorrowedStrDeserializer::<Unreadable>::new(text)))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.cell {
            Cell::Text(text) | Cell::Json(text) => {
                self.json(text, |json| json.deserialize_seq(visitor))
            }
            Cell::Blob(bytes) => {
                self.named(visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _width: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_seq(visitor)
    }

    from_json! {
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_tuple_struct(name: &'static str, width: usize);
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit
        unit_struct identifier ignored_any
    }
}
