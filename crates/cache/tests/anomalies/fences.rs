//! Write-behind over a source that keeps fences: taking over, lost replies, and former holders.

use std::sync::Arc;
use std::time::Duration;

use larder::journal::{AppendError, Journal, Limits};
use larder::runtime::{Simulated, Task};
use larder::source::{Fences, Holder, SourceErrorKind};
use larder::strategy::{DrainState, DrainStatus, OnFull, WriteBehind};
use larder::{Cache, Error, ErrorKind};

use crate::kept_journal::KeptJournal;
use crate::kit::Point::{StoreCommit, StoreReply};
use crate::kit::{Database, Fault, TestTier};
use crate::larder_subject::TestCache;

const SECOND: Duration = Duration::from_secs(1);

struct Kit {
    world: Simulated,
    database: Database,
    journal: Arc<KeptJournal>,
    cache: TestCache,
}

impl Kit {
    fn new(options: WriteBehind) -> Self {
        let (world, database) = (Simulated::new(1), Database::default());
        database.keep_fences();
        let journal = KeptJournal::new(&world, options.limits.clone());
        let cache = started(&world, &database, &journal, options);
        Self { world, database, journal, cache }
    }

    fn one_by_one() -> Self {
        let limits = Limits { coalesce: false, ..Limits::default() };
        Self::new(WriteBehind { limits, ..WriteBehind::default() })
    }

    fn put(&self, key: &str, value: u64) -> Result<(), Error> {
        let (cache, key) = (self.cache.clone(), key.to_owned());
        let mut task = self.world.start(async move { cache.put(key, value).await });
        self.world.run_until_idle();
        task.finished().expect("no waiting")
    }

    fn get(&self, key: &'static str) -> Option<u64> {
        let cache = self.cache.clone();
        self.world.block_on(async move { cache.get(key).await }).expect("a value")
    }

    fn flush(&self) {
        let cache = self.cache.clone();
        self.world.block_on(async move { cache.flush().await }).expect("a flush");
    }

    fn flushing(&self, key: Option<&str>) -> Task<Result<(), Error>> {
        let (cache, key) = (self.cache.clone(), key.map(str::to_owned));
        self.world.start(async move {
            match key {
                Some(key) => cache.flush_key(&key).await,
                None => cache.flush().await,
            }
        })
    }

    fn drain(&self) -> DrainStatus {
        self.cache.drain_status().expect("it has a queue")
    }

    fn shut_down(&self) -> Task<Result<(), larder::Unflushed>> {
        let cache = self.cache.clone();
        let task = self.world.start(async move { cache.shutdown(SECOND).await });
        self.world.run_until_idle();
        task
    }
}

fn started(
    world: &Simulated,
    database: &Database,
    journal: &Arc<KeptJournal>,
    options: WriteBehind,
) -> TestCache {
    Cache::builder("test")
        .tier(TestTier::new())
        .source(database.clone())
        .strategy(options)
        .journal(journal.clone())
        .runtime(Arc::new(world.clone()))
        .build()
        .expect("a cache")
}

#[test]
fn writes_and_reads_go_on_while_the_source_does_not_say_how_far_the_journal_has_come() {
    let kit = Kit::new(WriteBehind::default());
    (0..3).for_each(|_| kit.database.fail_store(Fault::Fails));
    kit.put("k", 2).unwrap();
    assert_eq!((kit.get("k"), kit.drain().state), (Some(2), DrainState::TakingOver));
    kit.flush();
    let drain = kit.drain();
    assert_eq!((drain.state, drain.epoch, drain.failures), (DrainState::Draining, Some(1), 0));
    assert_eq!(drain.last_error.unwrap().1.message(), "the database is down");
    assert_eq!(kit.database.row("k"), Some(2));
}

#[test]
fn a_take_over_whose_reply_was_lost_is_asked_for_again_by_the_same_holder() {
    let kit = Kit::new(WriteBehind::default());
    (0..3).for_each(|_| kit.database.fail_store(Fault::LosesReply));
    kit.put("k", 2).unwrap();
    kit.flush();
    assert_eq!((kit.drain().epoch, kit.database.row("k")), (Some(1), Some(2)));
}

#[test]
fn a_set_up_error_of_the_source_is_said_and_tried_again() {
    let kit = Kit::new(WriteBehind::default());
    kit.world.run_until_idle();
    (0..3).for_each(|_| kit.database.fail_store(Fault::Misses));
    kit.put("k", 2).unwrap();
    kit.world.advance(SECOND / 8);
    let drain = kit.drain();
    assert_eq!(drain.last_error.unwrap().1.kind(), SourceErrorKind::Misconfigured);
    assert!(drain.failures > 0 && drain.lag >= SECOND / 8, "{:?}", drain.lag);
    kit.flush();
    assert_eq!(kit.database.row("k"), Some(2));
    let drain = kit.drain();
    assert_eq!((drain.failures, drain.lag), (0, Duration::ZERO));
    assert!(drain.records_per_second > 0.0);
}

#[test]
fn anomaly_16_a_batch_whose_reply_was_lost_takes_effect_once() {
    for fault in [Fault::LosesReply, Fault::Panics] {
        let kit = Kit::one_by_one();
        kit.world.run_until_idle();
        kit.database.fail_store(fault);
        (1..=3).for_each(|value| kit.put("k", value).unwrap());
        kit.flush();
        assert_eq!(kit.database.commits("k"), [Some(1), Some(2), Some(3)], "{fault:?}");
        assert_eq!(kit.cache.statistics().write_retries, 1);
    }
}

#[test]
fn anomaly_17_halves_of_a_poisoned_batch_are_fenced_on_their_own() {
    let kit = Kit::one_by_one();
    kit.world.run_until_idle();
    // The batch of four and the half with the poison are refused; the reply of the other is lost.
    (0..3).for_each(|_| kit.database.fail_store(Fault::Rejects));
    kit.database.fail_store(Fault::LosesReply);
    let writes = [("a", 1), ("a", 2), ("b", 3), ("c", 4)];
    writes.into_iter().for_each(|(key, value)| kit.put(key, value).unwrap());
    kit.flush();
    assert_eq!(kit.database.commits("a"), [Some(2)]);
    assert_eq!(
        (kit.database.commits("b"), kit.database.commits("c")),
        (vec![Some(3)], vec![Some(4)])
    );
    assert_eq!(kit.cache.dead_letters().len(), 1);
}

#[test]
fn a_former_holder_writes_nothing_and_says_why() {
    let kit = Kit::new(WriteBehind { workers: 2, ..WriteBehind::default() });
    kit.put("k", 2).unwrap();
    kit.flush();
    kit.put("k", 3).unwrap();
    let database = kit.database.clone();
    let other = kit
        .world
        .block_on(async move { database.take_over("kept".into(), Holder(0)).await })
        .unwrap();
    assert_eq!(other.epoch, 2);
    kit.world.advance(SECOND);
    assert_eq!(kit.database.row("k"), Some(2), "the row is the new holder's");
    assert_eq!(kit.drain().state, DrainState::Fenced);
    let error = kit.put("k", 4).unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Fenced, false));
    assert_eq!(kit.journal.forfeits().len(), 1, "once, whichever worker met it");
    assert_eq!(kit.journal.status().records, 1, "what is held stays");
    assert_eq!(kit.get("k"), Some(3), "reads go on");
    let left = kit.shut_down().finished().expect("nothing is waited for");
    assert_eq!(left.unwrap_err().writes, 1);
    assert_eq!(kit.drain().state, DrainState::Fenced);
}

#[test]
fn a_flush_ends_with_an_error_when_the_journal_is_taken_over() {
    let kit = Kit::new(WriteBehind { workers: 3, ..WriteBehind::default() });
    kit.world.run_until_idle();
    kit.put("k", 1).unwrap();
    let other = kit.database.clone();
    kit.world.block_on(async move { other.take_over("kept".into(), Holder(0)).await }).unwrap();
    let mut waiting = [kit.flushing(None), kit.flushing(Some("k"))];
    kit.world.advance(SECOND);
    for flush in &mut waiting {
        let error = flush.finished().expect("it ends").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Fenced, "{error}");
        assert!(error.message().contains("another process"), "{error}");
    }
    let mut later = kit.flushing(None);
    kit.world.run_until_idle();
    assert_eq!(later.finished().expect("at once").unwrap_err().kind(), ErrorKind::Fenced);
    let mut elsewhere: Vec<_> = ["a", "b", "c"].map(|key| kit.flushing(Some(key))).into();
    kit.world.run_until_idle();
    let all_there = |flush: &mut Task<_>| matches!(flush.finished(), Some(Ok(())));
    assert!(elsewhere.iter_mut().any(all_there), "nothing is queued in other lanes");
}

#[test]
fn a_flush_ends_with_an_error_once_the_cache_is_shut_down() {
    let kit = Kit::new(WriteBehind::default());
    (0..1000).for_each(|_| kit.database.fail_store(Fault::Fails));
    kit.put("k", 1).unwrap();
    let mut flush = kit.flushing(None);
    let mut stopped = kit.shut_down();
    kit.world.advance(SECOND);
    assert!(stopped.finished().unwrap().is_err());
    assert_eq!(flush.finished().expect("it ends").unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_batch_that_is_under_way_while_the_journal_is_taken_over_is_refused() {
    let kit = Kit::new(WriteBehind::default());
    let hold = kit.database.hold(StoreCommit);
    kit.put("k", 2).unwrap();
    kit.world.advance(SECOND);
    let database = kit.database.clone();
    kit.world.block_on(async move { database.take_over("kept".into(), Holder(0)).await }).unwrap();
    hold.release();
    kit.world.run_until_idle();
    assert_eq!(kit.database.row("k"), None);
    assert_eq!(kit.put("other", 1).unwrap_err().kind(), ErrorKind::Fenced);
}

#[test]
fn anomaly_11_what_the_source_had_before_the_restart_is_not_brought_again() {
    let limits = Limits { coalesce: false, ..Limits::default() };
    let kit = Kit::new(WriteBehind { limits: limits.clone(), ..WriteBehind::default() });
    let hold = kit.database.hold(StoreReply);
    kit.put("k", 1).unwrap();
    kit.world.advance(SECOND);
    kit.put("k", 2).unwrap();
    assert_eq!(kit.database.row("k"), Some(1), "and its reply is lost with the process");
    let next = KeptJournal::new(&kit.world, limits.clone());
    let cache = replaced(&kit, &next, WriteBehind { limits, ..WriteBehind::default() });
    assert_eq!(cache.peek("k"), None);
    let reader = cache.clone();
    let seen = kit.world.block_on(async move { reader.get("k").await }).unwrap();
    assert_eq!(seen, Some(2), "what is pending is seen from the first moment");
    let flushed = cache.clone();
    kit.world.block_on(async move { flushed.flush().await }).expect("a flush");
    assert_eq!(kit.database.commits("k"), [Some(1), Some(2)]);
    assert_eq!(cache.drain_status().unwrap().epoch, Some(2));
    drop(hold);
}

/// A new process's cache, over a journal that holds what the old one's holds.
fn replaced(kit: &Kit, journal: &Arc<KeptJournal>, options: WriteBehind) -> TestCache {
    let appends = [1, 2].map(|value| larder::journal::Append {
        key: "k".to_owned(),
        value: Some(value),
        trace: None,
    });
    let filled = journal.clone();
    kit.world.block_on(async move {
        for append in appends {
            filled.append(vec![append]).await.expect("room");
        }
    });
    started(&kit.world, &kit.database, journal, options)
}

#[test]
fn batches_of_different_keys_are_on_their_way_at_the_same_time() {
    let limits = Limits { batch_max: 1, ..Limits::default() };
    let kit = Kit::new(WriteBehind { limits, workers: 4, ..WriteBehind::default() });
    let _holds: Vec<_> = (0..3).map(|_| kit.database.hold(StoreCommit)).collect();
    (0..200).for_each(|n| kit.put(&format!("k{n}"), n).unwrap());
    kit.world.advance(SECOND);
    let arrived = (0..200).filter(|n| kit.database.row(&format!("k{n}")).is_some()).count();
    assert!(arrived > 100, "three batches are held, and the fourth worker brought but {arrived}");
}

#[test]
fn nothing_more_is_written_once_the_deadline_of_a_shutdown_has_passed() {
    let limits = Limits { batch_max: 1, coalesce: false, ..Limits::default() };
    let kit = Kit::new(WriteBehind { limits, ..WriteBehind::default() });
    let hold = kit.database.hold(StoreCommit);
    (1..=3).for_each(|value| kit.put("k", value).unwrap());
    let mut stopped = kit.shut_down();
    kit.world.advance(SECOND);
    assert_eq!(stopped.finished().unwrap().unwrap_err().writes, 3);
    hold.release();
    kit.world.advance(SECOND * 60);
    assert_eq!(
        kit.database.commits("k"),
        [Some(1)],
        "what was on its way ends, and no other begins"
    );
    assert_eq!(kit.drain().state, DrainState::Stopped);
    assert_eq!(kit.journal.status().records, 2);
}

#[test]
fn a_shutdown_ends_attempts_that_wait_for_the_source() {
    let kit = Kit::new(WriteBehind::default());
    (0..1000).for_each(|_| kit.database.fail_store(Fault::Fails));
    kit.put("k", 1).unwrap();
    let mut stopped = kit.shut_down();
    kit.world.advance(SECOND);
    assert_eq!(stopped.finished().unwrap().unwrap_err().writes, 1);
    let retries = kit.cache.statistics().write_retries;
    kit.world.advance(SECOND * 60);
    assert_eq!(kit.cache.statistics().write_retries, retries);
}

#[test]
fn a_write_that_may_be_in_the_journal_is_unknown_and_not_cached() {
    let kit = Kit::new(WriteBehind::default());
    kit.put("k", 1).unwrap();
    kit.flush();
    kit.journal.answer_next_append(AppendError::Unknown("the disk failed".to_owned()));
    let error = kit.put("k", 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown, "{error}");
    assert!(error.message().contains("the disk failed"), "{error}");
    assert_eq!(kit.cache.peek("k"), None);
    kit.journal.answer_next_append(AppendError::Failed("the disk failed".to_owned()));
    let error = kit.put("other", 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Journal, "{error}");
    assert_eq!(kit.cache.peek("other"), None);
}

#[test]
fn a_write_that_goes_past_the_journal_waits_until_a_restart_finds_nothing_older_there() {
    let limits = Limits { records_max: 1, ..Limits::default() };
    let on_full = OnFull::Through(SECOND);
    let kit = Kit::new(WriteBehind { limits, on_full, ..WriteBehind::default() });
    kit.put("k", 1).unwrap();
    assert_eq!(kit.journal.checkpoints(), 0);
    kit.put("k", 2).expect("it takes the place of the first");
    kit.put("other", 3).unwrap();
    assert_eq!((kit.database.row("other"), kit.journal.checkpoints()), (Some(3), 1));
    kit.journal.fail_checkpoints(AppendError::Failed("the disk failed".to_owned()));
    let hold = kit.database.hold(StoreCommit);
    kit.put("k", 4).unwrap();
    let error = kit.put("other", 5).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Journal, "{error}");
    assert_eq!((kit.get("other"), kit.database.row("other")), (Some(3), Some(3)));
    drop(hold);
}

#[test]
fn a_cache_that_is_let_go_while_it_takes_over_brings_what_it_holds_and_ends() {
    let kit = Kit::new(WriteBehind::default());
    (0..5).for_each(|_| kit.database.fail_store(Fault::Fails));
    kit.put("k", 1).unwrap();
    let Kit { world, database, journal, cache } = kit;
    drop(cache);
    world.advance(SECOND * 60);
    assert_eq!(database.row("k"), Some(1));
    assert_eq!(Arc::strong_count(&journal), 1, "no worker is left");
}
