//! Several keys read, decided upon and written as one unit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use larder::runtime::{Simulated, Task};
use larder::strategy::{Order, WriteThrough};
use larder::{Cache, Edit, Error, ErrorKind, Lifetime, Present, Strategy, WriteOptions};

use crate::kit::Point::StoreCommit;
use crate::kit::{Database, Fault, TestTier};
use crate::larder_subject::TestCache;

type Found<'a> = BTreeMap<String, Option<Present<'a, u64>>>;
type Edits = BTreeMap<String, Edit<u64>>;

struct Kit {
    world: Simulated,
    database: Database,
    cache: TestCache,
}

impl Kit {
    fn new(strategy: impl Into<Strategy>) -> Self {
        let (world, database) = (Simulated::new(1), Database::with(&[("a", 5), ("b", 1)]));
        let cache = Cache::builder("test")
            .tier(TestTier::new())
            .source(database.clone())
            .strategy(strategy)
            .runtime(Arc::new(world.clone()))
            .build()
            .expect("a cache");
        Self { world, database, cache }
    }

    fn start(
        &self,
        keys: &[&str],
        decide: impl FnOnce(Found<'_>) -> Edits + Send + 'static,
    ) -> Task<Result<(), Error>> {
        let cache = self.cache.clone();
        let keys: BTreeSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let decide = |found: Found<'_>| (decide(found), ());
        let call = async move { cache.transact(keys, WriteOptions::default(), decide).await };
        let task = self.world.start(call);
        self.world.run_until_idle();
        task
    }

    fn run(
        &self,
        keys: &[&str],
        decide: impl FnOnce(Found<'_>) -> Edits + Send + 'static,
    ) -> Result<(), Error> {
        let task = self.start(keys, decide);
        self.world.block_on(task)
    }

    fn rows(&self) -> [Option<u64>; 2] {
        ["a", "b"].map(|key| self.database.row(key))
    }

    fn copies(&self) -> [Option<u64>; 2] {
        ["a", "b"].map(|key| self.cache.peek(key))
    }
}

fn through(order: Order) -> WriteThrough {
    WriteThrough { order, timeout: Some(Duration::from_secs(1)) }
}

const ORDERS: [Order; 2] = [Order::SourceFirst, Order::CacheFirst];

/// Moves one from `a` to `b`.
fn move_one(found: Found<'_>) -> Edits {
    let count = |key: &str| found[key].map_or(0, |present| *present.value);
    let put = |key: &str, count| (key.to_owned(), Edit::Put(count, Lifetime::Policy));
    BTreeMap::from([put("a", count("a") - 1), put("b", count("b") + 1)])
}

#[test]
fn a_transaction_is_one_load_and_one_store() {
    for order in ORDERS {
        let kit = Kit::new(through(order));
        kit.run(&["b", "a"], move_one).unwrap();
        assert_eq!(kit.rows(), [Some(4), Some(2)], "{order:?}");
        assert_eq!(kit.copies(), [Some(4), Some(2)], "{order:?}");
        assert_eq!(kit.database.loads(), [["a", "b"]]);
    }
}

#[test]
fn a_transaction_that_failed_has_changed_nothing() {
    for (order, fault) in ORDERS
        .into_iter()
        .flat_map(|order| [Fault::Fails, Fault::Rejects].map(|fault| (order, fault)))
    {
        let kit = Kit::new(through(order));
        kit.database.fail_store(fault);
        let error = kit.run(&["a", "b"], move_one).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Source | ErrorKind::Value), "{error}");
        assert_eq!(kit.rows(), [Some(5), Some(1)], "{order:?}");
        assert_eq!(kit.copies(), [Some(5), Some(1)], "{order:?}: the earlier copies are good");
    }
}

#[test]
fn after_an_unknown_outcome_no_key_of_the_transaction_is_cached() {
    for order in ORDERS {
        let kit = Kit::new(through(order));
        kit.database.fail_store(Fault::LosesReply);
        let error = kit.run(&["a", "b"], move_one).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        assert_eq!(kit.copies(), [None, None], "{order:?}");
        assert_eq!(kit.rows(), [Some(4), Some(2)], "{order:?}");
    }
}

#[test]
fn puts_deletes_and_keys_that_stay_are_one_unit() {
    let kit = Kit::new(through(Order::SourceFirst));
    kit.run(&["a", "b", "c"], |found| {
        assert!(found["c"].is_none());
        BTreeMap::from([
            ("a".to_owned(), Edit::Remove),
            ("c".to_owned(), Edit::Put(9, Lifetime::For(Duration::from_secs(60)))),
        ])
    })
    .unwrap();
    assert_eq!(kit.rows(), [None, Some(1)]);
    assert_eq!((kit.database.row("c"), kit.cache.peek("b")), (Some(9), Some(1)));
    kit.world.advance(Duration::from_secs(61));
    assert_eq!(
        (kit.cache.peek("c"), kit.cache.peek("b")),
        (None, Some(1)),
        "each has its lifetime"
    );
}

#[test]
fn no_write_of_its_keys_comes_between_what_a_transaction_reads_and_what_it_writes() {
    for order in ORDERS {
        let kit = Kit::new(through(order));
        let hold = kit.database.hold(StoreCommit);
        let first = kit.start(&["a", "b"], move_one);
        let second = kit.start(&["b", "a"], move_one);
        let cache = kit.cache.clone();
        let writer = kit.world.start(async move { cache.put("a".into(), 50).await });
        hold.release();
        for task in [first, second, writer] {
            kit.world.block_on(task).unwrap();
        }
        assert_eq!(kit.database.commits("a")[1..], [Some(4), Some(3), Some(50)], "{order:?}");
        assert_eq!(kit.rows(), [Some(50), Some(3)], "{order:?}");
        assert_eq!(kit.cache.in_progress(), 0);
    }
}

#[test]
fn a_transaction_that_changes_a_key_it_was_not_begun_with_does_nothing() {
    let kit = Kit::new(through(Order::SourceFirst));
    let error = kit.run(&["a"], |_| BTreeMap::from([("b".to_owned(), Edit::Remove)])).unwrap_err();
    assert_eq!((error.kind(), error.key()), (ErrorKind::Misuse, Some("b")));
    assert_eq!(kit.rows(), [Some(5), Some(1)]);
    assert_eq!(kit.cache.in_progress(), 0);
}

#[test]
fn write_behind_queues_a_transaction_as_a_whole_or_not_at_all() {
    let kit = Kit::new(Strategy::write_behind());
    kit.run(&["a", "b"], move_one).unwrap();
    assert_eq!(kit.copies(), [Some(4), Some(2)]);
    assert_eq!(kit.rows(), [Some(5), Some(1)], "not yet");
    let cache = kit.cache.clone();
    kit.world.block_on(async move { cache.flush().await }).expect("a flush");
    assert_eq!(kit.rows(), [Some(4), Some(2)]);
}

#[test]
fn strategies_that_leave_writes_to_the_application_refuse_a_transaction_that_writes() {
    for strategy in [Strategy::CacheAside, Strategy::ReadThrough] {
        let kit = Kit::new(strategy);
        let error = kit.run(&["a"], |_| BTreeMap::from([("a".to_owned(), Edit::Remove)]));
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Misuse);
        assert_eq!(kit.rows(), [Some(5), Some(1)]);
    }
}

#[test]
fn puts_and_deletes_are_written_together() {
    let kit = Kit::new(through(Order::SourceFirst));
    let changes = [("a".to_owned(), None), ("b".to_owned(), Some(2))];
    let write = |cache: TestCache, changes| async move {
        cache.write_many(changes, WriteOptions::default()).await
    };
    kit.database.fail_store(Fault::Fails);
    kit.world.block_on(write(kit.cache.clone(), changes.clone())).unwrap_err();
    assert_eq!(kit.rows(), [Some(5), Some(1)]);
    kit.world.block_on(write(kit.cache.clone(), changes)).unwrap();
    assert_eq!((kit.rows(), kit.copies()), ([None, Some(2)], [None, Some(2)]));
}
