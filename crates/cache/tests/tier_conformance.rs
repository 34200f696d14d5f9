//! What every tier must do, whatever it is made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use larder::runtime::{Simulated, Time};
use larder::tier::{Inserted, Lookup, MemoryTier, Refused, Tier};
use larder::{Cache, Entry, ErrorKind, Lifetime};

/// A tier that weighs a value by its number, made to hold so much.
type Make<T> = fn(u64) -> T;

/// What a tier must do, and the check that it does.
type Scenario<T> = (&'static str, fn(&T));

#[test]
fn the_memory_tier_conforms() {
    tier_suite(|weight| MemoryTier::with_bytes(weight, |_: &String, value| *value.unwrap_or(&1)));
}

#[test]
fn a_memory_tier_of_so_many_entries_holds_no_more() {
    let tier = MemoryTier::with_entries(100);
    insert_many(&tier, "k", 10_000, entry(1));
    let usage = tier.usage();
    assert!(usage.entries <= usage.weight_max && usage.entries > 0, "{usage:?}");
    assert!(usage.weight_max <= 200, "{usage:?}");
    assert_eq!(usage.evictions, 10_000 - usage.entries);
}

#[test]
fn a_cache_refuses_a_value_that_alone_is_too_large() {
    let cache: Cache<String, u64> = Cache::builder("test")
        .max_bytes(1000, |_, value| *value.unwrap_or(&1))
        .runtime(Arc::new(Simulated::new(1)))
        .build()
        .unwrap();
    let key = "k".to_owned();
    cache.put_now(&key, 1, Lifetime::Policy).unwrap();
    let error = cache.put_now(&key, 100_000, Lifetime::Policy).unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Value, false));
    assert_eq!(cache.peek("k"), None, "what is older than a refused value must not stay");
    assert_eq!(cache.statistics().hits, 0);
}

fn tier_suite<T: Tier<String, u64> + Lookup<str>>(make: Make<T>) {
    let scenarios: [Scenario<T>; 7] = [
        ("an entry comes back as it went", an_entry_comes_back_as_it_went),
        ("a removal says whether there was one", a_removal_says_whether_there_was_one),
        ("retain shows key and time", retain_shows_key_and_time),
        ("a refused entry takes the earlier one along", a_refusal_takes_the_earlier_entry_along),
        ("an insert says what it replaced", an_insert_says_what_it_replaced),
        ("an insert names what it evicted", an_insert_names_what_it_evicted),
        ("weight is bounded", weight_is_bounded),
    ];
    for (name, scenario) in scenarios {
        println!("{name}");
        scenario(&make(10_000));
    }
    // So little that an entry is hardly safe from itself.
    an_insert_names_what_it_evicted(&make(300));
}

fn entry(value: u64) -> Entry<u64> {
    Entry { value: Some(value), fresh_until: Time::from_nanos(10) }
}

fn key(key: &str) -> String {
    key.to_owned()
}

fn an_entry_comes_back_as_it_went<T: Tier<String, u64> + Lookup<str>>(tier: &T) {
    assert!(tier.entry(&key("a")).is_none());
    assert_eq!(tier.lookup("a", |_| ()), None);
    tier.insert(key("a"), entry(1)).outcome.expect("room");
    tier.insert(key("a"), entry(2)).outcome.expect("room");
    let found = tier.entry(&key("a")).expect("an entry");
    assert_eq!(found, entry(2));
    let lent = tier.lookup("a", |view| (view.value.is_some(), view.fresh_until.as_nanos()));
    assert_eq!(lent, Some((true, 10)));
    tier.insert(key("a"), Entry { value: None, ..entry(0) }).outcome.expect("room");
    assert_eq!(tier.entry(&key("a")).expect("an entry").value, None);
    assert_eq!(tier.lookup("a", |view| view.value.is_none()), Some(true));
    assert_eq!(tier.usage().entries, 1);
}

fn a_removal_says_whether_there_was_one<T: Tier<String, u64>>(tier: &T) {
    tier.insert(key("a"), entry(1)).outcome.expect("room");
    assert!(tier.remove(&key("a")));
    assert!(!tier.remove(&key("a")));
    assert!(tier.entry(&key("a")).is_none());
    tier.insert(key("a"), entry(1)).outcome.expect("room");
    tier.clear();
    assert!(!tier.remove(&key("a")));
    assert_eq!((tier.usage().entries, tier.usage().weight), (0, 0));
}

fn retain_shows_key_and_time<T: Tier<String, u64>>(tier: &T) {
    for (name, nanos) in [("a", 1), ("b", 2), ("c", 3)] {
        let fresh_until = Time::from_nanos(nanos);
        tier.insert(key(name), Entry { fresh_until, ..entry(1) }).outcome.expect("room");
    }
    tier.retain(&|key, fresh_until| key != "a" && fresh_until > Time::from_nanos(2));
    let left = ["a", "b", "c"].map(|name| tier.entry(&key(name)).is_some());
    assert_eq!(left, [false, false, true]);
}

fn a_refusal_takes_the_earlier_entry_along<T: Tier<String, u64>>(tier: &T) {
    tier.insert(key("a"), entry(1)).outcome.expect("room");
    assert_eq!(tier.insert(key("a"), entry(1_000_000)), Inserted::refused(Refused::TooLarge, true));
    assert!(tier.entry(&key("a")).is_none());
    assert_eq!(
        tier.insert(key("a"), entry(1_000_000)),
        Inserted::refused(Refused::TooLarge, false)
    );
}

fn an_insert_says_what_it_replaced<T: Tier<String, u64>>(tier: &T) {
    assert!(!tier.insert(key("a"), entry(1)).replaced);
    assert!(tier.insert(key("a"), entry(2)).replaced);
    assert!(!tier.insert(key("b"), entry(1)).replaced);
    tier.remove(&key("a"));
    assert!(!tier.insert(key("a"), entry(1)).replaced);
}

/// Whatever the tier has held and holds no more was named, and nothing else was.
fn an_insert_names_what_it_evicted<T: Tier<String, u64>>(tier: &T) {
    let mut held = BTreeSet::new();
    for number in 0..20_000_u64 {
        // Keys come again, as something else that is larger or smaller.
        let name = format!("k{}", number * 7919 % 3_000);
        let inserted = tier.insert(name.clone(), entry(number % 90 + 1));
        assert_eq!(inserted.replaced, !held.insert(name.clone()), "{number}");
        // What was put may be what makes room, too.
        let stayed = inserted.evicted.iter().all(|evicted| *evicted != name);
        assert_eq!(tier.entry(&name).is_some(), stayed, "{number}");
        for evicted in inserted.evicted {
            assert!(held.remove(&evicted), "{evicted} was not there to be evicted");
        }
    }
    let named = 3_000 - held.len();
    assert!(named > 0 && tier.usage().evictions > named as u64, "{:?}", tier.usage());
    let missing: Vec<_> = (0..3_000)
        .map(|number| format!("k{number}"))
        .filter(|key| tier.entry(key).is_some() != held.contains(key))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

fn insert_many<T: Tier<String, u64>>(tier: &T, prefix: &str, count: u64, entry: Entry<u64>) {
    for number in 0..count {
        tier.insert(format!("{prefix}{number}"), entry).outcome.expect("room");
    }
}

fn weight_is_bounded<T: Tier<String, u64>>(tier: &T) {
    insert_many(tier, "k", 10_000, entry(50));
    let usage = tier.usage();
    assert!(usage.weight <= usage.weight_max && usage.evictions > 0, "{usage:?}");
    insert_many(tier, "z", 100_000, entry(0));
    assert!(tier.usage().entries <= 20_000, "what weighs nothing is bounded too");
}
