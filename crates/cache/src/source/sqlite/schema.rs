//! What a table looks like, and whether it can be a source.

use rusqlite::{Connection, OptionalExtension, params};

use super::codec::Affinity;
use super::error::misconfigured;
use super::statement::quoted;
use crate::source::SourceError;
use crate::source::row::Column;
use crate::source::table::{self, TableSpec, existing};

/// A table as SQLite describes it.
pub(super) type Layout = table::Layout<Affinity>;

type Described = table::Described<Affinity>;

/// Looks the table up. Every way in which it does not fit is
/// [`SourceErrorKind::Misconfigured`](crate::source::SourceErrorKind) and says what exists.
pub(super) fn inspect(connection: &Connection, spec: &TableSpec) -> Result<Layout, SourceError> {
    let table = find_table(connection, &spec.table)?;
    let described = describe(connection, &table)?;
    let layout = Layout::choose(&table.name, &described.columns, spec)?;
    let key = layout.key_names();
    let is_rowid = described.rowid.as_deref().is_some_and(|rowid| key == [rowid]);
    if !is_rowid {
        require_unique(connection, &table, &key)?;
    }
    Ok(layout)
}

struct Table {
    name: Box<str>,
    strict: bool,
}

/// The columns of a table.
struct Description {
    columns: Vec<Described>,
    /// The column that is the row's own number under another name.
    rowid: Option<Box<str>>,
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

fn describe(connection: &Connection, table: &Table) -> Result<Description, SourceError> {
    // Columns that a virtual table hides have hidden = 1; generated ones 2 or 3.
    let sql = "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1) \
               WHERE hidden <> 1 ORDER BY cid";
    let mut statement = connection.prepare(sql)?;
    let columns = statement.query_map([&table.name], |row| {
        let declared: String = row.get(1)?;
        let native = Affinity::of(&declared, table.strict);
        let name: String = row.get(0)?;
        let nullable = !row.get::<_, bool>(2)?;
        let described = Described {
            column: Column { name: name.into(), kind: native.column_type(), nullable },
            native,
            generated: row.get::<_, i64>(4)? != 0,
            primary: row.get(3)?,
        };
        Ok((described, declared.eq_ignore_ascii_case("INTEGER")))
    })?;
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    settle_rowid(connection, table, columns)
}

/// Only a single INTEGER primary key that has no index of its own is the row's number, and that one
/// is never NULL.
fn settle_rowid(
    connection: &Connection,
    table: &Table,
    columns: Vec<(Described, bool)>,
) -> Result<Description, SourceError> {
    let sql = "SELECT count(*) FROM pragma_index_list(?1) WHERE origin = 'pk'";
    let indexed: i64 = connection.query_row(sql, [&table.name], |row| row.get(0))?;
    let width = columns.iter().filter(|(column, _)| column.primary != 0).count();
    let mut rowid = None;
    let settled = columns.into_iter().map(|(mut described, is_integer)| {
        if is_integer && described.primary != 0 && indexed == 0 && width == 1 {
            described.column.nullable = false;
            rowid = Some(described.column.name.clone());
        }
        described
    });
    Ok(Description { columns: settled.collect(), rowid })
}

fn require_unique(connection: &Connection, table: &Table, key: &[&str]) -> Result<(), SourceError> {
    let mut wanted = key.to_vec();
    wanted.sort_unstable();
    match unique_indexes(connection, table)?.iter().any(|index| index.is_over(&wanted)) {
        true => Ok(()),
        false => Err(table::not_unique(&table.name, key, &unique_index(&table.name, key))),
    }
}

/// SQLite would else compare as the column does, and one that folds case gives one row two keys.
fn unique_index(table: &str, names: &[&str]) -> String {
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
