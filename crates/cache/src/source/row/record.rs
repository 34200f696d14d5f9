//! Values that are structs with a field for each column.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::deserialize::from_row;
use super::serialize::to_row;
use super::{Cell, Columns, KeyCells, Mapping, Row};
use crate::source::SourceError;

/// Structs, or maps with string keys, whose fields are named as the columns.
///
/// | field | column |
/// |---|---|
/// | integers | an integer |
/// | `bool` | a truth value, or an integer (0 or 1) where the column holds none |
/// | `f32`, `f64` | a real; NaN is refused |
/// | `String`, `char`, an enum without data | text; in a column of decimals, its digits |
/// | bytes (`serde_bytes`) | bytes; a `Vec<u8>` reads them too |
/// | `Option` | NULL for `None` |
/// | a list, map, struct or enum with data | JSON text; a list of bytes in a column of bytes, bytes |
/// | anything, in a column of JSON | its document |
/// | a list, in a column of arrays | an array |
///
/// A decimal is read as text, digit by digit, and as a number where the field is one.
///
/// A field without a column is an error of kind `Misconfigured`, a column without a field is left
/// alone. A field that serde skips names no column: its default is inserted, and an update keeps
/// what is there.
///
/// ```
/// use larder::source::row::{Cell, Column, ColumnType, Columns, Mapping, SerdeMapping};
///
/// #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// struct Product {
///     name: String,
///     cents: Option<i64>,
/// }
///
/// let column = |name: &str| Column { name: name.into(), kind: ColumnType::Any, nullable: true };
/// let columns = Columns::new(vec![column("name"), column("cents")]);
/// let tea = Product { name: "Tea".into(), cents: None };
/// let mapping: &dyn Mapping<u64, Product> = &SerdeMapping;
/// assert_eq!(mapping.row(&columns, &tea)?.cell(1), Some(&Cell::Null));
/// # Ok::<(), larder::source::SourceError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SerdeMapping;

impl<K, V> Mapping<K, V> for SerdeMapping
where
    K: KeyCells,
    V: Serialize + DeserializeOwned + Clone,
{
    fn key(&self, key: &K) -> Result<Vec<Cell>, SourceError> {
        Ok(key.cells())
    }

    fn value(&self, row: Row) -> Result<V, SourceError> {
        from_row(&row)
    }

    fn row(&self, columns: &Columns, value: &V) -> Result<Row, SourceError> {
        to_row(columns, value)
    }

    fn merge(&self, _base: Option<&V>, change: &V) -> V {
        change.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::super::{Column, ColumnType};
    use super::*;
    use crate::source::SourceErrorKind;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Size {
        Small,
        Other(u8),
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Part {
        number: i64,
        ratio: f64,
        name: String,
        open: bool,
        note: Option<String>,
        size: Size,
        bytes: Vec<u8>,
        tags: Vec<String>,
        links: BTreeMap<String, i64>,
    }

    fn part() -> Part {
        Part {
            number: i64::MIN,
            ratio: f64::INFINITY,
            name: "é\"'; --".into(),
            open: true,
            note: None,
            size: Size::Small,
            bytes: vec![0, 255],
            tags: vec!["a".into()],
            links: BTreeMap::from([("up".into(), 7)]),
        }
    }

    fn columns(names: &[&str]) -> Columns {
        let column = |name: &&str| {
            let kind = if *name == "bytes" { ColumnType::Blob } else { ColumnType::Any };
            Column { name: (*name).into(), kind, nullable: true }
        };
        Columns::new(names.iter().map(column).collect::<Vec<_>>())
    }

    fn all() -> Columns {
        columns(&[
            "number", "ratio", "name", "open", "note", "size", "bytes", "tags", "links", "extra",
        ])
    }

    fn row(value: &impl Serialize) -> Result<Row, SourceError> {
        to_row(&all(), value)
    }

    #[test]
    fn a_struct_comes_back_as_it_went() {
        let row = row(&part()).unwrap();
        assert_eq!(from_row::<Part>(&row).unwrap(), part());
    }

    #[test]
    fn each_field_has_the_cell_that_sql_expects() {
        let row = row(&part()).unwrap();
        let cells: Vec<_> = row.named().map(|(_, _, cell)| cell.clone()).collect();
        assert_eq!(cells[0], Cell::Integer(i64::MIN));
        assert_eq!(cells[3], Cell::Integer(1));
        assert_eq!(cells[4], Cell::Null);
        assert_eq!(cells[5], Cell::Text("Small".into()));
        assert_eq!(cells[6], Cell::Blob((*b"\0\xff").into()));
        assert_eq!(cells[7], Cell::Text(r#"["a"]"#.into()));
        assert_eq!(cells.len(), 9, "the column without a field is not named");
    }

    #[test]
    fn an_enum_with_data_is_json() {
        let part = Part { size: Size::Other(3), ..part() };
        let row = row(&part).unwrap();
        assert_eq!(row.cell(5), Some(&Cell::Text(r#"{"Other":3}"#.into())));
        assert_eq!(from_row::<Part>(&row).unwrap(), part);
    }

    #[test]
    fn a_field_without_a_column_is_a_matter_of_set_up() {
        let error = to_row(&columns(&["number"]), &part()).unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Misconfigured);
        assert!(error.message().contains("\"ratio\""), "{error}");
    }

    #[test]
    fn what_no_column_can_hold_is_rejected() {
        for error in [
            row(&Part { ratio: f64::NAN, ..part() }).unwrap_err(),
            row(&BTreeMap::from([("number", u64::MAX)])).unwrap_err(),
            row(&7).unwrap_err(),
            row(&["a", "b"]).unwrap_err(),
        ] {
            assert_eq!(error.kind(), SourceErrorKind::Rejected, "{error}");
        }
    }

    #[test]
    fn a_cell_of_another_type_cannot_be_read() {
        let mut row = row(&part()).unwrap();
        row.set(0, Cell::Text("seven".into()));
        let error = from_row::<Part>(&row).unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Undecodable);
        assert!(error.message().contains("\"number\""), "{error}");
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Typed {
        open: bool,
        exact: String,
        near: f64,
        count: u8,
        document: serde_json::Value,
        word: Option<serde_json::Value>,
        list: Vec<Option<String>>,
    }

    fn typed_columns() -> Columns {
        let column = |(name, kind): (&str, _)| Column { name: name.into(), kind, nullable: true };
        let columns = [
            ("open", ColumnType::Boolean),
            ("exact", ColumnType::Decimal),
            ("near", ColumnType::Decimal),
            ("count", ColumnType::Decimal),
            ("document", ColumnType::Json),
            ("word", ColumnType::Json),
            ("list", ColumnType::Array),
        ];
        Columns::new(columns.map(column).to_vec())
    }

    #[test]
    fn columns_with_types_of_their_own_are_given_cells_of_them() {
        let typed = Typed {
            open: true,
            exact: "0.10000000000000000001".into(),
            near: 0.5,
            count: 7,
            document: serde_json::json!({"a": [1, null]}),
            word: Some("x".into()),
            list: vec![Some("a\"".into()), None],
        };
        let mut row = to_row(&typed_columns(), &typed).unwrap();
        let cells: Vec<_> = row.named().map(|(_, _, cell)| cell.clone()).collect();
        let expected = [
            Cell::Boolean(true),
            Cell::Decimal("0.10000000000000000001".into()),
            Cell::Real(0.5),
            Cell::Decimal("7".into()),
            Cell::Json(r#"{"a":[1,null]}"#.into()),
            Cell::Json(r#""x""#.into()),
            Cell::Json(r#"["a\"",null]"#.into()),
        ];
        assert_eq!(cells, expected);
        // A source answers with the digits of the column.
        row.set(2, Cell::Decimal("0.50".into()));
        assert_eq!(from_row::<Typed>(&row).unwrap(), typed);
    }

    #[test]
    fn digits_that_do_not_fit_the_field_cannot_be_read() {
        let mut row = Row::empty(typed_columns());
        row.set(3, Cell::Decimal("256".into()));
        assert!(from_row::<BTreeMap<String, u8>>(&row).is_err());
        row.set(3, Cell::Decimal("1.5".into()));
        assert!(from_row::<BTreeMap<String, u8>>(&row).is_err());
        assert_eq!(from_row::<BTreeMap<String, f64>>(&row).unwrap()["count"], 1.5);
    }

    #[test]
    fn null_is_not_zero() {
        let mut row = row(&part()).unwrap();
        row.set(0, Cell::Null);
        let error = from_row::<Part>(&row).unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Undecodable);
    }
}
