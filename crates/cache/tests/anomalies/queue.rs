//! Write-behind between callers and a source that fails: policies, poison, back-off, shutdown.

use std::sync::Arc;
use std::time::Duration;

use larder::journal::Limits;
use larder::runtime::{Runtime, Simulated, Task};
use larder::strategy::{Backoff, OnFull, WriteBehind};
use larder::{Cache, Error, ErrorKind};

use crate::kit::Point::StoreCommit;
use crate::kit::{Database, Fault, TestTier};
use crate::larder_subject::TestCache;

const SECOND: Duration = Duration::from_secs(1);

struct Kit {
    world: Simulated,
    database: Database,
    cache: TestCache,
}

impl Kit {
    fn new(options: WriteBehind) -> Self {
        let (world, database) = (Simulated::new(1), Database::default());
        let cache = Cache::builder("test")
            .tier(TestTier::new())
            .source(database.clone())
            .strategy(options)
            .runtime(Arc::new(world.clone()))
            .build()
            .expect("a cache");
        Self { world, database, cache }
    }

    fn with_room_for(records_max: usize, on_full: OnFull) -> Self {
        let limits = Limits { records_max, ..Limits::default() };
        Self::new(WriteBehind { limits, on_full, ..WriteBehind::default() })
    }

    fn put(&self, key: &'static str, value: u64) -> Task<Result<(), Error>> {
        let cache = self.cache.clone();
        let task = self.world.start(async move { cache.put(key.into(), value).await });
        self.world.run_until_idle();
        task
    }

    fn put_many(&self, pairs: &[(&'static str, u64)]) {
        for (key, value) in pairs {
            self.put(key, *value).finished().expect("no waiting").expect("a write");
        }
    }

    fn flush(&self) {
        let cache = self.cache.clone();
        self.world.block_on(async move { cache.flush().await }).expect("a flush");
    }
}

#[test]
fn a_full_queue_blocks_until_there_is_room() {
    let kit = Kit::with_room_for(1, OnFull::Block(SECOND));
    let hold = kit.database.hold(StoreCommit);
    kit.put_many(&[("a", 1)]);
    let mut blocked = kit.put("b", 2);
    assert!(blocked.finished().is_none());
    hold.release();
    kit.world.run_until_idle();
    blocked.finished().unwrap().unwrap();
    kit.flush();
    assert_eq!((kit.database.row("a"), kit.database.row("b")), (Some(1), Some(2)));
}

#[test]
fn a_full_queue_blocks_no_longer_than_it_may() {
    let kit = Kit::with_room_for(1, OnFull::Block(SECOND));
    let _hold = kit.database.hold(StoreCommit);
    kit.put_many(&[("a", 1)]);
    let mut blocked = kit.put("b", 2);
    kit.world.advance(SECOND);
    assert_eq!(blocked.finished().unwrap().unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(kit.cache.peek("b"), None);
}

#[test]
fn a_full_queue_rejects_at_once() {
    let kit = Kit::with_room_for(1, OnFull::Reject);
    let _hold = kit.database.hold(StoreCommit);
    kit.put_many(&[("a", 1), ("a", 3)]);
    let error = kit.put("b", 2).finished().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Busy, true));
    assert_eq!(kit.cache.peek("b"), None);
    assert_eq!(kit.cache.peek("a"), Some(3), "a write that takes another's place fits");
}

#[test]
fn a_write_past_a_full_queue_waits_for_what_is_queued_of_its_key() {
    let limits = Limits { records_max: 2, coalesce: false, ..Limits::default() };
    let kit = Kit::new(WriteBehind {
        limits,
        on_full: OnFull::Through(SECOND * 60),
        ..Default::default()
    });
    let hold = kit.database.hold(StoreCommit);
    kit.put_many(&[("a", 1), ("b", 1)]);
    let mut through = kit.put("a", 2);
    let mut other = kit.put("c", 3);
    other.finished().unwrap().unwrap();
    assert!(through.finished().is_none());
    assert_eq!((kit.database.row("a"), kit.database.row("c")), (None, Some(3)));
    hold.release();
    kit.world.run_until_idle();
    through.finished().unwrap().unwrap();
    assert_eq!(kit.database.commits("a"), [Some(1), Some(2)]);
    assert_eq!(kit.cache.peek("a"), Some(2));
}

#[test]
fn a_write_past_a_full_queue_gives_up_when_what_is_queued_does_not_arrive() {
    let limits = Limits { records_max: 1, coalesce: false, ..Limits::default() };
    let on_full = OnFull::Through(SECOND);
    let kit = Kit::new(WriteBehind { limits, on_full, ..Default::default() });
    let hold = kit.database.hold(StoreCommit);
    kit.put_many(&[("a", 1)]);
    let mut through = kit.put("a", 2);
    kit.world.advance(SECOND);
    let error = through.finished().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    assert_eq!(kit.cache.peek("a"), Some(1), "the copy is as good as before");
    hold.release();
    kit.flush();
    assert_eq!(kit.database.commits("a"), [Some(1)]);
}

#[test]
fn a_write_past_a_full_queue_that_the_source_does_not_answer_is_unknown_and_keeps_its_turn() {
    let kit = Kit::with_room_for(1, OnFull::Through(SECOND));
    let _batch = kit.database.hold(StoreCommit);
    kit.put_many(&[("a", 1)]);
    kit.world.advance(Limits::default().flush_interval);
    let hold = kit.database.hold(StoreCommit);
    let mut through = kit.put("b", 2);
    kit.world.advance(SECOND);
    assert_eq!(through.finished().unwrap().unwrap_err().kind(), ErrorKind::Unknown);
    let mut newer = kit.put("b", 3);
    assert!(newer.finished().is_none());
    hold.release();
    kit.world.run_until_idle();
    newer.finished().unwrap().unwrap();
    assert_eq!(kit.database.commits("b"), [Some(2), Some(3)]);
}

#[test]
fn a_flush_of_one_key_does_not_wait_for_batches_to_fill() {
    let limits = Limits { flush_interval: SECOND * 60, ..Limits::default() };
    let kit = Kit::new(WriteBehind { limits, ..WriteBehind::default() });
    kit.put_many(&[("a", 1), ("b", 2)]);
    let (cache, begun) = (kit.cache.clone(), kit.world.now());
    kit.world.block_on(async move { cache.flush_key(&"a".to_owned()).await }).expect("a flush");
    assert_eq!((kit.world.now(), kit.database.row("a")), (begun, Some(1)));
}

#[test]
fn a_flush_of_one_key_may_be_given_up() {
    let kit = Kit::new(WriteBehind::default());
    let hold = kit.database.hold(StoreCommit);
    kit.put_many(&[("a", 1)]);
    let cache = kit.cache.clone();
    let mut flush = kit.world.start(async move { cache.flush_key(&"a".to_owned()).await });
    kit.world.advance(SECOND);
    assert!(flush.finished().is_none(), "the source does not have it");
    drop(flush);
    hold.release();
    kit.flush();
    assert_eq!(kit.database.row("a"), Some(1));
}

#[test]
fn a_poison_record_is_found_and_holds_up_only_itself() {
    let kit = Kit::new(WriteBehind::default());
    // The batch of four, the half that it is in, and it alone.
    (0..3).for_each(|_| kit.database.fail_store(Fault::Rejects));
    kit.put_many(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
    kit.flush();
    let rows = ["a", "b", "c", "d"].map(|key| kit.database.row(key));
    assert_eq!(rows, [None, Some(2), Some(3), Some(4)]);
    assert_eq!(kit.cache.journal_status().unwrap().dead, 1);
    assert_eq!(kit.cache.peek("a"), None, "the copy shows what the source will never have");
    kit.put_many(&[("a", 5)]);
    kit.flush();
    assert_eq!(kit.database.row("a"), Some(5));
}

#[test]
fn writes_go_on_while_the_source_is_down_and_arrive_when_it_is_back() {
    let kit = Kit::new(WriteBehind::default());
    (0..5).for_each(|_| kit.database.fail_store(Fault::Fails));
    kit.put_many(&[("a", 1)]);
    kit.world.advance(SECOND / 2);
    kit.put_many(&[("a", 2), ("b", 3)]);
    assert_eq!(kit.cache.peek("a"), Some(2));
    assert_eq!(kit.database.row("a"), None);
    kit.flush();
    assert_eq!((kit.database.row("a"), kit.database.row("b")), (Some(2), Some(3)));
    assert_eq!(kit.cache.statistics().write_retries, 5);
}

#[test]
fn retries_back_off_and_not_without_bound() {
    let (first, longest) = (Duration::from_millis(100), Duration::from_millis(400));
    let kit = Kit::new(WriteBehind { backoff: Backoff { first, longest }, ..Default::default() });
    (0..6).for_each(|_| kit.database.fail_store(Fault::Fails));
    kit.put_many(&[("a", 1)]);
    kit.world.advance(Limits::default().flush_interval);
    let begun = kit.world.now();
    kit.flush();
    let waited = kit.world.now().since(begun);
    // 100, 200 and four times 400 milliseconds, each at least half of it.
    let most = first + first * 2 + longest * 4;
    assert!(waited >= most / 2 && waited <= most, "{waited:?}");
}

#[test]
fn shutdown_gives_up_at_its_deadline_and_says_what_is_left() {
    let kit = Kit::new(WriteBehind::default());
    let hold = kit.database.hold(StoreCommit);
    kit.put_many(&[("a", 1), ("b", 2)]);
    let begun = kit.world.now();
    let cache = kit.cache.clone();
    let left = kit.world.block_on(async move { cache.shutdown(SECOND).await });
    assert_eq!(left.unwrap_err().writes, 2);
    assert_eq!(kit.world.now().since(begun), SECOND);
    let refused = kit.put("c", 3).finished().unwrap().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Closed);
    hold.release();
    kit.world.run_until_idle();
    assert_eq!(kit.database.row("b"), Some(2), "what was on its way arrives all the same");
}

#[test]
fn shutdown_refuses_writers_that_wait_for_room() {
    let kit = Kit::with_room_for(1, OnFull::Block(SECOND * 60));
    let hold = kit.database.hold(StoreCommit);
    kit.put_many(&[("a", 1)]);
    let mut blocked = kit.put("b", 2);
    let cache = kit.cache.clone();
    let mut shutdown = kit.world.start(async move { cache.shutdown(SECOND).await });
    kit.world.run_until_idle();
    assert_eq!(blocked.finished().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    hold.release();
    kit.world.run_until_idle();
    shutdown.finished().unwrap().unwrap();
}
