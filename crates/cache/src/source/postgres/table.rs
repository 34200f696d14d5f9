//! A table as a source.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::database::Postgres;
use super::load::find;
use super::schema::{Found, Layout};
use super::statement::Statements;
use super::store::{Report, bring, plan};
use crate::source::error::misconfigured;
use crate::source::row::{BytesMapping, Cell, Columns, KeyCells, Mapping, SerdeMapping};
use crate::source::table::{TableSpec, ValueColumns, wanted};
use crate::source::{Capabilities, Change, Fences, Loaded, Source, SourceError, Stored};

/// A table of a PostgreSQL database as a [`Source`].
///
/// A load is one query for all its keys. A store is one transaction: an error undoes all of its
/// changes. A key is found by bytes, whatever a column's collation is, and of the spellings of a
/// number or a moment only the database's own is a key.
///
/// What a value names of the key columns must agree with its key; what it names of generated columns
/// is left to the database. [`Stored::value`] is the row as it stands after triggers. A batch under a
/// [`Fence`](crate::source::Fence) is not read again, so it does not say that.
///
/// Dropping the future of a store gives its connection up, and the server undoes what was not
/// committed.
///
/// ```
/// # use larder::source::postgres::{Postgres, PostgresOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = larder_kit::postgres::shared().database()?;
/// # server.run("CREATE TABLE stock (name text PRIMARY KEY, shelf bigint, count bigint NOT NULL DEFAULT 0)")?;
/// # let url = server.url();
/// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
/// use larder::source::Source;
///
/// let stock = postgres.table("stock").bytes::<String, Vec<u8>>("count").await?;
/// assert_eq!(stock.load(vec!["tea".to_owned()]).await?[0].as_ref().unwrap(), &None);
/// # Ok(())
/// # }
/// ```
pub struct PostgresTable<K, V> {
    postgres: Postgres,
    pub(super) bound: Arc<Bound<K, V>>,
}

/// What is known of a table.
pub(super) struct Bound<K, V> {
    pub(super) layout: Layout,
    /// Its name in SQL.
    pub(super) table: Box<str>,
    /// Whether rows compete for more than their keys: there is another unique index.
    pub(super) is_contested: bool,
    pub(super) statements: Statements,
    pub(super) mapping: Box<dyn Mapping<K, V>>,
}

impl<K: 'static, V: 'static> Bound<K, V> {
    /// The cells of a key as its columns hold them; `None` when no row can have it.
    pub(super) fn key(&self, key: &K) -> Result<Option<Vec<Cell>>, SourceError> {
        self.layout.key(self.mapping.key(key)?)
    }
}

impl<K: 'static, V: 'static> PostgresTable<K, V> {
    pub(super) fn new(
        postgres: Postgres,
        (layout, found): (Layout, Found),
        mapping: Box<dyn Mapping<K, V>>,
    ) -> Self {
        let Found { quoted: table, is_contested, .. } = found;
        let statements = Statements::new(&layout, &table);
        let bound = Bound { layout, table, is_contested, statements, mapping };
        Self { postgres, bound: Arc::new(bound) }
    }

    /// The database that holds it.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # server.run("CREATE TABLE stock (name text PRIMARY KEY, shelf bigint, count bigint NOT NULL DEFAULT 0)")?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// let stock = postgres.table("stock").bytes::<String, Vec<u8>>("count").await?;
    /// stock.postgres().client().await?.batch_execute("ANALYZE stock").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// The columns that values are made of.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # server.run("CREATE TABLE stock (name text PRIMARY KEY, shelf bigint, count bigint NOT NULL DEFAULT 0)")?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// let stock = postgres.table("stock").bytes::<String, Vec<u8>>("count").await?;
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
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # server.run("CREATE TABLE stock (name text PRIMARY KEY, shelf bigint, count bigint NOT NULL DEFAULT 0)")?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// let stock = postgres.table("stock").bytes::<String, Vec<u8>>("count").await?;
    /// assert_eq!(stock.key_columns().collect::<Vec<_>>(), ["name"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn key_columns(&self) -> impl Iterator<Item = &str> {
        self.bound.layout.key.iter().map(|column| &*column.name)
    }
}

impl<K: Send + 'static, V: Send + 'static> Source<K, V> for PostgresTable<K, V> {
    fn capabilities(&self) -> Capabilities {
        Capabilities { writes: true, atomic_batches: true, returns_stored: true }
    }

    fn load(&self, keys: Vec<K>) -> BoxFuture<'_, Result<Vec<Loaded<V>>, SourceError>> {
        async move {
            let (mut answer, wanted) = wanted(&keys, |key| self.bound.key(key));
            drop(keys);
            if wanted.is_empty() {
                return Ok(answer);
            }
            let session = self.postgres.session().await?;
            for (place, loaded) in find(&session, &self.bound, &wanted).await? {
                answer[place] = loaded;
            }
            Ok(answer)
        }
        .boxed()
    }

    fn store(
        &self,
        changes: Vec<Change<K, V>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<V>>, SourceError>> {
        async move {
            if changes.is_empty() {
                return Ok(Vec::new());
            }
            let plan = plan(&self.bound, &changes)?;
            drop(changes);
            let session = self.postgres.session().await?;
            let work = bring(&session, &self.bound, &plan, Report::Each);
            session.transaction(work).await
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

/// A table on its way to a [`PostgresTable`]; made by [`Postgres::table`].
///
/// ```
/// # use larder::source::postgres::{Postgres, PostgresOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = larder_kit::postgres::shared().database()?;
/// # server.run("CREATE TABLE stock (name text PRIMARY KEY, shelf bigint, count bigint NOT NULL DEFAULT 0)")?;
/// # let url = server.url();
/// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
/// #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// struct Product {
///     shelf: Option<i64>,
///     count: i64,
/// }
///
/// // A part of the row, by the column that is unique.
/// let stock = postgres
///     .table("stock")
///     .key(["name"])
///     .columns(["shelf", "count"])
///     .rows::<String, Product>()
///     .await?;
/// # drop(stock);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct TableBuilder {
    postgres: Postgres,
    spec: TableSpec,
}

impl TableBuilder {
    pub(super) fn new(postgres: Postgres, table: String) -> Self {
        Self { postgres, spec: TableSpec { table, key: Vec::new(), value: ValueColumns::Row } }
    }

    /// The key columns, in the order of a key's parts. The primary key unless told.
    ///
    /// ```
    /// # use larder::source::postgres::{Postgres, PostgresOptions, PostgresTable};
    /// # use std::collections::BTreeMap;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # server.run("CREATE TABLE price (country text, sku text, cents bigint, PRIMARY KEY (country, sku))")?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// // A key of several parts is a tuple.
    /// type Prices = PostgresTable<(String, String), BTreeMap<String, i64>>;
    /// let prices: Prices =
    ///     postgres.table("price").key(["country", "sku"]).columns(["cents"]).rows().await?;
    /// # drop(prices);
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
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # use std::collections::BTreeMap;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # server.run("CREATE TABLE stock (name text PRIMARY KEY, shelf bigint, count bigint NOT NULL DEFAULT 0)")?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// let counts = postgres.table("stock").columns(["count"]).rows::<String, BTreeMap<String, i64>>();
    /// assert_eq!(counts.await?.columns().len(), 1);
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
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # server.run("CREATE TABLE stock (name text PRIMARY KEY, price numeric(10, 2))")?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// use larder::{Cache, Strategy};
    ///
    /// #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
    /// struct Product {
    ///     name: String,
    ///     price: String, // a numeric, digit by digit
    /// }
    ///
    /// let stock: Cache<String, Product> = Cache::builder("stock")
    ///     .max_entries(100)
    ///     .source(postgres.table("stock").rows().await?)
    ///     .strategy(Strategy::write_through())
    ///     .build()?;
    /// let tea = Product { name: "tea".into(), price: "4.50".into() };
    /// stock.put("tea".to_owned(), tea).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rows<K, V>(self) -> Result<PostgresTable<K, V>, SourceError>
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
    /// # use larder::source::postgres::{Postgres, PostgresOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = larder_kit::postgres::shared().database()?;
    /// # server.run("CREATE TABLE stock (name text PRIMARY KEY, shelf bigint, count bigint NOT NULL DEFAULT 0)")?;
    /// # let url = server.url();
    /// # let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
    /// use larder::source::{Change, Source};
    ///
    /// let stock = postgres.table("stock").bytes::<String, Vec<u8>>("count").await?;
    /// stock.store(vec![Change { key: "tea".to_owned(), value: Some(b"3".to_vec()) }]).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bytes<K, V>(self, column: &str) -> Result<PostgresTable<K, V>, SourceError>
    where
        K: AsRef<[u8]> + Send + 'static,
        V: AsRef<[u8]> + From<Vec<u8>> + Clone + Send + 'static,
    {
        self.columns([column]).open(BytesMapping).await
    }

    /// Values are what `mapping` makes of rows.
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
    ///
    /// let stock: PostgresTable<String, Vec<u8>> =
    ///     postgres.table("stock").columns(["count"]).open(BytesMapping).await?;
    /// # drop(stock);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open<K, V>(
        self,
        mapping: impl Mapping<K, V>,
    ) -> Result<PostgresTable<K, V>, SourceError>
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        self.postgres.source(self.spec, mapping).await
    }
}
