//! Fences: a batch takes effect once, and only for the journal's holder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::journal::{LANES, Lane, Mark, Sequence};
use larder::source::row::{Cell, Row};
use larder::source::{Change, Fence, Fenced, Holder, SourceError, SourceErrorKind, Takeover};

use crate::subject::{Subject, Table, for_each, kind};

fn mark(lane: u8, sequence: u64) -> Mark {
    Mark { lane: Lane(lane), sequence: Sequence(sequence) }
}

/// A table whose trigger counts the changes of each row.
async fn counted(subject: &Subject) -> Table {
    let integer = subject.dialect.integer;
    subject.run(&format!(
        "CREATE TABLE counted (id {integer} PRIMARY KEY, value {integer} NOT NULL CHECK (value < 1000), \
         changes {integer} NOT NULL DEFAULT 0)"
    ));
    subject.run(subject.dialect.counter);
    subject.rows("counted", &["id"], &["value", "changes"]).await
}

/// A process that nobody knows yet.
fn stranger() -> Holder {
    static LAST: AtomicU64 = AtomicU64::new(0);
    Holder(LAST.fetch_add(1, Ordering::Relaxed) + 1)
}

async fn take_over(table: &Table, journal: &str) -> Takeover {
    take_over_as(table, journal, stranger()).await
}

async fn take_over_as(table: &Table, journal: &str, holder: Holder) -> Takeover {
    let fences = table.source.fences().unwrap();
    let mut taken = fences.take_over(journal.into(), holder).await.unwrap();
    taken.reached.sort_by_key(|mark| mark.lane);
    taken
}

async fn store(
    table: &Table,
    changes: Vec<Change<Vec<Cell>, Row>>,
    journal: &str,
    epoch: u64,
    marks: &[Mark],
) -> Result<Fenced<Row>, SourceError> {
    let fence = Fence { journal: journal.into(), epoch, marks: marks.to_vec() };
    table.source.fences().unwrap().store_fenced(changes, fence).await
}

fn value(table: &Table, id: i64, value: i64) -> Change<Vec<Cell>, Row> {
    table.put(id, [("value", Cell::Integer(value))])
}

fn is_stored(answer: Result<Fenced<Row>, SourceError>) -> bool {
    matches!(answer.unwrap(), Fenced::Stored(_))
}

#[test]
fn a_holder_learns_how_far_the_journal_has_come() {
    for_each(async |subject| {
        let table = counted(subject).await;
        let first = take_over(&table, "orders").await;
        assert!(
            first.reached.iter().all(|mark| mark.sequence == Sequence(0)),
            "{}",
            subject.name()
        );
        let (changes, marks) = (vec![value(&table, 1, 1)], [mark(0, 70), mark(15, 3)]);
        assert!(is_stored(store(&table, changes, "orders", first.epoch, &marks).await));
        let second = take_over(&table, "orders").await;
        assert!(second.epoch > first.epoch, "{}", subject.name());
        let begun: Vec<_> =
            second.reached.into_iter().filter(|mark| mark.sequence > Sequence(0)).collect();
        assert_eq!(begun, marks, "{}", subject.name());
        let other = take_over(&table, "prices").await;
        assert!(
            other.reached.iter().all(|mark| mark.sequence == Sequence(0)),
            "{}",
            subject.name()
        );
    });
}

#[test]
fn a_take_over_that_is_asked_for_again_changes_nothing() {
    for_each(async |subject| {
        let table = counted(subject).await;
        take_over(&table, "orders").await;
        let holder = Holder(u64::MAX - 5);
        let first = take_over_as(&table, "orders", holder).await;
        let (changes, marks) = (vec![value(&table, 1, 1)], [mark(0, 70), mark(15, 3)]);
        assert!(is_stored(store(&table, changes.clone(), "orders", first.epoch, &marks).await));
        let again = take_over_as(&table, "orders", holder).await;
        assert_eq!((again.epoch, &*again.reached), (first.epoch, &marks[..]), "{}", subject.name());
        let later = [mark(0, 71)];
        assert!(is_stored(store(&table, changes, "orders", first.epoch, &later).await));
        let other = take_over(&table, "orders").await;
        assert!(other.epoch > first.epoch, "{}", subject.name());
        let back = take_over_as(&table, "orders", holder).await;
        assert!(back.epoch > other.epoch, "{}: another one came between", subject.name());
    });
}

#[test]
fn a_batch_that_is_sent_again_changes_nothing() {
    for_each(async |subject| {
        let table = counted(subject).await;
        let epoch = take_over(&table, "orders").await.epoch;
        let send = async |number: i64, sequence: u64| {
            let changes = vec![value(&table, 1, number), value(&table, 2, number)];
            store(&table, changes, "orders", epoch, &[mark(3, sequence), mark(4, sequence)]).await
        };
        assert!(is_stored(send(1, 10).await), "{}", subject.name());
        assert!(is_stored(send(2, 20).await), "{}", subject.name());
        for _ in 0..3 {
            assert_eq!(send(2, 20).await.unwrap(), Fenced::Already, "{}", subject.name());
        }
        assert_eq!(send(1, 10).await.unwrap(), Fenced::Already, "{}", subject.name());
        let rows = subject.run("SELECT id, value, changes FROM counted ORDER BY id");
        assert_eq!(rows, "1\t2\t1\n2\t2\t1", "{}", subject.name());
    });
}

#[test]
fn changes_of_one_key_in_a_batch_all_take_effect_in_order() {
    for_each(async |subject| {
        let table = counted(subject).await;
        let epoch = take_over(&table, "orders").await.epoch;
        let changes = (1..=5).map(|number| value(&table, 1, number)).collect();
        let stored = store(&table, changes, "orders", epoch, &[mark(0, 5)]).await.unwrap();
        let Fenced::Stored(stored) = stored else { panic!("{}", subject.name()) };
        assert_eq!(stored.len(), 5, "{}", subject.name());
        assert_eq!(subject.run("SELECT value, changes FROM counted"), "5\t4", "{}", subject.name());
    });
}

#[test]
fn a_former_holder_is_refused_however_late_it_comes() {
    for_each(async |subject| {
        let table = counted(subject).await;
        let former = take_over(&table, "orders").await.epoch;
        let (changes, marks) = (vec![value(&table, 1, 1)], [mark(0, 1)]);
        assert!(is_stored(store(&table, changes.clone(), "orders", former, &marks).await));
        let holder = take_over(&table, "orders").await.epoch;
        for marks in [[mark(0, 1)], [mark(0, 2)]] {
            let late = store(&table, vec![value(&table, 1, 9)], "orders", former, &marks).await;
            assert_eq!(kind(late), Some(SourceErrorKind::Fenced), "{}", subject.name());
        }
        assert!(is_stored(store(&table, changes, "orders", holder, &[mark(0, 2)]).await));
        assert_eq!(subject.run("SELECT value FROM counted"), "1", "{}", subject.name());
    });
}

#[test]
fn a_journal_that_was_never_taken_over_is_fenced_off() {
    for_each(async |subject| {
        let table = counted(subject).await;
        take_over(&table, "orders").await;
        let unknown = store(&table, vec![value(&table, 1, 1)], "prices", 1, &[mark(0, 1)]).await;
        assert_eq!(kind(unknown), Some(SourceErrorKind::Fenced), "{}", subject.name());
        assert_eq!(subject.run("SELECT count(*) FROM counted"), "0", "{}", subject.name());
    });
}

#[test]
fn a_batch_of_which_the_source_has_a_part_is_refused() {
    for_each(async |subject| {
        let table = counted(subject).await;
        let epoch = take_over(&table, "orders").await.epoch;
        let send = async |marks: &[Mark]| {
            store(&table, vec![value(&table, 1, 1)], "orders", epoch, marks).await
        };
        assert!(is_stored(send(&[mark(0, 5)]).await), "{}", subject.name());
        let torn = send(&[mark(0, 5), mark(1, 6)]).await;
        assert_eq!(kind(torn), Some(SourceErrorKind::Fenced), "{}", subject.name());
        assert!(is_stored(send(&[mark(1, 6)]).await), "nothing of it moved the other lane");
    });
}

#[test]
fn marks_and_rows_take_effect_together() {
    for_each(async |subject| {
        let table = counted(subject).await;
        let epoch = take_over(&table, "orders").await.epoch;
        let marks = [mark(2, 8)];
        let poison = vec![value(&table, 1, 1), value(&table, 2, 5000)];
        let refused = store(&table, poison, "orders", epoch, &marks).await;
        assert_eq!(kind(refused), Some(SourceErrorKind::Rejected), "{}", subject.name());
        assert_eq!(subject.run("SELECT count(*) FROM counted"), "0", "{}", subject.name());
        let mended = vec![value(&table, 1, 1)];
        assert!(is_stored(store(&table, mended, "orders", epoch, &marks).await));
    });
}

#[test]
fn what_a_holder_was_told_is_all_that_its_predecessor_stored() {
    for_each(async |subject| {
        let table = counted(subject).await;
        let epoch = take_over(&table, "orders").await.epoch;
        let writer = table.clone();
        let writing = tokio::spawn(async move {
            for number in 1..1000 {
                let changes = vec![value(&writer, 1, number)];
                let sequence = number as u64;
                match store(&writer, changes, "orders", epoch, &[mark(0, sequence)]).await {
                    Ok(_) => {}
                    Err(error) if error.is_retryable() => {}
                    Err(error) => return error.kind(),
                }
            }
            panic!("it was never fenced off")
        });
        while table.cell(1, "value").await.is_none() {
            tokio::task::yield_now().await;
        }
        let taken = loop {
            // Two who want the same rows may have to try again.
            match table.source.fences().unwrap().take_over(Arc::from("orders"), Holder(0)).await {
                Ok(taken) => break taken,
                Err(error) => assert!(error.is_retryable(), "{}: {error}", subject.name()),
            }
        };
        let told = taken.reached.iter().find(|mark| mark.lane == Lane(0)).unwrap().sequence.0;
        let stored = |_: ()| table.cell(1, "value");
        let expected = Some(Cell::Integer(told as i64));
        assert_eq!(stored(()).await, expected, "{}", subject.name());
        assert_eq!(writing.await.unwrap(), SourceErrorKind::Fenced, "{}", subject.name());
        assert_eq!(stored(()).await, expected, "{}", subject.name());
    });
}

#[test]
fn lanes_are_as_many_as_the_journal_has() {
    for_each(async |subject| {
        let table = counted(subject).await;
        let epoch = take_over(&table, "orders").await.epoch;
        let marks: Vec<_> =
            (0..LANES).map(|lane| mark(lane as u8, u64::from(u32::MAX) * 4)).collect();
        let changes = vec![value(&table, 1, 1)];
        assert!(is_stored(store(&table, changes, "orders", epoch, &marks).await));
        assert_eq!(take_over(&table, "orders").await.reached, marks, "{}", subject.name());
    });
}
