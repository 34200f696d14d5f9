//! Keys: a row has one, and one only.

use larder::source::SourceErrorKind;
use larder::source::row::Cell;

use crate::subject::{IntoKey, for_each, kind, text};

#[test]
fn keys_of_several_parts_are_told_apart_part_by_part() {
    for_each(async |subject| {
        let (integer, letters) = (subject.dialect.integer, subject.dialect.key_text);
        subject.run(&format!(
            "CREATE TABLE price (sku {letters} NOT NULL, country {letters} NOT NULL, \
             cents {integer}, PRIMARY KEY (country, sku))"
        ));
        let table = subject.rows("price", &["country", "sku"], &["cents"]).await;
        let keys = [["a", "bc"], ["ab", "c"], ["", "abc"], ["abc", ""], ["c", "ab"]];
        let changes = keys.iter().zip(1_i64..);
        let changes =
            changes.map(|(key, cents)| table.put(*key, [("cents", Cell::Integer(cents))]));
        table.store(changes.collect()).await.unwrap();
        for (key, cents) in keys.iter().zip(1_i64..) {
            let found = table.cell(*key, "cents").await;
            assert_eq!(found, Some(Cell::Integer(cents)), "{} {key:?}", subject.name());
        }
        let mut asked: Vec<_> = keys.iter().map(|key| key.into_key()).collect();
        asked.push(["bc", "a"].into_key());
        let loaded = table.load(asked).await.unwrap();
        let found: Vec<_> = loaded.into_iter().map(|row| row.unwrap().is_some()).collect();
        assert_eq!(found, [true, true, true, true, true, false], "{}", subject.name());
    });
}

#[test]
fn two_keys_are_never_one_row() {
    const ALIKE: [&str; 9] =
        ["straße", "strasse", "Tea", "tea", "TEA", "té", "te\u{301}", "tea ", "ab"];
    for_each(async |subject| {
        let (integer, letters) = (subject.dialect.integer, subject.dialect.key_text);
        subject.run(&format!("CREATE TABLE alike (name {letters} PRIMARY KEY, v {integer})"));
        let table = subject.rows("alike", &["name"], &["v"]).await;
        let mut taken = Vec::new();
        for (key, number) in ALIKE.iter().zip(1_i64..) {
            match table.store(vec![table.put(*key, [("v", Cell::Integer(number))])]).await {
                Ok(stored) => {
                    assert_eq!(stored[0].existed, Some(false), "{} {key:?}", subject.name());
                    taken.push((*key, number));
                }
                // A column that cannot tell it from another one may refuse it.
                Err(error) => assert_eq!(error.kind(), SourceErrorKind::Rejected, "{key:?}"),
            }
        }
        assert!(taken.len() >= ALIKE.len() - 1, "{} took {taken:?}", subject.name());
        for (key, number) in taken {
            let found = table.cell(key, "v").await;
            assert_eq!(found, Some(Cell::Integer(number)), "{} {key:?}", subject.name());
        }
    });
}

#[test]
fn a_number_has_one_spelling() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!("CREATE TABLE numbered (id {integer} PRIMARY KEY, v {integer})"));
        let table = subject.rows("numbered", &["id"], &["v"]).await;
        table.store(vec![table.put("7", [("v", Cell::Integer(1))])]).await.unwrap();
        assert_eq!(table.cell(7, "v").await, Some(Cell::Integer(1)), "{}", subject.name());
        for other in ["07", "+7", " 7", "7.0", "7x", "", "9223372036854775808"] {
            assert_eq!(table.cell(other, "v").await, None, "{} {other:?}", subject.name());
            let put = table.store(vec![table.put(other, [("v", Cell::Integer(2))])]).await;
            assert_eq!(kind(put), Some(SourceErrorKind::Rejected), "{} {other:?}", subject.name());
            let deleted = table.store(vec![crate::subject::delete(other)]).await.unwrap();
            assert_eq!(deleted[0].existed, Some(false), "{} {other:?}", subject.name());
        }
        assert_eq!(subject.run("SELECT id, v FROM numbered"), "7\t1");
    });
}

#[test]
fn bytes_are_keys() {
    for_each(async |subject| {
        let (integer, bytes) = (subject.dialect.integer, subject.dialect.key_bytes);
        subject.run(&format!("CREATE TABLE hashed (id {bytes} PRIMARY KEY, v {integer})"));
        let table = subject.rows("hashed", &["id"], &["v"]).await;
        let keys: [&[u8]; 5] = [b"\0", b"\0\0", b"\xff", b"a", b"a "];
        let key = |key: &[u8]| vec![Cell::Blob(key.into())];
        let changes = keys.iter().zip(1_i64..);
        let changes =
            changes.map(|(id, v)| table.put(key(id), [("v", Cell::Integer(v))])).collect();
        table.store(changes).await.unwrap();
        for (id, v) in keys.iter().zip(1_i64..) {
            assert_eq!(
                table.cell(key(id), "v").await,
                Some(Cell::Integer(v)),
                "{}",
                subject.name()
            );
        }
    });
}

#[test]
fn the_same_key_may_be_asked_for_twice() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!("CREATE TABLE once (id {integer} PRIMARY KEY, v {integer})"));
        let table = subject.rows("once", &["id"], &["v"]).await;
        table.store(vec![table.put(1, [("v", Cell::Integer(9))])]).await.unwrap();
        let keys = vec![1.into_key(), 2.into_key(), 1.into_key(), "1".into_key()];
        let loaded = table.load(keys).await.unwrap();
        let found: Vec<_> = loaded.into_iter().map(|row| row.unwrap().is_some()).collect();
        assert_eq!(found, [true, false, true, true], "{}", subject.name());
    });
}

#[test]
fn a_key_that_nothing_makes_unique_is_refused() {
    for_each(async |subject| {
        let (integer, letters) = (subject.dialect.integer, subject.dialect.key_text);
        subject.run(&format!("CREATE TABLE loose (id {integer} PRIMARY KEY, name {letters})"));
        let error = subject.try_rows("loose", &["name"], &[]).await.err().unwrap();
        assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{}", subject.name());
        assert!(error.message().contains("CREATE UNIQUE INDEX"), "{}: {error}", subject.name());
        let statement = error.message().split_once("run: ").unwrap().1;
        subject.run(statement);
        let table = subject.rows("loose", &["name"], &["id"]).await;
        table.store(vec![table.put("tea", [("id", Cell::Integer(1))])]).await.unwrap();
        assert_eq!(table.cell("tea", "id").await, Some(Cell::Integer(1)), "{}", subject.name());
        assert_eq!(table.cell(vec![text("milk")], "id").await, None, "{}", subject.name());
    });
}
