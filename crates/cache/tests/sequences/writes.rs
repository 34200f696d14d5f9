//! Writes that reach the source before they are answered.

use std::time::Duration;

use larder::source::SourceErrorKind;
use larder::strategy::{Order, WriteAround, WriteThrough};
use larder::{Edit, Lifetime, Present, Strategy};

use crate::kit::Kit;

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
    let add = |found: Option<Present<'_, u32>>| {
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
