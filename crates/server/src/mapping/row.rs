//! Values that are rows: a JSON object to `GET` and `SET`, fields to `HGET` and `HSET`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use larder::source::SourceError;
use larder::source::row::{Cell, Columns, Mapping, Row};
use larder_protocol::error::Error;
use larder_protocol::value::Fields;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::{KeySchema, cell, key_cells};
use crate::key::Key;
use crate::value::{Usage, Value};

/// A row, and its JSON once somebody has asked for it.
#[derive(Debug)]
pub struct RowValue {
    row: Row,
    document: OnceLock<Box<[u8]>>,
    usage: Usage,
}

/// What the server knows of a table in order to make rows of what clients send.
#[derive(Debug, Clone)]
pub struct RowSchema {
    table: Box<str>,
    columns: Columns,
    key: KeySchema,
}

/// Keys over one or several columns, the value the whole row.
#[derive(Debug, Clone, Copy)]
pub struct RowMapping {
    key_parts: usize,
}

impl RowMapping {
    /// Keys of so many parts.
    pub fn new(key_parts: usize) -> Self {
        Self { key_parts }
    }
}

impl Mapping<Key, Value> for RowMapping {
    fn key(&self, key: &Key) -> Result<Vec<Cell>, SourceError> {
        key_cells(key, self.key_parts)
    }

    fn value(&self, row: Row) -> Result<Value, SourceError> {
        Ok(RowValue::new(row).into())
    }

    fn row(&self, columns: &Columns, value: &Value) -> Result<Row, SourceError> {
        match value {
            Value::Row(value) => Ok(value.row.clone()),
            // The shape of the keyspace lets only rows come here.
            Value::Bytes(_) | Value::Hash(_) => Ok(Row::empty(columns.clone())),
        }
    }

    /// Columns that nobody has named are NULL in a row that was not there.
    fn merge(&self, base: Option<&Value>, change: &Value) -> Value {
        let Value::Row(change) = change else { return change.clone() };
        let merged = match base {
            Some(Value::Row(base)) => base.row.merged(&change.row),
            _ => nulls(change.row.columns()).merged(&change.row),
        };
        RowValue::new(merged).into()
    }

    fn is_whole(&self, change: &Value) -> bool {
        match change {
            Value::Row(value) => value.row.is_whole(),
            Value::Bytes(_) | Value::Hash(_) => true,
        }
    }
}

impl RowSchema {
    /// The schema of a table with these keys.
    pub fn new(table: &str, key: KeySchema) -> Self {
        Self { table: table.into(), columns: key.columns().clone(), key }
    }

    /// What its keys look like.
    pub fn key(&self) -> &KeySchema {
        &self.key
    }

    /// The columns that a JSON object names, of the row of `key`.
    pub fn row_of_json(&self, key: &Key, text: &[u8]) -> Result<Value, Error> {
        let Ok(members) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(text) else {
            let text = format!(
                "a value of table '{}' is a row: give a JSON object such as {{\"{}\": ...}}",
                self.table,
                self.columns.last().map_or("column", |column| &column.name),
            );
            return Err(Error::plain(text));
        };
        let mut row = self.row_of_key(key)?;
        for (name, value) in &members {
            let (position, value) = (self.position(name)?, value.get());
            if self.is_key(&row, position, value) {
                continue;
            }
            let cell = cell::from_json(&self.columns[position], value).map_err(Error::plain)?;
            self.set(&mut row, position, cell)?;
        }
        Ok(RowValue::new(row).into())
    }

    /// The columns that fields name, of the row of `key`.
    pub fn row_of_fields(&self, key: &Key, fields: &[(Vec<u8>, Vec<u8>)]) -> Result<Value, Error> {
        let mut row = self.row_of_key(key)?;
        for (name, value) in fields {
            let position = self.position(&String::from_utf8_lossy(name))?;
            let cell = cell::from_field(&self.columns[position], value).map_err(Error::plain)?;
            self.set(&mut row, position, cell)?;
        }
        Ok(RowValue::new(row).into())
    }

    /// The row of `key` in which the columns `names` are NULL. Names of no column are passed over,
    /// as Redis passes over fields that a hash does not have.
    pub fn row_without(&self, key: &Key, names: &[Vec<u8>]) -> Result<Value, Error> {
        let mut row = self.row_of_key(key)?;
        for name in names {
            let name = String::from_utf8_lossy(name);
            match self.columns.position(&name) {
                Some(position) if self.key.contains(position) => {
                    let text = format!("column '{name}' is part of the key and cannot be removed");
                    return Err(Error::plain(text));
                }
                Some(position) => self.set(&mut row, position, Cell::Null)?,
                None => {}
            }
        }
        Ok(RowValue::new(row).into())
    }

    /// The row of `key` with the columns of another row that are not part of a key: all columns of this
    /// table are named, and NULL where the other has nothing.
    pub fn row_like(&self, key: &Key, other: &RowValue) -> Result<Value, Error> {
        let mut row = self.row_of_key(key)?;
        for position in (0..self.columns.len()).filter(|position| !self.key.contains(*position)) {
            let column = &self.columns[position];
            let cell = match other.field(column.name.as_bytes()) {
                Some(field) => cell::from_field(column, &field).map_err(Error::plain)?,
                None => Cell::Null,
            };
            self.set(&mut row, position, cell)?;
        }
        Ok(RowValue::new(row).into())
    }

    fn row_of_key(&self, key: &Key) -> Result<Row, Error> {
        let mut row = Row::empty(self.columns.clone());
        for (position, cell) in self.key.cells(key)? {
            row.set(position, cell);
        }
        Ok(row)
    }

    /// Whether a member of a document says of a key's column what the key says: as the document of
    /// the row has it, where a key that is no text stands as its bytes.
    fn is_key(&self, row: &Row, position: usize, value: &str) -> bool {
        let is_same = |own: &Cell| cell::is_same(own, value);
        self.key.contains(position) && row.cell(position).is_some_and(is_same)
    }

    /// Names a column, unless it refuses the cell.
    fn set(&self, row: &mut Row, position: usize, cell: Cell) -> Result<(), Error> {
        let column = &self.columns[position];
        let own = |cell: &Cell| cell::to_field(cell).map(Cow::into_owned);
        if self.key.contains(position) && row.cell(position).and_then(own) != own(&cell) {
            let text = format!("column '{}' is part of the key and cannot be changed", column.name);
            return Err(Error::plain(text));
        }
        if cell == Cell::Null && !column.nullable {
            let text = format!("column '{}' must have a value, not NULL", column.name);
            return Err(Error::plain(text));
        }
        row.set(position, cell);
        Ok(())
    }

    fn position(&self, name: &str) -> Result<usize, Error> {
        self.columns.position(name).ok_or_else(|| {
            let names: Vec<&str> = self.columns.iter().map(|column| &*column.name).collect();
            let names = names.join(", ");
            Error::plain(format!("table '{}' has no column '{name}'; it has {names}", self.table))
        })
    }
}

fn nulls(columns: &Columns) -> Row {
    let mut row = Row::empty(columns.clone());
    (0..columns.len()).for_each(|position| row.set(position, Cell::Null));
    row
}

impl RowValue {
    /// A row, or a part of one.
    pub(crate) fn new(row: Row) -> Self {
        Self { row, document: OnceLock::new(), usage: Usage::default() }
    }

    /// The row.
    pub(crate) fn row(&self) -> &Row {
        &self.row
    }

    /// How it is used.
    pub(crate) fn usage(&self) -> &Usage {
        &self.usage
    }

    /// About how many bytes of memory it takes, its JSON included.
    pub(crate) fn weight(&self) -> u64 {
        let cells = self.row.named().map(|(_, column, cell)| {
            let content = match cell {
                Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text) => text.len(),
                Cell::Blob(bytes) => bytes.len(),
                Cell::Null | Cell::Integer(_) | Cell::Real(_) | Cell::Boolean(_) => 8,
            };
            2 * content + column.name.len() + size_of::<Cell>() + 8
        });
        (size_of::<Self>() + cells.sum::<usize>()) as u64
    }

    fn render(&self) -> Box<[u8]> {
        let members: Vec<String> = self
            .row
            .named()
            .map(|(_, column, cell)| {
                format!("{}:{}", Json::from(&*column.name), cell::to_json(cell))
            })
            .collect();
        format!("{{{}}}", members.join(",")).into_bytes().into()
    }
}

impl From<RowValue> for Value {
    fn from(row: RowValue) -> Self {
        Value::Row(Arc::new(row))
    }
}

impl Fields for RowValue {
    fn len(&self) -> usize {
        self.row.named().filter(|(_, _, cell)| **cell != Cell::Null).count()
    }

    fn field(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        let position = self.row.columns().position(std::str::from_utf8(name).ok()?)?;
        cell::to_field(self.row.cell(position)?)
    }

    fn each(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        for (_, column, cell) in self.row.named() {
            if let Some(field) = cell::to_field(cell) {
                visit(column.name.as_bytes(), &field);
            }
        }
    }

    fn document(&self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(self.document.get_or_init(|| self.render())))
    }
}

#[cfg(test)]
mod tests {
    use larder::source::row::{Column, ColumnType};

    use super::*;

    fn schema() -> RowSchema {
        let column = |name: &str, kind, nullable| Column { name: name.into(), kind, nullable };
        let columns = Columns::new([
            column("id", ColumnType::Integer, false),
            column("name", ColumnType::Text, false),
            column("price", ColumnType::Real, true),
        ]);
        RowSchema::new("items", KeySchema::new("items", columns, ["id"].into_iter()).unwrap())
    }

    fn key() -> Key {
        Key::from(b"7".as_slice())
    }

    fn document(value: &Value) -> String {
        let Value::Row(row) = value else { panic!("{value:?}") };
        String::from_utf8(row.document().unwrap().into_owned()).unwrap()
    }

    fn of_json(text: &str) -> Result<String, String> {
        let row = schema().row_of_json(&key(), text.as_bytes());
        row.map(|row| document(&row)).map_err(|error| error.to_string())
    }

    fn fields(pairs: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        pairs
            .iter()
            .map(|(name, value)| (name.as_bytes().into(), value.as_bytes().into()))
            .collect()
    }

    #[test]
    fn json_and_fields_name_columns_beside_the_key() {
        assert_eq!(of_json(r#"{"price":1}"#).unwrap(), r#"{"id":7,"price":1.0}"#);
        assert_eq!(of_json("{}").unwrap(), r#"{"id":7}"#);
        assert_eq!(of_json(r#"{"id":7,"price":null}"#).unwrap(), r#"{"id":7,"price":null}"#);
        let row = schema().row_of_fields(&key(), &fields(&[("name", "\"tea\"")])).unwrap();
        assert_eq!(document(&row), r#"{"id":7,"name":"\"tea\""}"#);
    }

    #[test]
    fn the_document_of_a_row_can_be_written_whatever_its_key_is() {
        let column =
            |name: &str| Column { name: name.into(), kind: ColumnType::Text, nullable: true };
        let columns = Columns::new([column("id"), column("name")]);
        let schema = RowSchema::new("t", KeySchema::new("t", columns, ["id"].into_iter()).unwrap());
        for id in [b"tea".as_slice(), b"\xff\x00", b"", b"{\"hex\":\"ff00\"}"] {
            let key = Key::from(id);
            let row = schema.row_of_fields(&key, &fields(&[("name", "x")])).unwrap();
            let again = schema.row_of_json(&key, document(&row).as_bytes()).unwrap();
            assert_eq!(document(&again), document(&row));
        }
    }

    #[test]
    fn what_the_table_would_refuse_is_refused_before() {
        let changed = "ERR column 'id' is part of the key and cannot be changed";
        assert_eq!(of_json(r#"{"id":8}"#).unwrap_err(), changed);
        let null = "ERR column 'name' must have a value, not NULL";
        assert_eq!(of_json(r#"{"name":null}"#).unwrap_err(), null);
        let unknown = "ERR table 'items' has no column 'nam'; it has id, name, price";
        assert_eq!(of_json(r#"{"nam":1}"#).unwrap_err(), unknown);
        assert!(of_json("7").unwrap_err().contains("give a JSON object such as {\"price\": ...}"));
        assert!(of_json(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_removed_field_is_null_and_the_key_stays() {
        let without = |name: &str| schema().row_without(&key(), &[name.as_bytes().to_vec()]);
        assert_eq!(document(&without("price").unwrap()), r#"{"id":7,"price":null}"#);
        assert_eq!(document(&without("nothing").unwrap()), r#"{"id":7}"#);
        assert!(without("id").is_err() && without("name").is_err());
    }

    #[test]
    fn a_part_of_a_row_lies_over_the_rest_of_it() {
        let mapping = RowMapping::new(1);
        let base =
            schema().row_of_fields(&key(), &fields(&[("name", "tea"), ("price", "1")])).unwrap();
        let change = schema().row_of_fields(&key(), &fields(&[("price", "2")])).unwrap();
        assert!(mapping.is_whole(&base) && !mapping.is_whole(&change));
        let merged = mapping.merge(Some(&base), &change);
        assert_eq!(document(&merged), r#"{"id":7,"name":"tea","price":2.0}"#);
        let merged = mapping.merge(None, &change);
        assert_eq!(document(&merged), r#"{"id":7,"name":null,"price":2.0}"#);
    }

    #[test]
    fn null_is_no_field() {
        let Value::Row(row) = schema().row_without(&key(), &[b"price".to_vec()]).unwrap() else {
            panic!("no row")
        };
        assert_eq!((row.len(), row.field(b"price"), row.field(b"\xff")), (1, None, None));
    }
}
