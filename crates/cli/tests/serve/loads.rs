//! Misses and the queries they cost.

use std::sync::Barrier;
use std::thread;

use crate::kit::{Larder, Setup, on_every_model};

const CONFIG: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.airport]
prefix = "airport:"
source = "main"
strategy = "read-through"
table = "airports"
key = "icao"
[keyspaces.number]
prefix = "number:"
source = "main"
strategy = "read-through"
table = "numbers"
key = "n"
value = "square"
"#;

const TABLES: &str = "
CREATE TABLE airports (icao TEXT PRIMARY KEY, name TEXT);
INSERT INTO airports VALUES ('LSZH', 'Zurich Airport');
CREATE TABLE numbers (n INTEGER PRIMARY KEY, square INTEGER);
WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n < 4999)
INSERT INTO numbers SELECT n, n * n FROM count;
";

fn on_tables(scenario: impl Fn(Larder)) {
    on_every_model(|setup: Setup| scenario(setup.config(CONFIG).sql(TABLES).start()));
}

#[test]
fn a_hundred_clients_that_miss_one_key_make_one_query() {
    on_tables(|larder| {
        let start = Barrier::new(100);
        let read = || {
            let mut wire = larder.wire();
            start.wait();
            assert_eq!(wire.ask("HGET airport:LSZH name"), "Zurich Airport");
        };
        thread::scope(|scope| (0..100).for_each(|_| drop(scope.spawn(read))));
        assert_eq!(larder.count("airport", "load_queries"), 1);
        larder.stop();
    });
}

#[test]
fn a_pipeline_of_a_thousand_misses_makes_a_handful_of_queries() {
    on_tables(|larder| {
        let gets: Vec<String> = (0..1000).map(|n| format!("GET number:{n}")).collect();
        let squares: Vec<String> = (0..1000).map(|n| (n * n).to_string()).collect();
        assert_eq!(larder.wire().pipeline(&gets.join("\n")), squares);
        let queries = larder.count("number", "load_queries");
        assert!((1..=8).contains(&queries), "{queries} queries");
        assert_eq!(larder.count("number", "loads"), 1000);
        larder.stop();
    });
}

#[test]
fn one_mget_of_five_hundred_misses_makes_one_query() {
    on_tables(|larder| {
        let keys: Vec<String> = (0..500).map(|n| format!("number:{}", n % 499 + 4600)).collect();
        let mut redis = larder.redis("");
        let found: Vec<Option<u64>> = redis::cmd("MGET").arg(&keys).query(&mut redis).unwrap();
        for (n, square) in found.into_iter().enumerate() {
            let n = n as u64 % 499 + 4600;
            assert_eq!(square, (n < 5000).then_some(n * n));
        }
        assert_eq!(larder.count("number", "load_queries"), 1);
        larder.stop();
    });
}

#[test]
fn replies_keep_the_order_of_requests_of_every_kind() {
    on_tables(|larder| {
        let mut wire = larder.wire();
        wire.talk(&[("GET number:1", "1"), ("SET plain 0", "OK")]);
        let (mut commands, mut expected) = (String::new(), Vec::new());
        let mut say = |command: String, reply: String| {
            commands += &command;
            commands.push('\n');
            expected.push(reply);
        };
        for n in 2..300 {
            say(format!("GET number:{n}"), (n * n).to_string());
            say("GET number:1".into(), "1".into());
            say(format!("ECHO {n}"), n.to_string());
            say(format!("GET number:x{n}"), "nil".into());
            say("INCR plain".into(), format!(":{}", n - 1));
            say("GET plain".into(), (n - 1).to_string());
            say(
                "HGET number:1 f".into(),
                "-WRONGTYPE Operation against a key holding the wrong kind of value".into(),
            );
            say("GET".into(), "-ERR wrong number of arguments for 'get' command".into());
            say(format!("MGET number:{n} plain none"), format!("[{}, {}, nil]", n * n, n - 1));
        }
        assert_eq!(wire.pipeline(&commands), expected);
        larder.stop();
    });
}

#[test]
fn a_read_that_misses_is_not_passed_by_the_write_behind_it() {
    on_every_model(|setup| {
        let larder = setup.config(crate::kit::STRATEGIES).start();
        let mut wire = larder.wire();
        for round in 0..50 {
            let key = format!("through:{round}");
            let commands = format!("GET {key}\nSET {key} 1\nGET {key}\nDEL {key}\nGET {key}");
            assert_eq!(wire.pipeline(&commands), ["nil", "OK", "1", ":1", "nil"]);
        }
        larder.stop();
    });
}
