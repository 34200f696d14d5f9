//! Write-behind: acknowledged first, stored after.

use crate::kit::{Larder, Setup, on_every_model};

/// A queue that nothing leaves by itself while a scenario looks at it.
const SLOW: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.behind]
prefix = "behind:"
source = "main"
strategy = "write-behind"
write_behind = { flush_interval = "1h", queue_max = 6000 }
"#;

/// A queue that is full soon.
const SMALL: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.behind]
prefix = "behind:"
source = "main"
strategy = "write-behind"
write_behind = { flush_interval = "1h", queue_max = 2, on_full = "reject" }
"#;

fn on_slow_queue(scenario: impl Fn(Larder)) {
    on_every_model(|setup| scenario(setup.config(SLOW).start()));
}

fn rows(setup: &Setup) -> i64 {
    setup.database().query_row("SELECT count(*) FROM behind", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_queued_write_is_seen_at_once_and_stored_by_the_stop() {
    on_slow_queue(|larder| {
        let (mut writer, mut reader) = (larder.wire(), larder.wire());
        writer.talk(&[("SET behind:a 1", "OK")]);
        reader.talk(&[("GET behind:a", "1"), ("INCR behind:a", ":2")]);
        assert_eq!(rows(larder.setup()), 0);
        // Neither the drop of the copies nor their expiry brings the old row back.
        reader.talk(&[("FLUSHDB", "OK"), ("GET behind:a", "2"), ("EXPIRE behind:a 0", ":1")]);
        writer.talk(&[("GET behind:a", "2")]);
        let setup = larder.stop();
        assert_eq!(rows(&setup), 1);
        let larder = setup.start();
        larder.wire().talk(&[("GET behind:a", "2")]);
    });
}

#[test]
fn a_queued_delete_hides_the_row() {
    on_slow_queue(|larder| {
        let insert = "INSERT INTO behind VALUES ('a', 'old')";
        larder.database().execute(insert, []).unwrap();
        larder.wire().talk(&[
            ("GET behind:a", "old"),
            ("DEL behind:a", ":1"),
            ("GET behind:a", "nil"),
            ("FLUSHDB", "OK"),
            ("GET behind:a", "nil"),
            ("DEL behind:a", ":0"),
            ("SET behind:a new NX", "OK"),
            ("DEL behind:a", ":1"),
        ]);
        assert_eq!(rows(larder.setup()), 1);
        assert_eq!(rows(&larder.stop()), 0);
    });
}

#[test]
fn only_the_newest_of_several_queued_writes_is_stored() {
    on_slow_queue(|larder| {
        let sets: Vec<String> = (0..100).map(|value| format!("SET behind:a {value}")).collect();
        larder.wire().pipeline(&sets.join("\n"));
        assert_eq!(larder.count("behind", "queue_records"), 1);
        assert_eq!(larder.count("behind", "queue_coalesced"), 99);
        assert_eq!(rows(&larder.stop()), 1);
    });
}

#[test]
fn a_stop_stores_five_thousand_acknowledged_writes() {
    on_slow_queue(|larder| {
        let sets: Vec<String> =
            (0..5000).map(|number| format!("SET behind:{number} {number}")).collect();
        let replies = larder.wire().pipeline(&sets.join("\n"));
        assert!(replies.iter().all(|reply| reply == "OK"));
        let setup = larder.stop();
        assert_eq!(rows(&setup), 5000);
        let wrong = "SELECT count(*) FROM behind WHERE key <> value";
        let wrong: i64 = setup.database().query_row(wrong, [], |row| row.get(0)).unwrap();
        assert_eq!(wrong, 0);
    });
}

#[test]
fn a_full_queue_refuses_until_there_is_room_again() {
    on_every_model(|setup| {
        let larder = setup.config(SMALL).start();
        let held = larder.writes_held();
        let mut wire = larder.wire();
        wire.talk(&[
            ("SET behind:a 1", "OK"),
            ("SET behind:b 2", "OK"),
            ("SET behind:c 3", "-BUSY the queue of writes is full*"),
            ("MGET behind:a behind:b behind:c", "[1, 2, nil]"),
        ]);
        drop(held);
        wire.until("SET behind:c 3", "OK");
        assert_eq!(rows(&larder.stop()), 3);
    });
}

#[test]
fn a_queue_that_is_stored_in_time_is_stored_without_a_stop() {
    on_every_model(|setup| {
        let larder = setup.config(crate::kit::STRATEGIES).start();
        larder.wire().talk(&[("SET behind:a 1", "OK")]);
        let explained = larder.wire().ask("CACHE.EXPLAIN SET behind:a 2");
        assert!(explained.contains("[Worker, Database, "), "{explained}");
        assert_eq!(larder.row("SELECT value FROM behind").unwrap(), "2");
        assert_eq!(larder.count("behind", "queue_records"), 0);
        larder.stop();
    });
}
