//! Tables that do not fit, and what the error says.

use super::*;

async fn refused(fixture: &Fixture, table: &str, key: &[&str], column: &str) -> String {
    let table = fixture.sqlite.table(table).key(key.iter().copied());
    let error = table.bytes::<String, Vec<u8>>(column).await.err().unwrap();
    assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{error}");
    error.message().to_owned()
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_answered_with_those_that_do() {
    let fixture = Fixture::new(&format!("{PERSON}; CREATE TABLE town (id TEXT PRIMARY KEY)")).await;
    let sentence = refused(&fixture, "persons", &["id"], "name").await;
    assert!(sentence.ends_with("did you mean \"person\"? There are: person, town"), "{sentence}");
    let sentence = refused(&fixture, "person", &["idd"], "name").await;
    assert!(sentence.contains("did you mean \"id\"? There are: id, name, age, town"), "{sentence}");
    let sentence = refused(&fixture, "person", &["id"], "salary").await;
    assert!(sentence.contains("no column \"salary\"; there are: id, name"), "{sentence}");
    let sentence = refused(&fixture, "a\0b", &["id"], "name").await;
    assert!(sentence.contains("contains a NUL"), "{sentence}");
}

#[tokio::test]
async fn views_and_virtual_tables_are_refused() {
    let fixture = Fixture::new(&format!(
        "{PERSON}; CREATE VIEW adults AS SELECT * FROM person WHERE age > 17; \
         CREATE VIRTUAL TABLE words USING fts5(word, text)"
    ))
    .await;
    assert!(refused(&fixture, "adults", &["id"], "name").await.contains("is a view"));
    assert!(refused(&fixture, "words", &["word"], "text").await.contains("is a virtual"));
    let sentence = refused(&fixture, "sqlite_schema", &["name"], "sql").await;
    assert!(sentence.contains("unique"), "{sentence}");
}

#[tokio::test]
async fn a_key_that_is_not_unique_is_refused_with_the_index_to_make() {
    let fixture = Fixture::new(
        "CREATE TABLE t (k TEXT, l TEXT, v TEXT, UNIQUE (k, l)); \
         CREATE UNIQUE INDEX some ON t (v) WHERE v > 'a'; \
         CREATE UNIQUE INDEX folded ON t (lower(l))",
    )
    .await;
    for key in [&["k"][..], &["l"], &["v"], &["k", "v"]] {
        let sentence = refused(&fixture, "t", key, "v").await;
        let (_, statement) = sentence.split_once("run: ").unwrap();
        fixture.run(statement).await;
        let table = fixture.sqlite.table("t").key(key.iter().copied()).columns(["v"]);
        table.open::<String, _>(crate::source::row::SerdeMapping).await.map(check).unwrap();
    }
    assert!(refused(&fixture, "t", &["k", "k"], "v").await.contains("named twice"));
}

fn check(table: SqliteTable<String, Option<serde_json::Value>>) {
    assert_eq!(table.columns().len(), 1);
}

#[tokio::test]
async fn a_key_that_folds_case_is_refused() {
    let fixture = Fixture::new("CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY, v TEXT)").await;
    let sentence = refused(&fixture, "t", &["k"], "v").await;
    assert!(sentence.ends_with("ON \"t\" (\"k\" COLLATE BINARY)"), "{sentence}");
}

#[tokio::test]
async fn the_order_of_a_unique_index_does_not_matter() {
    let fixture = Fixture::new("CREATE TABLE t (a TEXT, b TEXT, v TEXT, PRIMARY KEY (b, a))").await;
    let table = fixture.sqlite.table("t").key(["a", "b"]);
    let table = table.rows::<(String, String), serde_json::Value>().await.unwrap();
    assert_eq!(table.key_columns().collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn the_key_is_the_primary_key_unless_named() {
    let fixture = Fixture::new(
        "CREATE TABLE t (a TEXT, b TEXT, v TEXT, PRIMARY KEY (b, a)); CREATE TABLE u (a TEXT)",
    )
    .await;
    let table =
        fixture.sqlite.table("t").rows::<(String, String), serde_json::Value>().await.unwrap();
    assert_eq!(table.key_columns().collect::<Vec<_>>(), ["b", "a"]);
    assert!(refused(&fixture, "u", &[], "a").await.contains("has no primary key"));
}

#[tokio::test]
async fn keys_of_another_width_are_refused() {
    let fixture = Fixture::new(PERSON).await;
    let table = fixture.sqlite.table("person").rows::<(i64, i64), Person>().await;
    assert_eq!(kind(table), Some(SourceErrorKind::Misconfigured));
}

#[tokio::test]
async fn columns_say_what_the_table_says() {
    use crate::source::row::{Column, ColumnType};
    let fixture = Fixture::new(
        "CREATE TABLE t (k INTEGER PRIMARY KEY, a VARCHAR(4) NOT NULL, b REAL, c BLOB, d, e DATE)",
    )
    .await;
    let table = fixture.sqlite.table("T").rows::<i64, serde_json::Value>().await.unwrap();
    let column = |name: &str, kind, nullable| Column { name: name.into(), kind, nullable };
    assert_eq!(
        table.columns()[..],
        [
            column("k", ColumnType::Integer, false),
            column("a", ColumnType::Text, false),
            column("b", ColumnType::Real, true),
            column("c", ColumnType::Blob, true),
            column("d", ColumnType::Any, true),
            column("e", ColumnType::Any, true),
        ]
    );
}

#[tokio::test]
async fn a_column_dropped_later_is_an_error_and_not_its_own_name() {
    let fixture =
        Fixture::new(&format!("{PERSON}; INSERT INTO person VALUES (1, 'a', 1, 'x')")).await;
    let table = fixture.sqlite.table("person").bytes::<String, Vec<u8>>("name").await.unwrap();
    assert_eq!(load_one(&table, "1".into()).await.unwrap(), Some(b"a".to_vec()));
    fixture.run("ALTER TABLE person DROP COLUMN name").await;
    assert_eq!(kind(load_one(&table, "1".into()).await), Some(SourceErrorKind::Misconfigured));
    let answer = store_one(&table, put("1".into(), b"b".to_vec())).await;
    assert_eq!(kind(answer), Some(SourceErrorKind::Misconfigured));
    fixture.run("DROP TABLE person").await;
    assert_eq!(kind(load_one(&table, "1".into()).await), Some(SourceErrorKind::Misconfigured));
}
