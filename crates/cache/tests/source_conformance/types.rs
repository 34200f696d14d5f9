//! The types of columns.

use larder::source::row::{Cell, ColumnType};

use crate::subject::for_each;

#[test]
fn every_type_comes_back_as_it_went() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        for (at, kind) in (subject.dialect.types)().into_iter().enumerate() {
            let (name, declared) = (format!("type_{at}"), kind.declared);
            subject.run(&format!("CREATE TABLE {name} (id {integer} PRIMARY KEY, v {declared})"));
            let table = subject.rows(&name, &["id"], &["v"]).await;
            let cells: Vec<Cell> = [kind.cells, vec![Cell::Null]].concat();
            let changes = cells.iter().zip(0_i64..);
            let changes =
                changes.map(|(cell, key)| table.put(key, [("v", cell.clone())])).collect();
            let stored = table.store(changes).await;
            let stored =
                stored.unwrap_or_else(|error| panic!("{} {declared}: {error}", subject.name()));
            for ((cell, key), stored) in cells.iter().zip(0_i64..).zip(stored) {
                let context = format!("{} {declared}", subject.name());
                assert_eq!(stored.value.unwrap().cell(0), Some(cell), "{context}, stored");
                assert_eq!(table.cell(key, "v").await.as_ref(), Some(cell), "{context}, loaded");
            }
        }
    });
}

#[test]
fn null_is_a_value_and_not_absence() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!("CREATE TABLE maybe (id {integer} PRIMARY KEY, v {integer})"));
        let table = subject.rows("maybe", &["id"], &["v"]).await;
        table.store(vec![table.put(1, [("v", Cell::Null)])]).await.unwrap();
        assert_eq!(table.cell(1, "v").await, Some(Cell::Null), "{}", subject.name());
        assert_eq!(table.cell(2, "v").await, None, "{}", subject.name());
    });
}

#[test]
fn a_column_says_what_it_holds_and_whether_it_may_be_null() {
    for_each(async |subject| {
        let (integer, text) = (subject.dialect.integer, subject.dialect.text);
        let columns = format!("id {integer} PRIMARY KEY, a {text} NOT NULL, b {text}");
        subject.run(&format!("CREATE TABLE described ({columns})"));
        let table = subject.rows("described", &["id"], &[]).await;
        let told: Vec<_> = table
            .columns
            .iter()
            .map(|column| (&*column.name, column.kind, column.nullable))
            .collect();
        let expected = [
            ("id", ColumnType::Integer, false),
            ("a", ColumnType::Text, false),
            ("b", ColumnType::Text, true),
        ];
        assert_eq!(told, expected, "{}", subject.name());
    });
}
