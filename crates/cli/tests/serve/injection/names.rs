//! Names of tables, columns and prefixes, which come from the configuration.

use std::collections::BTreeSet;

use super::payloads::names;
use crate::kit::{Setup, on_every_model};
use crate::process::Process;

/// SQLite does not tell apart names that differ only in the case of ASCII letters.
fn distinct() -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    names().into_iter().filter(|name| seen.insert(name.to_ascii_lowercase())).collect()
}

/// A text as TOML has it.
fn toml(text: &str) -> String {
    let escape = |letter: char| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => format!("\\u{:04x}", u32::from(letter)),
        letter => letter.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Two keyspaces for each name: one over the rows of a table of that name, one over its column.
fn config(names: &[&str]) -> String {
    let mut text =
        "[sources.main]\nurl = \"sqlite:larder.db\"\nsynchronous = \"normal\"\n".to_owned();
    for (number, name) in names.iter().enumerate() {
        let table = format!(
            "source = \"main\"\nstrategy = \"write-through\"\ntable = {}\nkey = {}\n",
            toml(name),
            toml(&key_of(name)),
        );
        let (row, column) = (prefix("row", number, name), prefix("column", number, name));
        text += &format!("[keyspaces.row{number}]\nprefix = {}\n{table}", toml(&row));
        text += &format!("[keyspaces.column{number}]\nprefix = {}\n{table}", toml(&column));
        text += &format!("value = {}\n", toml(name));
    }
    text
}

fn key_of(name: &str) -> String {
    format!("{name} key")
}

fn prefix(kind: &str, number: usize, name: &str) -> String {
    format!("{kind}{number}{name}:")
}

fn tables(names: &[&str]) -> String {
    let table = |name: &&str| {
        let (key, name) = (quoted(&key_of(name)), quoted(name));
        format!("CREATE TABLE {name} ({key} TEXT PRIMARY KEY NOT NULL, {name});\n")
    };
    let kept = "CREATE TABLE \"kept\" (id INTEGER PRIMARY KEY, text TEXT);
                INSERT INTO kept VALUES (1, 'kept');\n";
    kept.to_owned() + &names.iter().map(table).collect::<String>()
}

/// The schema, and the rows that nobody names.
fn state(setup: &Setup) -> String {
    let query =
        "SELECT group_concat(name || sql, '|') || (SELECT group_concat(id || text) FROM kept)
                 FROM sqlite_schema WHERE sql IS NOT NULL";
    setup.database().query_row(query, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_table_a_column_and_a_prefix_may_have_any_name() {
    on_every_model(|setup| {
        // SQLite's own SQL ends at a NUL, so nobody can have made a table of such a name.
        let names: Vec<_> = distinct().into_iter().filter(|name| !name.contains('\0')).collect();
        let setup = setup.config(&config(&names)).sql(&tables(&names));
        let before = state(&setup);
        let larder = setup.start();
        let mut redis = larder.redis("");
        for (number, name) in names.iter().enumerate() {
            let row = prefix("row", number, name) + "k";
            let column = prefix("column", number, name) + "k";
            let set: i64 =
                redis::cmd("HSET").arg(&row).arg(name).arg(number).query(&mut redis).unwrap();
            let fields: Vec<String> = redis::cmd("HGETALL").arg(&row).query(&mut redis).unwrap();
            let value: String = redis::cmd("GET").arg(&column).query(&mut redis).unwrap();
            let number = number.to_string();
            assert_eq!((set, &value), (1, &number), "{name:?}");
            assert_eq!(fields, [&key_of(name), "k", *name, &number]);
            let query = format!("SELECT t.{name} FROM {name} AS t", name = quoted(name));
            assert_eq!(larder.row(&query).unwrap(), number);
        }
        assert_eq!(state(&larder.stop()), before);
    });
}

#[test]
fn a_name_that_is_nowhere_is_refused_and_nothing_is_made() {
    on_every_model(|setup| {
        let names = distinct();
        let setup = setup.config(&config(&names)).sql(&tables(&[]));
        let before = state(&setup);
        let output = Process::output(&mut setup.command(&[]));
        let report = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{report}");
        // Both keyspaces of a name lack their table.
        let places = report.matches("larder.toml:").count();
        assert_eq!(places, 2 * names.len(), "{report}");
        assert!(!report.contains("syntax error") && !report.contains("panicked"), "{report}");
        assert_eq!(state(&setup), before);
    });
}

#[test]
fn a_name_that_sqlite_keeps_for_itself_is_refused() {
    for name in ["sqlite_own", "SQLITE_x"] {
        let text = format!(
            "[sources.main]\nurl = \"sqlite:larder.db\"\n[keyspaces.{name}]\nprefix = \"a:\"\n\
             source = \"main\"\nstrategy = \"write-through\"\n"
        );
        let setup = Setup::new("reactors").config(&text).sql(&tables(&[]));
        let before = state(&setup);
        let output = Process::output(&mut setup.command(&[]));
        let report = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{report}");
        assert!(report.contains("larder.toml:3:") && report.contains("reserved"), "{report}");
        assert_eq!(state(&setup), before);
    }
}
