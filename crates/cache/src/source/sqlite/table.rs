//! A table as a source.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::database::Sqlite;
use super::error::misconfigured;
use super::load::load;
use super::queries::Counters;
use super::schema::Layout;
use super::statement::Statements;
use super::store::store;
use crate::source::row::{BytesMapping, Cell, Columns, KeyCells, Mapping, SerdeMapping};
use crate::source::table::{TableSpec, ValueColumns};
use crate::source::{Capabilities, Change, Fences, Loaded, Source, SourceError, Stored};

/// A table of an SQLite file as a [`Source`].
///
/// A load is one query for all its keys, up to some 16,000 of them; more are loaded from one
/// snapshot. A store is one transaction, which it may share with other stores: an error undoes all
/// of its own changes and none of theirs. A key is found by bytes: case and collation of a column
/// never make two keys one.
///
/// What a value names of the key columns must agree with its key; what it names of generated columns
/// is left to the database. [`Stored::value`] is the row as it stands after triggers.
///
/// Dropping the future of a load before it began saves the query; a store that was queued runs to
/// its end regardless.
///
/// ```
/// # use larder::source::sqlite::{Sqlite, SqliteOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use larder::source::Source;
/// # let folder = tempfile::tempdir()?;
/// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
/// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
/// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
/// let stock = sqlite.table("stock").bytes::<String, Vec<u8>>("count").await?;
/// assert_eq!(stock.load(vec!["tea".to_owned()]).await?[0].as_ref().unwrap(), &None);
/// # Ok(())
/// # }
/// ```
pub struct SqliteTable<K, V> {
    sqlite: Sqlite,
    pub(super) bound: Arc<Bound<K, V>>,
}

/// What the jobs of a table need. It holds no [`Sqlite`], which a job must not keep alive.
pub(super) struct Bound<K, V> {
    pub(super) layout: Layout,
    pub(super) statements: Statements,
    pub(super) mapping: Box<dyn Mapping<K, V>>,
    pub(super) counters: Arc<Counters>,
}

impl<K: 'static, V: 'static> Bound<K, V> {
    /// The cells of a key as its columns hold them; `None` when no row can have it.
    pub(super) fn key(&self, key: &K) -> Result<Option<Vec<Cell>>, SourceError> {
        self.layout.key(self.mapping.key(key)?)
    }
}

impl<K: 'static, V: 'static> SqliteTable<K, V> {
    pub(super) fn new(sqlite: Sqlite, layout: Layout, mapping: Box<dyn Mapping<K, V>>) -> Self {
        let counters = sqlite.counters();
        let statements = Statements::new(&layout);
        Self { sqlite, bound: Arc::new(Bound { layout, statements, mapping, counters }) }
    }

    /// The database that holds it.
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
    /// assert_eq!(stock.sqlite().path(), sqlite.path());
    /// # Ok(())
    /// # }
    /// ```
    pub fn sqlite(&self) -> &Sqlite {
        &self.sqlite
    }

    /// The columns that values are made of.
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
    /// assert_eq!(&*stock.columns()[0].name, "count");
    /// # Ok(())
    /// # }
    /// ```
    pub fn columns(&self) -> &Columns {
        &self.bound.layout.columns
    }

    /// The names of the key columns, in the order of a key's cells.
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
    /// assert_eq!(stock.key_columns().collect::<Vec<_>>(), ["name"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn key_columns(&self) -> impl Iterator<Item = &str> {
        self.bound.layout.key.iter().map(|column| &*column.name)
    }
}

impl<K: Send + 'static, V: Send + 'static> Source<K, V> for SqliteTable<K, V> {
    fn capabilities(&self) -> Capabilities {
        Capabilities { writes: true, atomic_batches: true, returns_stored: true }
    }

    fn load(&self, keys: Vec<K>) -> BoxFuture<'_, Result<Vec<Loaded<V>>, SourceError>> {
        let bound = self.bound.clone();
        async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            self.sqlite.load(move |connection| load(connection, &bound, &keys)).await
        }
        .boxed()
    }

    fn store(
        &self,
        changes: Vec<Change<K, V>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<V>>, SourceError>> {
        let bound = self.bound.clone();
        async move {
            if changes.is_empty() {
                return Ok(Vec::new());
            }
            self.sqlite.store(move |connection| store(connection, &bound, &changes)).await
        }
        .boxed()
    }

    fn merge(&self, base: Option<&V>, change: &V) -> V
    where
        V: Clone,
    {
        self.bound.mapping.merge(base, change)
    }

    fn is_whole(&self, change: &V) -> bool {
        self.bound.mapping.is_whole(change)
    }

    fn fences(&self) -> Option<&dyn Fences<K, V>> {
        Some(self)
    }
}

/// A table on its way to a [`SqliteTable`]; made by [`Sqlite::table`].
///
/// ```
/// # use larder::source::sqlite::{Sqlite, SqliteOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// struct Product {
///     shelf: Option<i64>,
///     count: i64,
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
/// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
/// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
/// // A part of the row, by the column that is unique.
/// let stock = sqlite
///     .table("stock")
///     .key(["name"])
///     .columns(["shelf", "count"])
///     .rows::<String, Product>()
///     .await?;
/// assert_eq!(stock.columns().len(), 2);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct TableBuilder {
    sqlite: Sqlite,
    spec: TableSpec,
}

impl TableBuilder {
    pub(super) fn new(sqlite: Sqlite, table: String) -> Self {
        Self { sqlite, spec: TableSpec { table, key: Vec::new(), value: ValueColumns::Row } }
    }

    /// The key columns, in the order of a key's parts. The primary key unless told.
    ///
    /// ```
    /// # use larder::source::Source;
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions, SqliteTable};
    /// # use std::collections::BTreeMap;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE price (country TEXT, sku TEXT, cents INTEGER, PRIMARY KEY (country, sku))";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    /// // A key of several parts is a tuple.
    /// type Prices = SqliteTable<(String, String), BTreeMap<String, i64>>;
    /// let prices: Prices =
    ///     sqlite.table("price").key(["country", "sku"]).columns(["cents"]).rows().await?;
    /// let swiss_tea = ("CH".to_owned(), "tea".to_owned());
    /// assert!(prices.load(vec![swiss_tea]).await?[0].is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn key<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.spec.key = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The columns that values are made of. All of them unless told.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(Clone, serde::Serialize, serde::Deserialize)]
    /// struct Count {
    ///     count: i64,
    /// }
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    /// let counts = sqlite.table("stock").columns(["count"]).rows::<String, Count>().await?;
    /// assert_eq!(counts.columns().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.spec.value = ValueColumns::Named(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Values are rows, each a struct whose fields are named as the columns: see [`SerdeMapping`].
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use larder::{Cache, Strategy};
    /// use std::sync::Arc;
    ///
    /// #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    /// struct Product {
    ///     name: String,
    ///     shelf: Option<i64>,
    ///     count: i64,
    /// }
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    /// // `Arc` by serde's feature `rc`: a hit then copies no field.
    /// let stock: Cache<String, Arc<Product>> = Cache::builder("stock")
    ///     .max_entries(100)
    ///     .source(sqlite.table("stock").rows().await?)
    ///     .strategy(Strategy::write_through())
    ///     .build()?;
    /// let tea = Arc::new(Product { name: "tea".into(), shelf: None, count: 3 });
    /// stock.put("tea".to_owned(), tea.clone()).await?;
    /// stock.invalidate_all();
    /// assert_eq!(stock.get("tea").await?, Some(tea));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rows<K, V>(self) -> Result<SqliteTable<K, V>, SourceError>
    where
        K: KeyCells + Send + 'static,
        V: Serialize + DeserializeOwned + Clone + Send + 'static,
    {
        let table = self.open(SerdeMapping).await?;
        let (width, columns) = (K::WIDTH, table.bound.layout.key.len());
        if width != columns {
            let name = &table.bound.layout.table;
            let sentence =
                format!("keys have {width} parts, but table {name:?} has {columns} key columns");
            return Err(misconfigured(sentence));
        }
        Ok(table)
    }

    /// Values are the bytes of one column, keys those of one other: see [`BytesMapping`].
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use larder::source::{Change, Source};
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    /// let stock = sqlite.table("stock").bytes::<String, Vec<u8>>("count").await?;
    /// let tea = Change { key: "tea".to_owned(), value: Some(b"3".to_vec()) };
    /// let stored = stock.store(vec![tea]).await?;
    /// assert_eq!(stored[0].value.as_deref(), Some(b"3".as_slice()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bytes<K, V>(self, column: &str) -> Result<SqliteTable<K, V>, SourceError>
    where
        K: AsRef<[u8]> + Send + 'static,
        V: AsRef<[u8]> + From<Vec<u8>> + Clone + Send + 'static,
    {
        self.columns([column]).open(BytesMapping).await
    }

    /// Values are what `mapping` makes of rows.
    ///
    /// ```
    /// # use larder::source::sqlite::{Sqlite, SqliteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use larder::source::row::BytesMapping;
    /// use larder::source::sqlite::SqliteTable;
    /// # let folder = tempfile::tempdir()?;
    /// # let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default())?;
    /// # let table = "CREATE TABLE stock (name TEXT PRIMARY KEY, shelf INTEGER, count INTEGER NOT NULL)";
    /// # sqlite.write(move |connection| Ok(connection.execute_batch(table)?)).await?;
    /// let stock: SqliteTable<String, Vec<u8>> =
    ///     sqlite.table("stock").columns(["count"]).open(BytesMapping).await?;
    /// assert_eq!(&*stock.columns()[0].name, "count");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open<K, V>(
        self,
        mapping: impl Mapping<K, V>,
    ) -> Result<SqliteTable<K, V>, SourceError>
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        self.sqlite.source(self.spec, mapping).await
    }
}
