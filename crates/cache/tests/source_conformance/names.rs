//! Names of tables and columns.

use larder::source::SourceErrorKind;
use larder::source::row::Cell;

use crate::subject::{for_each, text};

/// Words that SQL keeps for itself, and characters that have to be quoted.
const NAMES: [&str; 9] =
    ["select", "from where", "ü", "it's", "a\"b", "a`b", "a;b--", "%s", "UPPER lower"];

#[test]
fn tables_and_columns_may_have_any_name() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        let quoted = |name: &str| subject.dialect.quoted(name);
        for name in NAMES {
            let (key, value) = (format!("{name} key"), format!("{name} value"));
            subject.run(&format!(
                "CREATE TABLE {} ({} {integer} PRIMARY KEY, {} {})",
                quoted(name),
                quoted(&key),
                quoted(&value),
                subject.dialect.text,
            ));
            let table = subject.rows(name, &[&key], &[&value]).await;
            let put = |id| table.put(id, [(value.as_str(), text(name))]);
            table.store(vec![put(1), put(2)]).await.unwrap();
            table.store(vec![put(2), crate::subject::delete(1)]).await.unwrap();
            assert_eq!(table.cell(1, &value).await, None, "{} {name:?}", subject.name());
            assert_eq!(
                table.cell(2, &value).await,
                Some(text(name)),
                "{} {name:?}",
                subject.name()
            );
        }
    });
}

#[test]
fn a_name_that_is_wrong_is_answered_with_those_that_exist() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!("CREATE TABLE airports (id {integer} PRIMARY KEY, town {integer})"));
        let error = subject.try_rows("airprots", &[], &[]).await.err().unwrap();
        assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{}", subject.name());
        assert!(error.message().contains("did you mean \"airports\"?"), "{error}");
        let error = subject.try_rows("airports", &[], &["twon"]).await.err().unwrap();
        assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{}", subject.name());
        assert!(error.message().contains("did you mean \"town\"?"), "{error}");
    });
}

#[test]
fn a_view_and_a_table_without_a_key_are_refused() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!("CREATE TABLE keyless (v {integer})"));
        subject.run("CREATE VIEW seen AS SELECT v FROM keyless");
        for name in ["keyless", "seen"] {
            let error = subject.try_rows(name, &[], &[]).await.err().unwrap();
            assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{} {name}", subject.name());
        }
    });
}

#[test]
fn a_table_that_goes_away_is_a_matter_of_set_up() {
    for_each(async |subject| {
        let integer = subject.dialect.integer;
        subject.run(&format!("CREATE TABLE passing (id {integer} PRIMARY KEY, v {integer})"));
        let table = subject.rows("passing", &["id"], &["v"]).await;
        table.store(vec![table.put(1, [("v", Cell::Integer(1))])]).await.unwrap();
        subject.run("DROP TABLE passing");
        let load = table.load(vec![vec![Cell::Integer(1)]]).await;
        let load = load.and_then(|mut rows| rows.remove(0));
        let store = table.store(vec![table.put(1, [("v", Cell::Integer(1))])]).await;
        for error in [load.err().unwrap(), store.err().unwrap()] {
            assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{}: {error}", subject.name());
        }
    });
}
