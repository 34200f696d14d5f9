//! Batches: one query, one transaction, in order.

use larder::journal::{Lane, Mark, Sequence};
use larder::source::row::Cell;
use larder::source::{Fence, Holder, SourceErrorKind};

use crate::subject::{Subject, Table, delete, for_each, kind, text};

async fn stock(subject: &Subject) -> Table {
    let (integer, letters) = (subject.dialect.integer, subject.dialect.key_text);
    subject.run(&format!(
        "CREATE TABLE stock (id {integer} PRIMARY KEY, name {letters} NOT NULL, \
         shelf {integer} DEFAULT 4, count {integer} NOT NULL CHECK (count >= 0), UNIQUE (name))"
    ));
    subject.rows("stock", &["id"], &["name", "shelf", "count"]).await
}

fn item(name: &str, count: i64) -> [(&str, Cell); 2] {
    [("name", text(name)), ("count", Cell::Integer(count))]
}

#[test]
fn ten_thousand_keys_are_one_query() {
    for_each(async |subject| {
        let (integer, letters) = (subject.dialect.integer, subject.dialect.text);
        subject.run(&format!("CREATE TABLE many (id {integer} PRIMARY KEY, name {letters})"));
        let table = subject.rows("many", &["id"], &["name"]).await;
        let changes = (0..10_000).map(|id| table.put(id, [("name", text(&format!("n{id}")))]));
        table.store(changes.collect()).await.unwrap();
        let before = subject.loads();
        let keys = (0..10_000).rev().map(|id| vec![Cell::Integer(id)]).collect();
        let loaded = table.load(keys).await.unwrap();
        assert_eq!(subject.loads(), before.map(|before| before + 1), "{}", subject.name());
        for (id, row) in (0..10_000).rev().zip(loaded) {
            let row = row.unwrap().unwrap();
            assert_eq!(row.cell(0), Some(&text(&format!("n{id}"))), "{}", subject.name());
        }
    });
}

#[test]
fn a_put_inserts_and_then_updates_and_shows_defaults() {
    for_each(async |subject| {
        let table = stock(subject).await;
        let changes = vec![table.put(1, item("tea", 3)), table.put(1, item("tea", 4))];
        let stored = table.store(changes).await.unwrap();
        let whole = |count| {
            let cells = [("name", text("tea")), ("shelf", Cell::Integer(4)), ("count", count)];
            Some(table.row(cells))
        };
        assert_eq!(stored[0].value, whole(Cell::Integer(3)), "{}", subject.name());
        assert_eq!(stored[1].value, whole(Cell::Integer(4)), "{}", subject.name());
        assert_eq!([stored[0].existed, stored[1].existed], [Some(false), Some(true)]);
    });
}

#[test]
fn one_batch_may_hold_a_key_many_times() {
    for_each(async |subject| {
        let table = stock(subject).await;
        let changes = vec![
            table.put(1, item("a", 1)),
            table.put(2, item("b", 1)),
            delete(1),
            table.put(1, item("c", 2)),
            delete(2),
            table.put(1, item("d", 3)),
            delete(3),
        ];
        let stored = table.store(changes).await.unwrap();
        let existed: Vec<_> = stored.iter().map(|stored| stored.existed.unwrap()).collect();
        assert_eq!(existed, [false, false, true, false, true, true, false], "{}", subject.name());
        assert_eq!(table.cell(1, "name").await, Some(text("d")), "{}", subject.name());
        assert_eq!(table.cell(2, "name").await, None, "{}", subject.name());
    });
}

#[test]
fn the_order_of_different_keys_is_kept() {
    for_each(async |subject| {
        let table = stock(subject).await;
        table.store(vec![table.put(1, item("tea", 1))]).await.unwrap();
        // The name is free only once the first row has given it up.
        let handed_on = vec![table.put(1, item("milk", 1)), table.put(2, item("tea", 2))];
        table.store(handed_on).await.unwrap();
        let handed_on = vec![delete(2), table.put(3, item("tea", 3))];
        table.store(handed_on).await.unwrap();
        assert_eq!(table.cell(3, "name").await, Some(text("tea")), "{}", subject.name());
    });
}

#[test]
fn a_part_of_a_row_leaves_the_rest_alone() {
    for_each(async |subject| {
        let table = stock(subject).await;
        table
            .store(vec![table.put(1, item("tea", 3)), table.put(2, item("milk", 5))])
            .await
            .unwrap();
        let parts = vec![
            table.put(1, [("count", Cell::Integer(7))]),
            table.put(2, [("shelf", Cell::Null)]),
        ];
        let stored = table.store(parts).await.unwrap();
        assert_eq!(stored[0].value.as_ref().unwrap().cell(0), Some(&text("tea")));
        assert_eq!(table.cell(1, "count").await, Some(Cell::Integer(7)), "{}", subject.name());
        assert_eq!(table.cell(2, "shelf").await, Some(Cell::Null), "{}", subject.name());
        assert_eq!(table.cell(2, "count").await, Some(Cell::Integer(5)), "{}", subject.name());
        let lacking = table.store(vec![table.put(3, [("count", Cell::Integer(7))])]).await;
        assert_eq!(kind(lacking), Some(SourceErrorKind::Rejected), "{}", subject.name());
    });
}

#[test]
fn a_part_of_a_row_is_checked_together_with_the_rest_that_is_there() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!(
            "CREATE TABLE span (id {integer} PRIMARY KEY, low {integer} NOT NULL DEFAULT 0, \
             high {integer} NOT NULL DEFAULT 0, CHECK (low <= high))"
        ));
        let table = subject.rows("span", &["id"], &["low", "high"]).await;
        let whole = |id| table.put(id, [("low", Cell::Integer(1)), ("high", Cell::Integer(10))]);
        table.store(vec![whole(1), whole(2)]).await.unwrap();
        // A new row of this part alone would be refused.
        let part = |id, low| table.put(id, [("low", Cell::Integer(low))]);
        for batch in [vec![part(1, 5), part(2, 6)], vec![part(1, 7)]] {
            let stored = table.store(batch).await;
            assert!(stored.is_ok(), "{}: {stored:?}", subject.name());
        }
        assert_eq!(table.cell(1, "low").await, Some(Cell::Integer(7)), "{}", subject.name());
        for batch in [
            vec![part(1, 11)],
            vec![part(3, 1)],
            vec![part(1, 8), part(3, 1)],
            vec![part(1, 8), part(2, 11)],
        ] {
            let refused = table.store(batch).await;
            assert_eq!(kind(refused), Some(SourceErrorKind::Rejected), "{}", subject.name());
        }
        assert_eq!(table.cell(1, "low").await, Some(Cell::Integer(7)), "{}", subject.name());
    });
}

#[test]
fn a_row_may_be_nothing_but_its_key() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!("CREATE TABLE member (id {integer} PRIMARY KEY, since {integer})"));
        let table = subject.rows("member", &["id"], &[]).await;
        let bare = |id| table.put(id, [("id", Cell::Integer(id))]);
        let stored = table.store(vec![bare(1), bare(2), bare(1)]).await.unwrap();
        let existed: Vec<_> = stored.iter().map(|stored| stored.existed.unwrap()).collect();
        assert_eq!(existed, [false, false, true], "{}", subject.name());
        let other = table.store(vec![table.put(1, [("id", Cell::Integer(2))])]).await;
        assert_eq!(kind(other), Some(SourceErrorKind::Rejected), "{}", subject.name());
    });
}

#[test]
fn a_refused_batch_changes_nothing() {
    for_each(async |subject| {
        let table = stock(subject).await;
        table.store(vec![table.put(1, item("tea", 3))]).await.unwrap();
        let refused = vec![table.put(1, item("tea", 4)), delete(1), table.put(2, item("milk", -1))];
        let error = table.store(refused).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Rejected, "{}: {error}", subject.name());
        assert_eq!(table.cell(1, "count").await, Some(Cell::Integer(3)), "{}", subject.name());
        assert_eq!(table.cell(2, "count").await, None, "{}", subject.name());
    });
}

#[test]
fn another_unique_index_refuses_a_row_and_never_changes_another_ones() {
    for_each(async |subject| {
        let table = stock(subject).await;
        table.store(vec![table.put(1, item("tea", 3))]).await.unwrap();
        let error = table.store(vec![table.put(2, item("tea", 9))]).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Rejected, "{}: {error}", subject.name());
        let several = vec![table.put(3, item("milk", 1)), table.put(4, item("milk", 2))];
        let error = table.store(several).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Rejected, "{}: {error}", subject.name());
        // A journal's batch is not read again, so nothing but the statement itself could tell.
        let fences = table.source.fences().unwrap();
        let epoch = fences.take_over("orders".into(), Holder(1)).await.unwrap().epoch;
        let marks = vec![Mark { lane: Lane(0), sequence: Sequence(1) }];
        let fence = Fence { journal: "orders".into(), epoch, marks };
        let changes = vec![table.put(2, item("tea", 9)), table.put(5, item("rice", 1))];
        let error = fences.store_fenced(changes, fence).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Rejected, "{}: {error}", subject.name());
        assert_eq!(subject.run("SELECT id, name, count FROM stock"), "1\ttea\t3");
    });
}

#[test]
fn a_put_of_what_is_there_already_is_a_put() {
    for_each(async |subject| {
        let table = stock(subject).await;
        for existed in [false, true, true] {
            let stored = table.store(vec![table.put(1, item("tea", 3))]).await.unwrap();
            assert_eq!(stored[0].existed, Some(existed), "{}", subject.name());
        }
        let part = table.store(vec![table.put(1, [("count", Cell::Integer(3))])]).await.unwrap();
        assert_eq!(part[0].existed, Some(true), "{}", subject.name());
    });
}

#[test]
fn generated_columns_are_left_to_the_database() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!(
            "CREATE TABLE computed (id {integer} PRIMARY KEY, a {integer}, \
             b {integer} GENERATED ALWAYS AS (a * 2) STORED)"
        ));
        let table = subject.rows("computed", &["id"], &["a", "b"]).await;
        let row = [("a", Cell::Integer(3)), ("b", Cell::Integer(99))];
        let stored = table.store(vec![table.put(1, row)]).await.unwrap();
        let stored = stored[0].value.as_ref().unwrap();
        assert_eq!(stored.cell(1), Some(&Cell::Integer(6)), "{}", subject.name());
    });
}

#[test]
fn a_megabyte_of_text_is_a_value_like_any_other() {
    for_each(async |subject| {
        let (integer, letters) = (subject.dialect.integer, subject.dialect.text);
        subject.run(&format!("CREATE TABLE books (id {integer} PRIMARY KEY, body {letters})"));
        let table = subject.rows("books", &["id"], &["body"]).await;
        let body = "tea é 🫖 ".repeat(80_000);
        let changes = (0..12).map(|id| table.put(id, [("body", text(&body))])).collect();
        table.store(changes).await.unwrap();
        assert_eq!(table.cell(11, "body").await, Some(text(&body)), "{}", subject.name());
    });
}
