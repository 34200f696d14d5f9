//! Errors: which of them trying again can help against.

use larder::source::SourceErrorKind;
use larder::source::row::Cell;

use crate::subject::{for_each, kind, text};

#[test]
fn a_value_that_the_table_refuses_is_rejected() {
    for_each(async |subject| {
        let (integer, letters) = (subject.dialect.integer, subject.dialect.text);
        subject.run(&format!(
            "CREATE TABLE strict (id {integer} PRIMARY KEY, number {integer}, \
             name {letters} NOT NULL, even {integer} CHECK (even % 2 = 0))"
        ));
        subject.run(&format!(
            "CREATE TABLE child (id {integer} PRIMARY KEY, parent {integer}, \
             FOREIGN KEY (parent) REFERENCES strict (id))"
        ));
        let table = subject.rows("strict", &["id"], &["number", "name", "even"]).await;
        let children = subject.rows("child", &["id"], &["parent"]).await;
        let named = ("name", text("tea"));
        let mut refused = vec![
            table.store(vec![table.put(1, [("name", Cell::Null)])]).await,
            table.store(vec![table.put(1, [named.clone(), ("even", Cell::Integer(3))])]).await,
            children.store(vec![children.put(1, [("parent", Cell::Integer(99))])]).await,
        ];
        if subject.dialect.has_strict_types {
            let number = ("number", text("seven"));
            refused.push(table.store(vec![table.put(1, [named.clone(), number])]).await);
            let number = ("number", Cell::Decimal("9223372036854775808".into()));
            refused.push(table.store(vec![table.put(1, [named, number])]).await);
        }
        for answer in refused {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), SourceErrorKind::Rejected, "{}: {error}", subject.name());
            assert!(!error.is_retryable());
        }
    });
}

#[test]
fn a_batch_after_a_refused_one_is_stored() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!(
            "CREATE TABLE recovers (id {integer} PRIMARY KEY, v {integer} NOT NULL)"
        ));
        let table = subject.rows("recovers", &["id"], &["v"]).await;
        for round in 0..5 {
            let refused = table.store(vec![table.put(round, [("v", Cell::Null)])]).await;
            assert_eq!(kind(refused), Some(SourceErrorKind::Rejected), "{}", subject.name());
            table.store(vec![table.put(round, [("v", Cell::Integer(round))])]).await.unwrap();
        }
        assert_eq!(subject.run("SELECT count(*) FROM recovers"), "5");
    });
}

#[test]
fn two_writers_of_the_same_rows_both_end() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject
            .run(&format!("CREATE TABLE fought (id {integer} PRIMARY KEY, v {integer} NOT NULL)"));
        let table = subject.rows("fought", &["id"], &["v"]).await;
        let writer = |mut keys: Vec<i64>, v: i64| {
            let table = table.clone();
            keys.rotate_left(3);
            async move {
                for _ in 0..20 {
                    let puts = keys.iter().map(|id| table.put(*id, [("v", Cell::Integer(v))]));
                    match table.store(puts.collect()).await {
                        Ok(_) => {}
                        // A deadlock's victim has to be told that it may try again.
                        Err(error) => assert_eq!(error.kind(), SourceErrorKind::Busy, "{error}"),
                    }
                }
            }
        };
        let forth = tokio::spawn(writer((0..20).collect(), 1));
        let back = tokio::spawn(writer((0..20).rev().collect(), 2));
        forth.await.unwrap();
        back.await.unwrap();
        let values = subject.run("SELECT min(v) = max(v), count(*) FROM fought");
        assert!(["1\t20", "t\t20"].contains(&values.as_str()), "{}: {values}", subject.name());
    });
}
