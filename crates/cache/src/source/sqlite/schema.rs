//! What a table looks like, and whether it can be a source.

use rusqlite::{Connection, OptionalExtension, params};

use super::codec::Affinity;
use super::error::misconfigured;
use super::statement::quoted;
use super::suggest::existing;
use crate::source::SourceError;
use crate::source::row::{Column, Columns};

/// A table, its key and what of a row is the value.
///
/// ```
/// use larder::source::sqlite::{TableSpec, ValueColumns};
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
    /// The table's name.
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
/// use larder::source::sqlite::ValueColumns;
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

/// A table as the database describes it, checked against a [`TableSpec`].
#[derive(Debug)]
pub(super) struct Layout {
    /// The table's name as the database spells it.
    pub(super) table: Box<str>,
    pub(super) key: Box<[KeyColumn]>,
    /// The columns that values are made of.
    pub(super) columns: Columns,
    /// Whether each of `columns` is computed by the database, so that nobody stores it.
    pub(super) generated: Box<[bool]>,
}

/// A key column.
#[derive(Debug)]
pub(super) struct KeyColumn {
    pub(super) name: Box<str>,
    pub(super) affinity: Affinity,
    /// Its place among the columns of a value, if it is one.
    pub(super) position: Option<usize>,
}

impl Layout {
    /// Looks the table up. Every way in which it does not fit is
    /// [`SourceErrorKind::Misconfigured`](crate::source::SourceErrorKind) and says what exists.
    pub(super) fn inspect(connection: &Connection, spec: &TableSpec) -> Result<Self, SourceError> {
        let table = find_table(connection, &spec.table)?;
        let described = describe(connection, &table)?;
        let chosen = choose(&table, &described, &spec.value)?;
        let key = key_columns(&table, &described, &spec.key)?;
        require_unique(connection, &table, &key)?;
        let position = |name: &str| chosen.iter().position(|column| &*column.column.name == name);
        Ok(Self {
            key: key.iter().map(|column| column.key(position(&column.column.name))).collect(),
            generated: chosen.iter().map(|column| column.generated).collect(),
            columns: Columns::new(
                chosen.iter().map(|column| column.column.clone()).collect::<Vec<_>>(),
            ),
            table: table.name,
        })
    }
}

struct Table {
    name: Box<str>,
    strict: bool,
}

struct Described {
    column: Column,
    affinity: Affinity,
    generated: bool,
    /// Its place in the primary key, from 1; 0 outside it.
    primary: i64,
    /// Whether it is the row's own number under another name.
    rowid: bool,
}

impl Described {
    fn key(&self, position: Option<usize>) -> KeyColumn {
        KeyColumn { name: self.column.name.clone(), affinity: self.affinity, position }
    }
}

fn find_table(connection: &Connection, name: &str) -> Result<Table, SourceError> {
    if name.contains('\0') {
        return Err(misconfigured(format!("{name:?} is no table name: it contains a NUL")));
    }
    let sql = "SELECT name, type, strict FROM pragma_table_list \
               WHERE schema = 'main' AND name = ?1 COLLATE NOCASE";
    let found = connection
        .query_row(sql, [name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let found: Option<(String, String, bool)> = found;
    match found {
        Some((name, kind, strict)) if kind == "table" => Ok(Table { name: name.into(), strict }),
        Some((name, kind, _)) => {
            let sentence = format!("{name:?} is a {kind}; a source needs an ordinary table");
            Err(misconfigured(sentence))
        }
        None => {
            let tables = tables(connection)?;
            let existing = existing(name, tables.iter().map(String::as_str));
            Err(misconfigured(format!("there is no table {name:?}; {existing}")))
        }
    }
}

fn tables(connection: &Connection) -> Result<Vec<String>, SourceError> {
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn describe(connection: &Connection, table: &Table) -> Result<Vec<Described>, SourceError> {
    // Columns that a virtual table hides have hidden = 1; generated ones 2 or 3.
    let sql = "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1) \
               WHERE hidden <> 1 ORDER BY cid";
    let mut statement = connection.prepare(sql)?;
    let columns = statement.query_map([&table.name], |row| {
        let declared: String = row.get(1)?;
        let primary: i64 = row.get(3)?;
        let affinity = Affinity::of(&declared, table.strict);
        let name: String = row.get(0)?;
        let nullable = !row.get::<_, bool>(2)?;
        Ok(Described {
            column: Column { name: name.into(), kind: affinity.column_type(), nullable },
            affinity,
            generated: row.get::<_, i64>(4)? != 0,
            primary,
            rowid: primary != 0 && declared.eq_ignore_ascii_case("INTEGER"),
        })
    })?;
    let mut columns = columns.collect::<Result<Vec<_>, _>>()?;
    settle_rowid(connection, table, &mut columns)?;
    Ok(columns)
}

/// Only a single INTEGER primary key that has no index of its own is the row's number, and that one
/// is never NULL.
fn settle_rowid(
    connection: &Connection,
    table: &Table,
    columns: &mut [Described],
) -> Result<(), SourceError> {
    let sql = "SELECT count(*) FROM pragma_index_list(?1) WHERE origin = 'pk'";
    let indexed: i64 = connection.query_row(sql, [&table.name], |row| row.get(0))?;
    let width = columns.iter().filter(|column| column.primary != 0).count();
    for column in columns {
        column.rowid &= indexed == 0 && width == 1;
        column.column.nullable &= !column.rowid;
    }
    Ok(())
}

fn choose<'a>(
    table: &Table,
    described: &'a [Described],
    value: &ValueColumns,
) -> Result<Vec<&'a Described>, SourceError> {
    match value {
        ValueColumns::Row => Ok(described.iter().collect()),
        ValueColumns::Named(names) if names.is_empty() => {
            Err(misconfigured(format!("no value column of table {:?} is named", table.name)))
        }
        ValueColumns::Named(names) => {
            names.iter().map(|name| find_column(table, described, name)).collect()
        }
    }
}

fn key_columns<'a>(
    table: &Table,
    described: &'a [Described],
    names: &[String],
) -> Result<Vec<&'a Described>, SourceError> {
    if !names.is_empty() {
        return names.iter().map(|name| find_column(table, described, name)).collect();
    }
    let mut key: Vec<_> = described.iter().filter(|column| column.primary != 0).collect();
    key.sort_by_key(|column| column.primary);
    if key.is_empty() {
        let name = &table.name;
        let sentence = format!("table {name:?} has no primary key; name its key columns");
        return Err(misconfigured(sentence));
    }
    Ok(key)
}

fn find_column<'a>(
    table: &Table,
    described: &'a [Described],
    name: &str,
) -> Result<&'a Described, SourceError> {
    let exact = described.iter().find(|column| &*column.column.name == name);
    // SQLite itself does not tell apart names that differ in the case of ASCII letters.
    let found = exact
        .or_else(|| described.iter().find(|column| column.column.name.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| {
        let names = described.iter().map(|column| &*column.column.name);
        let existing = existing(name, names);
        misconfigured(format!("table {:?} has no column {name:?}; {existing}", table.name))
    })
}

/// Two rows of one key would make a cache answer either. Only a unique index over the whole key,
/// comparing bytes, rules that out: one that compares with NOCASE would give one row two keys.
fn require_unique(
    connection: &Connection,
    table: &Table,
    key: &[&Described],
) -> Result<(), SourceError> {
    let mut wanted: Vec<&str> = key.iter().map(|column| &*column.column.name).collect();
    wanted.sort_unstable();
    if wanted.windows(2).any(|pair| pair[0] == pair[1]) {
        let name = &table.name;
        return Err(misconfigured(format!("a key column of table {name:?} is named twice")));
    }
    if matches!(key, [column] if column.rowid) {
        return Ok(());
    }
    if unique_indexes(connection, table)?.iter().any(|index| index.is_over(&wanted)) {
        return Ok(());
    }
    let name = &table.name;
    let statement = unique_index(name, key);
    let sentence = format!(
        "the key ({}) of table {name:?} is not unique byte for byte; run: {statement}",
        key.iter().map(|column| &*column.column.name).collect::<Vec<_>>().join(", ")
    );
    Err(misconfigured(sentence))
}

fn unique_index(table: &str, key: &[&Described]) -> String {
    let names: Vec<&str> = key.iter().map(|column| &*column.column.name).collect();
    let columns = names.iter().map(|name| format!("{} COLLATE BINARY", quoted(name)));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let index = quoted(&format!("{table}_{}", names.join("_")));
    format!("CREATE UNIQUE INDEX {index} ON {} ({columns})", quoted(table))
}

struct UniqueIndex {
    /// Names and collations, sorted; `None` where an expression stands for a column.
    columns: Vec<(Option<String>, String)>,
}

impl UniqueIndex {
    fn is_over(&self, names: &[&str]) -> bool {
        let same = |((name, collation), wanted): (&(Option<String>, String), &&str)| {
            name.as_deref() == Some(wanted) && collation.eq_ignore_ascii_case("BINARY")
        };
        self.columns.len() == names.len() && self.columns.iter().zip(names).all(same)
    }
}

fn unique_indexes(connection: &Connection, table: &Table) -> Result<Vec<UniqueIndex>, SourceError> {
    let sql = "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND NOT partial";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([&table.name], |row| row.get::<_, String>(0))?;
    let names = names.collect::<Result<Vec<_>, _>>()?;
    let sql = "SELECT name, coll FROM pragma_index_xinfo(?1) WHERE key ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let mut indexes = Vec::with_capacity(names.len());
    for name in names {
        let columns = statement.query_map(params![name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        indexes.push(UniqueIndex { columns: columns.collect::<Result<_, _>>()? });
    }
    Ok(indexes)
}
