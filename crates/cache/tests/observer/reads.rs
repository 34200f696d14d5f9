//! Loads, fills and invalidations.

use larder::source::SourceErrorKind;
use larder::{Edit, Freshness, Leased, Lifetime, Peek, Present, Strategy};

use crate::kit::{CALL, Kit, SECOND, name};

#[test]
fn a_load_is_told_and_a_hit_is_not() {
    let kit = Kit::new(Strategy::ReadThrough);
    assert_eq!(kit.get("a").unwrap(), Some(1));
    kit.told(&["a: loaded, new"]);
    kit.get("a").unwrap();
    assert_eq!(kit.cache.peek("a"), Some(1));
    assert_eq!(kit.cache.glance(&name("a")).unwrap().value, Some(1));
    kit.told(&[]);
    kit.reload("a").unwrap();
    kit.told(&["a: loaded, again"]);
}

#[test]
fn a_row_that_is_gone_is_told_whether_absence_is_kept_or_not() {
    let forgets = Freshness::ttl(10 * SECOND);
    let remembers = Freshness { negative_ttl: SECOND, ..forgets.clone() };
    for (policy, then) in
        [(forgets, "a: invalidated, still none"), (remembers, "a: invalidated, gone")]
    {
        let kit = Kit::with(Strategy::ReadThrough, policy);
        kit.get("a").unwrap();
        kit.rows.remove("a");
        kit.reload("a").unwrap();
        kit.cache.invalidate(&name("a"));
        kit.told(&["a: loaded, new", "a: loaded, gone", then]);
        assert!(kit.diary.keys().is_empty());
    }
}

#[test]
fn a_load_that_finds_no_row_is_told_of_a_key_without_an_entry() {
    let kit = Kit::new(Strategy::ReadThrough);
    assert_eq!(kit.get("c").unwrap(), None);
    kit.told(&["c: loaded, still none"]);
}

#[test]
fn a_load_that_fails_is_not_told() {
    let kit = Kit::new(Strategy::ReadThrough);
    kit.rows.fail(SourceErrorKind::Unavailable);
    kit.get("a").unwrap_err();
    kit.told(&[]);
}

#[test]
fn a_look_takes_out_what_has_expired_where_nobody_loads() {
    type Look = fn(&Kit) -> bool;
    let looks: [Look; 3] = [
        |kit| kit.cache.peek("a").is_some(),
        |kit| kit.cache.peek_with("a", |found| matches!(found, Peek::Value(..))),
        |kit| {
            let look = |present: Option<Present<'_, u64>>| (Edit::Keep, present.is_some());
            kit.cache.update_now(&name("a"), look).unwrap()
        },
    ];
    for look in looks {
        let kit = Kit::plain();
        kit.cache.put_now(&name("a"), 1, Lifetime::For(SECOND)).unwrap();
        assert!(look(&kit));
        kit.world.advance(SECOND);
        assert!(!look(&kit));
        assert!(!look(&kit));
        kit.told(&["a: written, new", "a: expired, gone"]);
    }
}

#[test]
fn a_look_leaves_what_a_load_will_replace() {
    let kit = Kit::with(Strategy::ReadThrough, Freshness::ttl(SECOND));
    kit.get("a").unwrap();
    kit.world.advance(SECOND);
    assert_eq!(kit.cache.peek("a"), None);
    kit.get("a").unwrap();
    kit.told(&["a: loaded, new", "a: loaded, again"]);
}

#[test]
fn a_refresh_is_told_when_it_lands() {
    let policy = Freshness { refresh_ahead: SECOND, ..Freshness::ttl(2 * SECOND) };
    let kit = Kit::with(Strategy::ReadThrough, policy);
    kit.get("a").unwrap();
    kit.world.advance(SECOND + CALL);
    kit.told(&["a: loaded, new"]);
    kit.get("a").unwrap();
    kit.told(&[]);
    kit.world.advance(CALL);
    kit.told(&["a: loaded, again"]);
}

#[test]
fn a_fill_that_is_void_is_not_told() {
    let kit = Kit::new(Strategy::ReadThrough);
    let cache = kit.cache.clone();
    let reader = kit.world.start(async move { cache.get("a").await });
    kit.world.run_until_idle();
    kit.cache.invalidate(&name("a"));
    assert_eq!(kit.world.block_on(reader).unwrap(), Some(1));
    kit.told(&["a: invalidated, still none"]);
    assert_eq!(kit.cache.glance(&name("a")), None);
}

#[test]
fn a_fill_under_a_lease_is_told_once() {
    let kit = Kit::new(Strategy::CacheAside);
    let Leased::Lease(lease) = kit.cache.lease(name("a")).unwrap() else { panic!("a hit") };
    kit.told(&[]);
    assert!(kit.cache.fill(name("a"), lease, Some(1)));
    assert!(!kit.cache.fill(name("a"), lease, Some(2)), "it is used up");
    kit.told(&["a: loaded, new"]);
    assert!(kit.remove("a"), "which only invalidates");
    kit.told(&["a: invalidated, gone"]);
}

#[test]
fn an_invalidation_is_told_of_a_key_without_a_copy() {
    let kit = Kit::new(Strategy::ReadThrough);
    assert!(!kit.cache.invalidate(&name("a")));
    kit.told(&["a: invalidated, still none"]);
}
