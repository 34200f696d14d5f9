//! The handle of one PostgreSQL database.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};

use super::error::unconnected;
use super::options::{PostgresOptions, Target, deadline};
use super::queries::{Counters, Queries};
use super::schema::{exists, inspect};
use super::session::{PooledClient, Session};
use super::statement::quoted;
use super::table::{PostgresTable, TableBuilder};
use super::tls::Encryption;
use crate::source::error::misconfigured;
use crate::source::row::Mapping;
use crate::source::table::TableSpec;
use crate::source::{SourceError, TlsMode};

/// Connections to a PostgreSQL database. Cheap to clone.
///
/// Its futures run on tokio. Connections are made when they are needed and kept; one that was lost is
/// replaced by the next call. A call that finds all in use waits for one, no longer than
/// [`PostgresOptions::pool_timeout`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = larder_kit::postgres::shared().database()?;
/// # let url = server.url();
/// use larder::source::postgres::{Postgres, PostgresOptions};
/// use larder::{Cache, Strategy};
///
/// let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
/// let pages: Cache<String, Vec<u8>> = Cache::builder("pages")
///     .max_entries(100)
///     .source(postgres.key_value("pages").await?)
///     .strategy(Strategy::write_through())
///     .build()?;
/// pages.put("/".to_owned(), b"<p>Hello</p>".to_vec()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool,
    deadline: Duration,
    counters: Arc<Counters>,
    /// Where it is, for people.
    place: String,
}

impl Postgres {
    /// Connects to the database at `url`, such as `postgres://larder@db:5432/shop`, and makes sure that
    /// it answers.
    ///
    /// An address that cannot be read, a user that is refused or a database that does not exist is an
    /// error of kind [`Misconfigured`](crate::source::SourceErrorKind::Misconfigured); a server that
    /// cannot be reached, of kind [`Unavailable`](crate::source::SourceErrorKind::Unavailable).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use larder::source::SourceErrorKind;
    /// use larder::source::postgres::{Postgres, PostgresOptions};
    ///
    /// let nobody = Postgres::connect("postgres://larder@127.0.0.1:1/shop", PostgresOptions::default());
    /// assert_eq!(nobody.await.unwrap_err().kind(), SourceErrorKind::Unavailable);
    /// # }
    /// ```
    pub async fn connect(url: &str, options: PostgresOptions) -> Result<Self, SourceError> {
        let target = Target::new(url, &options)?;
        let place = place(&target);
        let deadline = deadline(&options);
        let pool = pool(target, &options)?;
        let shared = Shared { pool, deadline, counters: Arc::default(), place };
        let postgres = Self { shared: Arc::new(shared) };
        postgres.session().await?;
        Ok(postgres)
    }

    /// A connection for the program's own statements. While it is held, it is missing in the pool.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// postgres.client().await?.batch_execute("CREATE TABLE stock (name text PRIMARY KEY)").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn client(&self) -> Result<PooledClient, SourceError> {
        let client = self.shared.pool.get().await;
        client.map(PooledClient).map_err(|error| unconnected(&error))
    }

    /// A table as a source; nothing is looked up before the builder's last call. Its name may have a
    /// schema before it: `warehouse.stock`.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # server.run("CREATE SCHEMA warehouse; CREATE TABLE warehouse.stock (name text PRIMARY KEY, count bigint)")?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// let counts = postgres.table("warehouse.stock").bytes::<String, Vec<u8>>("count").await?;
    /// # drop(counts);
    /// # Ok(())
    /// # }
    /// ```
    pub fn table(&self, name: impl Into<String>) -> TableBuilder {
        TableBuilder::new(self.clone(), name.into())
    }

    /// The table that `spec` names as a source, through `mapping`. A table that does not fit is an
    /// error of kind [`Misconfigured`](crate::source::SourceErrorKind::Misconfigured) that says what
    /// does exist, or which unique index to make.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # server.run("CREATE TABLE stock (name text PRIMARY KEY, shelf bigint, count bigint NOT NULL DEFAULT 0)")?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// use larder::source::postgres::PostgresTable;
    /// use larder::source::row::BytesMapping;
    /// use larder::source::{TableSpec, ValueColumns};
    ///
    /// let spec = TableSpec {
    ///     table: "stock".to_owned(),
    ///     key: vec!["name".to_owned()],
    ///     value: ValueColumns::Named(vec!["shelf".to_owned()]),
    /// };
    /// let shelves: PostgresTable<String, Vec<u8>> = postgres.source(spec, BytesMapping).await?;
    /// # drop(shelves);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn source<K, V>(
        &self,
        spec: TableSpec,
        mapping: impl Mapping<K, V>,
    ) -> Result<PostgresTable<K, V>, SourceError>
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        let session = self.session().await?;
        let table = inspect(&session, &spec).await?;
        Ok(PostgresTable::new(self.clone(), table, Box::new(mapping)))
    }

    /// Whether there is a table, or something else that is selected from, of that name.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// assert!(postgres.has_table("pg_catalog.pg_class").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn has_table(&self, name: &str) -> Result<bool, SourceError> {
        exists(&self.session().await?, name).await
    }

    /// A table of keys and values as bytes, made when there is none: see [`Postgres::ensure_table`].
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// let pages = postgres.key_value::<String, Vec<u8>>("pages").await?;
    /// # drop(pages);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn key_value<K, V>(&self, name: &str) -> Result<PostgresTable<K, V>, SourceError>
    where
        K: AsRef<[u8]> + Send + 'static,
        V: AsRef<[u8]> + From<Vec<u8>> + Clone + Send + 'static,
    {
        self.ensure_table(name).await?;
        self.table(name).key(["key"]).bytes("value").await
    }

    /// Makes larder's own table, `key` and `value` as `bytea`, unless one of that name exists. The name
    /// is the table's alone; the schema is the first of the search path.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// postgres.ensure_table("pages").await?;
    /// postgres.ensure_table("pages").await?; // it is there already
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ensure_table(&self, name: &str) -> Result<(), SourceError> {
        const NAME_MAX: usize = 63;
        if name.is_empty() || name.len() > NAME_MAX {
            return Err(misconfigured(format!(
                "{name:?} is no table name: PostgreSQL's have 1 to {NAME_MAX} bytes"
            )));
        }
        let session = self.session().await?;
        if exists(&session, name).await? {
            return Ok(());
        }
        let made = session
            .run(&format!(
                "CREATE TABLE IF NOT EXISTS {} (key bytea PRIMARY KEY, value bytea NOT NULL)",
                quoted(name)
            ))
            .await;
        match made {
            // Two that make it at the same time: one of them finds that the other has.
            Err(_) if exists(&session, name).await? => Ok(()),
            made => made,
        }
    }

    /// What the database was asked since it was connected to.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// assert_eq!(postgres.queries().loads, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn queries(&self) -> Queries {
        self.shared.counters.queries()
    }

    /// Closes the connections; every later call is refused. Calls that are under way end first.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// postgres.close();
    /// assert!(postgres.client().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&self) {
        self.shared.pool.close();
    }

    /// A connection, for one call.
    pub(super) async fn session(&self) -> Result<Session, SourceError> {
        let client = self.shared.pool.get().await.map_err(|error| unconnected(&error))?;
        Ok(Session::new(client, self.shared.deadline, self.shared.counters.clone()))
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("place", &self.shared.place).finish_non_exhaustive()
    }
}

fn pool(target: Target, options: &PostgresOptions) -> Result<Pool, SourceError> {
    // Whether a connection lives is known without asking; what was left open on it never gets back.
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match target.tls {
        TlsMode::Disable => Manager::from_config(target.config, tokio_postgres::NoTls, config),
        mode => {
            let encryption = Encryption::new(mode, target.authorities.as_deref())?;
            Manager::from_config(target.config, encryption, config)
        }
    };
    let pool = Pool::builder(manager)
        .max_size(options.pool_max)
        .wait_timeout(Some(options.pool_timeout))
        .create_timeout(Some(options.connect_timeout))
        .runtime(Runtime::Tokio1)
        .build();
    pool.map_err(|error| misconfigured(format!("there is no pool of connections: {error}")))
}

/// The server and the database, without what is secret.
fn place(target: &Target) -> String {
    let hosts = target.config.get_hosts().iter().map(|host| match host {
        tokio_postgres::config::Host::Tcp(host) => host.clone(),
        tokio_postgres::config::Host::Unix(folder) => folder.display().to_string(),
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    format!("{hosts}/{}", target.config.get_dbname().unwrap_or_default())
}
