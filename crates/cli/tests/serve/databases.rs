//! `SELECT`, and what is listed in a database.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use crate::kit::{Larder, STRATEGIES, on_every_model};
use crate::wire::Wire;

#[test]
fn each_database_has_its_own_keys_and_prefixed_ones_are_shared() {
    on_every_model(|setup| {
        let larder = setup.config(STRATEGIES).start();
        let mut wire = larder.wire();
        wire.talk(&[
            ("SET a zero", "OK"),
            ("SET through:a row", "OK"),
            ("SELECT 15", "OK"),
            ("GET a", "nil"),
            ("SET a fifteen", "OK"),
            ("GET through:a", "row"),
            ("DBSIZE", ":1"),
            ("SELECT 0", "OK"),
            ("GET a", "zero"),
            ("DBSIZE", ":2"),
            ("COPY a a DB 15", ":0"),
            ("COPY a a DB 15 REPLACE", ":1"),
            ("SELECT 15", "OK"),
            ("GET a", "zero"),
            ("RANDOMKEY", "a"),
            ("SCAN 0", "[0, [a]]"),
        ]);
        larder.stop();
    });
}

#[test]
fn a_row_is_the_same_row_from_every_database() {
    on_every_model(|setup| {
        let larder = setup.config(STRATEGIES).start();
        let mut wire = larder.wire();
        wire.talk(&[("SELECT 7", "OK"), ("SET through:a:b 1", "OK"), ("SET behind:c 2", "OK")]);
        let row = larder.row("SELECT key || '=' || value FROM \"through\"");
        assert_eq!(row.unwrap(), "a:b=1");
        wire.talk(&[
            ("CACHE.DROP through:a:b", ":1"),
            ("SELECT 2", "OK"),
            ("GET through:a:b", "1"),
        ]);
        let setup = larder.stop();
        let count = "SELECT count(*) FROM \"behind\" WHERE key = 'c'";
        let rows: i64 = setup.database().query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    });
}

#[test]
fn flushing_one_database_leaves_the_others_and_every_row() {
    on_every_model(|setup| {
        let larder = setup.config(STRATEGIES).start();
        larder.wire().talk(&[
            ("SET a 1", "OK"),
            ("SET through:a 1", "OK"),
            ("SELECT 1", "OK"),
            ("SET a 1", "OK"),
            ("FLUSHDB", "OK"),
            ("DBSIZE", ":0"),
            ("SELECT 0", "OK"),
            ("DBSIZE", ":2"),
            ("SELECT 1", "OK"),
            ("SET a 1", "OK"),
            ("SELECT 0", "OK"),
            ("FLUSHDB", "OK"),
            ("DBSIZE", ":0"),
            ("GET through:a", "1"),
            ("SELECT 1", "OK"),
            ("GET a", "1"),
            ("FLUSHALL", "OK"),
            ("DBSIZE", ":0"),
            ("SELECT 0", "OK"),
            ("DBSIZE", ":0"),
        ]);
        assert_eq!(larder.row("SELECT count(*) || '' FROM \"through\"").unwrap(), "1");
        larder.stop();
    });
}

const KEYS: usize = 10_000;

#[test]
fn a_scan_sees_every_key_that_stays_once_while_others_come_and_go() {
    on_every_model(|setup| {
        let larder = setup.start();
        let mut wire = larder.wire();
        let stays: Vec<String> = (0..KEYS).map(|n| format!("stays:{n}")).collect();
        fill(&mut wire, &stays);
        let seen = thread::scope(|scope| {
            let churning = scope.spawn(|| churn(&mut larder.wire()));
            let seen = scan(&mut wire, "SCAN {} COUNT 97");
            churning.join().unwrap();
            seen
        });
        assert!(stays.iter().all(|key| seen.get(key) == Some(&1)), "{} seen", seen.len());
        assert!(seen.values().all(|times| *times == 1));
        larder.stop();
    });
}

/// Adds keys and removes the ones before.
fn churn(wire: &mut Wire) {
    for round in 0..200 {
        let last = |n: usize| format!("DEL new:{}:{n}\n", round - 1);
        let sets: String = (0..20).map(|n| format!("SET new:{round}:{n} v\n")).collect();
        let removes: String = if round > 0 { (0..20).map(last).collect() } else { String::new() };
        wire.pipeline(&format!("{sets}{removes}"));
    }
}

#[test]
fn a_scan_during_evictions_shows_what_is_there_and_nothing_twice() {
    on_every_model(|setup| {
        let larder = setup.config("[default_keyspace]\nmax_entries = 5000\n").start();
        let mut wire = larder.wire();
        fill(&mut wire, &(0..KEYS).map(|n| format!("first:{n}")).collect::<Vec<_>>());
        let before: BTreeSet<String> = scan(&mut wire, "SCAN {} COUNT 1000").into_keys().collect();
        assert_eq!(
            wire.ask("DBSIZE"),
            format!(":{}", before.len()),
            "what is evicted is forgotten"
        );
        let seen = thread::scope(|scope| {
            let others = (0..KEYS / 2).map(|n| format!("more:{n}")).collect::<Vec<_>>();
            let filling = scope.spawn(|| fill(&mut larder.wire(), &{ others }));
            let seen = scan(&mut wire, "SCAN {} COUNT 97");
            filling.join().unwrap();
            seen
        });
        assert!(seen.values().all(|times| *times == 1));
        for key in before {
            let stayed = wire.ask(&format!("EXISTS {key}")) == ":1";
            assert!(!stayed || seen.contains_key(&key), "{key} was there all the time");
        }
        larder.stop();
    });
}

#[test]
fn keys_and_scan_choose_by_pattern_and_type() {
    on_every_model(|setup| {
        let larder = setup.config(STRATEGIES).start();
        let mut wire = larder.wire();
        wire.talk(&[
            ("MSET user:1 a user:2 b item:1 c", "OK"),
            ("HSET user:3 name x", ":1"),
            ("SET through:1 row", "OK"),
            ("SELECT 1", "OK"),
            ("SET user:4 d", "OK"),
            ("KEYS *", "[user:4]"),
            ("SELECT 0", "OK"),
            ("KEYS thr*", "[through:1]"),
        ]);
        let keys = |seen: BTreeMap<String, usize>| seen.into_keys().collect::<Vec<_>>();
        assert_eq!(keys(scan(&mut wire, "SCAN {} MATCH user:*")), ["user:1", "user:2", "user:3"]);
        assert_eq!(keys(scan(&mut wire, "SCAN {} TYPE hash COUNT 2")), ["user:3"]);
        larder.stop();
    });
}

#[test]
fn what_a_source_does_not_have_is_no_key() {
    on_every_model(|setup| {
        let config = STRATEGIES.replace(
            "strategy = \"read-through\"",
            "strategy = \"read-through\"\nnegative_ttl = \"1m\"",
        );
        let larder = setup.config(&config).start();
        let mut wire = larder.wire();
        wire.talk(&[("GET read:a", "nil"), ("DBSIZE", ":0"), ("KEYS *", "[]")]);
        let insert = "INSERT INTO \"read\" (key, value) VALUES ('a', 'x')";
        larder.database().execute(insert, []).unwrap();
        wire.talk(&[("DEL read:a", "*"), ("GET read:a", "x"), ("KEYS *", "[read:a]")]);
        larder.stop();
    });
}

#[test]
fn a_rename_moves_the_row_between_keyspaces() {
    on_every_model(|setup| {
        let larder = setup.config(STRATEGIES).start();
        larder.wire().talk(&[
            ("SET a 1 EX 100", "OK"),
            ("RENAME a through:a", "OK"),
            ("EXISTS a", ":0"),
            ("TTL through:a", ":100"),
            ("RENAMENX through:a behind:a", ":1"),
            ("GET through:a", "nil"),
            ("GET behind:a", "1"),
            ("SET b 2", "OK"),
            ("RENAMENX b behind:a", ":0"),
            ("COPY behind:a b", ":0"),
            ("COPY behind:a b REPLACE", ":1"),
            ("GET b", "1"),
            ("TTL b", ":-1"),
            ("RENAME through:none c", "-ERR no such key"),
            ("RENAME behind:a behind:a", "OK"),
        ]);
        assert_eq!(larder.row("SELECT key FROM \"through\""), None);
        let setup = larder.stop();
        let value = "SELECT value || '' FROM \"behind\" WHERE key = 'a'";
        let value: String = setup.database().query_row(value, [], |row| row.get(0)).unwrap();
        assert_eq!(value, "1");
    });
}

#[test]
fn a_rename_that_a_strategy_refuses_changes_nothing() {
    on_every_model(|setup| {
        let larder = setup.config(STRATEGIES).start();
        let insert = "INSERT INTO \"read\" (key, value) VALUES ('a', 'x')";
        larder.database().execute(insert, []).unwrap();
        larder.wire().talk(&[
            ("SET a 1", "OK"),
            ("RENAME a read:b", "-READONLY keyspace 'read' is read-through:*"),
            ("RENAME read:a b", "-READONLY keyspace 'read' is read-through:*"),
            ("RENAME a aside:b", "-READONLY keyspace 'aside' is cache-aside:*"),
            ("GET a", "1"),
            ("EXISTS b", ":0"),
            ("COPY read:a b", ":1"),
            ("GET b", "x"),
            ("HSET hash f v", ":1"),
            ("COPY hash through:hash", "-WRONGTYPE keyspace 'through' holds strings*"),
        ]);
        larder.stop();
    });
}

const ITEMS: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.item]
prefix = "item:"
source = "main"
strategy = "write-through"
table = "items"
key = "id"
[keyspaces.old]
prefix = "old:"
source = "main"
strategy = "write-through"
table = "old"
key = "number"
"#;

const ITEM_TABLES: &str = "
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL);
CREATE TABLE old (number INTEGER PRIMARY KEY, name TEXT, price REAL, note TEXT);
";

#[test]
fn a_row_is_copied_column_by_column() {
    on_every_model(|setup| {
        let larder = setup.config(ITEMS).sql(ITEM_TABLES).start();
        larder.wire().talk(&[
            (r#"SET item:1 {"name":"tea","price":2.5}"#, "OK"),
            (r#"SET old:1 {"name":"x","note":"y"}"#, "OK"),
            ("COPY item:1 item:2", ":1"),
            ("GET item:2", r#"{"id":2,"name":"tea","price":2.5}"#),
            ("COPY item:1 old:1 REPLACE", ":1"),
            ("GET old:1", r#"{"number":1,"name":"tea","price":2.5,"note":null}"#),
            ("COPY item:1 plain", ":1"),
            ("GET plain", r#"{"id":1,"name":"tea","price":2.5}"#),
            ("HSET fields name milk", ":1"),
            ("RENAME fields item:3", "OK"),
            ("GET item:3", r#"{"id":3,"name":"milk","price":null}"#),
        ]);
        larder.stop();
    });
}

#[test]
fn several_keys_are_written_only_if_no_keyspace_has_one_of_them() {
    on_every_model(|setup| {
        let larder = setup.config(STRATEGIES).start();
        larder.wire().talk(&[
            ("MSETNX a 1 through:a 2 behind:a 3", ":1"),
            ("MGET a through:a behind:a", "[1, 2, 3]"),
            ("CACHE.DROP through:a", ":1"),
            ("MSETNX b 1 through:a 2", ":0"),
            ("EXISTS b", ":0"),
        ]);
        larder.stop();
    });
}

#[test]
fn nobody_sees_half_of_what_several_keys_are_set_to() {
    on_every_model(|setup| {
        let larder = setup.start();
        larder.wire().talk(&[("MSET a 0 b 0", "OK")]);
        thread::scope(|scope| {
            scope.spawn(|| write_pairs(&larder));
            scope.spawn(|| read_pairs(&larder));
            read_pairs(&larder);
        });
        larder.stop();
    });
}

const ROUNDS: usize = 2_000;

fn write_pairs(larder: &Larder) {
    let mut wire = larder.wire();
    for round in 0..ROUNDS {
        wire.ask(&format!("MSET a {round} b {round}"));
    }
}

fn read_pairs(larder: &Larder) {
    let mut wire = larder.wire();
    for _ in 0..ROUNDS {
        let pair = wire.ask("MGET a b");
        let (a, b) = pair.trim_matches(['[', ']']).split_once(", ").unwrap();
        assert_eq!(a, b);
    }
}

fn fill(wire: &mut Wire, keys: &[String]) {
    for some in keys.chunks(500) {
        let sets: String = some.iter().map(|key| format!("SET {key} v\n")).collect();
        assert!(wire.pipeline(&sets).iter().all(|reply| reply == "OK"));
    }
}

/// How often each key is seen by a whole walk; the cursor stands in the place of `{}`.
fn scan(wire: &mut Wire, command: &str) -> BTreeMap<String, usize> {
    let (mut seen, mut cursor) = (BTreeMap::new(), "0".to_owned());
    loop {
        let reply = wire.ask(&command.replace("{}", &cursor));
        let reply = reply.strip_prefix('[').and_then(|reply| reply.strip_suffix("]]")).unwrap();
        let (next, keys) = reply.split_once(", [").unwrap();
        for key in keys.split(", ").filter(|key| !key.is_empty()) {
            *seen.entry(key.to_owned()).or_default() += 1;
        }
        cursor = next.to_owned();
        if cursor == "0" {
            return seen;
        }
    }
}
