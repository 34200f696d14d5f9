//! The kinds of databases, where they differ.

use std::sync::Arc;

use larder::source::mysql::{Mysql, MysqlOptions};
use larder::source::postgres::{Postgres, PostgresOptions};
use larder::source::sqlite::{Sqlite, SqliteOptions};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};

use super::{Rows, failed};
use crate::failure::{Failure, Result};

/// An open database.
pub(super) enum Native {
    /// An SQLite file.
    Sqlite(Sqlite),
    /// A PostgreSQL server.
    Postgres(Postgres),
    /// A MySQL or MariaDB server, and where it is.
    Mysql(Mysql, String),
}

impl Native {
    /// Opens the database at `url`, for so many clients at a time.
    pub(super) async fn open(url: &str, clients: usize) -> Result<Self> {
        let opened = match url.split_once(':') {
            Some(("sqlite", file)) => {
                Sqlite::open(file, SqliteOptions::default()).map(Self::Sqlite)
            }
            Some(("postgres" | "postgresql", _)) => {
                let options = PostgresOptions::default().pool_max(clients);
                Postgres::connect(url, options).await.map(Self::Postgres)
            }
            Some(("mysql", _)) => {
                let options = MysqlOptions::default().pool_max(clients);
                let opened = Mysql::connect(url, options).await;
                opened.map(|mysql| Self::Mysql(mysql, url.to_owned()))
            }
            _ => {
                let known =
                    "sqlite:FILE, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE";
                return Err(Failure::misuse(format!("a source is {known}")));
            }
        };
        opened.map_err(failed)
    }

    /// Whether there is a table of that name.
    pub(super) async fn has_table(&self, name: &str) -> Result<bool> {
        let found = match self {
            Self::Sqlite(sqlite) => {
                let name = name.to_owned();
                let look = "SELECT 1 FROM pragma_table_info(?1)";
                sqlite.read(move |database| Ok(database.prepare(look)?.exists([name])?)).await
            }
            Self::Postgres(postgres) => postgres.has_table(name).await,
            Self::Mysql(mysql, _) => mysql.has_table(name).await,
        };
        found.map_err(failed)
    }

    /// Makes a table of keys and values unless there is one.
    pub(super) async fn ensure_table(&self, name: &str) -> Result<()> {
        let made = match self {
            Self::Sqlite(sqlite) => sqlite.ensure_table(name).await,
            Self::Postgres(postgres) => postgres.ensure_table(name).await,
            Self::Mysql(mysql, _) => mysql.ensure_table(name).await,
        };
        made.map_err(failed)
    }

    /// The rows of such a table.
    pub(super) async fn rows(&self, name: &str) -> Result<Rows> {
        let (key, value) = (["key"], "value");
        let opened = match self {
            Self::Sqlite(sqlite) => {
                sqlite.table(name).key(key).bytes(value).await.map(|rows| Arc::new(rows) as Rows)
            }
            Self::Postgres(postgres) => {
                postgres.table(name).key(key).bytes(value).await.map(|rows| Arc::new(rows) as Rows)
            }
            Self::Mysql(mysql, _) => {
                mysql.table(name).key(key).bytes(value).await.map(|rows| Arc::new(rows) as Rows)
            }
        };
        opened.map_err(failed)
    }

    /// Runs a statement.
    pub(super) async fn run(&self, sql: String) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => {
                let run = sqlite.write(move |connection| Ok(connection.execute_batch(&sql)?));
                run.await.map_err(failed)
            }
            Self::Postgres(postgres) => {
                let client = postgres.client().await.map_err(failed)?;
                client.batch_execute(&sql).await.map_err(refused)
            }
            Self::Mysql(_, url) => connect(url).await?.query_drop(sql).await.map_err(refused),
        }
    }

    /// The number that a query answers.
    pub(super) async fn number(&self, sql: String) -> Result<i64> {
        match self {
            Self::Sqlite(sqlite) => {
                let count = sqlite
                    .read(move |connection| Ok(connection.query_row(&sql, [], |row| row.get(0))?));
                count.await.map_err(failed)
            }
            Self::Postgres(postgres) => {
                let client = postgres.client().await.map_err(failed)?;
                let row = client.query_one(&sql, &[]).await.map_err(refused)?;
                row.try_get(0).map_err(refused)
            }
            Self::Mysql(_, url) => {
                let count = connect(url).await?.query_first(sql).await.map_err(refused)?;
                count.ok_or_else(|| refused("it answered nothing"))
            }
        }
    }
}

/// A connection for a statement of the lab's own, which larder's client has no way to send.
async fn connect(url: &str) -> Result<Conn> {
    let options = Opts::from_url(url).map_err(refused)?;
    Conn::new(options).await.map_err(refused)
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::run(format!("the database: {error}"))
}
