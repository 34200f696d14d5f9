//! Tables that do not fit and what the error says, and names that would like to be SQL.

use larder::source::row::{Column, ColumnType};
use larder::source::{Source, SourceErrorKind};
use serde_json::Value as Json;

use crate::kit::*;

async fn refused(fixture: &Fixture, table: &str, key: &[&str], column: &str) -> String {
    let table = fixture.postgres.table(table).key(key.iter().copied());
    let error = table.bytes::<String, Vec<u8>>(column).await.err().unwrap();
    assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{error}");
    error.message().to_owned()
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_answered_with_those_that_do() {
    let schema = format!("{PERSON}; CREATE SCHEMA hr; CREATE TABLE hr.town (id text PRIMARY KEY)");
    let fixture = Fixture::new(&schema).await;
    let sentence = refused(&fixture, "persons", &["id"], "name").await;
    assert!(
        sentence.ends_with("did you mean \"person\"? There are: hr.town, person"),
        "{sentence}"
    );
    let sentence = refused(&fixture, "person", &["idd"], "name").await;
    assert!(sentence.contains("did you mean \"id\"? There are: id, name, age, town"), "{sentence}");
    let sentence = refused(&fixture, "person", &["id"], "salary").await;
    assert!(sentence.contains("no column \"salary\"; there are: id, name"), "{sentence}");
    assert!(refused(&fixture, "a\0b", &["id"], "name").await.contains("contains a NUL"));
    assert!(refused(&fixture, "town", &["id"], "id").await.contains("hr.town"));
}

#[tokio::test]
async fn what_is_no_ordinary_table_is_refused() {
    let fixture = Fixture::new(&format!(
        "{PERSON}; CREATE VIEW adults AS SELECT * FROM person WHERE age > 17; \
         CREATE MATERIALIZED VIEW names AS SELECT name FROM person; \
         CREATE TABLE odd (list integer[] PRIMARY KEY, v text)"
    ))
    .await;
    assert!(refused(&fixture, "adults", &["id"], "name").await.contains("is a view"));
    assert!(refused(&fixture, "names", &["name"], "name").await.contains("is a materialized view"));
    assert!(refused(&fixture, "odd", &[], "v").await.contains("no one text"));
}

#[tokio::test]
async fn a_key_that_is_not_unique_is_refused_with_the_index_to_make() {
    let fixture = Fixture::new(
        "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false); \
         CREATE SCHEMA s; \
         CREATE TABLE s.t (k text, l text, v text, c text COLLATE folded UNIQUE, \
           d text UNIQUE DEFERRABLE, UNIQUE (k, l)); \
         CREATE UNIQUE INDEX ON s.t (v) WHERE v > 'a'; CREATE UNIQUE INDEX ON s.t (lower(l))",
    )
    .await;
    for key in [&["k"][..], &["l"], &["v"], &["k", "v"], &["d"]] {
        let sentence = refused(&fixture, "s.t", key, "v").await;
        let (_, statement) = sentence.split_once("run: ").unwrap();
        fixture.ask(statement);
        let table = fixture.postgres.table("s.t").key(key.iter().copied()).columns(["v"]);
        let table = table.open::<String, Json>(larder::source::row::SerdeMapping).await.unwrap();
        assert_eq!(table.columns().len(), 1);
    }
    assert!(refused(&fixture, "s.t", &["c"], "v").await.contains("byte for byte"));
    assert!(refused(&fixture, "s.t", &["k", "k"], "v").await.contains("named twice"));
}

#[tokio::test]
async fn the_key_is_the_primary_key_unless_named_and_its_order_is_the_indexs() {
    let fixture = Fixture::new(
        "CREATE TABLE t (a text, b text, v text, PRIMARY KEY (b, a) INCLUDE (v)); \
         CREATE TABLE u (a text)",
    )
    .await;
    let table = fixture.postgres.table("t").rows::<(String, String), Json>().await.unwrap();
    assert_eq!(table.key_columns().collect::<Vec<_>>(), ["b", "a"]);
    let table = fixture.postgres.table("t").key(["a", "b"]);
    let table = table.rows::<(String, String), Json>().await.unwrap();
    assert_eq!(table.key_columns().collect::<Vec<_>>(), ["a", "b"]);
    assert!(refused(&fixture, "u", &[], "a").await.contains("has no primary key"));
    let narrow = fixture.postgres.table("t").rows::<String, Json>().await;
    assert_eq!(kind(narrow), Some(SourceErrorKind::Misconfigured));
}

#[tokio::test]
async fn columns_say_what_the_table_says() {
    let fixture = Fixture::new(
        "CREATE DOMAIN price AS numeric(10, 2) NOT NULL; CREATE TYPE mood AS ENUM ('sad'); \
         CREATE TABLE t (k bigserial PRIMARY KEY, a varchar(4) NOT NULL, b real, c bytea, d price, \
           e date, f json, g integer[], h mood, i boolean, j uuid, l time, m timestamp); \
         ALTER TABLE t ADD gone text; ALTER TABLE t DROP gone",
    )
    .await;
    let table = fixture.json("t").await;
    let found: Vec<_> = table.columns().iter().cloned().collect();
    let column =
        |(name, kind, nullable): (&str, _, _)| Column { name: name.into(), kind, nullable };
    let expected = [
        ("k", ColumnType::Integer, false),
        ("a", ColumnType::Text, false),
        ("b", ColumnType::Real, true),
        ("c", ColumnType::Blob, true),
        ("d", ColumnType::Decimal, false),
        ("e", ColumnType::Date, true),
        ("f", ColumnType::Json, true),
        ("g", ColumnType::Array, true),
        ("h", ColumnType::Text, true),
        ("i", ColumnType::Boolean, true),
        ("j", ColumnType::Uuid, true),
        ("l", ColumnType::Time, true),
        ("m", ColumnType::Timestamp, true),
    ];
    assert_eq!(found, expected.map(column));
}

#[tokio::test]
async fn sql_in_names_stays_a_name() {
    let odd =
        ["select", "a\"b; DROP TABLE person; --", "höhe [m]", "it's", "s.t", " ", "$1", "Upper"];
    let fixture = Fixture::new(PERSON).await;
    for name in odd {
        let quoted = name.replace('"', "\"\"");
        fixture.ask(&format!(
            "CREATE DOMAIN \"d{quoted}\" AS text; CREATE SCHEMA \"{quoted}\"; \
             CREATE TABLE \"{quoted}\" (\"k{quoted}\" text PRIMARY KEY, \"{quoted}\" \"d{quoted}\"); \
             CREATE TABLE \"{quoted}\".\"{quoted}\" (k text PRIMARY KEY, v text)"
        ));
        let table = fixture.postgres.table(name).key([format!("k{name}")]);
        let table = table.bytes::<String, Vec<u8>>(name).await.unwrap();
        store_one(&table, put("key".into(), b"value".to_vec())).await.unwrap();
        let changed = store_one(&table, put("key".into(), b"other".to_vec())).await.unwrap();
        assert_eq!(changed.existed, Some(true), "{name}");
        let found = table.load(vec!["key".into(), "none".into()]).await.unwrap();
        assert_eq!(found[0].as_ref().unwrap().as_deref(), Some(&b"other"[..]), "{name}");
        let other = fixture.postgres.table(format!("{name}.{name}"));
        other.bytes::<String, Vec<u8>>("v").await.unwrap();
        assert_eq!(fixture.ask("SELECT count(*) FROM person"), "0");
    }
}

#[tokio::test]
async fn larders_own_table_is_made_once_and_checked() {
    let fixture = Fixture::new("CREATE TABLE taken (id bigint PRIMARY KEY)").await;
    let own = || fixture.postgres.key_value::<Vec<u8>, Vec<u8>>("own");
    let (first, second) = tokio::join!(own(), own());
    store_one(&first.unwrap(), put(vec![0, 255], b"v".to_vec())).await.unwrap();
    assert_eq!(load_one(&second.unwrap(), vec![0, 255]).await.unwrap(), Some(b"v".to_vec()));
    assert!(fixture.postgres.has_table("own").await.unwrap());
    assert!(!fixture.postgres.has_table("owl").await.unwrap());
    for name in ["taken", "", "a\0b", &"x".repeat(64)] {
        let refused = fixture.postgres.key_value::<Vec<u8>, Vec<u8>>(name).await;
        assert_eq!(kind(refused), Some(SourceErrorKind::Misconfigured), "{name:?}");
    }
}

#[tokio::test]
async fn a_column_or_table_dropped_later_is_a_matter_of_set_up() {
    let fixture = Fixture::new(&format!("{PERSON}; INSERT INTO person VALUES (1, 'a', 1)")).await;
    let table = fixture.postgres.table("person").bytes::<String, Vec<u8>>("name").await.unwrap();
    fixture.ask("ALTER TABLE person DROP COLUMN name");
    assert_eq!(kind(load_one(&table, "1".into()).await), Some(SourceErrorKind::Misconfigured));
    let answer = store_one(&table, put("1".into(), b"b".to_vec())).await;
    assert_eq!(kind(answer), Some(SourceErrorKind::Misconfigured));
    fixture.ask("DROP TABLE person");
    assert_eq!(kind(load_one(&table, "1".into()).await), Some(SourceErrorKind::Misconfigured));
}

#[tokio::test]
async fn a_column_whose_type_grows_later_can_still_be_read_and_written() {
    let fixture = Fixture::new(&format!("{PERSON}; INSERT INTO person VALUES (1, 'a', 1)")).await;
    let table = fixture.people().await;
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("a", 1)));
    fixture.ask("ALTER TABLE person ALTER age TYPE bigint, ADD more text");
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("a", 1)));
    store_one(&table, put(1, person("a", 2))).await.unwrap();
}
