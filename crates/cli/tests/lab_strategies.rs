//! `larder lab strategies`, at a size that proves nothing about speed.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

use std::path::Path;
use std::process::{Command, Output};

use larder_kit::{Database, Product, mariadb, postgres};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

const SMALL: [&str; 8] = ["--rounds", "1", "--seconds", "0.1", "--keys", "200", "--clients", "4"];

const STRATEGIES: [&str; 7] = [
    "database-alone",
    "cache-aside",
    "read-through",
    "write-through",
    "write-through-cache-first",
    "write-behind",
    "write-around",
];

/// Where a run writes its report.
fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn lab(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.current_dir(folder).args(["lab", "strategies", "--quick", "--out", "report"]);
    command.args(SMALL).args(arguments);
    command
}

/// The parts of the report of a run that ends well.
fn measured(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = lab(folder, arguments);
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(folder.join("report/strategies.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    report["parts"].as_array().unwrap().clone()
}

/// The rows of the table whose title begins so.
fn rows<'r>(parts: &'r [Value], title: &str) -> &'r Vec<Value> {
    let tables = parts.iter().filter_map(|part| part.get("table"));
    let mut named = tables.filter(|table| table["title"].as_str().unwrap().starts_with(title));
    named.next().unwrap()["rows"].as_array().unwrap()
}

/// What a row is called.
fn name(row: &Value) -> &str {
    row[0]["text"].as_str().unwrap()
}

fn row<'r>(rows: &'r [Value], strategy: &str) -> &'r Value {
    rows.iter().find(|row| name(row) == strategy).unwrap()
}

/// The middle figure of a cell.
fn figure(cell: &Value) -> f64 {
    cell["measured"][0]["median"].as_f64().unwrap()
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = lab(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn every_strategy_is_measured_under_the_workloads_that_were_named() {
    let folder = folder();
    let parts = measured(folder.path(), &["--workload", "half-and-half,log"]);
    for workload in ["half-and-half", "log"] {
        let rows = rows(&parts, workload);
        assert_eq!(rows.iter().map(name).collect::<Vec<_>>(), STRATEGIES);
        assert!(rows.iter().all(|row| figure(&row[1]) > 0.0), "{rows:?}");
    }
    let half = rows(&parts, "half-and-half");
    assert_eq!(row(half, "database-alone")[6]["absent"], "no cache");
    let hits = |strategy| figure(&row(half, strategy)[6]);
    assert!(STRATEGIES[1..].iter().all(|strategy| (0.0..100.0).contains(&hits(strategy))));
    assert!(hits("write-through") > 0.0, "{half:?}");
    // Every write reaches the database, but for those that a later one has replaced in the queue.
    let written = |strategy| figure(&row(half, strategy)[8]);
    assert!((written("database-alone") - 0.5).abs() < 0.2, "{half:?}");
    assert!((written("write-through") - 0.5).abs() < 0.2, "{half:?}");
    assert!(written("write-behind") > 0.0 && written("write-behind") < 0.7, "{half:?}");
    let page = std::fs::read_to_string(folder.path().join("report/strategies.html")).unwrap();
    assert!(page.contains("write-around"));
}

#[test]
fn a_write_past_the_cache_is_seen_as_stale_and_no_acknowledged_write_is_lost() {
    let folder = folder();
    let parts = measured(folder.path(), &["--workload", "hot-key", "--ttl", "0.5"]);
    let past = rows(&parts, "Where somebody writes past the cache");
    let stale = |strategy| figure(&row(past, strategy)[1]);
    assert_eq!(stale("database-alone"), 0.0);
    assert!(STRATEGIES[1..].iter().all(|strategy| stale(strategy) > 0.0), "{past:?}");
    let crashed = rows(&parts, "Writes lost");
    for strategy in &STRATEGIES[1..] {
        let row = row(crashed, strategy);
        assert_ne!(row[1]["text"], "0", "{crashed:?}");
        assert_eq!(row[2]["text"], "0", "{crashed:?}");
    }
    assert_ne!(row(crashed, "write-behind-in-memory")[2]["text"], "0", "{crashed:?}");
}

#[test]
fn a_trace_is_replayed() {
    let folder = folder();
    std::fs::write(folder.path().join("keys.lis"), "1 50 0 1\n20 10 0 2\n1 5 0 3\n").unwrap();
    let arguments = ["--trace", "keys.lis", "--workload", "trace", "--strategy", "read-through"];
    let parts = measured(folder.path(), &arguments);
    let rows = rows(&parts, "trace");
    assert_eq!(rows.iter().map(name).collect::<Vec<_>>(), ["database-alone", "read-through"]);
}

#[test]
fn what_cannot_be_measured_is_refused_with_a_reason() {
    let folder = folder();
    let said = refused(folder.path(), &["--strategy", "write-back"]);
    assert!(said.contains("no strategy \"write-back\""), "{said}");
    let said = refused(folder.path(), &["--workload", "trace"]);
    assert!(said.contains("--trace"), "{said}");
    let said = refused(folder.path(), &["--source", "oracle:shop"]);
    assert!(said.contains("postgres://"), "{said}");
    assert!(!folder.path().join("report").exists());
}

#[test]
fn a_table_of_somebody_elses_is_left_alone() {
    let folder = folder();
    let database = Connection::open(folder.path().join("shop.db")).unwrap();
    let table = "CREATE TABLE larder_lab_strategies (precious); \
                 INSERT INTO larder_lab_strategies VALUES (1)";
    database.execute_batch(table).unwrap();
    let said = refused(folder.path(), &["--source", "sqlite:shop.db"]);
    assert!(said.contains("larder_lab_strategies"), "{said}");
    let left =
        database.query_row("SELECT precious FROM larder_lab_strategies", [], |row| row.get(0));
    assert_eq!(left, Ok(1));
}

#[test]
fn nothing_is_left_in_a_database_that_was_named() {
    let folder = folder();
    let arguments =
        ["--source", "sqlite:shop.db", "--strategy", "write-behind", "--workload", "log"];
    measured(folder.path(), &arguments);
    assert_eq!(tables(folder.path()), 0);
}

#[test]
fn nothing_is_left_after_a_run_that_failed() {
    let folder = folder();
    let mut command = command(folder.path(), &["--source", "sqlite:shop.db"]);
    let output = command.env("LARDER_BINARY", "nowhere/larder").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("nowhere/larder"), "{said}");
    assert_eq!(tables(folder.path()), 0);
}

/// How many there are in `shop.db`.
fn tables(folder: &Path) -> i64 {
    let database = Connection::open(folder.join("shop.db")).unwrap();
    database.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap()
}

#[test]
fn servers_are_measured_and_nothing_is_left_in_them() {
    leaves_nothing(&postgres::shared().database().unwrap(), "public");
    let database = mariadb::shared().database().unwrap();
    leaves_nothing(&database, database.name());
}

fn leaves_nothing<P: Product>(database: &Database<P>, schema: &str) {
    let folder = folder();
    let url = database.url();
    let arguments =
        ["--source", &url, "--strategy", "cache-aside,write-behind", "--workload", "half-and-half"];
    let parts = measured(folder.path(), &arguments);
    let rows = rows(&parts, "half-and-half");
    assert!(rows.iter().all(|row| figure(&row[1]) > 0.0), "{rows:?}");
    let tables =
        format!("SELECT count(*) FROM information_schema.tables WHERE table_schema = '{schema}'");
    assert_eq!(database.run(&tables).unwrap().trim(), "0");
}
