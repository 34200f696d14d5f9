//! Other programs at the same file, and handles that go away.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

#[tokio::test]
async fn a_store_is_busy_while_a_stranger_writes_and_reads_go_on() {
    let fixture =
        Fixture::new(&format!("{PERSON}; INSERT INTO person VALUES (1, 'a', 1, 'x')")).await;
    let table = people(&fixture).await;
    let stranger = fixture.stranger();
    stranger.execute_batch("BEGIN IMMEDIATE; UPDATE person SET age = 2").unwrap();
    let busy = store_one(&table, put(1, person("a", 3))).await;
    assert_eq!(kind(busy), Some(SourceErrorKind::Busy));
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("a", 1)));
    stranger.execute_batch("COMMIT").unwrap();
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("a", 2)));
    store_one(&table, put(1, person("a", 3))).await.unwrap();
}

#[test]
fn a_file_that_a_stranger_holds_is_busy_and_not_misconfigured() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("held.db");
    let stranger = rusqlite::Connection::open(&path).unwrap();
    stranger.execute_batch("CREATE TABLE t (k); BEGIN EXCLUSIVE").unwrap();
    let options = SqliteOptions::default().busy_timeout(Duration::from_millis(20));
    let error = Sqlite::open(&path, options).unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Busy);
    assert!(error.message().contains("held.db"), "{error}");
}

const HELD_FILE: &str = "LARDER_TEST_HELD_FILE";

/// The test's own program is the other process: it runs this very test with the file's name.
#[tokio::test]
async fn another_process_that_writes_makes_a_store_busy() {
    if let Some(path) = std::env::var_os(HELD_FILE) {
        return hold(path.as_ref());
    }
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    let mut holder = other_process(&fixture);
    let busy = store_one(&table, put(1, person("a", 1))).await;
    assert_eq!(kind(busy), Some(SourceErrorKind::Busy));
    holder.kill().unwrap();
    holder.wait().unwrap();
    store_one(&table, put(1, person("a", 1))).await.unwrap();
}

fn other_process(fixture: &Fixture) -> Child {
    let name = concat!(module_path!(), "::another_process_that_writes_makes_a_store_busy");
    let (_crate, name) = name.split_once("::").unwrap();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(HELD_FILE, fixture.sqlite.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(holder.stdout.take().unwrap());
    let held = output.lines().map_while(Result::ok).any(|line| line.ends_with("held"));
    assert!(held, "the other process did not take the lock");
    holder
}

/// Holds the lock until it is killed, or until whoever would do so is gone.
fn hold(path: &std::path::Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    println!("held");
    assert!(std::io::stdin().lines().next().is_none());
}

#[tokio::test]
async fn the_last_handle_may_go_inside_a_job() {
    let fixture = Fixture::new(PERSON).await;
    let Fixture { sqlite, folder } = fixture;
    let own = sqlite.clone();
    let done = sqlite.write(move |connection| {
        connection.execute_batch("INSERT INTO person (id, age) VALUES (1, 1)")?;
        own.close();
        drop(own);
        Ok(())
    });
    done.await.unwrap();
    assert_eq!(kind(sqlite.read(|_| Ok(())).await), Some(SourceErrorKind::Unavailable));
    drop(sqlite);
    let stranger = rusqlite::Connection::open(folder.path().join("test.db")).unwrap();
    let count = stranger.query_row("SELECT count(*) FROM person", [], |row| row.get::<_, i64>(0));
    assert_eq!(count.unwrap(), 1);
}

#[tokio::test]
async fn a_load_that_nobody_awaits_any_more_is_not_run() {
    let fixture = Fixture::with(PERSON, SqliteOptions::default().readers(1)).await;
    let table = people(&fixture).await;
    let (open, opened) = std::sync::mpsc::channel::<()>();
    let mut gate = Box::pin(fixture.sqlite.read(move |_| Ok(opened.recv().is_err())));
    // Queued by its first poll: the only reader takes it before the load.
    assert!(futures_util::poll!(&mut gate).is_pending());
    {
        let mut load = table.load(vec![1]);
        assert!(futures_util::poll!(&mut load).is_pending());
    }
    drop(open);
    assert!(gate.await.unwrap());
    fixture.sqlite.read(|_| Ok(())).await.unwrap();
    assert_eq!(fixture.sqlite.queries().loads, 0);
}
