//! Stores: what is in the table afterwards, and what the source says of it.

use super::*;

#[tokio::test]
async fn a_put_inserts_and_then_updates() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    let first = store_one(&table, put(1, person("Ada", 36))).await.unwrap();
    assert_eq!(first, Stored { value: Some(person("Ada", 36)), existed: Some(false) });
    let second = store_one(&table, put(1, person("Ada", 37))).await.unwrap();
    assert_eq!(second, Stored { value: Some(person("Ada", 37)), existed: Some(true) });
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("Ada", 37)));
}

#[tokio::test]
async fn a_delete_says_whether_there_was_a_row() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    store_one(&table, put(1, person("Ada", 36))).await.unwrap();
    let stored = table.store(vec![delete(1), delete(1)]).await.unwrap();
    assert_eq!([stored[0].existed, stored[1].existed], [Some(true), Some(false)]);
    assert_eq!(load_one(&table, 1).await.unwrap(), None);
}

#[tokio::test]
async fn an_update_leaves_unnamed_columns_alone_though_they_must_not_be_null() {
    let fixture = Fixture::new(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, town TEXT NOT NULL); \
         INSERT INTO person VALUES (1, 'Ada', 36, 'London')",
    )
    .await;
    let table = people(&fixture).await;
    store_one(&table, put(1, person("Ada", 37))).await.unwrap();
    assert_eq!(fixture.ask("SELECT age || town FROM person").await, "37London");
    let missing = store_one(&table, put(2, person("Bob", 1))).await;
    assert_eq!(kind(missing), Some(SourceErrorKind::Rejected));
}

#[tokio::test]
async fn a_key_that_occurs_twice_is_changed_in_order() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    let changes =
        vec![put(1, person("a", 1)), delete(1), put(1, person("b", 2)), put(1, person("c", 3))];
    let stored = table.store(changes).await.unwrap();
    let existed: Vec<_> = stored.iter().map(|stored| stored.existed.unwrap()).collect();
    assert_eq!(existed, [false, true, false, true]);
    assert_eq!(stored[2].value, Some(person("b", 2)));
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("c", 3)));
}

#[tokio::test]
async fn the_stored_row_shows_defaults_conversions_and_triggers() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        colour: Option<String>,
        length: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        edits: Option<i64>,
    }
    let fixture = Fixture::new(
        "CREATE TABLE note (id TEXT PRIMARY KEY, text TEXT, colour TEXT DEFAULT 'red', \
         length INTEGER AS (length(text)), edits INTEGER DEFAULT 0); \
         CREATE TRIGGER edited AFTER UPDATE OF text ON note BEGIN \
           UPDATE note SET edits = edits + 1 WHERE id = new.id; END",
    )
    .await;
    let table = fixture.sqlite.table("note").rows::<i64, Note>().await.unwrap();
    let note = Note { text: "four".into(), colour: None, length: Some(99), edits: None };
    let stored = table.store(vec![put(7, note.clone()), put(7, note)]).await.unwrap();
    let expected = |edits| {
        let text = "four".to_string();
        Some(Note { text, colour: Some("red".into()), length: Some(4), edits: Some(edits) })
    };
    assert_eq!([&stored[0].value, &stored[1].value], [&expected(0), &expected(1)]);
    assert_eq!(fixture.ask("SELECT typeof(id) FROM note").await, "text");
}

#[tokio::test]
async fn ten_thousand_changes_are_one_commit() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    let before = fixture.sqlite.queries();
    let changes = (0..10_000).map(|key| put(key, person("p", key))).collect();
    let stored = table.store(changes).await.unwrap();
    assert_eq!(stored.len(), 10_000);
    assert_eq!(
        fixture.ask("SELECT count(*) || ' ' || sum(age) FROM person").await,
        "10000 49995000"
    );
    let after = fixture.sqlite.queries();
    assert_eq!((after.commits - before.commits, after.stores - before.stores), (1, 1));
}

#[tokio::test]
async fn null_is_a_value_and_not_absence() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    let unnamed = Person { name: None, age: 1 };
    store_one(&table, put(1, unnamed.clone())).await.unwrap();
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(unnamed));
    assert_eq!(load_one(&table, 2).await.unwrap(), None);
    assert_eq!(fixture.ask("SELECT name IS NULL FROM person").await, "1");
}

#[tokio::test]
async fn numbers_at_their_limits_come_back() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Numbers {
        whole: i64,
        real: f64,
    }
    let fixture =
        Fixture::new("CREATE TABLE n (k INTEGER PRIMARY KEY, whole INTEGER, real REAL)").await;
    let table = fixture.sqlite.table("n").rows::<i64, Numbers>().await.unwrap();
    let numbers = [
        (i64::MIN, Numbers { whole: i64::MIN, real: f64::NEG_INFINITY }),
        (i64::MAX, Numbers { whole: i64::MAX, real: f64::INFINITY }),
        (0, Numbers { whole: 0, real: f64::MIN_POSITIVE }),
        (1, Numbers { whole: -1, real: 7.0 }),
    ];
    table.store(numbers.clone().map(|(key, value)| put(key, value)).to_vec()).await.unwrap();
    let found = table.load(numbers.clone().map(|(key, _)| key).to_vec()).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|loaded| loaded.unwrap().unwrap()).collect();
    assert_eq!(found, numbers.map(|(_, value)| value));
    let nan = store_one(&table, put(2, Numbers { whole: 0, real: f64::NAN })).await;
    assert_eq!(kind(nan), Some(SourceErrorKind::Rejected));
}

#[tokio::test]
async fn a_value_with_no_column_but_the_key_makes_a_row() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Member {
        id: i64,
    }
    let fixture = Fixture::new("CREATE TABLE member (id INTEGER PRIMARY KEY, since TEXT)").await;
    let table = fixture.sqlite.table("member").rows::<i64, Member>().await.unwrap();
    let stored =
        table.store(vec![put(1, Member { id: 1 }), put(1, Member { id: 1 })]).await.unwrap();
    assert_eq!([stored[0].existed, stored[1].existed], [Some(false), Some(true)]);
    let other = store_one(&table, put(1, Member { id: 2 })).await.unwrap_err();
    assert_eq!(other.kind(), SourceErrorKind::Rejected);
    assert!(other.message().contains("another key"), "{other}");
}

#[tokio::test]
async fn a_row_that_could_not_be_read_again_is_not_stored() {
    let fixture = Fixture::new(&format!(
        "{PERSON}; CREATE TRIGGER t AFTER INSERT ON person \
         BEGIN UPDATE person SET age = 'old' WHERE id = new.id; END"
    ))
    .await;
    let answer = store_one(&people(&fixture).await, put(1, person("Ada", 36))).await;
    assert_eq!(kind(answer), Some(SourceErrorKind::Undecodable));
    assert_eq!(fixture.ask("SELECT count(*) FROM person").await, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_load_sees_a_batch_whole_or_not_at_all() {
    let fixture = Fixture::new(PERSON).await;
    let table = std::sync::Arc::new(people(&fixture).await);
    let both = |age| vec![put(1, person("a", age)), put(2, person("b", age))];
    table.store(both(0)).await.unwrap();
    let reader = table.clone();
    let reading = tokio::spawn(async move {
        loop {
            let found = reader.load(vec![1, 2]).await.unwrap();
            let ages = found.into_iter().map(|loaded| loaded.unwrap().unwrap().age);
            let ages: Vec<_> = ages.collect();
            assert_eq!(ages[0], ages[1]);
            if ages[0] == 200 {
                break;
            }
        }
    });
    for age in 1..=200 {
        table.store(both(age)).await.unwrap();
    }
    reading.await.unwrap();
}
