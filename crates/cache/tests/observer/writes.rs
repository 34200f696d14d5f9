//! Writes by each strategy.

use std::time::Duration;

use larder::source::SourceErrorKind;
use larder::strategy::{Order, WriteAround, WriteBehind, WriteThrough};
use larder::{Edit, ErrorKind, Freshness, Lifetime, Strategy, WriteOptions};

use crate::kit::{CALL, Kit, SECOND, name};

#[test]
fn without_a_source_each_write_is_told() {
    let kit = Kit::plain();
    kit.cache.put_now(&name("k"), 1, Lifetime::Policy).unwrap();
    kit.cache.put_now(&name("k"), 2, Lifetime::Policy).unwrap();
    kit.told(&["k: written, new", "k: written, again"]);
    assert!(kit.cache.remove_now(&name("k")).unwrap());
    assert!(!kit.cache.remove_now(&name("k")).unwrap());
    kit.told(&["k: written, gone", "k: written, still none"]);
}

#[test]
fn an_update_is_told_as_what_it_came_to() {
    let kit = Kit::plain();
    let edits = [
        (Edit::Keep, None),
        (Edit::Expire(Lifetime::Forever), None),
        (Edit::Put(1, Lifetime::Policy), Some("k: written, new")),
        (Edit::Keep, None),
        (Edit::Put(2, Lifetime::Keep), Some("k: written, again")),
        (Edit::Expire(Lifetime::For(SECOND)), Some("k: lifetime, again")),
        (Edit::Expire(Lifetime::Keep), None),
        (Edit::Expire(Lifetime::For(Duration::ZERO)), Some("k: expired, gone")),
        (Edit::Put(3, Lifetime::Policy), Some("k: written, new")),
        (Edit::Remove, Some("k: written, gone")),
    ];
    for (edit, expected) in edits {
        let shown = format!("{edit:?}");
        kit.cache.update_now(&name("k"), |_| (edit, ())).unwrap();
        assert_eq!(kit.diary.lines(), Vec::from_iter(expected), "{shown}");
    }
}

#[test]
fn another_lifetime_is_told_where_there_is_a_copy() {
    let kit = Kit::new(Strategy::ReadThrough);
    assert!(!kit.cache.expire(&name("a"), Lifetime::Forever));
    kit.told(&[]);
    kit.get("a").unwrap();
    assert!(kit.cache.expire(&name("a"), Lifetime::Forever));
    assert!(kit.cache.expire(&name("a"), Lifetime::For(Duration::ZERO)));
    kit.told(&["a: loaded, new", "a: lifetime, again", "a: expired, gone"]);
}

#[test]
fn write_through_is_told_when_the_source_has_it() {
    let kit = Kit::new(Strategy::write_through());
    kit.put("k", 1).unwrap();
    kit.put("k", 2).unwrap();
    kit.told(&["k: written, new", "k: written, again"]);
    kit.rows.fail(SourceErrorKind::Rejected);
    kit.put("k", 3).unwrap_err();
    kit.told(&[]);
    assert!(kit.remove("k"));
    kit.told(&["k: written, gone"]);
}

#[test]
fn a_delete_that_leaves_known_absent_leaves_no_value() {
    let policy = Freshness { negative_ttl: SECOND, ..Freshness::ttl(SECOND) };
    let kit = Kit::with(Strategy::write_through(), policy);
    kit.remove("a");
    kit.remove("a");
    kit.told(&["a: written, still none", "a: written, gone"]);
    assert_eq!(kit.cache.glance(&name("a")).unwrap().value, None);
    assert!(kit.diary.keys().is_empty());
}

#[test]
fn a_write_whose_outcome_is_unknown_is_told_again_when_the_call_has_ended() {
    let kit = Kit::new(WriteThrough { timeout: Some(CALL / 2), ..WriteThrough::default() });
    kit.get("a").unwrap();
    let error = kit.put("a", 3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    kit.told(&["a: loaded, new", "a: written, gone"]);
    // This reader may be given what was there before the write, and may have told others.
    kit.get("a").unwrap();
    kit.world.advance(CALL);
    kit.told(&["a: withdrawn, still none"]);
    kit.get("a").unwrap();
    kit.told(&["a: loaded, new"]);
}

#[test]
fn cache_first_withdraws_the_copy_until_the_source_has_answered() {
    let kit = Kit::new(WriteThrough { order: Order::CacheFirst, ..WriteThrough::default() });
    kit.get("a").unwrap();
    kit.put("a", 3).unwrap();
    kit.told(&["a: loaded, new", "a: withdrawn, gone", "a: written, new"]);
    kit.rows.fail(SourceErrorKind::Rejected);
    kit.put("a", 4).unwrap_err();
    kit.told(&["a: withdrawn, gone", "a: restored, new"]);
}

#[test]
fn write_behind_is_told_when_it_is_queued() {
    let kit = Kit::new(Strategy::write_behind());
    kit.put("k", 1).unwrap();
    kit.told(&["k: written, new"]);
    kit.world.advance(SECOND);
    kit.told(&[]);
    assert!(kit.remove("k"));
    kit.told(&["k: written, gone"]);
}

#[test]
fn a_queued_write_that_the_source_refuses_takes_its_copy_along() {
    let kit = Kit::new(WriteBehind::default());
    kit.rows.fail(SourceErrorKind::Rejected);
    kit.put("k", 1).unwrap();
    kit.world.advance(SECOND);
    assert_eq!(kit.cache.journal_status().unwrap().dead, 1);
    kit.told(&["k: written, new", "k: invalidated, gone"]);
}

#[test]
fn write_around_leaves_no_copy_and_in_its_pure_form_changes_none() {
    let kit = Kit::new(WriteAround::default());
    kit.get("a").unwrap();
    kit.put("a", 3).unwrap();
    kit.put("a", 4).unwrap();
    kit.told(&["a: loaded, new", "a: written, gone", "a: written, still none"]);
    let pure = Kit::new(WriteAround { drop_cached: false, ..WriteAround::default() });
    pure.put("a", 3).unwrap();
    pure.told(&[]);
}

#[test]
fn a_value_that_the_tier_refuses_is_told_as_gone() {
    let kit = Kit::build(|_, _, builder| builder.max_bytes(1_000, |_, size| *size.unwrap_or(&1)));
    let options = WriteOptions::default;
    kit.put_with("k", 1, options()).unwrap();
    kit.put_with("k", 100_000, options()).unwrap_err();
    kit.put_with("k", 100_000, options()).unwrap_err();
    kit.told(&["k: written, new", "k: written, gone", "k: written, still none"]);
}
