//! The databases behind sources, each by its kind.

use std::sync::Arc;

use larder::source::mysql::{Mysql, MysqlOptions};
use larder::source::postgres::{Postgres, PostgresOptions};
use larder::source::row::{Columns, Mapping};
use larder::source::sqlite::{Durability, Sqlite, SqliteOptions};
use larder::source::{Source, SourceError, SourceErrorKind, TableSpec};

use crate::config::{DatabaseConfig, SourceConfig, SourceKind, SqliteConfig, Synchronous};
use crate::key::Key;
use crate::secret;
use crate::value::Value;

/// An open database. Cloning it shares its connections.
#[derive(Clone)]
pub enum Database {
    /// An SQLite file.
    Sqlite(Sqlite),
    /// A PostgreSQL server.
    Postgres(Postgres),
    /// A MySQL or MariaDB server.
    Mysql(Mysql),
}

/// A table that is ready to be a source.
pub(super) struct Opened {
    pub(super) source: Arc<dyn Source<Key, Value>>,
    pub(super) columns: Columns,
    /// The columns of its key.
    pub(super) key: Vec<String>,
}

impl Database {
    /// Opens the database of a source. A file that is not there is made if `create` says so.
    pub(super) async fn open(config: &SourceConfig, create: bool) -> Result<Self, SourceError> {
        match &config.kind {
            SourceKind::Sqlite(sqlite) => {
                let options = sqlite_options(sqlite).create(create);
                Sqlite::open(&sqlite.path, options).map(Self::Sqlite)
            }
            SourceKind::Postgres(database) => {
                let options = postgres_options(database)?;
                Postgres::connect(config.url.get_ref().reveal(), options).await.map(Self::Postgres)
            }
            SourceKind::Mysql(database) => {
                let options = mysql_options(database)?;
                Mysql::connect(config.url.get_ref().reveal(), options).await.map(Self::Mysql)
            }
        }
    }

    /// A table as a source.
    pub(super) async fn open_table(
        &self,
        spec: TableSpec,
        mapping: impl Mapping<Key, Value>,
    ) -> Result<Opened, SourceError> {
        match self {
            Self::Sqlite(sqlite) => {
                let table = sqlite.source(spec, mapping).await?;
                let (columns, key) = (table.columns().clone(), names(table.key_columns()));
                Ok(Opened { source: Arc::new(table), columns, key })
            }
            Self::Postgres(postgres) => {
                let table = postgres.source(spec, mapping).await?;
                let (columns, key) = (table.columns().clone(), names(table.key_columns()));
                Ok(Opened { source: Arc::new(table), columns, key })
            }
            Self::Mysql(mysql) => {
                let table = mysql.source(spec, mapping).await?;
                let (columns, key) = (table.columns().clone(), names(table.key_columns()));
                Ok(Opened { source: Arc::new(table), columns, key })
            }
        }
    }

    /// Makes larder's own table of that name unless it is there.
    pub(super) async fn ensure_table(&self, name: &str) -> Result<(), SourceError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.ensure_table(name).await,
            Self::Postgres(postgres) => postgres.ensure_table(name).await,
            Self::Mysql(mysql) => mysql.ensure_table(name).await,
        }
    }

    /// Whether there is a table of that name.
    pub(super) async fn has_table(&self, name: &str) -> Result<bool, SourceError> {
        match self {
            Self::Sqlite(sqlite) => {
                let name = name.to_owned();
                let look = "SELECT 1 FROM pragma_table_info(?1)";
                sqlite.read(move |database| Ok(database.prepare(look)?.exists([name])?)).await
            }
            Self::Postgres(postgres) => postgres.has_table(name).await,
            Self::Mysql(mysql) => mysql.has_table(name).await,
        }
    }

    /// Finishes what is queued in it, and closes its connections.
    pub fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close(),
            Self::Postgres(postgres) => postgres.close(),
            Self::Mysql(mysql) => mysql.close(),
        }
    }
}

/// How an SQLite file is opened.
fn sqlite_options(config: &SqliteConfig) -> SqliteOptions {
    let durability = match config.synchronous {
        Synchronous::Full => Durability::Full,
        Synchronous::Normal => Durability::Normal,
    };
    SqliteOptions::default().readers(config.readers.get()).durability(durability)
}

fn postgres_options(config: &DatabaseConfig) -> Result<PostgresOptions, SourceError> {
    let mut options = PostgresOptions::default()
        .pool_max(config.pool_max.get())
        .connect_timeout(config.connect_timeout)
        .statement_timeout(config.statement_timeout);
    if let Some(password) = password(config)? {
        options = options.password(password);
    }
    if let Some(mode) = config.tls {
        options = options.tls(mode);
    }
    if let Some(file) = &config.tls_ca {
        options = options.authorities(file.get_ref());
    }
    Ok(options)
}

fn mysql_options(config: &DatabaseConfig) -> Result<MysqlOptions, SourceError> {
    let mut options = MysqlOptions::default()
        .pool_max(config.pool_max.get())
        .connect_timeout(config.connect_timeout)
        .statement_timeout(config.statement_timeout);
    if let Some(password) = password(config)? {
        options = options.password(password);
    }
    if let Some(mode) = config.tls {
        options = options.tls(mode);
    }
    if let Some(file) = &config.tls_ca {
        options = options.authorities(file.get_ref());
    }
    Ok(options)
}

/// The password, from where it is kept.
fn password(config: &DatabaseConfig) -> Result<Option<String>, SourceError> {
    let read = config.password.as_ref().map(secret::read).transpose();
    read.map_err(|problem| SourceError::new(SourceErrorKind::Misconfigured, problem.message()))
}

fn names<'n>(columns: impl Iterator<Item = &'n str>) -> Vec<String> {
    columns.map(str::to_owned).collect()
}
