//! Slow databases, locked ones, and ends that come unasked.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::kit::{Larder, STRATEGIES, on_every_model};

const IMPATIENT: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.through]
prefix = "through:"
source = "main"
strategy = "write-through"
write_timeout = "200ms"
[keyspaces.behind]
prefix = "behind:"
source = "main"
strategy = "write-behind"
write_behind = { flush_interval = "1ms" }
[keyspaces.read]
prefix = "read:"
source = "main"
strategy = "read-through"
negative_ttl = "0s"
"#;

fn on_config(config: &str, scenario: impl Fn(Larder)) {
    on_every_model(|setup| scenario(setup.config(config).start()));
}

#[test]
fn a_slow_write_holds_up_no_other_connection() {
    on_config(STRATEGIES, |larder| {
        larder.wire().talk(&[("SET through:cached 1", "OK"), ("SET plain 1", "OK")]);
        let held = larder.writes_held();
        let mut slow: Vec<_> = (0..8).map(|_| larder.wire()).collect();
        for (number, wire) in slow.iter_mut().enumerate() {
            wire.send(&format!("PING\nSET through:{number} 1\nGET through:{number}"));
            assert_eq!(wire.reply(), "PONG");
        }
        for _ in 0..4 {
            larder.wire().talk(&[
                ("GET plain", "1"),
                ("GET through:cached", "1"),
                ("GET read:miss", "nil"),
                ("SET behind:a 1", "OK"),
                ("MGET plain read:miss behind:a", "[1, nil, 1]"),
            ]);
        }
        drop(held);
        for wire in &mut slow {
            assert_eq!([wire.reply(), wire.reply()], ["OK", "1"]);
        }
        larder.stop();
    });
}

#[test]
fn a_stop_answers_what_is_in_flight_first() {
    on_config(STRATEGIES, |larder| {
        let held = larder.writes_held();
        let mut wire = larder.wire();
        wire.send("PING\nSET through:a 1\nGET through:a");
        assert_eq!(wire.reply(), "PONG");
        larder.terminate();
        // The stop has begun once the port is closed.
        while TcpStream::connect(larder.address()).is_ok() {}
        drop(held);
        assert_eq!([wire.reply(), wire.reply()], ["OK", "1"]);
        assert!(wire.ends());
        let setup = larder.stopped();
        let row = "SELECT value FROM through";
        let row: String = setup.database().query_row(row, [], |row| row.get(0)).unwrap();
        assert_eq!(row, "1");
    });
}

#[test]
fn a_write_that_takes_too_long_has_an_unknown_outcome_and_is_not_cached() {
    on_config(IMPATIENT, |larder| {
        let mut wire = larder.wire();
        wire.talk(&[("SET through:a old", "OK")]);
        let held = larder.writes_held();
        wire.talk(&[("SET through:a new", "-UNKNOWN*"), ("GET through:a", "old")]);
        drop(held);
        // The write was queued in the database's own queue, and takes effect after all.
        wire.until("GET through:a", "new");
        larder.stop();
    });
}

#[test]
fn a_queue_waits_for_a_database_that_is_locked() {
    on_config(IMPATIENT, |larder| {
        let held = larder.writes_held();
        let mut wire = larder.wire();
        let sets: Vec<String> = (0..500).map(|n| format!("SET behind:{n} {n}")).collect();
        assert!(wire.pipeline(&sets.join("\n")).iter().all(|reply| reply == "OK"));
        wire.talk(&[("DEL behind:0", ":1"), ("GET behind:0", "nil"), ("GET behind:499", "499")]);
        drop(held);
        let setup = larder.stop();
        let rows = "SELECT count(*) FROM behind WHERE key = value";
        let rows: i64 = setup.database().query_row(rows, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 499);
    });
}

#[test]
fn a_stop_says_what_it_could_not_store_in_its_time() {
    let memory = "write_behind = { journal = \"memory\" }";
    let forgetful = STRATEGIES.replace("\"write-behind\"", &format!("\"write-behind\"\n{memory}"));
    let config = format!("limits.shutdown_timeout = \"200ms\"\n{forgetful}");
    on_config(&config, |larder| {
        let held = larder.writes_held();
        let mut slow = larder.wire();
        slow.send("PING\nSET through:a 1");
        assert_eq!(slow.reply(), "PONG");
        larder.wire().talk(&[("SET behind:a 1", "OK"), ("SET behind:b 1", "OK")]);
        let started = Instant::now();
        let (status, log) = larder.stopped_badly();
        assert!(started.elapsed() < Duration::from_secs(4), "it waits for the lock");
        assert_eq!(status, Some(1));
        let lost = "keyspace behind: 2 acknowledged writes did not reach the source and are lost";
        assert!(log.contains(lost), "{log}");
        assert!(slow.read().is_err());
        drop(held);
    });
}

#[test]
fn a_client_that_reads_nothing_holds_up_neither_others_nor_the_stop() {
    let config = format!("limits.shutdown_timeout = \"200ms\"\n{STRATEGIES}");
    on_config(&config, |larder| {
        let mut wire = larder.wire();
        assert_eq!(wire.ask_with(&[b"SET", b"big", &vec![b'x'; 1 << 20]]), "OK");
        let mut deaf = larder.wire();
        deaf.send(&"GET big\n".repeat(2000));
        wire.talk(&[("GET through:a", "nil"), ("SET through:a 1", "OK")]);
        larder.stop();
    });
}

#[test]
fn a_table_that_disappears_is_an_error_until_it_is_back() {
    on_config(IMPATIENT, |larder| {
        let mut wire = larder.wire();
        wire.talk(&[("SET through:a 1", "OK"), ("GET read:a", "nil")]);
        larder.database().execute_batch("ALTER TABLE read RENAME TO gone").unwrap();
        wire.talk(&[
            ("GET read:a", "-ERR*"),
            ("MGET read:a plain", "-ERR*"),
            ("GET through:a", "1"),
        ]);
        larder.database().execute_batch("ALTER TABLE gone RENAME TO read").unwrap();
        wire.talk(&[("GET read:a", "nil"), ("MGET read:a plain", "[nil, nil]")]);
        larder.stop();
    });
}

#[test]
fn a_kill_loses_no_write_that_was_stored_before_its_reply() {
    on_config(STRATEGIES, |larder| {
        let acknowledged = thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    let mut wire = larder.wire();
                    scope.spawn(move || {
                        (0..).find(|number| {
                            let set = format!("SET through:{writer}:{number} {number}");
                            wire.try_send(&set).is_err() || wire.read().is_err()
                        })
                    })
                })
                .collect();
            let mut watcher = larder.wire();
            watcher.until("GET through:0:50", "50");
            larder.kill();
            writers.into_iter().map(|writer| writer.join().unwrap().unwrap()).collect::<Vec<_>>()
        });
        let larder = larder.killed().start();
        let intact = larder.row("PRAGMA integrity_check").unwrap();
        assert_eq!(intact, "ok");
        for (writer, count) in acknowledged.into_iter().enumerate() {
            let gets: Vec<String> =
                (0..count).map(|number| format!("GET through:{writer}:{number}")).collect();
            let expected: Vec<String> = (0..count).map(|number: i32| number.to_string()).collect();
            assert_eq!(larder.wire().pipeline(&gets.join("\n")), expected);
        }
        larder.stop();
    });
}
