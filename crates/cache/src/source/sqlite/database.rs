//! The handle of one SQLite file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use super::connection;
use super::job::{self, Answer};
use super::options::SqliteOptions;
use super::queries::{Counters, Queries};
use super::schema::inspect;
use super::statement::quoted;
use super::table::{SqliteTable, TableBuilder};
use super::worker::Workers;
use crate::source::row::Mapping;
use crate::source::table::TableSpec;
use crate::source::{SourceError, SourceErrorKind};

/// An SQLite file and the threads that work on it. Cheap to clone.
///
/// Its futures need no particular runtime. Queueing never waits: a full queue is an error of kind
/// [`SourceErrorKind::Unavailable`]. Dropping the last handle, tables included, finishes what is
/// queued and joins the threads, as [`Sqlite::close`] does; both block for that long.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use larder::source::sqlite::{Sqlite, SqliteOptions};
/// use larder::{Cache, Strategy};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("pages.db");
/// let sqlite = Sqlite::open(&path, SqliteOptions::default())?;
/// let pages: Cache<String, Vec<u8>> = Cache::builder("pages")
///     .max_entries(100)
///     .source(sqlite.key_value("pages").await?)
///     .strategy(Strategy::write_through())
///     .build()?;
/// pages.put("/".to_owned(), b"<p>Hello</p>".to_vec()).await?;
/// assert_eq!(sqlite.queries().commits, 2); // the table, and the page
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    counters: Arc<Counters>,
    readers: Workers,
    writer: Workers,
}

impl Sqlite {
    /// Opens the file, and makes it unless told not to. Blocks while it does.
    ///
    /// Whatever is wrong with the path or the file is one error of kind
    /// [`SourceErrorKind::Misconfigured`] that names the path; a file that another program keeps
    /// locked is [`SourceErrorKind::Busy`].
    ///
    /// ```
    /// # use larder::source::SourceErrorKind;
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let missing = folder.path().join("nowhere").join("shop.db");
    /// let error = Sqlite::open(missing, SqliteOptions::default()).unwrap_err();
    /// assert_eq!(error.kind(), SourceErrorKind::Misconfigured);
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, SourceError> {
        options.check()?;
        let path = connection::resolve(path.as_ref(), &options)?;
        let counters = Arc::new(Counters::default());
        let writer = connection::writer(&path, &options)?;
        let readers = (0..options.readers).map(|_| connection::reader(&path, &options));
        let readers = readers.collect::<Result<Vec<_>, _>>()?;
        let writer = Workers::writer(writer, options.queue, counters.clone())?;
        let readers = Workers::readers(readers, options.queue)?;
        Ok(Self { shared: Arc::new(Shared { path, counters, readers, writer }) })
    }

    /// The file's absolute path.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    ///
    /// assert!(sqlite.path().ends_with("shop.db"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Runs `work` on a reader's connection, which sees one committed state per statement. It must
    /// leave the connection's settings as they are; a transaction left open is rolled back.
    ///
    /// A panic in it is an error of kind [`SourceErrorKind::Panicked`]. Dropping the future before
    /// the work began cancels it.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    ///
    /// let count: i64 = sqlite
    ///     .read(|connection| Ok(connection.query_row("SELECT count(*) FROM stock", [], |row| row.get(0))?))
    ///     .await?;
    /// assert_eq!(count, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        self.shared.counters.reads.add_one();
        self.load(work).await
    }

    /// Runs `work` on the writer's connection in a transaction of its own, which is committed when
    /// it answers `Ok` and rolled back when it answers an error or panics. It must not end the
    /// transaction itself.
    ///
    /// An error of kind [`SourceErrorKind::Unknown`] says that the changes may have taken effect;
    /// every other, that none has. Dropping the future does not cancel what is queued.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    ///
    /// let insert = "INSERT INTO stock VALUES (?, ?, ?)";
    /// sqlite
    ///     .write(move |connection| {
    ///         connection.execute(insert, ("tea", 1, 3))?;
    ///         connection.execute(insert, ("milk", 2, 5))?; // both, or none
    ///         Ok(())
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        self.shared.counters.writes.add_one();
        self.store_alone(work).await
    }

    /// A table as a source; nothing is looked up before the builder's last call.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    ///
    /// let stock = sqlite.table("stock").bytes::<String, Vec<u8>>("count").await?;
    /// assert_eq!(stock.key_columns().collect::<Vec<_>>(), ["name"]); // the primary key
    /// # Ok(())
    /// # }
    /// ```
    pub fn table(&self, name: impl Into<String>) -> TableBuilder {
        TableBuilder::new(self.clone(), name.into())
    }

    /// The table that `spec` names as a source, through `mapping`. A table that does not fit is an
    /// error of kind [`SourceErrorKind::Misconfigured`] that says what does exist, or which unique
    /// index to make.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use larder::source::row::BytesMapping;
    /// use larder::source::sqlite::{SqliteTable, TableSpec, ValueColumns};
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    /// let spec = TableSpec {
    ///     table: "stock".to_owned(),
    ///     key: vec!["name".to_owned()],
    ///     value: ValueColumns::Named(vec!["shelf".to_owned()]),
    /// };
    /// let shelves: SqliteTable<String, Vec<u8>> = sqlite.source(spec, BytesMapping).await?;
    /// assert_eq!(shelves.columns().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn source<K, V>(
        &self,
        spec: TableSpec,
        mapping: impl Mapping<K, V>,
    ) -> Result<SqliteTable<K, V>, SourceError>
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        let layout = self.load(move |connection| inspect(connection, &spec)).await?;
        Ok(SqliteTable::new(self.clone(), layout, Box::new(mapping)))
    }

    /// A table of keys and values as bytes, made when there is none: see [`Sqlite::ensure_table`].
    ///
    /// ```
    /// # use larder::source::{Change, Source};
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    ///
    /// let pages = sqlite.key_value::<String, Vec<u8>>("pages").await?;
    /// let hello = Change { key: "/".to_owned(), value: Some(b"<p>Hello</p>".to_vec()) };
    /// pages.store(vec![hello]).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn key_value<K, V>(&self, name: &str) -> Result<SqliteTable<K, V>, SourceError>
    where
        K: AsRef<[u8]> + Send + 'static,
        V: AsRef<[u8]> + From<Vec<u8>> + Clone + Send + 'static,
    {
        self.ensure_table(name).await?;
        self.table(name).key(["key"]).bytes("value").await
    }

    /// Makes larder's own table, `key` and `value`, unless one of that name exists.
    ///
    /// For whoever looks into the file, [`BytesMapping`](crate::source::row::BytesMapping) stores bytes that are UTF-8 as TEXT and all
    /// others as BLOB. Which of the two it is follows from the bytes, so no two keys meet, and
    /// nothing is lost on the way back.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    ///
    /// sqlite.ensure_table("pages").await?;
    /// sqlite.ensure_table("pages").await?; // it is there already
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ensure_table(&self, name: &str) -> Result<(), SourceError> {
        if name.contains('\0') {
            let sentence = format!("{name:?} is no table name: it contains a NUL");
            return Err(SourceError::new(SourceErrorKind::Misconfigured, sentence));
        }
        // An untyped column keeps what it is given as it is.
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS main.{} \
             (key TEXT NOT NULL PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
            quoted(name)
        );
        self.write(move |connection| Ok(connection.execute_batch(&sql)?)).await
    }

    /// What the file was asked since it was opened.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    ///
    /// let queries = sqlite.queries();
    /// assert_eq!((queries.writes, queries.commits, queries.loads), (1, 1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn queries(&self) -> Queries {
        self.shared.counters.queries()
    }

    /// Finishes what is queued, answers it and joins the threads; every later call is refused. It
    /// blocks meanwhile. Called from within [`Sqlite::read`] or [`Sqlite::write`] it only says so,
    /// and the threads end when their queues are empty.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    ///
    /// sqlite.close();
    /// let refused = sqlite.read(|_| Ok(())).await;
    /// assert!(refused.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&self) {
        self.shared.readers.close();
        self.shared.writer.close();
    }

    pub(super) fn counters(&self) -> Arc<Counters> {
        self.shared.counters.clone()
    }

    /// Runs `work` on a reader's connection, uncounted.
    pub(super) async fn load<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let (job, answer) = job::alone(work);
        self.shared.readers.push(job)?;
        let lost =
            |_| SourceError::new(SourceErrorKind::Unavailable, "the reader's answer was lost");
        answer.await.unwrap_or_else(|error| Err(lost(error)))
    }

    /// Runs `work` on the writer's connection in a transaction that it may share, and again when
    /// another job's failure undid it.
    pub(super) async fn store<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let (job, answer) = job::shared(work);
        self.shared.writer.push(job)?;
        written(answer).await
    }

    /// Runs `work` on the writer's connection, once, in a transaction of its own; uncounted.
    pub(super) async fn store_alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let (job, answer) = job::alone(work);
        self.shared.writer.push(job)?;
        written(answer).await
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

async fn written<T>(answer: Answer<T>) -> Result<T, SourceError> {
    let lost = || SourceError::new(SourceErrorKind::Unknown, "the writer's answer was lost");
    answer.await.unwrap_or_else(|_| Err(lost()))
}
