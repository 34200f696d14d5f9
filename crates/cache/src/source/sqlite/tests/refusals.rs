//! Changes that the database refuses, and text that would like to be SQL.

use super::*;

#[tokio::test]
async fn what_a_constraint_forbids_is_rejected_and_says_why() {
    let fixture = Fixture::new(
        "CREATE TABLE town (name TEXT PRIMARY KEY); INSERT INTO town VALUES ('Bern'); \
         CREATE TABLE p (k INTEGER PRIMARY KEY, age INTEGER NOT NULL CHECK (age < 200), \
           mail TEXT UNIQUE, town TEXT REFERENCES town, note ANY) STRICT; \
         CREATE TRIGGER t BEFORE INSERT ON p WHEN new.note = 'abort' \
           BEGIN SELECT RAISE(ABORT, 'not today'); END; \
         CREATE TRIGGER i BEFORE INSERT ON p WHEN new.note = 'ignore' \
           BEGIN SELECT RAISE(IGNORE); END; \
         INSERT INTO p VALUES (1, 1, 'a@x', 'Bern', 1)",
    )
    .await;
    let table = fixture.sqlite.table("p").rows::<i64, serde_json::Value>().await.unwrap();
    for (value, why) in [
        (serde_json::json!({"mail": "b@x"}), "NOT NULL"),
        (serde_json::json!({"age": null}), "NOT NULL"),
        (serde_json::json!({"age": 200}), "CHECK"),
        (serde_json::json!({"age": 1, "mail": "a@x"}), "UNIQUE"),
        (serde_json::json!({"age": 1, "town": "Rom"}), "FOREIGN KEY"),
        (serde_json::json!({"age": "old"}), "cannot store TEXT"),
        (serde_json::json!({"age": 1, "note": "abort"}), "not today"),
        (serde_json::json!({"age": 1, "note": "ignore"}), "trigger"),
    ] {
        let error = store_one(&table, put(2, value)).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Rejected, "{error}");
        assert!(error.message().contains(why), "{error}");
    }
    assert_eq!(fixture.ask("SELECT count(*) FROM p").await, "1");
}

#[tokio::test]
async fn a_delete_that_a_trigger_ignores_is_rejected() {
    let fixture = Fixture::new(&format!(
        "{PERSON}; INSERT INTO person VALUES (1, 'a', 1, 'x'); \
         CREATE TRIGGER soft BEFORE DELETE ON person BEGIN SELECT RAISE(IGNORE); END"
    ))
    .await;
    let error = store_one(&people(&fixture).await, delete(1)).await.unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Rejected);
    assert!(error.message().contains("kept the row"), "{error}");
}

#[tokio::test]
async fn one_refused_change_undoes_its_whole_batch() {
    let fixture = Fixture::new(PERSON).await;
    let table = fixture.sqlite.table("person").rows::<i64, serde_json::Value>().await.unwrap();
    let good = |age: i64| serde_json::json!({ "age": age });
    let bad = serde_json::json!({ "name": "ageless" });
    let answer = table.store(vec![put(1, good(1)), put(2, bad), put(3, good(3))]).await;
    assert_eq!(kind(answer), Some(SourceErrorKind::Rejected));
    assert_eq!(fixture.ask("SELECT count(*) FROM person").await, "0");
}

#[tokio::test]
async fn a_key_of_the_wrong_type_cannot_be_stored() {
    let fixture = Fixture::new(PERSON).await;
    let table = fixture.sqlite.table("person").rows::<String, Person>().await.unwrap();
    for key in ["seven", "07"] {
        let answer = store_one(&table, put(key.to_string(), person("x", 1))).await;
        assert_eq!(kind(answer), Some(SourceErrorKind::Rejected));
    }
    let gone = store_one(&table, delete("seven".to_string())).await.unwrap();
    assert_eq!(gone.existed, Some(false));
}

#[tokio::test]
async fn a_value_past_the_size_limit_is_rejected() {
    let fixture = Fixture::new(PERSON).await;
    let limit = |connection: &rusqlite::Connection| {
        Ok(connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, 1000)?)
    };
    fixture.sqlite.write(limit).await.unwrap();
    let table = people(&fixture).await;
    let answer = store_one(&table, put(1, person(&"x".repeat(2000), 1))).await;
    assert_eq!(kind(answer), Some(SourceErrorKind::Rejected));
}

#[tokio::test]
async fn sql_in_keys_and_values_stays_text() {
    let fixture = Fixture::new("").await;
    let table = fixture.sqlite.key_value::<String, Vec<u8>>("kv").await.unwrap();
    let attacks = [
        "'; DROP TABLE kv; --",
        "\" OR 1=1 --",
        "x' UNION SELECT 1,2 --",
        "?1",
        ":key",
        "%",
        "*",
        "NULL",
    ];
    let changes = attacks.map(|text| put(text.to_string(), text.into()));
    table.store(changes.to_vec()).await.unwrap();
    let found = table.load(attacks.map(String::from).to_vec()).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|loaded| loaded.unwrap().unwrap()).collect();
    assert_eq!(found, attacks.map(|text| text.as_bytes().to_vec()));
    assert_eq!(fixture.ask("SELECT count(*) FROM kv").await, attacks.len().to_string());
}

#[tokio::test]
async fn sql_in_names_stays_a_name() {
    let odd = ["select", "a\"b; DROP TABLE person; --", "höhe [m]", "it's", "`x`", " "];
    for name in odd {
        let fixture = Fixture::new(PERSON).await;
        let quoted = name.replace('"', "\"\"");
        fixture
            .run(&format!(
                "CREATE TABLE \"{quoted}\" (\"k{quoted}\" TEXT PRIMARY KEY, \"{quoted}\" TEXT)"
            ))
            .await;
        let table = fixture.sqlite.table(name).key([format!("k{name}")]);
        let table = table.bytes::<String, Vec<u8>>(name).await.unwrap();
        store_one(&table, put("key".into(), b"value".to_vec())).await.unwrap();
        let changed = store_one(&table, put("key".into(), b"other".to_vec())).await.unwrap();
        assert_eq!(changed.existed, Some(true), "{name}");
        let found = table.load(vec!["key".into(), "none".into()]).await.unwrap();
        assert_eq!(found[0].as_ref().unwrap().as_deref(), Some(&b"other"[..]), "{name}");
        assert_eq!(fixture.ask("SELECT count(*) FROM person").await, "0");
    }
}
