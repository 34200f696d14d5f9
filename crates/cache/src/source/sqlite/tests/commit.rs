//! Transactions: what shares one, what undoes it, and what stays of a job that fails.

use std::sync::mpsc;

use futures_util::future::join_all;

use super::*;
use crate::source::sqlite::SqliteOptions;

/// Keeps a database's writer busy until it is opened.
struct Gate {
    open: mpsc::Sender<()>,
    job: tokio::task::JoinHandle<Result<(), SourceError>>,
}

impl Gate {
    async fn shut(sqlite: &Sqlite) -> Self {
        let (open, opened) = mpsc::channel();
        let (enter, entered) = tokio::sync::oneshot::channel();
        let sqlite = sqlite.clone();
        let job = tokio::spawn(async move {
            let wait = move |_: &rusqlite::Connection| {
                enter.send(()).unwrap();
                opened.recv().unwrap();
                Ok(())
            };
            sqlite.write(wait).await
        });
        entered.await.unwrap();
        Self { open, job }
    }

    async fn open(self) {
        self.open.send(()).unwrap();
        self.job.await.unwrap().unwrap();
    }
}

/// Stores each batch as a job of its own; all of them queue before the first one runs.
async fn store_together<V: Send + 'static>(
    fixture: &Fixture,
    table: &SqliteTable<i64, V>,
    batches: Vec<Vec<Change<i64, V>>>,
) -> Vec<Option<SourceErrorKind>> {
    let gate = Gate::shut(&fixture.sqlite).await;
    let stores = join_all(batches.into_iter().map(|batch| table.store(batch)));
    // The stores queue when first polled, which is before the gate's turn.
    let (answers, ()) = tokio::join!(biased; stores, gate.open());
    answers.into_iter().map(kind).collect()
}

#[tokio::test]
async fn stores_that_wait_share_a_commit() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    let before = fixture.sqlite.queries().commits;
    let batches = (0..50).map(|key| vec![put(key, person("p", key))]).collect();
    let answers = store_together(&fixture, &table, batches).await;
    assert_eq!(answers, vec![None; 50]);
    assert_eq!(fixture.sqlite.queries().commits - before, 2, "the gate's and theirs");
    assert_eq!(fixture.ask("SELECT count(*) FROM person").await, "50");
}

#[tokio::test]
async fn a_store_that_fails_leaves_those_beside_it_alone() {
    let fixture = Fixture::new(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age INTEGER CHECK (age < 9))",
    )
    .await;
    let table = people(&fixture).await;
    let batch = |key, age| vec![put(key, person("p", 1)), put(key + 1, person("p", age))];
    let answers =
        store_together(&fixture, &table, vec![batch(10, 1), batch(20, 99), batch(30, 1)]).await;
    assert_eq!(answers, [None, Some(SourceErrorKind::Rejected), None]);
    assert_eq!(fixture.ask("SELECT group_concat(id) FROM person").await, "10,11,30,31");
}

#[tokio::test]
async fn a_constraint_checked_at_the_commit_hits_the_guilty_store_alone() {
    let fixture = Fixture::new(
        "CREATE TABLE town (id INTEGER PRIMARY KEY); INSERT INTO town VALUES (1); \
         CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, \
           age INTEGER REFERENCES town DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let table = people(&fixture).await;
    let batch = |key, age| vec![put(key, person("p", age))];
    let answers =
        store_together(&fixture, &table, vec![batch(1, 1), batch(2, 99), batch(3, 1)]).await;
    assert_eq!(answers, [None, Some(SourceErrorKind::Rejected), None]);
    assert_eq!(fixture.ask("SELECT group_concat(id) FROM person").await, "1,3");
}

#[tokio::test]
async fn a_trigger_that_rolls_everything_back_hits_the_guilty_store_alone() {
    let fixture = Fixture::new(&format!(
        "{PERSON}; CREATE TRIGGER t BEFORE INSERT ON person WHEN new.age = 99 \
         BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END"
    ))
    .await;
    let table = people(&fixture).await;
    let batch = |key, age| vec![put(key, person("p", age))];
    let answers =
        store_together(&fixture, &table, vec![batch(1, 1), batch(2, 99), batch(3, 1)]).await;
    assert_eq!(answers, [None, Some(SourceErrorKind::Rejected), None]);
    assert_eq!(fixture.ask("SELECT group_concat(id) FROM person").await, "1,3");
}

#[tokio::test]
async fn a_panic_undoes_its_own_job_and_the_thread_goes_on() {
    let fixture = Fixture::new(PERSON).await;
    let panic = |connection: &rusqlite::Connection| -> Result<(), SourceError> {
        connection.execute_batch("INSERT INTO person (id, age) VALUES (1, 1)")?;
        panic!("at the {}", "disco")
    };
    for answer in [fixture.sqlite.write(panic).await, fixture.sqlite.read(|_| panic!("no")).await] {
        assert_eq!(kind(answer), Some(SourceErrorKind::Panicked));
    }
    let said = fixture.sqlite.write(panic).await.unwrap_err();
    assert!(said.message().contains("at the disco"), "{said}");
    assert_eq!(fixture.ask("SELECT count(*) FROM person").await, "0");
    fixture.run("INSERT INTO person (id, age) VALUES (1, 1)").await;
}

#[tokio::test]
async fn work_that_fails_is_rolled_back() {
    let fixture = Fixture::new(PERSON).await;
    let fail = |connection: &rusqlite::Connection| -> Result<(), SourceError> {
        connection.execute_batch("INSERT INTO person (id, age) VALUES (1, 1)")?;
        Ok(connection.execute_batch("INSERT INTO nothing VALUES (1)")?)
    };
    assert_eq!(kind(fixture.sqlite.write(fail).await), Some(SourceErrorKind::Misconfigured));
    assert_eq!(fixture.ask("SELECT count(*) FROM person").await, "0");
}

#[tokio::test]
async fn work_that_ends_its_transaction_has_an_unknown_outcome() {
    let fixture = Fixture::new(PERSON).await;
    let commit = |connection: &rusqlite::Connection| Ok(connection.execute_batch("COMMIT")?);
    assert_eq!(kind(fixture.sqlite.write(commit).await), Some(SourceErrorKind::Unknown));
    fixture.run("INSERT INTO person (id, age) VALUES (1, 1)").await;
}

#[tokio::test]
async fn a_reader_cannot_write_and_leaves_no_transaction_behind() {
    let fixture = Fixture::with(PERSON, SqliteOptions::default().readers(1)).await;
    let write = |connection: &rusqlite::Connection| {
        Ok(connection.execute_batch("BEGIN; INSERT INTO person (id, age) VALUES (1, 1)")?)
    };
    assert_eq!(kind(fixture.sqlite.read(write).await), Some(SourceErrorKind::Misconfigured));
    let is_free = |connection: &rusqlite::Connection| Ok(connection.is_autocommit());
    assert!(fixture.sqlite.read(is_free).await.unwrap());
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let fixture = Fixture::with(PERSON, SqliteOptions::default().queue(2)).await;
    let table = people(&fixture).await;
    let batches = (0..3).map(|key| vec![put(key, person("p", key))]).collect();
    let answers = store_together(&fixture, &table, batches).await;
    assert_eq!(answers, [None, None, Some(SourceErrorKind::Unavailable)]);
    assert_eq!(fixture.ask("SELECT count(*) FROM person").await, "2");
}

#[tokio::test]
async fn closing_finishes_what_is_queued_and_refuses_the_rest() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    let gate = Gate::shut(&fixture.sqlite).await;
    let mut stores = join_all((0..20).map(|key| table.store(vec![put(key, person("p", key))])));
    assert!(futures_util::poll!(&mut stores).is_pending(), "all of them are queued");
    gate.open.send(()).unwrap();
    fixture.sqlite.close();
    assert!(stores.await.iter().all(Result::is_ok));
    let count = "SELECT count(*) FROM person";
    let count: i64 = fixture.stranger().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 20);
    assert_eq!(kind(load_one(&table, 1).await), Some(SourceErrorKind::Unavailable));
    assert_eq!(kind(table.store(vec![delete(1)]).await), Some(SourceErrorKind::Unavailable));
}
