//! Servers that die, hang, refuse or are slow.

use std::time::Duration;

use larder::source::postgres::{Postgres, PostgresOptions, PostgresTable};
use larder::source::{Source, SourceErrorKind};
use larder_kit::Options;
use larder_kit::postgres::Server;

use crate::kit::*;

type People = PostgresTable<i64, Person>;

/// A server of the test's own.
async fn own() -> (Server, Postgres, People) {
    let server = Server::start_with(Options::default().durable(false)).unwrap();
    server.run(PERSON).unwrap();
    let postgres = Postgres::connect(&server.url(), quick()).await.unwrap();
    let table = postgres.table("person").rows().await.unwrap();
    (server, postgres, table)
}

/// Waits little.
fn quick() -> PostgresOptions {
    PostgresOptions::default()
        .statement_timeout(Duration::from_millis(200))
        .connect_timeout(Duration::from_millis(500))
        .pool_timeout(Duration::from_millis(200))
}

#[tokio::test]
async fn a_server_that_dies_is_unavailable_and_used_again_once_it_is_back() {
    let (server, _postgres, table) = own().await;
    store_one(&table, put(1, person("Ada", 36))).await.unwrap();
    server.kill().unwrap();
    assert_eq!(kind(load_one(&table, 1).await), Some(SourceErrorKind::Unavailable));
    let lost = store_one(&table, put(1, person("Ada", 37))).await;
    assert_eq!(kind(lost), Some(SourceErrorKind::Unavailable));
    server.restart().unwrap();
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("Ada", 36)));
    store_one(&table, put(1, person("Ada", 37))).await.unwrap();
}

#[tokio::test]
async fn a_server_that_dies_within_a_transaction_has_not_changed_anything() {
    let (server, _postgres, table) = own().await;
    store_one(&table, put(1, person("Ada", 1))).await.unwrap();
    let hold = "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        PERFORM pg_advisory_lock(1); RETURN new; END $$; \
        CREATE TRIGGER hold BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION hold()";
    server.run(hold).unwrap();
    let stranger = Postgres::connect(&server.url(), quick()).await.unwrap();
    let stranger = stranger.client().await.unwrap();
    stranger.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
    let kill = async {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'";
        while server.run(waits).unwrap() != "1" {
            tokio::task::yield_now().await;
        }
        server.kill().unwrap();
    };
    let (stored, ()) = tokio::join!(store_one(&table, put(1, person("Ada", 2))), kill);
    assert_eq!(kind(stored), Some(SourceErrorKind::Unavailable));
    server.restart().unwrap();
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("Ada", 1)));
}

#[tokio::test]
async fn a_server_that_dies_within_a_commit_leaves_the_outcome_unknown() {
    let (server, _postgres, table) = own().await;
    // A constraint trigger that is deferred runs within the commit.
    server
        .run(
            "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
               PERFORM pg_sleep(60); RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON person DEFERRABLE INITIALLY DEFERRED \
               FOR EACH ROW EXECUTE FUNCTION hold()",
        )
        .unwrap();
    let options = quick().statement_timeout(Duration::from_secs(60));
    let postgres = Postgres::connect(&server.url(), options).await.unwrap();
    let patient: People = postgres.table("person").rows().await.unwrap();
    let kill = async {
        let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        while server.run(sleeps).unwrap() != "1" {
            tokio::task::yield_now().await;
        }
        server.kill().unwrap();
    };
    let (stored, ()) = tokio::join!(store_one(&patient, put(1, person("Ada", 1))), kill);
    assert_eq!(kind(stored), Some(SourceErrorKind::Unknown));
    server.restart().unwrap();
    assert_eq!(load_one(&table, 1).await.unwrap(), None);
}

#[tokio::test]
async fn a_server_that_hangs_is_not_waited_for_for_ever() {
    let (server, _postgres, table) = own().await;
    store_one(&table, put(1, person("Ada", 1))).await.unwrap();
    server.pause().unwrap();
    assert_eq!(kind(load_one(&table, 1).await), Some(SourceErrorKind::Unavailable));
    let stored = store_one(&table, put(1, person("Ada", 2))).await;
    assert_eq!(kind(stored), Some(SourceErrorKind::Unavailable));
    server.resume().unwrap();
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("Ada", 1)));
}

#[tokio::test]
async fn a_lock_that_somebody_holds_too_long_is_busy_and_changes_nothing() {
    let fixture = Fixture::with(PERSON, quick()).await;
    let table = fixture.people().await;
    let changes = vec![put(1, person("Ada", 1)), put(2, person("Bob", 1))];
    table.store(changes).await.unwrap();
    let stranger = fixture.postgres.client().await.unwrap();
    stranger.batch_execute("BEGIN; DELETE FROM person WHERE id = 2").await.unwrap();
    let changes = vec![put(1, person("Ada", 2)), put(2, person("Bob", 2))];
    assert_eq!(kind(table.store(changes).await), Some(SourceErrorKind::Busy));
    stranger.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("Ada", 1)));
    store_one(&table, put(2, person("Bob", 3))).await.unwrap();
}

#[tokio::test]
async fn of_two_that_meet_in_a_deadlock_one_is_busy() {
    let fixture = Fixture::new(PERSON).await;
    fixture.ask("ALTER ROLE postgres SET deadlock_timeout = '10ms'");
    let table = fixture.people().await;
    let both = |first, second| {
        // Different columns, so that each row is a statement.
        let whole = person("x", 1);
        let (first, second) = (put(first, whole.clone()), put(second, whole));
        vec![first, delete(9), second]
    };
    table.store(both(1, 2)).await.unwrap();
    let mut busy = 0;
    while busy == 0 {
        let (one, other) = tokio::join!(table.store(both(1, 2)), table.store(both(2, 1)));
        let kinds: Vec<_> = [kind(one), kind(other)].into_iter().flatten().collect();
        assert!(kinds.iter().all(|kind| *kind == SourceErrorKind::Busy), "{kinds:?}");
        busy += kinds.len();
    }
}

#[tokio::test]
async fn a_pool_that_is_used_up_is_unavailable_and_a_closed_one_too() {
    let fixture = Fixture::with(PERSON, quick()).await;
    let table = fixture.people().await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(fixture.postgres.client().await.unwrap());
    }
    let error = load_one(&table, 1).await.unwrap_err();
    assert_eq!(error.kind(), SourceErrorKind::Unavailable);
    assert!(error.message().contains("in use"), "{error}");
    held.clear();
    assert_eq!(load_one(&table, 1).await.unwrap(), None);
    fixture.postgres.close();
    assert_eq!(kind(load_one(&table, 1).await), Some(SourceErrorKind::Unavailable));
}

#[tokio::test]
async fn a_store_that_is_dropped_is_undone_and_its_connection_replaced() {
    let fixture = Fixture::new(PERSON).await;
    let table = fixture.people().await;
    for age in 0..20 {
        let changes = (0..100).map(|key| put(key, person("p", age))).collect();
        tokio::select! {
            biased;
            _ = table.store(changes) => {}
            () = async { for _ in 0..age { tokio::task::yield_now().await } } => {}
        }
        let ages = "SELECT count(DISTINCT age) FROM person";
        assert!(["0", "1"].contains(&&*fixture.ask(ages)), "a batch is whole or not there");
    }
    store_one(&table, put(1, person("Ada", 36))).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_connected_to_says_why() {
    let fixture = Fixture::new("").await;
    let url = fixture.database.url();
    let connect = async |url: String| Postgres::connect(&url, quick()).await.unwrap_err();
    let database = connect(url.replace(fixture.database.name(), "nowhere")).await;
    assert_eq!(database.kind(), SourceErrorKind::Misconfigured, "{database}");
    assert!(database.message().contains("\"nowhere\" does not exist"), "{database}");
    let user = connect(url.replace("postgres@", "nobody@")).await;
    assert_eq!(user.kind(), SourceErrorKind::Misconfigured, "{user}");
    let port = connect("postgres://postgres@127.0.0.1:1/postgres".to_owned()).await;
    assert_eq!(port.kind(), SourceErrorKind::Unavailable, "{port}");
}

#[tokio::test]
async fn a_user_without_rights_is_a_matter_of_set_up() {
    let fixture = Fixture::new(&format!(
        "{PERSON}; DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN END $$; \
         GRANT SELECT ON person TO reader"
    ))
    .await;
    let url = fixture.database.url().replace("postgres@", "reader@");
    let postgres = Postgres::connect(&url, quick()).await.unwrap();
    let table: People = postgres.table("person").rows().await.unwrap();
    assert_eq!(load_one(&table, 1).await.unwrap(), None);
    let stored = store_one(&table, put(1, person("Ada", 1))).await;
    assert_eq!(kind(stored), Some(SourceErrorKind::Misconfigured));
}
