//! The sources, each over a database of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use larder::source::row::{Cell, Columns, Mapping, Row};
use larder::source::sqlite::{Sqlite, SqliteOptions};
use larder::source::{
    self, Change, Loaded, Source, SourceError, SourceErrorKind, Stored, TableSpec, ValueColumns,
};
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::dialect::{self, Dialect};

/// A source of bytes.
pub(crate) type Bytes = Arc<dyn Source<Vec<u8>, Vec<u8>>>;

/// A source of rows, by the cells of their keys.
pub(crate) type Rows = Arc<dyn Source<Vec<Cell>, Row>>;

/// Keys and values as they stand in the table.
struct AsTheyAre;

impl Mapping<Vec<Cell>, Row> for AsTheyAre {
    fn key(&self, key: &Vec<Cell>) -> Result<Vec<Cell>, SourceError> {
        Ok(key.clone())
    }

    fn value(&self, row: Row) -> Result<Row, SourceError> {
        Ok(row)
    }

    fn row(&self, _columns: &Columns, value: &Row) -> Result<Row, SourceError> {
        Ok(value.clone())
    }

    fn merge(&self, base: Option<&Row>, change: &Row) -> Row {
        base.map_or_else(|| change.clone(), |base| base.merged(change))
    }
}

/// A database of its own for one test.
pub(crate) struct Subject {
    pub(crate) dialect: &'static Dialect,
    place: Place,
    /// What has to stay for as long as the database.
    _folder: Option<TempDir>,
}

enum Place {
    Sqlite(Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(source::postgres::Postgres, larder_kit::postgres::Database),
    #[cfg(feature = "mysql")]
    MariaDb(source::mysql::Mysql, larder_kit::mariadb::Database),
}

/// Runs `check` over every database.
pub(crate) fn for_each(check: impl AsyncFn(&Subject)) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        check(&sqlite()).await;
        #[cfg(feature = "postgres")]
        check(&postgres().await).await;
        #[cfg(feature = "mysql")]
        check(&mariadb().await).await;
    });
}

/// Runs `check` over every source of bytes, each with its name.
pub(crate) fn for_each_of_bytes(check: impl AsyncFn(&str, &Bytes)) {
    for_each(async |subject| {
        check(subject.name(), &subject.bytes("bytes_of_all").await).await;
        if subject.name() == dialect::SQLITE.name {
            check("closures", &closures()).await;
        }
    });
}

fn sqlite() -> Subject {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("conformance.db");
    let sqlite = Sqlite::open(file, SqliteOptions::default()).unwrap();
    Subject { dialect: &dialect::SQLITE, place: Place::Sqlite(sqlite), _folder: Some(folder) }
}

#[cfg(feature = "postgres")]
async fn postgres() -> Subject {
    use larder::source::postgres::{Postgres, PostgresOptions};
    let database = larder_kit::postgres::shared().database().unwrap();
    let postgres = Postgres::connect(&database.url(), PostgresOptions::default()).await.unwrap();
    let place = Place::Postgres(postgres, database);
    Subject { dialect: &dialect::POSTGRES, place, _folder: None }
}

#[cfg(feature = "mysql")]
async fn mariadb() -> Subject {
    use larder::source::mysql::{Mysql, MysqlOptions};
    let database = larder_kit::mariadb::shared().database().unwrap();
    let mysql = Mysql::connect(&database.url(), MysqlOptions::default()).await.unwrap();
    let place = Place::MariaDb(mysql, database);
    Subject { dialect: &dialect::MARIADB, place, _folder: None }
}

fn closures() -> Bytes {
    let rows: Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>> = Arc::default();
    let stored = rows.clone();
    let source = source::load_many_with(move |keys: Vec<Vec<u8>>| {
        let rows = rows.lock();
        let values = keys.iter().map(|key| Ok(rows.get(key).cloned())).collect();
        async move { Ok(values) }
    })
    .store_with(move |changes: Vec<Change<Vec<u8>, Vec<u8>>>| {
        let mut rows = stored.lock();
        for Change { key, value } in changes {
            match value {
                Some(value) => drop(rows.insert(key, value)),
                None => drop(rows.remove(&key)),
            }
        }
        async { Ok(()) }
    });
    Arc::new(source)
}

impl Subject {
    pub(crate) fn name(&self) -> &'static str {
        self.dialect.name
    }

    /// Runs SQL without larder; answers a line for each row, a tabulator between columns.
    pub(crate) fn run(&self, sql: &str) -> String {
        match &self.place {
            Place::Sqlite(sqlite) => run_sqlite(sqlite, sql),
            #[cfg(feature = "postgres")]
            Place::Postgres(_, database) => database.run(sql).unwrap(),
            #[cfg(feature = "mysql")]
            Place::MariaDb(_, database) => database.run(sql).unwrap(),
        }
    }

    /// The queries that loaded keys so far, where they are counted.
    pub(crate) fn loads(&self) -> Option<u64> {
        match &self.place {
            Place::Sqlite(sqlite) => Some(sqlite.queries().loads),
            #[cfg(feature = "postgres")]
            Place::Postgres(..) => None,
            #[cfg(feature = "mysql")]
            Place::MariaDb(mysql, _) => Some(mysql.queries().loads),
        }
    }

    /// larder's own table.
    pub(crate) async fn bytes(&self, name: &str) -> Bytes {
        match &self.place {
            Place::Sqlite(sqlite) => Arc::new(sqlite.key_value(name).await.unwrap()),
            #[cfg(feature = "postgres")]
            Place::Postgres(postgres, _) => Arc::new(postgres.key_value(name).await.unwrap()),
            #[cfg(feature = "mysql")]
            Place::MariaDb(mysql, _) => Arc::new(mysql.key_value(name).await.unwrap()),
        }
    }

    /// The rows of a table, or of some of its columns.
    pub(crate) async fn rows(&self, table: &str, key: &[&str], columns: &[&str]) -> Table {
        self.try_rows(table, key, columns).await.unwrap()
    }

    pub(crate) async fn try_rows(
        &self,
        table: &str,
        key: &[&str],
        columns: &[&str],
    ) -> Result<Table, SourceError> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let value = match columns {
            [] => ValueColumns::Row,
            _ => ValueColumns::Named(owned(columns)),
        };
        let spec = TableSpec { table: table.to_owned(), key: owned(key), value };
        match &self.place {
            Place::Sqlite(sqlite) => {
                let table = sqlite.source(spec, AsTheyAre).await?;
                Ok(Table { columns: table.columns().clone(), source: Arc::new(table) })
            }
            #[cfg(feature = "postgres")]
            Place::Postgres(postgres, _) => {
                let table = postgres.source(spec, AsTheyAre).await?;
                Ok(Table { columns: table.columns().clone(), source: Arc::new(table) })
            }
            #[cfg(feature = "mysql")]
            Place::MariaDb(mysql, _) => {
                let table = mysql.source(spec, AsTheyAre).await?;
                Ok(Table { columns: table.columns().clone(), source: Arc::new(table) })
            }
        }
    }
}

fn run_sqlite(sqlite: &Sqlite, sql: &str) -> String {
    use larder::source::sqlite::rusqlite::{Connection, types::Value};
    let text = |value: Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(integer) => integer.to_string(),
        Value::Real(real) => real.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    let connection = Connection::open(sqlite.path()).unwrap();
    let Ok(mut statement) = connection.prepare(sql) else {
        connection.execute_batch(sql).unwrap();
        return String::new();
    };
    let width = statement.column_count();
    if width == 0 {
        drop(statement);
        connection.execute_batch(sql).unwrap();
        return String::new();
    }
    let mut rows = statement.query([]).unwrap();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cells: Vec<_> = (0..width).map(|at| text(row.get(at).unwrap())).collect();
        lines.push(cells.join("\t"));
    }
    lines.join("\n")
}

/// A table as a source of rows.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) source: Rows,
    pub(crate) columns: Columns,
}

impl Table {
    /// A row that names some columns.
    pub(crate) fn row<const N: usize>(&self, cells: [(&str, Cell); N]) -> Row {
        let mut row = Row::empty(self.columns.clone());
        for (name, cell) in cells {
            row.set(self.columns.position(name).unwrap(), cell);
        }
        row
    }

    /// A change that puts some columns.
    pub(crate) fn put<const N: usize>(
        &self,
        key: impl IntoKey,
        cells: [(&str, Cell); N],
    ) -> Change<Vec<Cell>, Row> {
        Change { key: key.into_key(), value: Some(self.row(cells)) }
    }

    /// The cell of a column, `None` when there is no row.
    pub(crate) async fn cell(&self, key: impl IntoKey, name: &str) -> Option<Cell> {
        let row = self.load(vec![key.into_key()]).await.unwrap().remove(0).unwrap()?;
        row.cell(self.columns.position(name).unwrap()).cloned()
    }

    pub(crate) fn load(
        &self,
        keys: Vec<Vec<Cell>>,
    ) -> BoxFuture<'_, Result<Vec<Loaded<Row>>, SourceError>> {
        self.source.load(keys)
    }

    pub(crate) fn store(
        &self,
        changes: Vec<Change<Vec<Cell>, Row>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<Row>>, SourceError>> {
        self.source.store(changes)
    }
}

/// A change that deletes.
pub(crate) fn delete(key: impl IntoKey) -> Change<Vec<Cell>, Row> {
    Change { key: key.into_key(), value: None }
}

/// What tests write keys as.
pub(crate) trait IntoKey {
    fn into_key(self) -> Vec<Cell>;
}

impl IntoKey for i64 {
    fn into_key(self) -> Vec<Cell> {
        vec![Cell::Integer(self)]
    }
}

impl IntoKey for &str {
    fn into_key(self) -> Vec<Cell> {
        vec![Cell::Text(self.into())]
    }
}

impl<const N: usize> IntoKey for [&str; N] {
    fn into_key(self) -> Vec<Cell> {
        self.into_iter().map(text).collect()
    }
}

impl IntoKey for Vec<Cell> {
    fn into_key(self) -> Vec<Cell> {
        self
    }
}

pub(crate) fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

/// The kind of an answer's error.
pub(crate) fn kind<T>(answer: Result<T, SourceError>) -> Option<SourceErrorKind> {
    answer.err().map(|error| error.kind())
}

/// The table `stock` of a database behind `url`, not encrypted.
#[cfg(feature = "mysql")]
pub(crate) async fn open_mariadb(url: &str, statement_timeout: std::time::Duration) -> Table {
    use larder::source::TlsMode;
    use larder::source::mysql::{Mysql, MysqlOptions};
    let options =
        MysqlOptions::default().tls(TlsMode::Disable).statement_timeout(statement_timeout);
    let mysql = Mysql::connect(url, options).await.unwrap();
    let table = mysql.table("stock").open(AsTheyAre).await.unwrap();
    Table { columns: table.columns().clone(), source: Arc::new(table) }
}

/// The table `stock` of a database behind `url`, not encrypted.
#[cfg(feature = "postgres")]
pub(crate) async fn open_postgres(url: &str, statement_timeout: std::time::Duration) -> Table {
    use larder::source::TlsMode;
    use larder::source::postgres::{Postgres, PostgresOptions};
    let options =
        PostgresOptions::default().tls(TlsMode::Disable).statement_timeout(statement_timeout);
    let postgres = Postgres::connect(url, options).await.unwrap();
    let table = postgres.table("stock").open(AsTheyAre).await.unwrap();
    Table { columns: table.columns().clone(), source: Arc::new(table) }
}
