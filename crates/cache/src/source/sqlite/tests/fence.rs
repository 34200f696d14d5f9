//! Fences: what a retry, a former holder and a restart come to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::journal::{Lane, Mark, Sequence};
use crate::source::{Fence, Fenced, Holder, Takeover};

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

async fn take_over(table: &SqliteTable<i64, Person>) -> Takeover {
    table.fences().unwrap().take_over("people-1".into(), stranger()).await.unwrap()
}

async fn store(
    table: &SqliteTable<i64, Person>,
    changes: Vec<Change<i64, Person>>,
    fence: Fence,
) -> Result<Fenced<Person>, SourceError> {
    table.fences().unwrap().store_fenced(changes, fence).await
}

#[tokio::test]
async fn the_first_holder_finds_no_lane_begun_and_the_next_what_was_reached() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    assert_eq!(take_over(&table).await, Takeover { epoch: 1, reached: vec![] });
    let marks = [mark(0, 4), mark(7, 9)];
    store(&table, vec![put(1, person("Ada", 36))], fence(1, &marks)).await.unwrap();
    assert_eq!(take_over(&table).await, Takeover { epoch: 2, reached: marks.to_vec() });
}

#[tokio::test]
async fn a_batch_that_is_sent_again_changes_nothing() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    take_over(&table).await;
    let batch = || vec![put(1, person("Ada", 36))];
    let first = store(&table, batch(), fence(1, &[mark(0, 4)])).await.unwrap();
    assert!(matches!(first, Fenced::Stored(stored) if stored[0].existed == Some(false)));
    store(&table, vec![put(1, person("Ada", 37))], fence(1, &[mark(0, 5)])).await.unwrap();
    assert_eq!(store(&table, batch(), fence(1, &[mark(0, 4)])).await.unwrap(), Fenced::Already);
    assert_eq!(load_one(&table, 1).await.unwrap(), Some(person("Ada", 37)));
}

#[tokio::test]
async fn a_former_holder_is_refused_and_changes_nothing() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    take_over(&table).await;
    take_over(&table).await;
    let late = store(&table, vec![put(1, person("Ada", 36))], fence(1, &[mark(0, 4)])).await;
    assert_eq!(kind(late), Some(SourceErrorKind::Fenced));
    assert_eq!(load_one(&table, 1).await.unwrap(), None);
    store(&table, vec![put(1, person("Ada", 37))], fence(2, &[mark(0, 4)])).await.unwrap();
}

#[tokio::test]
async fn a_batch_that_was_refused_has_reached_nothing() {
    let fixture = Fixture::new(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age INTEGER CHECK (age < 9))",
    )
    .await;
    let table = people(&fixture).await;
    take_over(&table).await;
    let batch = vec![put(1, person("Ada", 1)), put(2, person("Bob", 99))];
    let refused = store(&table, batch, fence(1, &[mark(0, 4)])).await;
    assert_eq!(kind(refused), Some(SourceErrorKind::Rejected));
    assert_eq!(take_over(&table).await.reached, []);
    assert_eq!(load_one(&table, 1).await.unwrap(), None);
}

#[tokio::test]
async fn a_batch_of_which_one_lane_was_reached_otherwise_is_refused_whole() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    take_over(&table).await;
    store(&table, vec![put(1, person("Ada", 36))], fence(1, &[mark(0, 4)])).await.unwrap();
    let mixed = fence(1, &[mark(0, 4), mark(1, 5)]);
    let refused = store(&table, vec![put(2, person("Bob", 1))], mixed).await;
    assert_eq!(kind(refused), Some(SourceErrorKind::Fenced));
    assert_eq!(take_over(&table).await.reached, [mark(0, 4)], "the other lane was not raised");
}

#[tokio::test]
async fn journals_do_not_meet_and_all_tables_of_a_file_share_the_fences() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    let other = fixture.sqlite.key_value::<Vec<u8>, Vec<u8>>("pages").await.unwrap();
    take_over(&table).await;
    let takeover =
        other.fences().unwrap().take_over(Arc::from("pages-1"), stranger()).await.unwrap();
    assert_eq!(takeover.epoch, 1);
    let rows = fixture.ask("SELECT count(*) FROM larder_fence WHERE epoch = 1").await;
    assert_eq!(rows, "32");
}

#[tokio::test]
async fn a_batch_before_any_take_over_is_a_matter_of_set_up() {
    let fixture = Fixture::new(PERSON).await;
    let table = people(&fixture).await;
    let early = store(&table, vec![put(1, person("Ada", 36))], fence(1, &[mark(0, 4)])).await;
    assert_eq!(kind(early), Some(SourceErrorKind::Misconfigured));
}
