//! The protocol as clients of every kind speak it, or fail to.

use std::collections::HashMap;
use std::io::{Read, Write};

use crate::kit::{Larder, on_every_model};

const LIMITS: &str = r#"
[limits]
maxclients = 4
bulk_bytes_max = "1MiB"
input_bytes_max = "2MiB"
arguments_max = 100
key_bytes_max = "1KiB"
"#;

fn on_limits(scenario: impl Fn(Larder)) {
    on_every_model(|setup| scenario(setup.config(LIMITS).start()));
}

#[test]
fn the_redis_crate_speaks_resp3() {
    on_limits(|larder| {
        let mut redis = larder.redis("?protocol=resp3");
        let fields = HashMap::from([("f".to_owned(), "v".to_owned()), ("g".into(), "w".into())]);
        redis::cmd("HSET").arg("h").arg(&fields).exec(&mut redis).unwrap();
        let hash: redis::Value = redis::cmd("HGETALL").arg("h").query(&mut redis).unwrap();
        assert!(matches!(&hash, redis::Value::Map(pairs) if pairs.len() == 2), "{hash:?}");
        let absent: redis::Value = redis::cmd("GET").arg("none").query(&mut redis).unwrap();
        assert_eq!(absent, redis::Value::Nil);
        let (one, two): (i64, Option<i64>) = redis::pipe()
            .cmd("INCR")
            .arg("n")
            .cmd("SET")
            .arg("m")
            .arg(5)
            .ignore()
            .cmd("GET")
            .arg("m")
            .query(&mut redis)
            .unwrap();
        assert_eq!((one, two), (1, Some(5)));
        larder.stop();
    });
}

#[test]
fn redis_cli_speaks_resp3() {
    on_limits(|larder| {
        assert_eq!(larder.redis_cli(&["-3", "HSET", "h", "f", "v"]), "1");
        assert_eq!(larder.redis_cli(&["-3", "--json", "HGETALL", "h"]), r#"{"f":"v"}"#);
        assert!(larder.redis_cli(&["INFO", "server"]).contains("larder_version:"));
        larder.stop();
    });
}

#[test]
fn a_person_can_type_commands() {
    on_limits(|larder| {
        let mut wire = larder.wire();
        wire.send_bytes(b"\r\nset a 'two words'\r\nGET a\nget \"\\x61\"\r\nPING\r\n");
        let replies: Vec<String> = (0..4).map(|_| wire.reply()).collect();
        assert_eq!(replies, ["OK", "two words", "two words", "PONG"]);
        larder.stop();
    });
}

#[test]
fn a_bad_frame_gets_one_error_and_the_end() {
    let oversized = format!("*3\r\n$3\r\nSET\r\n$1\r\na\r\n${}\r\n", (1 << 20) + 1);
    on_limits(|larder| {
        for (bytes, error) in [
            ("*1\r\n+PING\r\n", "-ERR Protocol error: expected '$', got '+'"),
            ("*x\r\n", "-ERR Protocol error: invalid multibulk length"),
            ("*101\r\n", "-ERR Protocol error: invalid multibulk length"),
            ("*1\r\n$-5\r\n", "-ERR Protocol error: invalid bulk length"),
            (&oversized, "-ERR Protocol error: invalid bulk length"),
            ("get \"a\r\n", "-ERR Protocol error: unbalanced quotes in request"),
        ] {
            let mut wire = larder.wire();
            wire.send_bytes(b"*1\r\n$4\r\nPING\r\n");
            wire.send_bytes(bytes.as_bytes());
            assert_eq!((wire.reply().as_str(), wire.reply().as_str()), ("PONG", error), "{bytes}");
            assert!(wire.ends(), "{bytes}");
        }
        larder.wire().talk(&[("PING", "PONG")]);
        larder.stop();
    });
}

#[test]
fn a_key_that_is_too_long_is_refused_and_the_connection_goes_on() {
    on_limits(|larder| {
        let (longest, longer) = ("k".repeat(1024), "k".repeat(1025));
        larder.wire().talk(&[
            (&format!("SET {longest} 1"), "OK"),
            (
                &format!("SET {longer} 1"),
                "-ERR the key has 1025 bytes and at most 1024 are allowed*",
            ),
            (&format!("GET {longer}"), "-ERR the key has 1025 bytes*"),
            (&format!("MGET {longest} {longer}"), "-ERR the key has 1025 bytes*"),
            (&format!("DEL {longest} {longer}"), "-ERR the key has 1025 bytes*"),
            (&format!("GET {longest}"), "1"),
        ]);
        larder.stop();
    });
}

#[test]
fn one_client_too_many_is_told_so_and_a_place_becomes_free() {
    on_limits(|larder| {
        let mut clients: Vec<_> = (0..4).map(|_| larder.wire()).collect();
        clients.iter_mut().for_each(|client| client.talk(&[("PING", "PONG")]));
        let mut refused = larder.wire();
        assert_eq!(refused.reply(), "-ERR max number of clients reached");
        assert!(refused.ends());
        let mut last = clients.remove(0);
        assert_eq!(last.ask("QUIT"), "OK");
        assert!(last.ends());
        larder.wire().talk(&[("PING", "PONG")]);
        larder.stop();
    });
}

#[test]
fn what_was_sent_before_the_client_stopped_sending_is_answered() {
    on_limits(|larder| {
        let mut wire = larder.wire();
        wire.send("SET a 1\nGET a\nMGET a b");
        wire.send_bytes(b"*2\r\n$3\r\nGET");
        wire.end_input();
        let replies: Vec<String> = (0..3).map(|_| wire.reply()).collect();
        assert_eq!(replies, ["OK", "1", "[1, nil]"]);
        assert!(wire.ends());
        larder.stop();
    });
}

#[test]
fn noise_breaks_nothing() {
    on_limits(|larder| {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..150 {
            let mut wire = larder.wire();
            // The server may have closed already.
            let _ = wire.stream().write_all(&random.noise());
            wire.end_input();
            let _ = wire.stream().read_to_end(&mut Vec::new());
        }
        larder.wire().talk(&[("PING", "PONG")]);
        larder.stop();
    });
}

#[test]
fn clients_that_come_and_go_leave_nothing_behind() {
    on_every_model(|setup| {
        let larder = setup.config(crate::kit::STRATEGIES).start();
        let mut watcher = larder.wire();
        watcher.talk(&[("GET read:a", "nil")]);
        let before = larder.descriptors();
        for round in 0..100 {
            let mut wire = larder.wire();
            wire.send(&format!("GET read:{round}\nSET through:{round} 1\nGET aside:{round}"));
            if round % 2 == 0 {
                wire.reply();
            }
        }
        let alone = |info: String| info.contains("connected_clients:1\r\n");
        while !alone(watcher.ask("INFO clients")) {}
        while larder.descriptors() > before {}
        let setup = larder.stop();
        let rows = "SELECT count(*) FROM through";
        let rows: i64 = setup.database().query_row(rows, [], |row| row.get(0)).unwrap();
        assert!(rows >= 50, "{rows}");
    });
}

/// Marsaglia's xorshift: the same noise at every run.
struct Random(u64);

impl Random {
    const PIECES: [&str; 6] =
        ["*3\r\n$3\r\nSET\r\n", "$1\r\n", "*-1\r\n", "\r\n", "GET a\r\n", "*1\r\n$"];

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn noise(&mut self) -> Vec<u8> {
        let mut noise = Vec::new();
        for _ in 0..self.next() % 200 {
            match self.next() % 8 {
                kind @ 0..6 => noise.extend_from_slice(Self::PIECES[kind as usize].as_bytes()),
                _ => noise.extend_from_slice(&self.next().to_le_bytes()),
            }
        }
        noise
    }
}
