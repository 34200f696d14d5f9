//! Target: what clients send as rows and columns of tables, through SQLite and back.
//!
//! Each line of the input is one write: a digit for the table, a letter for the form, the key, a
//! blank, and the rest.
//!
//! | line | write |
//! |---|---|
//! | `0=7 {"name":"tea"}` | the columns that a JSON object names |
//! | `0+7 name tea price 1.5` | the columns that fields name |
//! | `0-7 price` | the columns that go |
//! | `3=a any bytes` | the value, where the value is one column |
//!
//! Keys, fields and values know the escapes of [`escapes`](crate::escapes). What is accepted is read
//! back as it was sent; what is refused is refused for what it is, never for what SQL would make of
//! it; and neither touches the schema or another row.

use std::sync::Arc;

use larder::source::row::{Column, ColumnType, Columns};
use larder::source::sqlite::{
    Durability, Sqlite, SqliteOptions, SqliteTable, TableSpec, ValueColumns,
};
use larder::source::{Change, Source, SourceError, SourceErrorKind};
use larder_protocol::error::Error;
use larder_protocol::value::View;
use larder_server::unstable::{
    ColumnMapping, ColumnSchema, Key, KeySchema, RowMapping, RowSchema, Value,
};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::escapes::unescaped;

/// The tables, and in each a row that nobody writes.
const TABLES: &str = r#"
CREATE TABLE "the ""item""s; --" (
    id INTEGER PRIMARY KEY, "na""me" TEXT NOT NULL DEFAULT '', price REAL CHECK (price >= 0),
    photo BLOB, "select" TEXT DEFAULT 'x', any
);
CREATE TABLE stock (
    shop TEXT NOT NULL, sku TEXT NOT NULL, count INTEGER NOT NULL DEFAULT 0, note TEXT,
    PRIMARY KEY (shop, sku)
);
CREATE TABLE strict (
    id TEXT PRIMARY KEY NOT NULL, a TEXT, b INTEGER NOT NULL DEFAULT 7, c REAL, d BLOB, e ANY
) STRICT;
CREATE TABLE own (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE count (id ANY PRIMARY KEY NOT NULL, count INTEGER NOT NULL) STRICT;
CREATE TABLE price (id REAL PRIMARY KEY NOT NULL, price DECIMAL(10, 2), note VARCHAR(4));
INSERT INTO "the ""item""s; --" VALUES (424242, 'kept', 4.25, x'ff00', NULL, 'any');
INSERT INTO stock VALUES ('kept', 'kept', 42, 'kept');
INSERT INTO strict VALUES ('kept', 'kept', 42, 4.25, x'ff00', 'kept');
INSERT INTO own VALUES ('kept', 'kept');
INSERT INTO count VALUES ('kept', 42);
INSERT INTO price VALUES (42.5, 4.25, 'kept');
"#;

/// Removes what a run has written. A client cannot name these rows, see [`Kept`].
const CLEANING: &str = r#"
DELETE FROM "the ""item""s; --" WHERE id <> 424242;
DELETE FROM stock WHERE shop <> 'kept' OR sku <> 'kept';
DELETE FROM strict WHERE id <> 'kept';
DELETE FROM own WHERE key <> 'kept';
DELETE FROM count WHERE id <> 'kept';
DELETE FROM price WHERE id <> 42.5;
"#;

/// The schema, and every row that nobody writes.
const KEPT: &str = r#"
SELECT (SELECT group_concat(sql, '|') FROM sqlite_schema)
    || (SELECT quote(id) || quote("na""me") || quote(price) || quote(photo) || quote("select") || quote(any)
        FROM "the ""item""s; --" WHERE id = 424242)
    || (SELECT quote(shop) || quote(sku) || quote(count) || quote(note) FROM stock WHERE shop = 'kept' AND sku = 'kept')
    || (SELECT quote(id) || quote(a) || quote(b) || quote(c) || quote(d) || quote(e) FROM strict WHERE id = 'kept')
    || (SELECT quote(key) || quote(value) FROM own WHERE key = 'kept')
    || (SELECT quote(id) || quote(count) FROM count WHERE id = 'kept')
    || (SELECT quote(id) || quote(price) || quote(note) FROM price WHERE id = 42.5)
"#;

/// Keys of the rows that nobody writes.
const KEPT_KEYS: [&[u8]; 4] = [b"424242", b"kept", b"kept:kept", b"42.5"];

/// More is only slower.
const WRITES_MAX: usize = 16;

/// The tables of the target.
pub struct Tables {
    tables: Vec<Table>,
    sqlite: Sqlite,
    runtime: Runtime,
    kept: String,
    _folder: TempDir,
}

struct Table {
    source: Arc<dyn Source<Key, Value>>,
    shape: Shape,
}

enum Shape {
    Row(RowSchema),
    Column(ColumnSchema, ColumnType),
}

impl Tables {
    /// Makes them in a file of their own.
    pub fn open() -> Result<Self, SourceError> {
        let failed = |error| SourceError::new(SourceErrorKind::Unavailable, error);
        let runtime = Builder::new_current_thread().build().map_err(failed)?;
        let folder = tempfile::tempdir().map_err(failed)?;
        let options = SqliteOptions::default().readers(1).durability(Durability::Normal);
        let sqlite = Sqlite::open(folder.path().join("fuzz.db"), options)?;
        let (tables, kept) = runtime.block_on(async {
            sqlite.write(|connection| Ok(connection.execute_batch(TABLES)?)).await?;
            let tables = vec![
                row_table(&sqlite, "the \"item\"s; --", &["id"]).await?,
                row_table(&sqlite, "stock", &["shop", "sku"]).await?,
                row_table(&sqlite, "strict", &["id"]).await?,
                column_table(&sqlite, "own", "key", "value").await?,
                column_table(&sqlite, "count", "id", "count").await?,
                row_table(&sqlite, "price", &["id"]).await?,
            ];
            Ok::<_, SourceError>((tables, kept(&sqlite).await?))
        })?;
        Ok(Self { tables, sqlite, runtime, kept, _folder: folder })
    }

    /// Plays one input.
    pub fn play(&self, input: &[u8]) {
        self.runtime.block_on(async {
            for line in input.split(|byte| *byte == b'\n').take(WRITES_MAX) {
                self.write(line).await;
            }
            let cleaned = self.sqlite.write(|connection| Ok(connection.execute_batch(CLEANING)?));
            cleaned.await.expect("what was written can be removed");
            let kept = kept(&self.sqlite).await.expect("what was there can be read");
            assert_eq!(kept, self.kept, "something else has changed");
        });
    }

    async fn write(&self, line: &[u8]) {
        let Some((table, form, rest)) = self.parts(line) else { return };
        let (key, value) = split(rest);
        let key = unescaped(key);
        if KEPT_KEYS.contains(&key.as_slice()) {
            return;
        }
        let key = Key::from(key.as_slice());
        match table.value(&key, form, value) {
            Ok(value) => table.check(&key, value).await,
            Err(error) => assert!(!error.to_string().is_empty(), "refused without a reason"),
        }
    }

    fn parts<'l>(&self, line: &'l [u8]) -> Option<(&Table, u8, &'l [u8])> {
        let [table @ b'0'..=b'9', form, rest @ ..] = line else { return None };
        let table = self.tables.get(usize::from(table - b'0'))?;
        Some((table, *form, rest))
    }
}

impl Table {
    /// The value that a client sends, before anything is stored.
    fn value(&self, key: &Key, form: u8, text: &[u8]) -> Result<Value, Error> {
        match (&self.shape, form) {
            (Shape::Column(schema, _), _) => schema.value(key, &unescaped(text)),
            (Shape::Row(schema), b'+') => schema.row_of_fields(key, &fields(text)),
            (Shape::Row(schema), b'-') => {
                let names: Vec<Vec<u8>> = words(text).collect();
                schema.row_without(key, &names)
            }
            (Shape::Row(schema), _) => schema.row_of_json(key, &unescaped(text)),
        }
    }

    /// Stores what was accepted, and looks for it.
    async fn check(&self, key: &Key, sent: Value) {
        let change = Change { key: key.clone(), value: Some(sent.clone()) };
        let stored = match self.source.store(vec![change]).await {
            Ok(stored) => stored.into_iter().next().and_then(|stored| stored.value),
            Err(error) => {
                // A type that does not fit is refused before anything is stored, or a queue would have
                // taken what no table takes. Only that a table is STRICT is not known there, where
                // keys of TEXT columns may be bytes.
                let text = error.message();
                let is_of_type = text.contains("cannot store")
                    && !text.contains("cannot store BLOB value in TEXT column");
                let is_refusal = error.kind() == SourceErrorKind::Rejected && !is_of_type;
                assert!(is_refusal, "{:?} {error} for {sent:?}", error.kind());
                return;
            }
        };
        let stored = stored.expect("SQLite says what it has stored");
        let loaded = self.load(key).await;
        assert_eq!(told(&loaded), told(&stored), "another row than was stored");
        self.check_kept(&sent, &loaded);
        self.check_document(key, &loaded).await;
    }

    async fn load(&self, key: &Key) -> Value {
        let loaded = self.source.load(vec![key.clone()]).await;
        let loaded = loaded.expect("a row can be loaded").into_iter().next();
        let loaded = loaded.expect("an answer for each key").expect("a row can be read");
        loaded.expect("a row that was stored is there")
    }

    /// Every field that was sent is there.
    fn check_kept(&self, sent: &Value, loaded: &Value) {
        match (&self.shape, sent.view(), loaded.view()) {
            (Shape::Column(_, kind), View::Bytes(sent), View::Bytes(loaded)) => {
                assert!(is_same(*kind, sent, loaded), "{sent:?} came back as {loaded:?}");
            }
            (Shape::Row(schema), View::Fields(sent), View::Fields(loaded)) => {
                let columns = schema.key().columns();
                sent.each(&mut |name, sent| {
                    let loaded = loaded.field(name).unwrap_or_default();
                    let column = column(columns, name);
                    let is_same = column.is_none_or(|column| is_same(column.kind, sent, &loaded));
                    assert!(is_same, "{sent:?} came back as {loaded:?} in {column:?}");
                });
            }
            _ => panic!("a value of another form: {loaded:?}"),
        }
    }

    /// The document that is read can be written, and changes nothing.
    async fn check_document(&self, key: &Key, loaded: &Value) {
        let (Shape::Row(schema), View::Fields(row)) = (&self.shape, loaded.view()) else { return };
        let document = row.document().expect("a row has a document");
        // What JSON has no number for is null there.
        if told(loaded).iter().any(|(_, value)| value.ends_with(b"inf")) {
            return;
        }
        let again = schema.row_of_json(key, &document);
        let again = again.unwrap_or_else(|error| panic!("{error}: {loaded:?}"));
        let change = Change { key: key.clone(), value: Some(again) };
        self.source.store(vec![change]).await.expect("the same row can be stored again");
        assert_eq!(told(&self.load(key).await), told(loaded), "the document is another row");
    }
}

/// Whether a column of this kind may have made one text of the other.
fn is_same(kind: ColumnType, sent: &[u8], loaded: &[u8]) -> bool {
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.trim().parse::<f64>().ok();
    sent == loaded
        || matches!(kind, ColumnType::Integer | ColumnType::Real | ColumnType::Any)
            && number(sent).is_some_and(|sent| number(loaded) == Some(sent))
}

fn column<'c>(columns: &'c Columns, name: &[u8]) -> Option<&'c Column> {
    columns.iter().find(|column| column.name.as_bytes() == name)
}

/// All fields of a value, or its bytes.
fn told(value: &Value) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut told = Vec::new();
    match value.view() {
        View::Bytes(bytes) => told.push((Vec::new(), bytes.to_vec())),
        View::Fields(fields) => {
            fields.each(&mut |name, value| told.push((name.to_vec(), value.to_vec())));
        }
    }
    told
}

fn split(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    (&text[..end], text.get(end + 1..).unwrap_or_default())
}

fn words(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    text.split(|byte| *byte == b' ').map(unescaped)
}

fn fields(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut words = words(text);
    let pair = || Some((words.next()?, words.next()?));
    std::iter::from_fn(pair).collect()
}

async fn row_table(sqlite: &Sqlite, name: &str, key: &[&str]) -> Result<Table, SourceError> {
    let table = opened(sqlite, name, key).await?;
    let schema = RowSchema::new(name, keys(name, &table)?);
    Ok(Table { source: Arc::new(table), shape: Shape::Row(schema) })
}

async fn column_table(
    sqlite: &Sqlite,
    name: &str,
    key: &str,
    column: &str,
) -> Result<Table, SourceError> {
    let keys = keys(name, &opened(sqlite, name, &[key]).await?)?;
    let spec = TableSpec {
        table: name.to_owned(),
        key: vec![key.to_owned()],
        value: ValueColumns::Named(vec![column.to_owned()]),
    };
    let table: SqliteTable<Key, Value> = sqlite.source(spec, ColumnMapping::new(1)).await?;
    let column = table.columns()[0].clone();
    let kind = column.kind;
    let shape = Shape::Column(ColumnSchema::new(keys, column), kind);
    Ok(Table { source: Arc::new(table), shape })
}

async fn opened(
    sqlite: &Sqlite,
    name: &str,
    key: &[&str],
) -> Result<SqliteTable<Key, Value>, SourceError> {
    let key: Vec<String> = key.iter().map(|column| (*column).to_owned()).collect();
    let mapping = RowMapping::new(key.len());
    sqlite
        .source(TableSpec { table: name.to_owned(), key, value: ValueColumns::Row }, mapping)
        .await
}

fn keys(name: &str, table: &SqliteTable<Key, Value>) -> Result<KeySchema, SourceError> {
    KeySchema::new(name, table.columns().clone(), table.key_columns())
}

async fn kept(sqlite: &Sqlite) -> Result<String, SourceError> {
    sqlite.read(|connection| Ok(connection.query_row(KEPT, [], |row| row.get(0))?)).await
}
