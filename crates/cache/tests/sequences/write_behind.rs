//! Writes that are answered first.

use larder::journal::Limits;
use larder::source::SourceErrorKind;
use larder::strategy::{OnFull, WriteBehind};

use crate::kit::{Kit, SECOND};

fn write_behind(on_full: OnFull) -> WriteBehind {
    let limits = Limits { records_max: 2, flush_interval: SECOND, ..Limits::default() };
    WriteBehind { limits, on_full, ..WriteBehind::default() }
}

/// What a write of `key` tells before it is answered.
fn queued(key: &str) -> Vec<String> {
    let told = [
        "App>Cache: put",
        "Cache>Queue: append",
        "Queue>Cache: queued",
        "Cache>Cache: update",
        "Cache>App: ok",
    ];
    told.map(|line| format!("{line} {key}")).to_vec()
}

/// What the flush of a batch tells; `rows` counts it, `keys` names it.
fn flushed(batch: usize, rows: &str, keys: &str) -> Vec<String> {
    vec![
        format!("Queue>Worker: batch of {batch} {keys}"),
        format!("Worker>Database: {rows} {keys}"),
        format!("Database>Worker: stored {keys}"),
        format!("Worker>Queue: done {keys}"),
    ]
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| line.to_string()).collect()
}

#[test]
fn write_behind_answers_before_the_worker_writes() {
    let kit = Kit::new(write_behind(OnFull::Reject));
    kit.put("a", 5);
    kit.put("a", 6);
    kit.put("b", 7);
    kit.pass(2 * SECOND);
    let flush = flushed(2, "write 2 rows", "a b");
    kit.saw(&[queued("a"), queued("a"), queued("b"), flush].concat());
}

#[test]
fn write_behind_reads_what_is_pending_before_it_asks_the_source() {
    let kit = Kit::new(write_behind(OnFull::Reject));
    kit.get("b");
    kit.put("a", 5);
    kit.cache.invalidate(&"a".to_owned());
    let kit = kit.afresh();
    kit.get("a");
    kit.remove("a");
    kit.cache.invalidate(&"a".to_owned());
    kit.get("a");
    kit.saw(&[
        "App>Cache: get a",
        "Cache>Queue: pending? a",
        "Queue>Cache: pending write a",
        "Cache>Cache: fill a",
        "Cache>App: value a",
        "App>Cache: delete a",
        "Cache>Queue: append delete a",
        "Queue>Cache: queued a",
        "Cache>Cache: update: absent a",
        "Cache>App: ok a",
        "App>Cache: get a",
        "Cache>Queue: pending? a",
        "Queue>Cache: pending delete a",
        "Cache>Cache: fill: absent a",
        "Cache>App: absent a",
    ]);
}

#[test]
fn write_behind_asks_the_source_whether_there_is_something_to_delete() {
    let kit = Kit::new(write_behind(OnFull::Reject));
    kit.remove("a");
    kit.pass(2 * SECOND);
    let answered = lines(&[
        "App>Cache: delete a",
        "Cache>Queue: pending? a",
        "Queue>Cache: nothing pending a",
        "Cache>Database: load a",
        "Database>Cache: row a",
        "Cache>Cache: fill a",
        "Cache>Queue: append delete a",
        "Queue>Cache: queued a",
        "Cache>Cache: update: absent a",
        "Cache>App: ok a",
    ]);
    kit.saw(&[answered, flushed(1, "delete 1 row", "a")].concat());
}

#[test]
fn a_full_queue_refuses_by_policy_reject() {
    let kit = Kit::new(write_behind(OnFull::Reject));
    kit.put("a", 5);
    kit.put("b", 6);
    let kit = kit.afresh();
    kit.put("c", 7);
    let why = "the queue of writes is full because the source does not keep up; try again later";
    kit.saw(&[
        "App>Cache: put c",
        "Cache>Queue: append c",
        "Queue>Cache: full c",
        format!("Cache>App: error: {why} c").as_str(),
    ]);
}

#[test]
fn a_full_queue_makes_room_by_policy_block() {
    let kit = Kit::new(write_behind(OnFull::Block(SECOND)));
    kit.put("a", 5);
    kit.put("b", 6);
    let kit = kit.afresh();
    kit.put("c", 7);
    kit.saw(&[
        "App>Cache: put c",
        "Cache>Queue: append c",
        "Queue>Cache: full c",
        "Queue>Cache: room c",
        "Cache>Queue: append c",
        "Queue>Cache: queued c",
        "Cache>Cache: update c",
        "Cache>App: ok c",
    ]);
}

#[test]
fn a_full_queue_is_passed_by_by_policy_through() {
    let kit = Kit::new(write_behind(OnFull::Through(SECOND * 60)));
    kit.put("a", 5);
    kit.put("b", 6);
    let kit = kit.afresh();
    kit.put("c", 7);
    kit.saw(&[
        "App>Cache: put c",
        "Cache>Queue: append c",
        "Queue>Cache: full c",
        "Cache>Database: upsert c",
        "Database>Cache: stored c",
        "Cache>Cache: update c",
        "Cache>App: ok c",
    ]);
}

#[test]
fn a_batch_that_fails_is_tried_again() {
    let kit = Kit::new(write_behind(OnFull::Reject));
    kit.put("a", 5);
    kit.fail(SourceErrorKind::Unavailable);
    kit.pass(3 * SECOND);
    let flush = lines(&[
        "Queue>Worker: batch of 1 a",
        "Worker>Database: write 1 row a",
        "Database>Worker: error: no a",
        "Worker>Worker: wait, then try again a",
        "Worker>Database: write 1 row a",
        "Database>Worker: stored a",
        "Worker>Queue: done a",
    ]);
    kit.saw(&[queued("a"), flush].concat());
}

#[test]
fn a_batch_that_is_refused_is_halved_until_the_record_is_found() {
    let kit = Kit::new(write_behind(OnFull::Reject));
    kit.put("a", 5);
    kit.put("b", 6);
    let kit = kit.afresh();
    kit.put("a", 7);
    kit.put("b", 8);
    // For the batch, and for the first of its halves.
    kit.fail(SourceErrorKind::Rejected);
    kit.fail(SourceErrorKind::Rejected);
    kit.pass(3 * SECOND);
    let flush = lines(&[
        "Queue>Worker: batch of 2 a b",
        "Worker>Database: write 2 rows a b",
        "Database>Worker: refused: no a b",
        "Worker>Worker: halve the batch a b",
        "Worker>Database: write 1 row a",
        "Database>Worker: refused: no a",
        "Worker>Queue: keep as dead letter a",
        "Worker>Cache: drop copy a",
        "Worker>Database: write 1 row b",
        "Database>Worker: stored b",
        "Worker>Queue: done b",
    ]);
    kit.saw(&[queued("a"), queued("b"), flush].concat());
}

#[test]
fn a_graceful_stop_flushes_at_once() {
    let kit = Kit::new(write_behind(OnFull::Reject));
    kit.put("a", 5);
    let cache = kit.cache.clone();
    kit.run(async move { cache.shutdown(SECOND).await }).unwrap();
    kit.get("b");
    let refused = lines(&["App>Cache: get b", "Cache>App: error: the cache has been shut down b"]);
    kit.saw(&[queued("a"), flushed(1, "write 1 row", "a"), refused].concat());
}
