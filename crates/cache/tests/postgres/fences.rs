//! Fences between processes: takeovers and batches that meet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use larder::journal::{Lane, Mark, Sequence};
use larder::source::postgres::{Postgres, PostgresOptions, PostgresTable};
use larder::source::{
    Change, Fence, Fenced, Holder, Source, SourceError, SourceErrorKind, Takeover,
};

use crate::kit::*;

type People = PostgresTable<i64, Person>;

fn mark(lane: u8, sequence: u64) -> Mark {
    Mark { lane: Lane(lane), sequence: Sequence(sequence) }
}

fn fence(epoch: u64, marks: &[Mark]) -> Fence {
    Fence { journal: "people-1".into(), epoch, marks: marks.to_vec() }
}

/// A process that nobody knows yet.
fn stranger() -> Holder {
    static LAST: AtomicU64 = AtomicU64::new(0);
    Holder(LAST.fetch_add(1, Ordering::Relaxed) + 1)
}

async fn take_over(table: &People) -> Takeover {
    table.fences().unwrap().take_over("people-1".into(), stranger()).await.unwrap()
}

async fn store(
    table: &People,
    changes: Vec<Change<i64, Person>>,
    fence: Fence,
) -> Result<Fenced<Person>, SourceError> {
    table.fences().unwrap().store_fenced(changes, fence).await
}

#[tokio::test]
async fn a_batch_and_its_marks_are_stored_together_and_once() {
    let fixture = Fixture::new(PERSON).await;
    let table = fixture.people().await;
    assert_eq!(take_over(&table).await, Takeover { epoch: 1, reached: vec![] });
    let marks = [mark(0, 4), mark(15, 9)];
    let batch = || vec![put(1, person("Ada", 36)), put(2, person("Bob", 1)), delete(3)];
    let stored = store(&table, batch(), fence(1, &marks)).await.unwrap();
    assert!(matches!(stored, Fenced::Stored(stored) if stored.len() == 3));
    fixture.ask("UPDATE person SET age = 37 WHERE id = 1");
    assert_eq!(store(&table, batch(), fence(1, &marks)).await.unwrap(), Fenced::Already);
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("Ada", 37)));
    assert_eq!(take_over(&table).await, Takeover { epoch: 2, reached: marks.to_vec() });
}

#[tokio::test]
async fn a_former_holder_is_refused_and_changes_nothing() {
    let fixture = Fixture::new(PERSON).await;
    let table = fixture.people().await;
    take_over(&table).await;
    take_over(&table).await;
    let late = store(&table, vec![put(1, person("Ada", 36))], fence(1, &[mark(0, 4)])).await;
    assert_eq!(kind(late), Some(SourceErrorKind::Fenced));
    let mixed = [mark(0, 4), mark(1, 5)];
    store(&table, vec![put(2, person("Bob", 1))], fence(2, &mixed[..1])).await.unwrap();
    let half = store(&table, vec![put(3, person("Eve", 1))], fence(2, &mixed)).await;
    assert_eq!(kind(half), Some(SourceErrorKind::Fenced));
    assert_eq!(take_over(&table).await.reached, [mark(0, 4)], "the other lane was not raised");
    assert_eq!(fixture.ask("SELECT string_agg(name, ',') FROM person"), "Bob");
}

#[tokio::test]
async fn a_batch_that_was_refused_has_reached_nothing() {
    let fixture = Fixture::new(PERSON).await;
    fixture.ask("ALTER TABLE person ADD CHECK (age < 99)");
    let table = fixture.people().await;
    take_over(&table).await;
    let batch = vec![put(1, person("Ada", 1)), put(2, person("Bob", 99))];
    let refused = store(&table, batch, fence(1, &[mark(0, 4)])).await;
    assert_eq!(kind(refused), Some(SourceErrorKind::Rejected));
    assert_eq!(take_over(&table).await.reached, []);
    assert_eq!(load_one(&table, 1).await.unwrap(), None);
}

#[tokio::test]
async fn a_batch_before_any_take_over_is_a_matter_of_set_up() {
    let fixture = Fixture::new(PERSON).await;
    let table = fixture.people().await;
    let early = store(&table, vec![put(1, person("Ada", 36))], fence(1, &[mark(0, 4)])).await;
    assert_eq!(kind(early), Some(SourceErrorKind::Misconfigured));
}

#[tokio::test]
async fn a_take_over_waits_for_the_batch_that_is_under_way() {
    let fixture = Fixture::new(PERSON).await;
    let (table, heir) = (fixture.people().await, fixture.people().await);
    take_over(&table).await;
    // Somebody's lock on the row keeps the batch in its transaction, its marks raised.
    store_one(&table, put(1, person("Ada", 1))).await.unwrap();
    let stranger = fixture.postgres.client().await.unwrap();
    stranger.batch_execute("BEGIN; SELECT 1 FROM person WHERE id = 1 FOR UPDATE").await.unwrap();
    let batch = store(&table, vec![put(1, person("Ada", 2))], fence(1, &[mark(7, 4)]));
    let taking = async {
        waiting(&fixture, 1).await;
        take_over(&heir).await
    };
    let release = async {
        waiting(&fixture, 2).await;
        stranger.batch_execute("COMMIT").await.unwrap();
    };
    let (stored, taken, ()) = tokio::join!(batch, taking, release);
    assert!(matches!(stored.unwrap(), Fenced::Stored(_)));
    assert_eq!(taken, Takeover { epoch: 2, reached: vec![mark(7, 4)] });
}

#[tokio::test]
async fn two_that_take_over_at_the_same_time_get_different_epochs() {
    let fixture = Fixture::new(PERSON).await;
    let (one, other) = (fixture.people().await, fixture.people().await);
    let (first, second) = tokio::join!(take_over(&one), take_over(&other));
    let mut epochs = [first.epoch, second.epoch];
    epochs.sort_unstable();
    assert_eq!(epochs, [1, 2]);
}

#[tokio::test]
async fn a_batch_sent_again_after_its_connection_was_lost_takes_effect_once() {
    let fixture = Fixture::new(&format!("{PERSON}; CREATE TABLE count (n bigint)")).await;
    let options = PostgresOptions::default().statement_timeout(Duration::from_secs(5));
    let postgres = Postgres::connect(&fixture.database.url(), options).await.unwrap();
    let table: People = postgres.table("person").rows().await.unwrap();
    take_over(&table).await;
    for round in 1..=20_u64 {
        let batch = || vec![put(1, person("Ada", i64::try_from(round).unwrap()))];
        let fence = || fence(1, &[mark(0, round)]);
        let cut = async {
            tokio::task::yield_now().await;
            fixture.ask(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE application_name = 'larder' AND datname = current_database()",
            );
        };
        let (mut stored, ()) = tokio::join!(store(&table, batch(), fence()), cut);
        while let Err(error) = &stored {
            assert!(error.is_retryable(), "{error}");
            stored = store(&table, batch(), fence()).await;
        }
        assert_eq!(load_one(&table, 1).await.unwrap().unwrap().age, i64::try_from(round).unwrap());
    }
    assert_eq!(take_over(&table).await.reached, [mark(0, 20)]);
}

/// Waits until so many sessions wait for a lock.
async fn waiting(fixture: &Fixture, sessions: usize) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
               AND datname = current_database()";
    while fixture.ask(sql) != sessions.to_string() {
        tokio::task::yield_now().await;
    }
}
