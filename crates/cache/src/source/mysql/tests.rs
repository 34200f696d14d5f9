//! The MySQL source against a real MariaDB. What every source has to do is in the conformance suite;
//! here is what this one does beside that.

mod access;
mod limits;
mod schema;
mod strictness;

use larder_kit::mariadb::{Database, shared};
use serde::{Deserialize, Serialize};

use super::{Mysql, MysqlOptions, MysqlTable};
use crate::source::{Change, Loaded, Source, SourceError, SourceErrorKind, Stored};

/// A database of its own.
struct Fixture {
    database: Database,
    mysql: Mysql,
}

impl Fixture {
    async fn new(schema: &str) -> Self {
        Self::with(schema, MysqlOptions::default()).await
    }

    async fn with(schema: &str, options: MysqlOptions) -> Self {
        let database = shared().database().unwrap();
        database.run(schema).unwrap();
        let mysql = Mysql::connect(&database.url(), options).await.unwrap();
        Self { database, mysql }
    }

    fn ask(&self, sql: &str) -> String {
        self.database.run(sql).unwrap()
    }
}

/// A value of one number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Count {
    count: i64,
}

/// A value of one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
}

fn note(text: &str) -> Note {
    Note { text: text.into() }
}

fn put<K, V>(key: K, value: V) -> Change<K, V> {
    Change { key, value: Some(value) }
}

async fn load_one<K: Send + 'static, V: Send + 'static>(
    table: &MysqlTable<K, V>,
    key: K,
) -> Loaded<V> {
    table.load(vec![key]).await?.remove(0)
}

async fn store_one<K: Send + 'static, V: Send + 'static>(
    table: &MysqlTable<K, V>,
    change: Change<K, V>,
) -> Result<Stored<V>, SourceError> {
    Ok(table.store(vec![change]).await?.remove(0))
}

fn kind<T>(answer: Result<T, SourceError>) -> Option<SourceErrorKind> {
    answer.err().map(|error| error.kind())
}
