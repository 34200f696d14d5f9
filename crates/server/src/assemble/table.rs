//! The table behind a keyspace.

use std::sync::Arc;

use larder::source::row::{Columns, Mapping};
use larder::source::sqlite::{Durability, Sqlite, SqliteOptions, TableSpec, ValueColumns};
use larder::source::{Source, SourceError};

use crate::config::{KeyspaceConfig, RowsConfig, SourceKind, Synchronous, ValueConfig};
use crate::key::Key;
use crate::keyspace::Shape;
use crate::mapping::{ColumnMapping, ColumnSchema, KeySchema, RowMapping, RowSchema};
use crate::value::Value;

/// A source of a keyspace and what the server knows of its rows.
pub(super) struct Table {
    pub(super) source: Arc<dyn Source<Key, Value>>,
    pub(super) shape: Shape,
    pub(super) name: String,
}

/// How a file is opened.
pub(super) fn options(kind: &SourceKind) -> SqliteOptions {
    let SourceKind::Sqlite { readers, synchronous, .. } = kind;
    let durability = match synchronous {
        Synchronous::Full => Durability::Full,
        Synchronous::Normal => Durability::Normal,
    };
    SqliteOptions::default().readers(readers.get()).durability(durability)
}

/// The table of `keyspace`, which is there already.
pub(super) async fn table(
    sqlite: &Sqlite,
    keyspace: &KeyspaceConfig,
) -> Result<Table, SourceError> {
    match &keyspace.rows {
        RowsConfig::Own => {
            column_table(sqlite, keyspace.name.get_ref(), vec!["key".to_owned()], "value").await
        }
        RowsConfig::Table { table, key, value } => {
            let key = key.iter().map(|column| column.get_ref().clone()).collect();
            match value {
                ValueConfig::Row => row_table(sqlite, table.get_ref(), key).await,
                ValueConfig::Column(column) => {
                    column_table(sqlite, table.get_ref(), key, column.get_ref()).await
                }
            }
        }
    }
}

async fn column_table(
    sqlite: &Sqlite,
    name: &str,
    key: Vec<String>,
    column: &str,
) -> Result<Table, SourceError> {
    let rows = opened(sqlite, name, &key, ValueColumns::Row, RowMapping::new(key.len())).await?;
    let value = ValueColumns::Named(vec![column.to_owned()]);
    let column = opened(sqlite, name, &key, value, ColumnMapping::new(key.len())).await?;
    let schema = ColumnSchema::new(rows.keys(name)?, column.columns[0].clone());
    Ok(Table { source: column.source, shape: Shape::Column(schema), name: name.to_owned() })
}

async fn row_table(sqlite: &Sqlite, name: &str, key: Vec<String>) -> Result<Table, SourceError> {
    let rows = opened(sqlite, name, &key, ValueColumns::Row, RowMapping::new(key.len())).await?;
    let schema = RowSchema::new(name, rows.keys(name)?);
    Ok(Table { source: rows.source, shape: Shape::Row(schema), name: name.to_owned() })
}

struct Opened {
    source: Arc<dyn Source<Key, Value>>,
    columns: Columns,
    key: Vec<String>,
}

impl Opened {
    fn keys(&self, table: &str) -> Result<KeySchema, SourceError> {
        KeySchema::new(table, self.columns.clone(), self.key.iter().map(String::as_str))
    }
}

async fn opened(
    sqlite: &Sqlite,
    name: &str,
    key: &[String],
    value: ValueColumns,
    mapping: impl Mapping<Key, Value>,
) -> Result<Opened, SourceError> {
    let spec = TableSpec { table: name.to_owned(), key: key.to_vec(), value };
    let table = sqlite.source(spec, mapping).await?;
    let columns = table.columns().clone();
    let key = table.key_columns().map(str::to_owned).collect();
    Ok(Opened { source: Arc::new(table), columns, key })
}
