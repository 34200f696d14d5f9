//! What can be asked of the server itself and changed while it runs: `CONFIG`, `INFO`, `MEMORY`.

use std::fs;

use crate::kit::on_every_model;

#[test]
fn what_is_rewritten_holds_after_the_next_start() {
    on_every_model(|setup| {
        let larder = setup.config("# ours\n[limits]\nmaxclients = 50 # enough\n").start();
        larder.wire().talk(&[
            ("CONFIG GET maxclients", "[maxclients, 50]"),
            ("CONFIG SET maxclients 60 timeout 300", "OK"),
            ("CONFIG REWRITE", "OK"),
        ]);
        let setup = larder.stop();
        let written = fs::read_to_string(setup.path("larder.toml")).unwrap();
        let expected = "# ours\n[limits]\nmaxclients = 60 # enough\nidle_timeout = \"300s\"\n";
        assert_eq!(written, expected);
        let larder = setup.start();
        larder.wire().talk(&[
            ("CONFIG GET maxclients", "[maxclients, 60]"),
            ("CONFIG GET timeout", "[timeout, 300]"),
        ]);
        larder.stop();
    });
}

#[test]
fn without_a_file_there_is_nothing_to_rewrite() {
    on_every_model(|setup| {
        let larder = setup.start();
        let error = "-ERR The server is running without a config file";
        larder.wire().talk(&[("CONFIG REWRITE", error)]);
        larder.stop();
    });
}

#[test]
fn the_number_of_clients_can_be_changed_while_they_come() {
    on_every_model(|setup| {
        let larder = setup.config("[limits]\nmaxclients = 50\n").start();
        let mut first = larder.wire();
        first.talk(&[("CONFIG SET maxclients 1", "OK")]);
        assert_eq!(larder.wire().reply(), "-ERR max number of clients reached");
        first.talk(&[("CONFIG SET maxclients 50", "OK")]);
        larder.wire().talk(&[("PING", "PONG")]);
        larder.stop();
    });
}

#[test]
fn less_memory_evicts_at_once() {
    on_every_model(|setup| {
        let larder = setup.config("[default_keyspace]\nmax_bytes = \"64MiB\"\n").start();
        let mut wire = larder.wire();
        let value = "v".repeat(1000);
        for key in 0..5000 {
            assert_eq!(wire.ask(&format!("SET key:{key} {value}")), "OK");
        }
        wire.talk(&[
            ("DBSIZE", ":5000"),
            ("CONFIG SET maxmemory 1mb", "OK"),
            ("CONFIG GET maxmemory", "[maxmemory, 1048576]"),
        ]);
        let left: u64 = wire.ask("DBSIZE")[1..].parse().unwrap();
        assert!((1..1100).contains(&left), "{left}");
        larder.stop();
    });
}

#[test]
fn commands_and_errors_are_counted_until_counting_begins_anew() {
    on_every_model(|setup| {
        let larder = setup.config("").start();
        let mut wire = larder.wire();
        wire.talk(&[
            ("CONFIG RESETSTAT", "OK"),
            ("SET a x", "OK"),
            ("INCR a", "-ERR value is not an integer or out of range"),
            ("INCR", "-ERR wrong number of arguments for 'incr' command"),
        ]);
        let told = wire.ask("INFO commandstats errorstats");
        let incr =
            "cmdstat_incr:calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=1\r\n";
        assert!(told.contains(incr), "{told}");
        assert!(told.contains("errorstat_ERR:count=2\r\n"), "{told}");
        wire.talk(&[("CONFIG RESETSTAT", "OK")]);
        assert!(!wire.ask("INFO commandstats").contains("cmdstat_incr"));
        larder.stop();
    });
}

#[test]
fn a_copy_tells_of_itself() {
    on_every_model(|setup| {
        let larder = setup.config("").start();
        let mut wire = larder.wire();
        wire.talk(&[
            ("SET a 12", "OK"),
            ("OBJECT ENCODING a", "int"),
            ("OBJECT REFCOUNT a", ":2147483647"),
            ("APPEND a x", ":3"),
            ("OBJECT ENCODING a", "raw"),
            ("MEMORY USAGE none", "nil"),
        ]);
        let bytes: u64 = wire.ask("MEMORY USAGE a")[1..].parse().unwrap();
        assert!((20..500).contains(&bytes), "{bytes}");
        larder.stop();
    });
}
