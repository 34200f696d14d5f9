//! The handle of one database.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mysql_async::Value;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::error::misconfigured;
use super::options::MysqlOptions;
use super::pool::Pool;
use super::queries::{Counters, Queries};
use super::schema::Layout;
use super::session::Session;
use super::statement::quoted;
use super::table::{MysqlTable, TableBuilder};
use crate::source::row::Mapping;
use crate::source::table::TableSpec;
use crate::source::{SourceError, SourceErrorKind};

/// How often work is begun again because the pool had kept a connection that had died.
const STALE_MAX: usize = 3;

/// A MySQL or MariaDB database and the connections to it. Cheap to clone.
///
/// What is asked of it is done by tasks of the Tokio runtime that it was opened on, so its futures
/// may be polled anywhere and dropping one stops nothing.
///
/// ```
/// # let server = larder_kit::mariadb::shared().database()?;
/// # let url = server.url();
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use larder::source::mysql::{Mysql, MysqlOptions};
/// use larder::{Cache, Strategy};
///
/// let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
/// let pages: Cache<String, Vec<u8>> = Cache::builder("pages")
///     .max_entries(100)
///     .source(mysql.key_value("pages").await?)
///     .strategy(Strategy::write_through())
///     .build()?;
/// pages.put("/".to_owned(), b"<p>Hello</p>".to_vec()).await?;
/// assert_eq!(mysql.queries().commits, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Mysql {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool,
    handle: Handle,
    counters: Arc<Counters>,
}

impl Mysql {
    /// Connects to the database at `url`, such as `mysql://larder@db:3306/shop`, and makes sure that it
    /// answers.
    ///
    /// An address that cannot be read, a user that is refused or a database that does not exist is an
    /// error of kind [`SourceErrorKind::Misconfigured`]; a server that cannot be reached, of kind
    /// [`SourceErrorKind::Unavailable`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use larder::source::SourceErrorKind;
    /// use larder::source::mysql::{Mysql, MysqlOptions};
    ///
    /// let nobody = Mysql::connect("mysql://larder@127.0.0.1:1/shop", MysqlOptions::default());
    /// assert_eq!(nobody.await.unwrap_err().kind(), SourceErrorKind::Unavailable);
    /// # }
    /// ```
    pub async fn connect(url: &str, options: MysqlOptions) -> Result<Self, SourceError> {
        options.check()?;
        let handle = Handle::try_current();
        let handle = handle.map_err(|_| misconfigured("MySQL needs a Tokio runtime"))?;
        let counters = Arc::new(Counters::default());
        let pool = Pool::new(url, options, counters.clone())?;
        if pool.database().is_empty() {
            let sentence = "the MySQL address names no database: write mysql://USER@HOST/DATABASE";
            return Err(misconfigured(sentence));
        }
        let mysql = Self { shared: Arc::new(Shared { pool, handle, counters }) };
        mysql.ping().await?;
        Ok(mysql)
    }

    /// The database's name.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// assert!(url.ends_with(mysql.name()));
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(&self) -> &str {
        self.shared.pool.database()
    }

    /// Asks the server something that it always knows, in order to see whether it is there.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// mysql.ping().await?;
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn ping(&self) -> Result<(), SourceError> {
        let pinging = self.perform(SourceErrorKind::Unavailable, |session| {
            ask(session, "SELECT 1", Vec::new()).boxed()
        });
        pinging.await.map(drop)
    }

    /// A table as a source; nothing is looked up before the builder's last call.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # server.run("CREATE TABLE stock (id bigint PRIMARY KEY, count bigint)")?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// let stock = mysql.table("stock").bytes::<String, Vec<u8>>("count").await?;
    /// assert_eq!(stock.key_columns().collect::<Vec<_>>(), ["id"]); // the primary key
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn table(&self, name: impl Into<String>) -> TableBuilder {
        TableBuilder::new(self.clone(), name.into())
    }

    /// The table that `spec` names as a source, through `mapping`. A table that does not fit is an
    /// error of kind [`SourceErrorKind::Misconfigured`] that says what does exist, or which statement
    /// mends it.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # server.run("CREATE TABLE stock (id bigint PRIMARY KEY, count bigint)")?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions, MysqlTable};
    /// use larder::source::row::BytesMapping;
    /// use larder::source::{TableSpec, ValueColumns};
    ///
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// let spec = TableSpec {
    ///     table: "stock".to_owned(),
    ///     key: vec!["id".to_owned()],
    ///     value: ValueColumns::Named(vec!["count".to_owned()]),
    /// };
    /// let counts: MysqlTable<String, Vec<u8>> = mysql.source(spec, BytesMapping).await?;
    /// assert_eq!(counts.columns().len(), 1);
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn source<K, V>(
        &self,
        spec: TableSpec,
        mapping: impl Mapping<K, V>,
    ) -> Result<MysqlTable<K, V>, SourceError>
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        let spec = Arc::new(spec);
        let inspecting = self.perform(SourceErrorKind::Unavailable, move |session| {
            let spec = spec.clone();
            async move { Layout::inspect(session, &spec).await }.boxed()
        });
        Ok(MysqlTable::new(self.clone(), inspecting.await?, Arc::new(mapping)))
    }

    /// A table of keys and values as bytes, made when there is none: see [`Mysql::ensure_table`].
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # use larder::source::{Change, Source};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// let pages = mysql.key_value::<String, Vec<u8>>("pages").await?;
    /// let hello = Change { key: "/".to_owned(), value: Some(b"<p>Hello</p>".to_vec()) };
    /// pages.store(vec![hello]).await?;
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn key_value<K, V>(&self, name: &str) -> Result<MysqlTable<K, V>, SourceError>
    where
        K: AsRef<[u8]> + Send + 'static,
        V: AsRef<[u8]> + From<Vec<u8>> + Clone + Send + 'static,
    {
        self.ensure_table(name).await?;
        self.table(name).key(["key"]).bytes("value").await
    }

    /// Makes larder's own table, `key` and `value`, unless one of that name exists. A key has at most
    /// 3,072 bytes, which is what InnoDB's index takes.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// assert!(!mysql.has_table("pages").await?);
    /// mysql.ensure_table("pages").await?;
    /// mysql.ensure_table("pages").await?; // it is there already
    /// assert!(mysql.has_table("pages").await?);
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn ensure_table(&self, name: &str) -> Result<(), SourceError> {
        // To make a table needs a right that looking at one does not.
        if self.has_table(name).await? {
            return Ok(());
        }
        let sql: Arc<str> = format!(
            "CREATE TABLE IF NOT EXISTS {} (`key` VARBINARY(3072) NOT NULL PRIMARY KEY, \
             `value` LONGBLOB NOT NULL) ENGINE = InnoDB",
            quoted(name)
        )
        .into();
        let making = self.perform(SourceErrorKind::Unknown, move |session| {
            let sql = sql.clone();
            async move { session.run(&sql, Vec::new()).await }.boxed()
        });
        making.await.map(drop)
    }

    /// Whether there is a table of that name.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// assert!(!mysql.has_table("nowhere").await?);
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn has_table(&self, name: &str) -> Result<bool, SourceError> {
        let name = name.as_bytes().to_vec();
        let looking = self.perform(SourceErrorKind::Unavailable, move |session| {
            let sql = "SELECT 1 FROM information_schema.TABLES \
                       WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";
            ask(session, sql, vec![Value::Bytes(name.clone())]).boxed()
        });
        Ok(looking.await? > 0)
    }

    /// What the database was asked since it was opened.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// assert_eq!(mysql.queries().connections, 1);
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn queries(&self) -> Queries {
        self.shared.counters.queries()
    }

    /// Closes the connections that nobody uses, and each of the others when its work is done. Every
    /// later call is refused.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// mysql.close();
    /// assert!(mysql.ping().await.is_err());
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        self.shared.pool.close();
    }

    /// Does `work` in a task, on a connection that is its own meanwhile. An answer that got lost is an
    /// error of kind `lost`.
    pub(super) async fn perform<T: Send + 'static>(
        &self,
        lost: SourceErrorKind,
        work: impl for<'s> Fn(&'s mut Session) -> BoxFuture<'s, Result<T, SourceError>>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, SourceError> {
        let (sender, answer) = oneshot::channel();
        let shared = self.shared.clone();
        let task = async move {
            let done = AssertUnwindSafe(shared.do_once(work)).catch_unwind().await;
            let panicked =
                || SourceError::new(SourceErrorKind::Panicked, "work on a MySQL table panicked");
            // Nobody may wait any more: there is nobody to tell.
            let _ = sender.send(done.unwrap_or_else(|_| Err(panicked())));
        };
        self.shared.handle.spawn(task);
        let gone = |_| SourceError::new(lost, "the answer of the MySQL server was lost");
        answer.await.unwrap_or_else(|error| Err(gone(error)))
    }
}

impl Shared {
    /// Does `work` to its end, which it comes to once: when the connection turns out to have died
    /// before, nothing was done.
    async fn do_once<T>(
        &self,
        work: impl for<'s> Fn(&'s mut Session) -> BoxFuture<'s, Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut session = self.pool.take().await?;
            let done = work(&mut session).await;
            let again = session.stale && attempts <= STALE_MAX;
            self.pool.give_back(session);
            if !again {
                return done;
            }
        }
    }
}

/// How many rows a query has.
async fn ask(session: &mut Session, sql: &str, values: Vec<Value>) -> Result<usize, SourceError> {
    session.rows(sql, values).await.map(|rows| rows.len())
}

impl fmt::Debug for Mysql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mysql").field("name", &self.name()).finish_non_exhaustive()
    }
}
