//! The first minute: no configuration, an empty folder.

use crate::kit::{Larder, Setup, on_every_model};

#[test]
fn a_first_start_says_where_to_connect_and_what_to_try() {
    let larder = Setup::new("reactors").start();
    let port = larder.address().port();
    assert!(larder.greeting.starts_with("made the table 'airports' with 28298 rows in "));
    assert!(larder.greeting.ends_with(&format!("listening on 127.0.0.1:{port}\n")));
}

#[test]
fn the_commands_of_the_readme_answer() {
    on_every_model(|setup| {
        let larder = setup.start();
        let cli = |args: &str| larder.redis_cli(&args.split(' ').collect::<Vec<_>>());
        let zurich = cli("GET airport:LSZH");
        assert!(zurich.starts_with(r#"{"icao":"LSZH","iata":"ZRH","name":"Zurich Airport""#));
        assert_eq!(cli("HGET airport:LSZH name"), "Zurich Airport");
        let three = cli("MGET airport:LSZH airport:KJFK airport:ZZZZ");
        let lines: Vec<&str> = three.split('\n').collect();
        assert_eq!(lines[0], zurich);
        assert!(lines[1].contains("John F Kennedy International Airport"));
        assert_eq!(lines.len(), 2, "redis-cli trims the empty line of a nil: {three}");
        assert_eq!(cli("SET through:a 1"), "OK");
        assert_eq!(larder.row("SELECT value FROM through WHERE key = 'a'").unwrap(), "1");
        larder.stop();
    });
}

#[test]
fn explain_shows_a_queued_write_from_the_application_to_the_database() {
    let larder = Setup::new("reactors").start();
    let mut redis = larder.redis("");
    type Message = (String, String, String, String, u64);
    let messages: Vec<Message> =
        redis::cmd("CACHE.EXPLAIN").arg(&["SET", "behind:a", "1"]).query(&mut redis).unwrap();
    let path: Vec<&str> = messages.iter().map(|message| message.1.as_str()).collect();
    let position = |part| path.iter().position(|to| *to == part).unwrap();
    assert_eq!(messages[0].0, "App");
    let order = ["Cache", "Queue", "App", "Worker", "Database"].map(position);
    assert!(order.is_sorted(), "{messages:#?}");
    assert!(messages.iter().all(|message| message.3.starts_with("behind:a")), "{messages:#?}");
    assert_eq!(larder.row("SELECT value FROM behind WHERE key = 'a'").unwrap(), "1");
}

#[test]
fn explain_names_each_key_with_the_prefix_of_its_own_keyspace() {
    let larder = Setup::new("tasks").config(crate::kit::STRATEGIES).start();
    let explained = larder.wire().ask("CACHE.EXPLAIN MSET through:a 1 behind:a 2 a 3");
    for put in
        ["[App, Cache, put, through:a,", "[App, Cache, put, behind:a,", "[App, Cache, put, a,"]
    {
        assert_eq!(explained.matches(put).count(), 1, "{explained}");
    }
    let error = larder.wire().ask("CACHE.EXPLAIN SET read:a 1");
    assert!(error.contains("READONLY read-through leaves writes to the application"), "{error}");
}

#[test]
fn a_second_start_keeps_the_data_and_imports_nothing() {
    let larder = Setup::new("tasks").start();
    larder.wire().talk(&[("SET through:a 1", "OK"), ("SET behind:b 2", "OK")]);
    larder.database().execute("DELETE FROM airports WHERE icao = 'LSZH'", []).unwrap();
    let larder = larder.stop().start();
    assert!(!larder.greeting.contains("made the table"), "{}", larder.greeting);
    larder.wire().talk(&[
        ("GET through:a", "1"),
        ("GET behind:b", "2"),
        ("GET airport:LSZH", "nil"),
        ("HGET airport:KJFK iata", "JFK"),
    ]);
}

#[test]
fn other_keys_are_cached_as_redis_would() {
    on_every_model(|setup| {
        let larder = setup.config("").start();
        larder.wire().talk(&[
            ("GET a", "nil"),
            ("SET a 1 EX 100", "OK"),
            ("TTL a", ":100"),
            ("INCR a", ":2"),
            ("TTL a", ":100"),
            ("HSET h f v g w", ":2"),
            ("HGETALL h", "[f, v, g, w]"),
            ("GET h", "-WRONGTYPE*"),
            ("MSET b 1 c 2", "OK"),
            ("MGET a b c d", "[2, 1, 2, nil]"),
            ("DEL a b d", ":2"),
            ("DBSIZE", ":2"),
            ("FLUSHDB", "OK"),
            ("DBSIZE", ":0"),
        ]);
        larder.stop();
    });
}

#[test]
fn other_keys_can_be_refused() {
    let config = format!("default = \"refuse\"\n{}", crate::kit::STRATEGIES);
    let larder = Setup::new("reactors").config(&config).start();
    larder.wire().talk(&[
        ("GET a", "-ERR no keyspace has the key 'a': the prefixes are *"),
        ("SET a 1", "-ERR no keyspace has the key 'a'*"),
        ("MGET through:a b", "-ERR no keyspace has the key 'b'*"),
        ("MSET through:a 1 b 2", "-ERR no keyspace has the key 'b'*"),
        ("GET through:a", "nil"),
    ]);
    assert_no_row(&larder);
}

fn assert_no_row(larder: &Larder) {
    assert_eq!(larder.row("SELECT count(*) || '' FROM through").unwrap(), "0");
}
