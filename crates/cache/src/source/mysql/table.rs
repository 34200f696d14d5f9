//! A table as a source.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec;
use super::database::Mysql;
use super::error::misconfigured;
use super::fence::{self, Passage};
use super::load::load;
use super::schema::Layout;
use super::store::{LIMITS, Outcome, Report, store};
use crate::source::row::{BytesMapping, Cell, Columns, KeyCells, Mapping, SerdeMapping};
use crate::source::table::{Plan, Planner, TableSpec, ValueColumns, Wanted, wanted};
use crate::source::{
    Capabilities, Change, Fence, Fenced, Fences, Holder, Loaded, Source, SourceError,
    SourceErrorKind, Stored, Takeover,
};

/// A table of a MySQL or MariaDB database as a [`Source`].
///
/// A load is one query for all its keys, up to 30,000 of them; more are loaded from one snapshot. A
/// store is one transaction. A key is found by bytes: case never makes two keys one.
///
/// What a value names of the key columns must agree with its key; what it names of generated columns
/// is left to the database. [`Stored::value`] is the row as it stands after triggers. A batch under a
/// [`Fence`] is not read again, so it says of its changes neither that nor whether the key existed.
///
/// Dropping a future does not stop what it began.
///
/// ```
/// # let server = larder_kit::mariadb::shared().database()?;
/// # server.run("CREATE TABLE stock (name varchar(20) COLLATE utf8mb4_bin PRIMARY KEY, count bigint)")?;
/// # let url = server.url();
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use larder::source::Source;
/// use larder::source::mysql::{Mysql, MysqlOptions};
///
/// let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
/// let stock = mysql.table("stock").bytes::<String, Vec<u8>>("count").await?;
/// assert_eq!(stock.load(vec!["tea".to_owned()]).await?[0].as_ref().unwrap(), &None);
/// # Ok::<(), larder::source::SourceError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MysqlTable<K, V> {
    mysql: Mysql,
    layout: Arc<Layout>,
    mapping: Arc<dyn Mapping<K, V>>,
}

impl<K: 'static, V: 'static> MysqlTable<K, V> {
    pub(super) fn new(mysql: Mysql, layout: Layout, mapping: Arc<dyn Mapping<K, V>>) -> Self {
        Self { mysql, layout: Arc::new(layout), mapping }
    }

    /// The database that holds it.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// let pages = mysql.key_value::<String, Vec<u8>>("pages").await?;
    /// assert_eq!(pages.mysql().name(), mysql.name());
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mysql(&self) -> &Mysql {
        &self.mysql
    }

    /// The columns that values are made of.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// let pages = mysql.key_value::<String, Vec<u8>>("pages").await?;
    /// assert_eq!(&*pages.columns()[0].name, "value");
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn columns(&self) -> &Columns {
        &self.layout.table.columns
    }

    /// The names of the key columns, in the order of a key's cells.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// let pages = mysql.key_value::<String, Vec<u8>>("pages").await?;
    /// assert_eq!(pages.key_columns().collect::<Vec<_>>(), ["key"]);
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn key_columns(&self) -> impl Iterator<Item = &str> {
        self.layout.table.key.iter().map(|column| &*column.name)
    }

    fn key(&self, key: &K) -> Result<Option<Vec<Cell>>, SourceError> {
        self.layout.table.key(self.mapping.key(key)?)
    }

    /// Fills in what the table has of the keys that are wanted.
    async fn find(&self, answer: &mut [Loaded<V>], wanted: Vec<Wanted>) -> Result<(), SourceError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let (layout, wanted) = (self.layout.clone(), Arc::new(wanted));
        let found = self.mysql.perform(SourceErrorKind::Unavailable, move |session| {
            let (layout, wanted) = (layout.clone(), wanted.clone());
            async move { load(session, &layout.table, &wanted).await }.boxed()
        });
        for (place, row) in found.await? {
            answer[place] = row.and_then(|row| self.mapping.value(row)).map(Some);
        }
        Ok(())
    }

    fn plan(&self, changes: &[Change<K, V>]) -> Result<Plan, SourceError> {
        let (layout, mapping) = (&self.layout.table, &*self.mapping);
        Planner { layout, mapping, limits: LIMITS, check: codec::check }.plan(changes)
    }
}

impl<K: Send + 'static, V: Send + 'static> MysqlTable<K, V> {
    /// What the rows of a batch are, which must be known before they are committed.
    fn read_again(
        &self,
    ) -> impl Fn(Outcome) -> Result<(usize, Stored<V>), SourceError> + use<K, V> {
        let mapping = self.mapping.clone();
        move |Outcome { place, row, existed }| {
            let value = row.map(|row| mapping.value(row)).transpose()?;
            Ok((place, Stored { value, existed }))
        }
    }

    async fn store_plan(&self, plan: Plan) -> Result<Vec<Stored<V>>, SourceError> {
        let mut stored = plan.stored();
        if plan.groups.is_empty() {
            return Ok(stored);
        }
        let (layout, groups) = (self.layout.clone(), Arc::new(plan.groups));
        let read_again = Arc::new(self.read_again());
        let ran = self.mysql.perform(SourceErrorKind::Unknown, move |session| {
            let (layout, groups) = (layout.clone(), groups.clone());
            let read_again = read_again.clone();
            async move {
                session.counters.stores.add_one();
                let storing = session.transact(move |session| {
                    async move {
                        let outcomes = store(session, &layout, &groups, Report::Rows).await?;
                        outcomes.into_iter().map(&*read_again).collect::<Result<Vec<_>, _>>()
                    }
                    .boxed()
                });
                storing.await
            }
            .boxed()
        });
        for (place, outcome) in ran.await? {
            stored[place] = outcome;
        }
        Ok(stored)
    }

    async fn store_plan_fenced(&self, plan: Plan, fence: Fence) -> Result<Fenced<V>, SourceError> {
        let (layout, fence) = (self.layout.clone(), Arc::new(fence));
        let (stored, groups) = (plan.stored(), Arc::new(plan.groups));
        let ran = self.mysql.perform(SourceErrorKind::Unknown, move |session| {
            let (layout, groups, fence) = (layout.clone(), groups.clone(), fence.clone());
            async move {
                session.counters.stores.add_one();
                let storing = session.transact(move |session| {
                    async move {
                        let passage = fence::pass(session, &fence).await?;
                        if passage == Passage::Open {
                            store(session, &layout, &groups, Report::Nothing).await?;
                        }
                        Ok(passage)
                    }
                    .boxed()
                });
                storing.await
            }
            .boxed()
        });
        Ok(match ran.await? {
            Passage::Open => Fenced::Stored(stored),
            Passage::Already => Fenced::Already,
        })
    }
}

impl<K: Send + 'static, V: Send + 'static> Source<K, V> for MysqlTable<K, V> {
    fn capabilities(&self) -> Capabilities {
        Capabilities { writes: true, atomic_batches: true, returns_stored: true }
    }

    fn load(&self, keys: Vec<K>) -> BoxFuture<'_, Result<Vec<Loaded<V>>, SourceError>> {
        let (mut answer, wanted) = wanted(&keys, |key| self.key(key));
        drop(keys);
        async move { self.find(&mut answer, wanted).await.map(|()| answer) }.boxed()
    }

    fn store(
        &self,
        changes: Vec<Change<K, V>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<V>>, SourceError>> {
        let plan = self.plan(&changes);
        async move { self.store_plan(plan?).await }.boxed()
    }

    fn merge(&self, base: Option<&V>, change: &V) -> V
    where
        V: Clone,
    {
        self.mapping.merge(base, change)
    }

    fn is_whole(&self, change: &V) -> bool {
        self.mapping.is_whole(change)
    }

    fn fences(&self) -> Option<&dyn Fences<K, V>> {
        Some(self)
    }
}

impl<K: Send + 'static, V: Send + 'static> Fences<K, V> for MysqlTable<K, V> {
    fn take_over(
        &self,
        journal: Arc<str>,
        holder: Holder,
    ) -> BoxFuture<'_, Result<Takeover, SourceError>> {
        let taking = self.mysql.perform(SourceErrorKind::Unknown, move |session| {
            let journal = journal.clone();
            async move {
                fence::ensure(session).await?;
                let raising = session.transact(move |session| {
                    async move { fence::take_over(session, &journal, holder).await }.boxed()
                });
                raising.await
            }
            .boxed()
        });
        taking.boxed()
    }

    fn store_fenced(
        &self,
        changes: Vec<Change<K, V>>,
        fence: Fence,
    ) -> BoxFuture<'_, Result<Fenced<V>, SourceError>> {
        let plan = self.plan(&changes);
        async move { self.store_plan_fenced(plan?, fence).await }.boxed()
    }
}

/// A table on its way to a [`MysqlTable`]; made by [`Mysql::table`].
///
/// ```
/// # let server = larder_kit::mariadb::shared().database()?;
/// # server.run("CREATE TABLE price (country char(2) COLLATE utf8mb4_bin, \
/// #     sku varchar(20) COLLATE utf8mb4_bin, cents bigint, PRIMARY KEY (country, sku))")?;
/// # let url = server.url();
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use larder::source::mysql::{Mysql, MysqlOptions, MysqlTable};
/// use std::collections::BTreeMap;
///
/// // A key of several parts is a tuple.
/// type Prices = MysqlTable<(String, String), BTreeMap<String, i64>>;
/// let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
/// let prices: Prices =
///     mysql.table("price").key(["country", "sku"]).columns(["cents"]).rows().await?;
/// assert_eq!(prices.columns().len(), 1);
/// # Ok::<(), larder::source::SourceError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct TableBuilder {
    mysql: Mysql,
    spec: TableSpec,
}

impl TableBuilder {
    pub(super) fn new(mysql: Mysql, table: String) -> Self {
        Self { mysql, spec: TableSpec { table, key: Vec::new(), value: ValueColumns::Row } }
    }

    /// The key columns, in the order of a key's parts. The primary key unless told.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// # mysql.ensure_table("pages").await?;
    /// let pages = mysql.table("pages").key(["key"]).bytes::<String, Vec<u8>>("value").await?;
    /// # drop(pages);
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn key<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.spec.key = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The columns that values are made of. All of them unless told.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # server.run("CREATE TABLE stock (id bigint PRIMARY KEY, shelf bigint, count bigint)")?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// #[derive(Clone, serde::Serialize, serde::Deserialize)]
    /// struct Count {
    ///     count: i64,
    /// }
    ///
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// let counts = mysql.table("stock").columns(["count"]).rows::<i64, Count>().await?;
    /// assert_eq!(counts.columns().len(), 1);
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.spec.value = ValueColumns::Named(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Values are rows, each a struct whose fields are named as the columns: see [`SerdeMapping`].
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # server.run("CREATE TABLE stock (id bigint PRIMARY KEY, shelf bigint, count bigint)")?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # use larder::source::{Change, Source};
    /// #[derive(Clone, serde::Serialize, serde::Deserialize)]
    /// struct Product {
    ///     shelf: Option<i64>,
    ///     count: i64,
    /// }
    ///
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// let stock = mysql.table("stock").rows::<i64, Product>().await?;
    /// let tea = Change { key: 7, value: Some(Product { shelf: None, count: 3 }) };
    /// assert_eq!(stock.store(vec![tea]).await?[0].existed, Some(false));
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn rows<K, V>(self) -> Result<MysqlTable<K, V>, SourceError>
    where
        K: KeyCells + Send + 'static,
        V: Serialize + DeserializeOwned + Clone + Send + 'static,
    {
        let table = self.open(SerdeMapping).await?;
        let (width, columns) = (K::WIDTH, table.layout.table.key.len());
        if width != columns {
            let name = &table.layout.table.table;
            let sentence =
                format!("keys have {width} parts, but table {name:?} has {columns} key columns");
            return Err(misconfigured(sentence));
        }
        Ok(table)
    }

    /// Values are the bytes of one column, keys those of one other: see [`BytesMapping`].
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # server.run("CREATE TABLE stock (id bigint PRIMARY KEY, shelf bigint, count bigint)")?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions};
    /// # use larder::source::{Change, Source};
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// let stock = mysql.table("stock").bytes::<String, Vec<u8>>("count").await?;
    /// let change = Change { key: "7".to_owned(), value: Some(b"3".to_vec()) };
    /// let stored = stock.store(vec![change]).await?;
    /// assert_eq!(stored[0].value.as_deref(), Some(b"3".as_slice()));
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn bytes<K, V>(self, column: &str) -> Result<MysqlTable<K, V>, SourceError>
    where
        K: AsRef<[u8]> + Send + 'static,
        V: AsRef<[u8]> + From<Vec<u8>> + Clone + Send + 'static,
    {
        self.columns([column]).open(BytesMapping).await
    }

    /// Values are what `mapping` makes of rows.
    ///
    /// ```
    /// # let server = larder_kit::mariadb::shared().database()?;
    /// # let url = server.url();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use larder::source::mysql::{Mysql, MysqlOptions, MysqlTable};
    /// # use larder::source::row::BytesMapping;
    /// # let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
    /// # mysql.ensure_table("pages").await?;
    /// let pages: MysqlTable<String, Vec<u8>> =
    ///     mysql.table("pages").columns(["value"]).open(BytesMapping).await?;
    /// # drop(pages);
    /// # Ok::<(), larder::source::SourceError>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn open<K, V>(
        self,
        mapping: impl Mapping<K, V>,
    ) -> Result<MysqlTable<K, V>, SourceError>
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        self.mysql.source(self.spec, mapping).await
    }
}
