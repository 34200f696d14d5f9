//! Which table, which key, which values.

/// A table, its key and what of a row is the value.
///
/// ```
/// use larder::source::{TableSpec, ValueColumns};
///
/// let spec = TableSpec {
///     table: "airports".to_owned(),
///     key: vec!["icao".to_owned()],
///     value: ValueColumns::Row,
/// };
/// # drop(spec);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// The table's name; where the database has schemas, `schema.table` too.
    pub table: String,
    /// The key columns, in the order of [`Mapping::key`](crate::source::row::Mapping::key). None
    /// means the table's primary key.
    pub key: Vec<String>,
    /// The columns that values are made of.
    pub value: ValueColumns,
}

/// The columns that values are made of.
///
/// ```
/// use larder::source::ValueColumns;
///
/// let name = ValueColumns::Named(vec!["name".to_owned()]);
/// assert_ne!(name, ValueColumns::Row);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ValueColumns {
    /// All of them, the key's among them.
    #[default]
    Row,
    /// These.
    Named(Vec<String>),
}
