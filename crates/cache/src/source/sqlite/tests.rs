//! The SQLite source against real files. Faults are real ones too: locks, full files, triggers.

mod bytes;
mod commit;
mod fence;
mod files;
mod loading;
mod locks;
mod refusals;
mod schema;
mod storing;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{Sqlite, SqliteOptions, SqliteTable};
use crate::source::{Change, Loaded, Source, SourceError, SourceErrorKind, Stored};

/// A fresh file with the tables that `schema` makes. It waits little for locks.
struct Fixture {
    sqlite: Sqlite,
    folder: TempDir,
}

impl Fixture {
    async fn new(schema: &str) -> Self {
        let options = SqliteOptions::default().busy_timeout(Duration::from_millis(20));
        Self::with(schema, options).await
    }

    async fn with(schema: &str, options: SqliteOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(folder.path().join("test.db"), options).unwrap();
        let fixture = Self { sqlite, folder };
        fixture.run(schema).await;
        fixture
    }

    async fn run(&self, sql: &str) {
        let sql = sql.to_owned();
        let run = self.sqlite.write(move |connection| Ok(connection.execute_batch(&sql)?));
        run.await.unwrap();
    }

    /// The answer of a query with one row and one column, as text.
    async fn ask(&self, sql: &str) -> String {
        let sql = format!("SELECT CAST(({sql}) AS TEXT)");
        let ask = move |connection: &rusqlite::Connection| {
            Ok(connection.query_row(&sql, [], |row| row.get(0))?)
        };
        self.sqlite.read(ask).await.unwrap()
    }

    /// A connection of somebody else's.
    fn stranger(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("test.db")).unwrap()
    }
}

/// A person, whose table has more columns than this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Person {
    name: Option<String>,
    age: i64,
}

const PERSON: &str = "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, \
     age INTEGER NOT NULL, town TEXT NOT NULL DEFAULT 'Bern')";

fn person(name: &str, age: i64) -> Person {
    Person { name: Some(name.into()), age }
}

async fn people(fixture: &Fixture) -> SqliteTable<i64, Person> {
    fixture.sqlite.table("person").rows().await.unwrap()
}

fn put<K, V>(key: K, value: V) -> Change<K, V> {
    Change { key, value: Some(value) }
}

fn delete<K, V>(key: K) -> Change<K, V> {
    Change { key, value: None }
}

async fn load_one<K: Send + 'static, V: Send + 'static>(
    table: &SqliteTable<K, V>,
    key: K,
) -> Loaded<V> {
    table.load(vec![key]).await?.remove(0)
}

async fn store_one<K: Send + 'static, V: Send + 'static>(
    table: &SqliteTable<K, V>,
    change: Change<K, V>,
) -> Result<Stored<V>, SourceError> {
    Ok(table.store(vec![change]).await?.remove(0))
}

fn kind<T>(answer: Result<T, SourceError>) -> Option<SourceErrorKind> {
    answer.err().map(|error| error.kind())
}
