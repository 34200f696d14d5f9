//! A database for each test, and words for what the tests do with it.

use larder::source::postgres::{Postgres, PostgresOptions, PostgresTable};
use larder::source::{Change, Loaded, Source, SourceError, SourceErrorKind, Stored};
use larder_kit::postgres::{Database, shared};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A database of its own on the server that all tests share.
pub struct Fixture {
    pub database: Database,
    pub postgres: Postgres,
}

impl Fixture {
    /// A database with what `schema` makes.
    pub async fn new(schema: &str) -> Self {
        Self::with(schema, PostgresOptions::default()).await
    }

    pub async fn with(schema: &str, options: PostgresOptions) -> Self {
        let database = shared().database().unwrap();
        if !schema.is_empty() {
            database.run(schema).unwrap();
        }
        let postgres = Postgres::connect(&database.url(), options.pool_max(4)).await.unwrap();
        Self { database, postgres }
    }

    /// What a query answers, as the server's own client shows it.
    pub fn ask(&self, sql: &str) -> String {
        self.database.run(sql).unwrap()
    }

    pub async fn json(&self, table: &str) -> PostgresTable<i64, Json> {
        self.postgres.table(table).rows().await.unwrap()
    }

    pub async fn people(&self) -> PostgresTable<i64, Person> {
        self.postgres.table("person").rows().await.unwrap()
    }
}

/// A person, whose table has more columns than this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub name: Option<String>,
    pub age: i64,
}

pub const PERSON: &str = "CREATE TABLE person (id bigint PRIMARY KEY, name text, \
     age integer NOT NULL, town text NOT NULL DEFAULT 'Bern')";

pub fn person(name: &str, age: i64) -> Person {
    Person { name: Some(name.into()), age }
}

pub fn put<K, V>(key: K, value: V) -> Change<K, V> {
    Change { key, value: Some(value) }
}

pub fn delete<K, V>(key: K) -> Change<K, V> {
    Change { key, value: None }
}

pub async fn load_one<K: Send + 'static, V: Send + 'static>(
    table: &PostgresTable<K, V>,
    key: K,
) -> Loaded<V> {
    table.load(vec![key]).await?.remove(0)
}

pub async fn store_one<K: Send + 'static, V: Send + 'static>(
    table: &PostgresTable<K, V>,
    change: Change<K, V>,
) -> Result<Stored<V>, SourceError> {
    Ok(table.store(vec![change]).await?.remove(0))
}

pub fn kind<T>(answer: Result<T, SourceError>) -> Option<SourceErrorKind> {
    answer.err().map(|error| error.kind())
}
