//! Loads: which row is whose, and keys that no row can have.

use larder::source::Source;
use larder::source::row::Cell;
use serde_json::{Value as Json, json};

use crate::kit::*;

#[tokio::test]
async fn the_answer_has_the_order_and_the_duplicates_of_the_keys() {
    let fixture = Fixture::new(&format!(
        "{PERSON}; INSERT INTO person SELECT i, 'p' || i, i FROM generate_series(0, 9999) AS i"
    ))
    .await;
    let table = fixture.people().await;
    let before = fixture.postgres.queries();
    let found = table.load(vec![7, -1, 3, 7, 50_000]).await.unwrap();
    let ages: Vec<_> = found.into_iter().map(|loaded| Some(loaded.unwrap()?.age)).collect();
    assert_eq!(ages, [Some(7), None, Some(3), Some(7), None]);
    let all = table.load((0..10_000).collect()).await.unwrap();
    let ages = all.into_iter().map(|loaded| loaded.unwrap().unwrap().age);
    assert!(ages.eq(0..10_000));
    let after = fixture.postgres.queries();
    assert_eq!((after.loads - before.loads, after.statements - before.statements), (2, 2));
    assert!(table.load(vec![]).await.unwrap().is_empty());
    assert!(table.store(vec![]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_has_the_spelling_that_its_column_shows_and_no_other() {
    let fixture = Fixture::new("").await;
    for (kind, own, others) in [
        ("integer", "7", &["07", "+7", "7.0", " 7", "seven", "", "7 OR 1=1", "9999999999"][..]),
        ("double precision", "0.5", &["0.50", ".5", "5e-1", "NaN", "x"]),
        ("real", "0.1", &["0.10", "0.10000000001"]),
        ("boolean", "true", &["t", "1", "TRUE", "yes"]),
        ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", &["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"]),
        ("numeric(10, 2)", "1.50", &["1.5", "1.500", "one"]),
        ("numeric", "12345678901234567890.1", &["12345678901234567890.10", "1e3", ""]),
        ("date", "2024-01-31", &["2024-1-31", "20240131", "Jan 31 2024", "tomorrow", "x"]),
        (
            "timestamptz",
            "2024-01-31 10:00:00+00",
            &["2024-01-31 11:00:00+01", "2024-01-31T10:00:00Z"],
        ),
        ("inet", "10.0.0.1/32", &["10.0.0.1", "x"]),
        ("char(4)", "ab", &["ab ", "ab  ", "AB"]),
        ("text", "Ab", &["ab", "Ab ", "A\0"]),
    ] {
        fixture.ask(&format!(
            "DROP TABLE IF EXISTS t; CREATE TABLE t (k {kind} PRIMARY KEY, v text); \
             INSERT INTO t VALUES ('{own}', 'old')"
        ));
        let table = fixture.postgres.table("t").bytes::<String, Vec<u8>>("v").await.unwrap();
        let keys = [&[own], others].concat().into_iter().map(String::from).collect();
        let found = table.load(keys).await.unwrap();
        let present = found.into_iter().map(|loaded| loaded.unwrap().is_some());
        assert!(present.eq([true].into_iter().chain(others.iter().map(|_| false))), "{kind}");
        let stored = store_one(&table, put(own.to_owned(), b"new".to_vec())).await.unwrap();
        assert_eq!(stored.existed, Some(true), "{kind}");
        for other in others {
            let deleted = store_one(&table, delete((*other).to_owned())).await;
            assert_eq!(deleted.map_or(Some(false), |stored| stored.existed), Some(false), "{kind}");
        }
        assert_eq!(fixture.ask("SELECT v FROM t"), "new", "{kind}");
    }
}

#[tokio::test]
async fn a_put_under_another_spelling_does_not_change_the_row() {
    let fixture = Fixture::new(
        "CREATE TABLE t (k numeric PRIMARY KEY, v text); INSERT INTO t VALUES (1.50, 'old')",
    )
    .await;
    let table = fixture.postgres.table("t").bytes::<String, Vec<u8>>("v").await.unwrap();
    assert!(store_one(&table, put("1.5".to_owned(), b"new".to_vec())).await.is_err());
    assert_eq!(fixture.ask("SELECT v FROM t"), "old");
}

#[tokio::test]
async fn composite_keys_of_mixed_types_find_their_rows() {
    let fixture = Fixture::new(
        "CREATE TABLE seat (flight text, row smallint, letter char(1), name text, \
         PRIMARY KEY (flight, row, letter)); \
         INSERT INTO seat VALUES ('LX1', 1, 'A', 'a'), ('LX1', 1, 'B', 'b'), ('1', 2, 'A', 'c')",
    )
    .await;
    let table = fixture.postgres.table("seat").columns(["name"]);
    let table = table.rows::<(String, u32, String), Json>().await.unwrap();
    let seat = |flight: &str, row, letter: &str| (flight.to_owned(), row, letter.to_owned());
    let keys =
        vec![seat("1", 2, "A"), seat("LX1", 1, "B"), seat("LX1", 99_999, "A"), seat("LX1", 1, "A")];
    let found = table.load(keys).await.unwrap();
    let names: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    let name = |name: &str| Some(json!({ "name": name }));
    assert_eq!(names, [name("c"), name("b"), None, name("a")]);
    assert_eq!(table.key_columns().collect::<Vec<_>>(), ["flight", "row", "letter"]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_fails_its_own_key_alone() {
    let fixture = Fixture::new(
        "CREATE TABLE person (id bigint PRIMARY KEY, name text, age text); \
         INSERT INTO person VALUES (1, 'a', 'one'), (2, 'b', NULL)",
    )
    .await;
    let table = fixture.postgres.table("person").columns(["name", "age"]);
    #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Aged {
        age: Option<i64>,
    }
    let table = table.rows::<i64, Aged>().await.unwrap();
    let found = table.load(vec![1, 2]).await.unwrap();
    assert!(found[0].is_err());
    assert_eq!(found[1].as_ref().unwrap(), &Some(Aged { age: None }));
}

#[tokio::test]
async fn every_statement_finds_its_rows_by_index() {
    let fixture = Fixture::new(
        "CREATE TABLE t (k text, l integer, v text, PRIMARY KEY (k, l)); \
         INSERT INTO t SELECT i, i, i FROM generate_series(1, 100000) AS i; ANALYZE t",
    )
    .await;
    let scans = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 't'";
    let before = fixture.ask(scans);
    let table = fixture.postgres.table("t").rows::<(String, Cell), Json>().await.unwrap();
    let key = |number: i64| (number.to_string(), Cell::Integer(number));
    for round in 0..10 {
        let batch = (0..50).map(|at| put(key(round * 50 + at), json!({"v": "x"}))).collect();
        table.store(batch).await.unwrap();
        table.store((0..10).map(|at| delete(key(99_000 + at))).collect()).await.unwrap();
        table.load((0..50).map(key).collect()).await.unwrap();
    }
    // Statistics are written when a session ends.
    fixture.postgres.close();
    let sessions = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name = 'larder'";
    while fixture.ask(sessions) != "0" {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.ask("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 't'"), "499");
    assert_eq!(fixture.ask(scans), before);
}
