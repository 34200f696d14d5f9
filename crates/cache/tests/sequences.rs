//! What passes between the parts, strategy by strategy: the messages that a trace records.
//!
//! `CACHE.EXPLAIN` and `larder tour` show these very messages, so a picture cannot drift from what
//! the engine does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use larder::journal::Limits;
use larder::runtime::{Runtime, Simulated};
use larder::source::{self, Change, SourceError, SourceErrorKind};
use larder::strategy::{OnFull, Order, WriteAround, WriteBehind, WriteThrough};
use larder::trace::{Recorder, Trace};
use larder::{Cache, Edit, Freshness, Leased, Lifetime, ReadOptions, Strategy, WriteOptions};
use parking_lot::Mutex;

const SECOND: Duration = Duration::from_secs(1);

/// A source of two rows, a cache in front of it and a recorder, in a simulated world.
struct Kit {
    world: Simulated,
    rows: Arc<Mutex<BTreeMap<String, u32>>>,
    /// What the next calls of the source fail with.
    failures: Arc<Mutex<Vec<SourceError>>>,
    cache: Cache<String, u32>,
    recorder: Recorder,
}

impl Kit {
    fn new(strategy: impl Into<Strategy>) -> Self {
        let world = Simulated::new(3);
        let rows = Arc::new(Mutex::new(BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)])));
        let failures = Arc::new(Mutex::new(Vec::new()));
        let runtime: Arc<dyn Runtime> = Arc::new(world.clone());
        let cache = Cache::builder("test")
            .max_entries(100)
            .source(source(&world, &rows, &failures))
            .strategy(strategy)
            .freshness(Freshness { negative_ttl: 10 * SECOND, ..Freshness::ttl(10 * SECOND) })
            .runtime(runtime.clone())
            .build()
            .unwrap();
        Self { world, rows, failures, cache, recorder: Recorder::new(runtime) }
    }

    fn fail(&self, kind: SourceErrorKind) {
        self.failures.lock().push(SourceError::new(kind, "no"));
    }

    fn trace(&self) -> Option<Trace> {
        Some(self.recorder.trace())
    }

    fn options(&self) -> WriteOptions {
        WriteOptions { trace: self.trace(), ..WriteOptions::default() }
    }

    fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        self.world.block_on(future)
    }

    fn get(&self, key: &str) {
        self.get_many(&[key]);
    }

    fn get_many(&self, keys: &[&str]) {
        let options = ReadOptions { trace: self.trace(), ..ReadOptions::default() };
        let keys = keys.iter().map(|key| key.to_string()).collect();
        let cache = self.cache.clone();
        self.run(async move { cache.get_many(keys, &options).await });
    }

    fn put(&self, key: &str, value: u32) {
        let (cache, key, options) = (self.cache.clone(), key.to_owned(), self.options());
        // Whether it succeeds is part of the sequence.
        self.run(async move { cache.put_with(key, value, options).await }).ok();
    }

    fn remove(&self, key: &str) {
        let (cache, key, options) = (self.cache.clone(), key.to_owned(), self.options());
        self.run(async move { cache.remove_many(vec![key], options).await }).ok();
    }

    /// Lets everything that was set off come to its end, and so much time pass.
    fn pass(&self, span: Duration) {
        self.world.advance(span);
    }

    /// What was recorded up to now, a message a line.
    #[track_caller]
    fn saw(&self, expected: &[impl AsRef<str>]) {
        let messages = self.recorder.messages();
        let line = |message: &larder::trace::Message| {
            format!("{}>{}: {} {}", message.from, message.to, message.what, message.key)
        };
        let lines: Vec<String> = messages.iter().map(line).collect();
        let expected: Vec<&str> = expected.iter().map(AsRef::as_ref).collect();
        assert_eq!(lines, expected, "{lines:#?}");
    }

    /// A kit whose recorder has seen nothing of what came before.
    fn afresh(mut self) -> Self {
        self.recorder = Recorder::new(Arc::new(self.world.clone()));
        self
    }
}

fn source(
    world: &Simulated,
    rows: &Arc<Mutex<BTreeMap<String, u32>>>,
    failures: &Arc<Mutex<Vec<SourceError>>>,
) -> source::Closures<String, u32> {
    let (loaded, failing, clock) = (rows.clone(), failures.clone(), world.clone());
    let (stored, failing_too, clock_too) = (rows.clone(), failures.clone(), world.clone());
    source::load_many_with(move |keys: Vec<String>| {
        let (rows, failure, clock) = (loaded.clone(), failing.lock().pop(), clock.clone());
        async move {
            clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
            let rows = rows.lock();
            failure.map_or(Ok(()), Err)?;
            Ok(keys.iter().map(|key| Ok(rows.get(key).copied())).collect())
        }
    })
    .store_with(move |changes: Vec<Change<String, u32>>| {
        let (rows, failure, clock) = (stored.clone(), failing_too.lock().pop(), clock_too.clone());
        async move {
            clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
            failure.map_or(Ok(()), Err)?;
            let mut rows = rows.lock();
            for Change { key, value } in changes {
                match value {
                    Some(value) => rows.insert(key, value),
                    None => rows.remove(&key),
                };
            }
            Ok(())
        }
    })
}

fn write_behind(on_full: OnFull) -> WriteBehind {
    let limits = Limits { records_max: 2, flush_interval: SECOND, ..Limits::default() };
    WriteBehind { limits, on_full, ..WriteBehind::default() }
}

const MISS: [&str; 5] = [
    "App>Cache: get a",
    "Cache>Database: load a",
    "Database>Cache: row a",
    "Cache>Cache: fill a",
    "Cache>App: value a",
];

#[test]
fn a_miss_is_loaded_and_then_hits_until_it_expires() {
    let strategies = [Strategy::ReadThrough, Strategy::write_through(), Strategy::write_around()];
    for strategy in strategies {
        let kit = Kit::new(strategy);
        kit.get("a");
        kit.saw(&MISS);
        let kit = kit.afresh();
        kit.get("a");
        kit.saw(&["App>Cache: get a", "Cache>App: hit a"]);
        kit.pass(11 * SECOND);
        let kit = kit.afresh();
        kit.get("a");
        kit.saw(&MISS);
    }
}

#[test]
fn absence_is_loaded_once() {
    let kit = Kit::new(Strategy::ReadThrough);
    kit.get("c");
    kit.get("c");
    kit.saw(&[
        "App>Cache: get c",
        "Cache>Database: load c",
        "Database>Cache: absent c",
        "Cache>Cache: fill: absent c",
        "Cache>App: absent c",
        "App>Cache: get c",
        "Cache>App: hit: absent c",
    ]);
}

#[test]
fn keys_that_are_missed_together_are_one_query() {
    let kit = Kit::new(Strategy::ReadThrough);
    kit.get_many(&["a", "b"]);
    kit.saw(&[
        "App>Cache: get a",
        "App>Cache: get b",
        "Cache>Database: load 2 keys a b",
        "Database>Cache: row a",
        "Cache>Cache: fill a",
        "Database>Cache: row b",
        "Cache>Cache: fill b",
        "Cache>App: value a",
        "Cache>App: value b",
    ]);
}

#[test]
fn a_second_reader_joins_the_flight_and_a_write_of_the_source_voids_it() {
    let kit = Kit::new(Strategy::ReadThrough);
    let read = || {
        let (cache, trace) = (kit.cache.clone(), kit.trace());
        let options = ReadOptions { trace, ..ReadOptions::default() };
        kit.world.start(async move { cache.get_with("a".into(), &options).await });
    };
    read();
    kit.world.run_until_idle();
    read();
    kit.world.run_until_idle();
    kit.remove("a");
    kit.pass(SECOND);
    kit.saw(&[
        "App>Cache: get a",
        "Cache>Database: load a",
        "App>Cache: get a",
        "Cache>Cache: join flight a",
        "App>Cache: invalidate a",
        "Cache>Cache: drop copy a",
        "Cache>App: ok a",
        "Database>Cache: row a",
        "Cache>Cache: fill refused: void a",
        "Cache>App: value a",
        "Cache>App: value a",
    ]);
}

#[test]
fn a_load_that_fails_is_an_error_for_its_reader() {
    let kit = Kit::new(Strategy::ReadThrough);
    kit.fail(SourceErrorKind::Unavailable);
    kit.get("a");
    kit.saw(&[
        "App>Cache: get a",
        "Cache>Database: load a",
        "Database>Cache: error: no a",
        "Cache>App: error: no a",
    ]);
}

#[test]
fn a_stale_copy_is_handed_out_before_it_is_refreshed() {
    let mut kit = Kit::new(Strategy::ReadThrough);
    let swr = Freshness { stale_while_revalidate: SECOND, ..Freshness::ttl(SECOND) };
    kit.cache = Cache::builder("test")
        .max_entries(100)
        .source(source(&kit.world, &kit.rows, &kit.failures))
        .strategy(Strategy::ReadThrough)
        .freshness(swr)
        .runtime(Arc::new(kit.world.clone()))
        .build()
        .unwrap();
    kit.get("a");
    kit.pass(SECOND);
    let kit = kit.afresh();
    kit.get("a");
    kit.pass(SECOND);
    kit.saw(&[
        "App>Cache: get a",
        "Cache>App: stale a",
        "Cache>Database: load a",
        "Database>Cache: row a",
        "Cache>Cache: fill a",
    ]);
}

#[test]
fn cache_aside_leases_fills_and_refuses_what_comes_too_late() {
    let kit = Kit::new(Strategy::CacheAside);
    let lease = || kit.cache.lease_with("a".into(), &kit.options()).unwrap();
    let fill = |lease| kit.cache.fill_with("a".into(), lease, Some(1), &kit.options());
    kit.get("a");
    let Leased::Lease(first) = lease() else { panic!("nothing is cached") };
    assert!(fill(first));
    assert_eq!(lease(), Leased::Hit(Some(1)));
    kit.remove("a");
    assert!(!fill(first));
    kit.saw(&[
        "App>Cache: get a",
        "Cache>App: miss a",
        "App>Cache: lease a",
        "Cache>App: miss: lease granted a",
        "App>Cache: fill a",
        "Cache>App: filled a",
        "App>Cache: lease a",
        "Cache>App: hit a",
        "App>Cache: invalidate a",
        "Cache>Cache: drop copy a",
        "Cache>App: ok a",
        "App>Cache: fill a",
        "Cache>App: fill refused: void a",
    ]);
}

#[test]
fn write_through_writes_the_source_and_then_the_copy() {
    let kit = Kit::new(Strategy::write_through());
    kit.put("a", 5);
    kit.get("a");
    kit.remove("a");
    kit.saw(&[
        "App>Cache: put a",
        "Cache>Database: upsert a",
        "Database>Cache: stored a",
        "Cache>Cache: update a",
        "Cache>App: ok a",
        "App>Cache: get a",
        "Cache>App: hit a",
        "App>Cache: delete a",
        "Cache>Database: delete a",
        "Database>Cache: stored a",
        "Cache>Cache: update: absent a",
        "Cache>App: ok a",
    ]);
}

#[test]
fn write_through_writes_several_rows_as_one() {
    let kit = Kit::new(Strategy::write_through());
    let (cache, options) = (kit.cache.clone(), kit.options());
    let pairs = [("a".to_owned(), 5), ("b".to_owned(), 6)];
    kit.run(async move { cache.put_many(pairs, options).await }).unwrap();
    kit.saw(&[
        "App>Cache: put a",
        "App>Cache: put b",
        "Cache>Database: upsert 2 rows a b",
        "Database>Cache: stored a b",
        "Cache>Cache: update a",
        "Cache>Cache: update b",
        "Cache>App: ok a",
        "Cache>App: ok b",
    ]);
}

#[test]
fn write_through_that_fails_leaves_the_copy_alone() {
    let kit = Kit::new(Strategy::write_through());
    kit.fail(SourceErrorKind::Unavailable);
    kit.put("a", 5);
    kit.saw(&[
        "App>Cache: put a",
        "Cache>Database: upsert a",
        "Database>Cache: error: no a",
        "Cache>App: error: no a",
    ]);
}

#[test]
fn write_through_cache_first_puts_the_copy_back_when_the_source_fails() {
    let kit = Kit::new(WriteThrough { order: Order::CacheFirst, timeout: None });
    kit.get("a");
    let kit = kit.afresh();
    kit.fail(SourceErrorKind::Unavailable);
    kit.put("a", 5);
    kit.saw(&[
        "App>Cache: put a",
        "Cache>Cache: take copy out a",
        "Cache>Database: upsert a",
        "Database>Cache: error: no a",
        "Cache>Cache: put copy back a",
        "Cache>App: error: no a",
    ]);
}

#[test]
fn write_through_that_times_out_drops_the_copy() {
    let timeout = Some(Duration::from_micros(1));
    let kit = Kit::new(WriteThrough { order: Order::SourceFirst, timeout });
    kit.put("a", 5);
    let why = "the write took longer than its time-out; whether the source has it is unknown";
    kit.saw(&[
        "App>Cache: put a",
        "Cache>Database: upsert a",
        "Cache>Cache: time-out, outcome unknown a",
        "Cache>Cache: drop copy a",
        format!("Cache>App: error: {why} a").as_str(),
    ]);
}

#[test]
fn an_update_reads_and_then_writes() {
    let kit = Kit::new(Strategy::write_through());
    let (cache, options) = (kit.cache.clone(), kit.options());
    let add = |found: Option<larder::Present<'_, u32>>| {
        (Edit::Put(found.map_or(0, |found| *found.value) + 1, Lifetime::Policy), ())
    };
    kit.run(async move { cache.update("a".into(), options, add).await }).unwrap();
    assert_eq!(kit.rows.lock().get("a"), Some(&2));
    kit.saw(&[
        "App>Cache: update a",
        "Cache>Database: load a",
        "Database>Cache: row a",
        "Cache>Cache: fill a",
        "Cache>App: value a",
        "App>Cache: put a",
        "Cache>Database: upsert a",
        "Database>Cache: stored a",
        "Cache>Cache: update a",
        "Cache>App: ok a",
    ]);
}

#[test]
fn write_around_drops_the_copy_and_its_pure_form_does_not() {
    let drop_copy = "Cache>Cache: drop copy a";
    for (drop_cached, expected) in [(true, Some(drop_copy)), (false, None)] {
        let kit = Kit::new(WriteAround { drop_cached, ..WriteAround::default() });
        kit.put("a", 5);
        let mut messages =
            vec!["App>Cache: put a", "Cache>Database: upsert a", "Database>Cache: stored a"];
        messages.extend(expected);
        messages.push("Cache>App: ok a");
        kit.saw(&messages);
    }
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
    (kit.put("a", 5), kit.put("b", 6));
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
    (kit.put("a", 5), kit.put("b", 6));
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
    let kit = Kit::new(write_behind(OnFull::Through));
    (kit.put("a", 5), kit.put("b", 6));
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
    (kit.put("a", 5), kit.put("b", 6));
    let kit = kit.afresh();
    (kit.put("a", 7), kit.put("b", 8));
    // For the batch, and for the first of its halves.
    (kit.fail(SourceErrorKind::Rejected), kit.fail(SourceErrorKind::Rejected));
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
