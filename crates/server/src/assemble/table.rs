//! The table behind a keyspace.

use std::sync::Arc;

use larder::source::row::Mapping;
use larder::source::{Source, SourceError, TableSpec, ValueColumns};

use super::database::{Database, Opened};
use crate::config::{KeyspaceConfig, RowsConfig, ValueConfig};
use crate::journal::KeyspaceCodec;
use crate::key::Key;
use crate::keyspace::Shape;
use crate::mapping::{ColumnMapping, ColumnSchema, KeySchema, RowMapping, RowSchema};
use crate::value::Value;

/// A source of a keyspace and what the server knows of its rows.
pub(super) struct Table {
    pub(super) source: Arc<dyn Source<Key, Value>>,
    pub(super) shape: Shape,
    pub(super) name: String,
    /// How its keys and values stand in a journal.
    pub(super) codec: KeyspaceCodec,
}

/// The table of `keyspace`, which is there already.
pub(super) async fn table(
    database: &Database,
    keyspace: &KeyspaceConfig,
) -> Result<Table, SourceError> {
    match &keyspace.rows {
        RowsConfig::Own => {
            column_table(database, keyspace.name.get_ref(), vec!["key".to_owned()], "value").await
        }
        RowsConfig::Table { table, key, value } => {
            let key = key.iter().map(|column| column.get_ref().clone()).collect();
            match value {
                ValueConfig::Row => row_table(database, table.get_ref(), key).await,
                ValueConfig::Column(column) => {
                    column_table(database, table.get_ref(), key, column.get_ref()).await
                }
            }
        }
    }
}

async fn column_table(
    database: &Database,
    name: &str,
    key: Vec<String>,
    column: &str,
) -> Result<Table, SourceError> {
    let rows = opened(database, name, &key, ValueColumns::Row, RowMapping::new(key.len())).await?;
    let value = ValueColumns::Named(vec![column.to_owned()]);
    let column = opened(database, name, &key, value, ColumnMapping::new(key.len())).await?;
    let schema = ColumnSchema::new(rows.keys(name)?, column.columns[0].clone());
    Ok(Table {
        source: column.source,
        shape: Shape::Column(schema),
        name: name.to_owned(),
        codec: KeyspaceCodec::of_strings(),
    })
}

async fn row_table(
    database: &Database,
    name: &str,
    key: Vec<String>,
) -> Result<Table, SourceError> {
    let rows = opened(database, name, &key, ValueColumns::Row, RowMapping::new(key.len())).await?;
    let schema = RowSchema::new(name, rows.keys(name)?);
    Ok(Table {
        source: rows.source,
        shape: Shape::Row(schema),
        name: name.to_owned(),
        codec: KeyspaceCodec::of_rows(rows.columns),
    })
}

impl Opened {
    fn keys(&self, table: &str) -> Result<KeySchema, SourceError> {
        KeySchema::new(table, self.columns.clone(), self.key.iter().map(String::as_str))
    }
}

async fn opened(
    database: &Database,
    name: &str,
    key: &[String],
    value: ValueColumns,
    mapping: impl Mapping<Key, Value>,
) -> Result<Opened, SourceError> {
    let spec = TableSpec { table: name.to_owned(), key: key.to_vec(), value };
    database.open_table(spec, mapping).await
}
