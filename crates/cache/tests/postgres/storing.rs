//! Stores: what is in the table afterwards, and what the source says of it.

use larder::source::{Source, SourceErrorKind, Stored};
use serde_json::{Value as Json, json};

use crate::kit::*;

#[tokio::test]
async fn a_put_inserts_and_then_updates_and_a_delete_says_whether_there_was_a_row() {
    let fixture = Fixture::new(PERSON).await;
    let table = fixture.people().await;
    let first = store_one(&table, put(1, person("Ada", 36))).await.unwrap();
    assert_eq!(first, Stored { value: Some(person("Ada", 36)), existed: Some(false) });
    let second = store_one(&table, put(1, person("Ada", 37))).await.unwrap();
    assert_eq!(second, Stored { value: Some(person("Ada", 37)), existed: Some(true) });
    let stored = table.store(vec![delete(1), delete(1)]).await.unwrap();
    assert_eq!([stored[0].existed, stored[1].existed], [Some(true), Some(false)]);
    assert_eq!(load_one(&table, 1).await.unwrap(), None);
}

#[tokio::test]
async fn a_part_of_a_row_leaves_the_rest_alone_though_it_must_not_be_null() {
    let fixture = Fixture::new(
        "CREATE TABLE person (id bigint PRIMARY KEY, name text, age integer, town text NOT NULL); \
         INSERT INTO person VALUES (1, 'Ada', 36, 'London')",
    )
    .await;
    let table = fixture.people().await;
    store_one(&table, put(1, person("Ada", 37))).await.unwrap();
    assert_eq!(fixture.ask("SELECT age || town FROM person"), "37London");
    let missing = store_one(&table, put(2, person("Bob", 1))).await;
    assert_eq!(kind(missing), Some(SourceErrorKind::Rejected));
}

#[tokio::test]
async fn a_key_that_occurs_twice_is_changed_in_order() {
    let fixture = Fixture::new(PERSON).await;
    let table = fixture.people().await;
    let changes =
        vec![put(1, person("a", 1)), delete(1), put(1, person("b", 2)), put(1, person("c", 3))];
    let stored = table.store(changes).await.unwrap();
    let existed: Vec<_> = stored.iter().map(|stored| stored.existed.unwrap()).collect();
    assert_eq!(existed, [false, true, false, true]);
    assert_eq!(stored[2].value, Some(person("b", 2)));
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("c", 3)));
}

#[tokio::test]
async fn changes_of_different_columns_and_deletes_keep_their_order() {
    let fixture = Fixture::new(
        "CREATE TABLE t (id bigint PRIMARY KEY, a text, b text UNIQUE); \
         INSERT INTO t VALUES (1, 'x', 'unique')",
    )
    .await;
    let table = fixture.json("t").await;
    let changes = vec![
        put(2, json!({"a": "y"})),
        delete(1),
        put(3, json!({"b": "unique"})),
        put(2, json!({"b": "other", "a": "z"})),
    ];
    table.store(changes).await.unwrap();
    assert_eq!(
        fixture.ask("SELECT string_agg(concat_ws(' ', id, a, b), ',' ORDER BY id) FROM t"),
        "2 z other,3 unique"
    );
}

#[tokio::test]
async fn a_value_that_one_row_gives_up_is_free_for_the_next_of_the_same_batch() {
    let fixture = Fixture::new(
        "CREATE TABLE t (id bigint PRIMARY KEY, seat text UNIQUE); \
         INSERT INTO t SELECT i, 'seat ' || i FROM generate_series(0, 99) AS i",
    )
    .await;
    let table = fixture.json("t").await;
    let seat = |number: i64| json!({"seat": format!("seat {number}")});
    // Everybody moves up by one, in the only order in which that is possible, and then in others.
    let moved = (0..100).rev().map(|id| put(id, seat(id + 1))).collect();
    assert!(table.store(moved).await.unwrap().iter().all(|stored| stored.existed == Some(true)));
    let back = (0..100).map(|id| put(id, seat(id))).collect();
    table.store(back).await.unwrap();
    let clash = table.store((0..100).map(|id| put(id, seat(id + 1))).collect()).await;
    assert_eq!(kind(clash), Some(SourceErrorKind::Rejected));
    assert_eq!(fixture.ask("SELECT count(*) FROM t WHERE seat = 'seat ' || id"), "100");
}

#[tokio::test]
async fn the_stored_row_shows_defaults_generated_columns_and_triggers() {
    let fixture = Fixture::new(
        "CREATE TABLE note (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, text text, \
           colour text DEFAULT 'red', length integer GENERATED ALWAYS AS (length(text)) STORED, \
           number integer GENERATED ALWAYS AS IDENTITY, edits integer DEFAULT 0); \
         CREATE FUNCTION edited() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF pg_trigger_depth() = 1 THEN \
             UPDATE note SET edits = edits + 1 WHERE id = new.id; END IF; RETURN NULL; END $$; \
         CREATE TRIGGER edited AFTER UPDATE ON note FOR EACH ROW EXECUTE FUNCTION edited()",
    )
    .await;
    let table = fixture.json("note").await;
    let note = json!({"text": "four", "length": 99, "number": 99});
    let stored = table.store(vec![put(7, note.clone()), put(7, note)]).await.unwrap();
    let expected = |edits| {
        let row = json!({"id": 7, "text": "four", "colour": "red", "length": 4, "number": 1,
            "edits": edits});
        Some(row)
    };
    assert_eq!([&stored[0].value, &stored[1].value], [&expected(0), &expected(1)]);
}

#[tokio::test]
async fn what_a_constraint_forbids_is_rejected_says_why_and_undoes_the_batch() {
    let fixture = Fixture::new(
        "CREATE TABLE town (name text PRIMARY KEY); INSERT INTO town VALUES ('Bern'); \
         CREATE DOMAIN code AS text CHECK (value ~ '^[A-Z]+$'); \
         CREATE TYPE mood AS ENUM ('sad', 'happy'); \
         CREATE TABLE p (k bigint PRIMARY KEY, age integer NOT NULL CHECK (age < 200), \
           mail text UNIQUE, town text REFERENCES town, late text REFERENCES town DEFERRABLE \
           INITIALLY DEFERRED, code code, mood mood, short varchar(3), note text); \
         CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF new.note = 'raise' THEN RAISE EXCEPTION 'not today'; END IF; \
           IF new.note = 'ignore' THEN RETURN NULL; END IF; RETURN new; END $$; \
         CREATE TRIGGER judge BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION judge(); \
         INSERT INTO p VALUES (1, 1, 'a@x', 'Bern')",
    )
    .await;
    let table = fixture.json("p").await;
    for (value, why) in [
        (json!({"mail": "b@x"}), "not-null"),
        (json!({"age": 200}), "p_age_check"),
        (json!({"age": 1, "mail": "a@x"}), "(mail)=(a@x) already exists"),
        (json!({"age": 1, "town": "Rom"}), "p_town_fkey"),
        (json!({"age": 1, "late": "Rom"}), "p_late_fkey"),
        (json!({"age": "old"}), "integer"),
        (json!({"age": 1_i64 << 40}), "out of range"),
        (json!({"age": 1, "code": "x"}), "code_check"),
        (json!({"age": 1, "mood": "angry"}), "mood"),
        (json!({"age": 1, "short": "long"}), "too long"),
        (json!({"age": 1, "note": "raise"}), "not today"),
        (json!({"age": 1, "note": "ignore"}), "trigger"),
        (json!({"age": 1, "note": "\0"}), "0x00"),
        (json!({"age": 1, "k": 3}), "another key"),
    ] {
        let batch = vec![put(5, json!({"age": 5})), put(2, value)];
        let error = table.store(batch).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Rejected, "{error}");
        assert!(error.message().contains(why), "{error}");
    }
    assert_eq!(fixture.ask("SELECT count(*) FROM p"), "1");
    let gone = store_one(&table, put(1, json!({"absent": 1}))).await;
    assert_eq!(kind(gone), Some(SourceErrorKind::Misconfigured));
}

#[tokio::test]
async fn a_delete_that_a_trigger_ignores_is_rejected() {
    let fixture = Fixture::new(&format!(
        "{PERSON}; INSERT INTO person VALUES (1, 'a', 1); \
         CREATE FUNCTION soft() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
         CREATE TRIGGER soft BEFORE DELETE ON person FOR EACH ROW EXECUTE FUNCTION soft()"
    ))
    .await;
    let error = store_one(&fixture.people().await, delete(1)).await.unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Rejected);
    assert!(error.message().contains("kept the row"), "{error}");
}

#[tokio::test]
async fn a_row_that_could_not_be_read_again_is_not_stored() {
    let fixture = Fixture::new(
        "CREATE TABLE person (id bigint PRIMARY KEY, name text, age text); \
         CREATE FUNCTION aged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           new.age = 'old'; RETURN new; END $$; \
         CREATE TRIGGER aged BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION aged()",
    )
    .await;
    let answer = store_one(&fixture.people().await, put(1, person("Ada", 36))).await;
    assert_eq!(kind(answer), Some(SourceErrorKind::Undecodable));
    assert_eq!(fixture.ask("SELECT count(*) FROM person"), "0");
}

#[tokio::test]
async fn a_value_with_no_column_but_the_key_makes_a_row() {
    let fixture = Fixture::new("CREATE TABLE member (id bigint PRIMARY KEY, since date)").await;
    let table = fixture.json("member").await;
    let stored = table.store(vec![put(1, json!({"id": 1})), put(1, json!({}))]).await.unwrap();
    assert_eq!([stored[0].existed, stored[1].existed], [Some(false), Some(true)]);
    assert_eq!(stored[1].value, Some(json!({"id": 1, "since": null})));
}

#[tokio::test]
async fn a_partitioned_table_is_a_table() {
    let fixture = Fixture::new(
        "CREATE TABLE sale (region text, id bigint, cents bigint, PRIMARY KEY (region, id)) \
           PARTITION BY LIST (region); \
         CREATE TABLE sale_north PARTITION OF sale FOR VALUES IN ('north'); \
         CREATE TABLE sale_south PARTITION OF sale FOR VALUES IN ('south')",
    )
    .await;
    let table = fixture.postgres.table("sale").columns(["cents"]);
    let table = table.rows::<(String, i64), Json>().await.unwrap();
    let sale = |region: &str, id, cents: i64| put((region.to_owned(), id), json!({"cents": cents}));
    table.store(vec![sale("north", 1, 5), sale("south", 1, 7)]).await.unwrap();
    let stored = table.store(vec![sale("north", 1, 6), sale("south", 2, 8)]).await.unwrap();
    assert_eq!([stored[0].existed, stored[1].existed], [Some(true), Some(false)]);
    assert_eq!(fixture.ask("SELECT count(*), sum(cents) FROM sale"), "3\t21");
    let nowhere = store_one(&table, sale("east", 1, 1)).await;
    assert_eq!(kind(nowhere), Some(SourceErrorKind::Rejected));
}

#[tokio::test]
async fn ten_thousand_changes_of_which_some_are_large_are_one_transaction() {
    let fixture = Fixture::new("").await;
    let table = fixture.postgres.key_value::<Vec<u8>, Vec<u8>>("pages").await.unwrap();
    let key = |number: usize| number.to_le_bytes().to_vec();
    let large = vec![0xff; 1 << 20];
    let value = |number: usize| if number < 100 { large.clone() } else { key(number) };
    let changes = (0..10_000).map(|number| put(key(number), value(number))).collect();
    let before = fixture.postgres.queries();
    let stored = table.store(changes).await.unwrap();
    assert!(stored.iter().enumerate().all(|(at, stored)| stored.value == Some(value(at))));
    let after = fixture.postgres.queries();
    assert_eq!((after.stores - before.stores, after.commits - before.commits), (1, 1));
    assert_eq!(fixture.ask("SELECT count(*), count(DISTINCT xmin::text) FROM pages"), "10000\t1");
    let loaded = table.load((0..10_000).rev().map(key).collect()).await.unwrap();
    let loaded = loaded.into_iter().rev().map(Result::unwrap);
    assert!(loaded.enumerate().all(|(at, found)| found == Some(value(at))));
}

#[tokio::test]
async fn a_batch_reads_no_more_of_a_large_table_than_of_a_small_one() {
    let fixture = Fixture::new(PERSON).await;
    // Nobody tells the planner that the table has grown.
    fixture.ask("ALTER TABLE person SET (autovacuum_enabled = off)");
    let table = fixture.people().await;
    for first in (0..6000).step_by(500) {
        let batch = (first..first + 500).map(|id| put(id, person("Ada", id)));
        table.store(batch.collect()).await.unwrap();
    }
    let client = fixture.postgres.client().await.unwrap();
    client.batch_execute("SELECT pg_stat_force_next_flush()").await.unwrap();
    let counted =
        "SELECT n_tup_ins, seq_tup_read FROM pg_stat_user_tables WHERE relname = 'person'";
    let counts = loop {
        // The session counts once it is at rest.
        let counts = fixture.ask(counted);
        if counts.starts_with("6000") {
            break counts;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(counts, "6000\t0");
}
