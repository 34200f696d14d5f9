//! The five strategies over the wire, each with its promise.

use crate::kit::{Larder, STRATEGIES, on_every_model};

/// A keyspace for each strategy, on every model.
fn on_strategies(scenario: impl Fn(Larder)) {
    on_every_model(|setup| scenario(setup.config(STRATEGIES).start()));
}

fn execute(larder: &Larder, sql: &str) {
    assert_eq!(larder.database().execute(sql, []).unwrap(), 1, "{sql}");
}

#[test]
fn read_through_serves_the_copy_until_it_is_invalidated() {
    on_strategies(|larder| {
        let mut wire = larder.wire();
        execute(&larder, "INSERT INTO read VALUES ('a', '1')");
        wire.talk(&[("GET read:a", "1")]);
        execute(&larder, "UPDATE read SET value = '2'");
        wire.talk(&[
            ("GET read:a", "1"),
            ("DEL read:a", ":1"),
            ("GET read:a", "2"),
            ("SET read:a x", "-READONLY read-through leaves writes to the application*"),
            ("SET read:a x XX", "-READONLY*"),
            ("INCR read:a", "-READONLY*"),
            ("MSET read:a x", "-READONLY*"),
            ("GET read:a", "2"),
        ]);
        assert_eq!(larder.row("SELECT value FROM read").unwrap(), "2");
        larder.stop();
    });
}

#[test]
fn cache_aside_is_filled_by_the_application_under_a_lease() {
    on_strategies(|larder| {
        let mut wire = larder.wire();
        wire.talk(&[("GET aside:a", "nil")]);
        let token = wire.ask("CACHE.LEASE aside:a");
        let token = token.strip_prefix(':').unwrap();
        wire.talk(&[
            (&format!("CACHE.FILL aside:a {token} one"), "OK"),
            ("GET aside:a", "one"),
            ("CACHE.LEASE aside:a", "one"),
            ("SET aside:a x", "-READONLY cache-aside leaves writes to the application*"),
            ("GET aside:a", "one"),
        ]);
        assert_eq!(larder.row("SELECT key FROM aside"), None);
        larder.stop();
    });
}

#[test]
fn a_fill_that_lost_a_race_with_an_invalidation_is_refused() {
    on_strategies(|larder| {
        let (mut reader, mut writer) = (larder.wire(), larder.wire());
        let token = reader.ask("CACHE.LEASE aside:a");
        let fill = format!("CACHE.FILL aside:a {} old", token.strip_prefix(':').unwrap());
        writer.talk(&[("DEL aside:a", ":0")]);
        reader.talk(&[
            (&fill, "nil"),
            ("GET aside:a", "nil"),
            ("CACHE.FILL aside:a 1 x", "nil"),
            ("CACHE.FILL aside:a x x", "-ERR*"),
        ]);
        larder.stop();
    });
}

#[test]
fn write_through_answers_ok_when_the_row_is_there() {
    on_strategies(|larder| {
        let mut wire = larder.wire();
        let row = || larder.row("SELECT value FROM through WHERE key = 'a'");
        for (command, reply, stored) in [
            ("SET through:a 1", "OK", Some("1")),
            ("INCR through:a", ":2", Some("2")),
            ("INCRBY through:a 40", ":42", Some("42")),
            ("SET through:a x NX", "nil", Some("42")),
            ("SET through:a y XX GET", "42", Some("y")),
            ("HSET through:a f v", "-WRONGTYPE*", Some("y")),
            ("INCR through:a", "-ERR value is not an integer*", Some("y")),
            ("HSET through:b f v", "-WRONGTYPE keyspace 'through' holds strings*", Some("y")),
            ("FLUSHDB", "OK", Some("y")),
            ("CACHE.DROP through:a", ":0", Some("y")),
            ("GET through:a", "y", Some("y")),
            ("CACHE.DROP through:a", ":1", Some("y")),
            ("DEL through:a", ":1", None),
            ("DEL through:a", ":0", None),
            ("GET through:a", "nil", None),
        ] {
            wire.talk(&[(command, reply)]);
            assert_eq!(row().as_deref(), stored, "{command}");
        }
        larder.stop();
    });
}

#[test]
fn write_around_writes_the_row_and_drops_the_copy() {
    on_strategies(|larder| {
        let mut wire = larder.wire();
        wire.talk(&[("SET around:a 1", "OK"), ("DBSIZE", ":0"), ("GET around:a", "1")]);
        wire.talk(&[("DBSIZE", ":1"), ("SET around:a 2", "OK"), ("DBSIZE", ":0")]);
        assert_eq!(larder.row("SELECT value FROM around").unwrap(), "2");
        wire.talk(&[("GET around:a", "2"), ("DEL around:a", ":1"), ("GET around:a", "nil")]);
        assert_eq!(larder.row("SELECT value FROM around"), None);
        larder.stop();
    });
}

#[test]
fn absence_is_cached_until_it_is_invalidated_or_written() {
    on_strategies(|larder| {
        let mut wire = larder.wire();
        wire.talk(&[("GET read:a", "nil"), ("GET through:a", "nil")]);
        execute(&larder, "INSERT INTO read VALUES ('a', '1')");
        wire.talk(&[
            ("GET read:a", "nil"),
            ("EXISTS read:a", ":0"),
            ("DEL read:a", ":*"),
            ("GET read:a", "1"),
            ("SET through:a 1", "OK"),
            ("GET through:a", "1"),
        ]);
        larder.stop();
    });
}

#[test]
fn a_lifetime_is_the_copys_and_never_the_rows() {
    on_strategies(|larder| {
        let mut wire = larder.wire();
        wire.talk(&[
            ("SET through:a 1 EX 100", "OK"),
            ("TTL through:a", ":100"),
            ("PEXPIRE through:a 0", ":1"),
            ("GET through:a", "1"),
            ("SET behind:a 1 EX 100", "OK"),
            ("TTL behind:a", ":100"),
            ("EXPIRE behind:a -1", ":1"),
            ("GET behind:a", "1"),
            ("SET through:b 1 PXAT 1", "OK"),
            ("GET through:b", "1"),
            ("PERSIST through:a", ":1"),
            ("TTL through:a", ":-1"),
        ]);
        assert_eq!(larder.row("SELECT group_concat(key) FROM through").unwrap(), "a,b");
        let setup = larder.stop();
        let row: String =
            setup.database().query_row("SELECT value FROM behind", [], |row| row.get(0)).unwrap();
        assert_eq!(row, "1");
    });
}

#[test]
fn one_mset_writes_several_keyspaces() {
    on_strategies(|larder| {
        let mut wire = larder.wire();
        wire.talk(&[
            ("MSET through:a 1 x 2 around:b 3 behind:c 4 through:a 5", "OK"),
            ("MGET through:a x around:b behind:c", "[5, 2, 3, 4]"),
            ("MSET through:z 1 read:a 2", "-READONLY*"),
            ("DEL through:a x around:b behind:c none", ":4"),
            ("MGET through:a x around:b behind:c", "[nil, nil, nil, nil]"),
        ]);
        assert_eq!(larder.row("SELECT key FROM around"), None);
        larder.stop();
    });
}

#[test]
fn counters_that_eight_clients_count_up_lose_nothing() {
    on_strategies(|larder| {
        let count = |key: &str| {
            let mut wire = larder.wire();
            let replies = wire.pipeline(&format!("INCR {key}\n").repeat(50));
            assert!(replies.iter().all(|reply| reply.starts_with(':')), "{replies:?}");
        };
        for key in ["plain", "through:n", "behind:n"] {
            std::thread::scope(|scope| {
                (0..8).for_each(|_| drop(scope.spawn(|| count(key))));
            });
            larder.wire().talk(&[(&format!("GET {key}"), "400")]);
        }
        assert_eq!(larder.row("SELECT value FROM through").unwrap(), "400");
        let setup = larder.stop();
        let row: String =
            setup.database().query_row("SELECT value FROM behind", [], |row| row.get(0)).unwrap();
        assert_eq!(row, "400");
    });
}

#[test]
fn keys_and_values_are_any_bytes() {
    on_strategies(|larder| {
        let mut wire = larder.wire();
        let value: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        for prefix in ["", "through:", "behind:", "around:"] {
            let key = [prefix.as_bytes(), b"\0\xff\r\n: '\"", &[0x80; 100]].concat();
            let mut redis = larder.redis("");
            redis::cmd("SET").arg(&key).arg(&value).exec(&mut redis).unwrap();
            let found: Vec<u8> = redis::cmd("GET").arg(&key).query(&mut redis).unwrap();
            assert!(found == value, "{prefix}");
            assert_eq!(wire.ask_with(&[b"EXISTS", &key]), ":1");
            assert_eq!(wire.ask("FLUSHDB"), "OK");
            let found: Option<Vec<u8>> = redis::cmd("GET").arg(&key).query(&mut redis).unwrap();
            assert_eq!(found.is_some_and(|found| found == value), !prefix.is_empty(), "{prefix}");
        }
        wire.talk(&[("SET through: empty", "OK"), ("GET through:", "empty")]);
        larder.stop();
    });
}
