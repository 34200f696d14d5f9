//! Reads, by the cache and by the application.

use std::sync::Arc;

use larder::source::SourceErrorKind;
use larder::{Cache, Freshness, Leased, ReadOptions, Strategy};

use crate::kit::{Kit, SECOND, source};

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
