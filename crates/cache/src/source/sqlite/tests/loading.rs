//! Loads: one query for many keys, and which row is whose.

use super::*;
use crate::source::row::KeyCells;
use crate::source::sqlite::schema::inspect;
use crate::source::sqlite::statement::{PutStatements, Statements, select_many};
use crate::source::table::{TableSpec, ValueColumns};

const COUNTED: &str = "INSERT INTO person (id, name, age) \
     WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 39999) \
     SELECT i, 'p' || i, i FROM n";

#[tokio::test]
async fn a_thousand_keys_are_one_query() {
    let fixture = Fixture::new(&format!("{PERSON}; {COUNTED}")).await;
    let table = people(&fixture).await;
    let found = table.load((0..1000).map(|key| key * 2).collect()).await.unwrap();
    for (at, loaded) in found.iter().enumerate() {
        assert_eq!(loaded.as_ref().unwrap().as_ref().unwrap().age, at as i64 * 2);
    }
    assert_eq!(fixture.sqlite.queries().loads, 1);
}

#[tokio::test]
async fn the_answer_has_the_order_and_the_duplicates_of_the_keys() {
    let fixture = Fixture::new(&format!("{PERSON}; {COUNTED}")).await;
    let table = people(&fixture).await;
    let found = table.load(vec![7, -1, 3, 7, 50_000]).await.unwrap();
    let ages: Vec<_> = found.into_iter().map(|loaded| Some(loaded.unwrap()?.age)).collect();
    assert_eq!(ages, [Some(7), None, Some(3), Some(7), None]);
}

#[tokio::test]
async fn keys_beyond_the_limit_of_parameters_take_a_query_more() {
    let fixture = Fixture::new(&format!("{PERSON}; {COUNTED}")).await;
    let table = people(&fixture).await;
    let found = table.load((0..20_000).collect()).await.unwrap();
    let wrong = found.iter().enumerate().find(|(at, loaded)| {
        loaded.as_ref().unwrap().as_ref().is_none_or(|person| person.age != *at as i64)
    });
    assert_eq!(wrong.map(|(at, _)| at), None);
    assert_eq!(fixture.sqlite.queries().loads, 2);
}

#[tokio::test]
async fn no_keys_are_no_query() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    assert!(table.load(vec![]).await.unwrap().is_empty());
    assert!(table.store(vec![]).await.unwrap().is_empty());
    assert_eq!((fixture.sqlite.queries().loads, fixture.sqlite.queries().stores), (0, 0));
}

#[tokio::test]
async fn a_key_that_its_column_cannot_hold_is_absent() {
    let fixture =
        Fixture::new(&format!("{PERSON}; INSERT INTO person VALUES (7, 'a', 1, 'x')")).await;
    let table = fixture.sqlite.table("person").rows::<String, Person>().await.unwrap();
    let keys = ["7", "07", "7.0", " 7", "seven", "", "7 OR 1=1"];
    let found = table.load(keys.map(String::from).to_vec()).await.unwrap();
    let present: Vec<bool> = found.into_iter().map(|loaded| loaded.unwrap().is_some()).collect();
    assert_eq!(present, [true, false, false, false, false, false, false]);
}

#[tokio::test]
async fn keys_are_compared_byte_for_byte() {
    let fixture = Fixture::new(
        "CREATE TABLE t (k TEXT COLLATE NOCASE, v TEXT); \
         CREATE UNIQUE INDEX bytes ON t (k COLLATE BINARY); \
         INSERT INTO t VALUES ('a', 'small'), ('A', 'large')",
    )
    .await;
    let table = fixture.sqlite.table("t").key(["k"]).bytes::<Vec<u8>, Vec<u8>>("v").await.unwrap();
    assert_eq!(load_one(&table, b"A".to_vec()).await.unwrap(), Some(b"large".to_vec()));
    assert_eq!(load_one(&table, b"a".to_vec()).await.unwrap(), Some(b"small".to_vec()));
    let deleted = table.store(vec![delete(b"A".to_vec())]).await.unwrap();
    assert_eq!(deleted[0].existed, Some(true));
    assert_eq!(fixture.ask("SELECT k FROM t").await, "a");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_fails_its_own_key_alone() {
    let fixture = Fixture::new(&format!(
        "{PERSON}; INSERT INTO person VALUES (1, CAST(x'ff' AS TEXT), 1, 'x'), (2, 'b', 2, 'x'), \
         (3, 'c', 'three', 'x')"
    ))
    .await;
    let found = people(&fixture).await.load(vec![1, 2, 3]).await.unwrap();
    let mut found = found.into_iter();
    assert_eq!(kind(found.next().unwrap()), Some(SourceErrorKind::Undecodable));
    assert_eq!(found.next().unwrap().unwrap(), Some(person("b", 2)));
    assert_eq!(kind(found.next().unwrap()), Some(SourceErrorKind::Undecodable));
}

#[tokio::test]
async fn composite_keys_of_mixed_types_find_their_rows() {
    let fixture = Fixture::new(
        "CREATE TABLE seat (flight TEXT, row INTEGER, letter TEXT, name TEXT, age INTEGER, \
         PRIMARY KEY (flight, row, letter)); \
         INSERT INTO seat VALUES ('LX1', 1, 'A', 'a', 1), ('LX1', 1, 'B', 'b', 2), ('1', 2, 'A', 'c', 3)",
    )
    .await;
    type Seat = (String, u32, String);
    let table = fixture.sqlite.table("seat").rows::<Seat, Person>().await.unwrap();
    let seat = |flight: &str, row, letter: &str| (flight.to_string(), row, letter.to_string());
    let keys =
        vec![seat("1", 2, "A"), seat("LX1", 1, "B"), seat("LX1", 2, "A"), seat("LX1", 1, "A")];
    let found = table.load(keys).await.unwrap();
    let ages: Vec<_> = found.into_iter().map(|loaded| Some(loaded.unwrap()?.age)).collect();
    assert_eq!(ages, [Some(3), Some(2), None, Some(1)]);
    assert_eq!(table.key_columns().collect::<Vec<_>>(), ["flight", "row", "letter"]);
    assert_eq!(Seat::WIDTH, 3);
}

#[tokio::test]
async fn every_statement_finds_its_row_by_index() {
    let fixture = Fixture::new(
        "CREATE TABLE whole (k INTEGER PRIMARY KEY, v); \
         CREATE TABLE text (k TEXT PRIMARY KEY, v) WITHOUT ROWID; \
         CREATE TABLE pair (k TEXT, l INTEGER, v, PRIMARY KEY (k, l)); \
         CREATE TABLE folded (k TEXT COLLATE NOCASE PRIMARY KEY, v); \
         CREATE UNIQUE INDEX bytes ON folded (k COLLATE BINARY)",
    )
    .await;
    for table in ["whole", "text", "pair", "folded"] {
        let spec = TableSpec {
            table: table.into(),
            key: vec![],
            value: ValueColumns::Named(vec!["v".into()]),
        };
        let plan = move |connection: &rusqlite::Connection| {
            let layout = inspect(connection, &spec)?;
            let one = Statements::new(&layout);
            let update = PutStatements::new(&layout, vec![0]).update;
            let statements = [one.select, one.delete, update, select_many(&layout, 4)];
            let mut steps = Vec::new();
            for sql in statements {
                let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let mut rows = explain.raw_query();
                while let Some(row) = rows.next()? {
                    steps.push(row.get::<_, String>("detail")?);
                }
            }
            Ok(steps)
        };
        let steps = fixture.sqlite.read(plan).await.unwrap();
        assert!(!steps.iter().any(|step| step.starts_with("SCAN r")), "{table}: {steps:?}");
        assert_eq!(steps.iter().filter(|step| step.starts_with("SEARCH r")).count(), 4, "{table}");
    }
}
