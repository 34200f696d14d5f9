//! Requests that are too much.

use std::io::Write;
use std::thread;
use std::time::Duration;

use crate::flood::{Flood, PASSWORD, exactly, is_gone, pour, wait_until};
use crate::kit::{Larder, STRATEGIES};
use crate::wire::Wire;

/// How often each mistake is made.
const TIMES: usize = 20;

/// Sends what is too much, is told so, and is closed.
fn refused(larder: &Larder, input: &[u8], message: &str) {
    for _ in 0..TIMES {
        let mut wire = larder.wire();
        pour(&mut wire, input);
        assert_eq!(wire.reply(), format!("-ERR Protocol error: {message}"));
        assert!(is_gone(&mut wire));
    }
}

#[test]
fn requests_that_are_too_long_are_refused() {
    let config = "[limits]\nbulk_bytes_max = \"1MB\"\ninput_bytes_max = \"2MB\"\n\
                  arguments_max = 1000";
    Flood { config, mib_max: 20 }.with(|larder| {
        let bulk = format!("$900000\r\n{}\r\n", "x".repeat(900_000));
        let long = "1".repeat(70_000);
        refused(larder, long.as_bytes(), "too big inline request");
        refused(larder, format!("*{long}").as_bytes(), "too big mbulk count string");
        refused(larder, format!("*1\r\n${long}").as_bytes(), "too big bulk count string");
        refused(larder, b"*1\r\n$1000001\r\n", "invalid bulk length");
        refused(larder, b"*1001\r\n", "invalid multibulk length");
        refused(larder, "*1\r\n".repeat(10_000).as_bytes(), "expected '$', got '*'");
        refused(larder, format!("*3\r\n{}", bulk.repeat(3)).as_bytes(), "too big request");
    });
}

#[test]
fn who_has_not_said_who_it_is_may_send_little() {
    let config = format!("auth.password = \"{PASSWORD}\"");
    Flood { config: &config, mib_max: 10 }.with(|larder| {
        refused(larder, b"*11\r\n", "unauthenticated multibulk length");
        refused(larder, b"*1\r\n$16385\r\n", "unauthenticated bulk length");
        let mut wire = larder.wire();
        let replies = wire.pipeline(["GET a"; 1000].join("\n").as_str());
        assert!(replies.iter().all(|reply| reply == "-NOAUTH Authentication required."));
        let auth = format!("AUTH {PASSWORD}");
        wire.talk(&[(&auth, "OK"), ("MGET a b c d e f g h i j k l", "[nil*")]);
    });
}

#[test]
fn a_million_requests_at_once_are_answered() {
    const REQUESTS: usize = 1_000_000;
    const CHUNK: usize = 1000;
    Flood { config: "", mib_max: 30 }.with(|larder| {
        let mut wire = larder.wire();
        let mut sender = wire.stream().try_clone().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || {
                let chunk = b"PING\r\n".repeat(CHUNK);
                (0..REQUESTS / CHUNK).for_each(|_| sender.write_all(&chunk).unwrap());
            });
            for _ in 0..REQUESTS / CHUNK {
                assert_eq!(exactly(&mut wire, 7 * CHUNK).unwrap(), b"+PONG\r\n".repeat(CHUNK));
            }
        });
    });
}

#[test]
fn a_transaction_that_is_too_long_does_not_run() {
    Flood { config: "limits.transaction_bytes_max = \"100KB\"", mib_max: 20 }.with(|larder| {
        let value = "x".repeat(1000);
        for command in [format!("SET a {value}"), "PING".to_owned()] {
            let mut wire = larder.wire();
            wire.talk(&[("MULTI", "OK")]);
            let replies = wire.pipeline(vec![command.as_str(); 2000].join("\n").as_str());
            let refusal = "-ERR the transaction has more bytes than limits.transaction_bytes_max \
                           allows: send it in parts";
            assert_eq!(replies.iter().filter(|reply| *reply == refusal).count(), 1, "{command}");
            wire.talk(&[
                ("EXEC", "-EXECABORT Transaction discarded because of previous errors."),
                ("GET a", "nil"),
            ]);
        }
    });
}

#[test]
fn many_clients_with_open_transactions_stay_within_the_sum() {
    const REQUESTS: usize = 10_000;
    let config = "[limits]\ntransaction_bytes_max = \"4MB\"\nclients_bytes_max = \"8MB\"";
    Flood { config, mib_max: 30 }.with(|larder| {
        let requests = b"PING\r\n".repeat(REQUESTS);
        let mut clients: Vec<Wire> = (0..20).map(|_| larder.wire()).collect();
        for client in &mut clients {
            client.talk(&[("MULTI", "OK")]);
            if pour(client, &requests) {
                // It may be the one that is let go.
                let _ = exactly(client, 9 * REQUESTS);
            }
        }
        let left = clients.iter_mut().filter_map(|client| {
            client.try_send("DISCARD").ok()?;
            client.read().ok()
        });
        assert!((1..20).contains(&left.count()));
    });
}

#[test]
fn requests_that_never_come_whole_stay_within_the_sum() {
    let config = "[limits]\nbulk_bytes_max = \"8MB\"\ninput_bytes_max = \"9MB\"\n\
                  clients_bytes_max = \"32MB\"";
    Flood { config, mib_max: 70 }.with(|larder| {
        let mut spared = larder.wire();
        spared.talk(&[("CLIENT NO-EVICT ON", "OK")]);
        let announced = b"*2\r\n$4\r\nECHO\r\n$8000000\r\n";
        let value = vec![b'x'; 8_000_000];
        spared.send_bytes(announced);
        spared.send_bytes(&value[1..]);
        let mut clients: Vec<Wire> = (0..20).map(|_| larder.wire()).collect();
        for client in &mut clients {
            // It may be let go while it sends.
            let _ = pour(client, announced) && pour(client, &value[100..]);
        }
        let left = clients.iter_mut().filter_map(|client| {
            pour(client, &value[..100]).then_some(())?;
            pour(client, b"\r\n").then_some(())?;
            client.read().ok()
        });
        assert!(left.count() < 20);
        spared.send_bytes(b"x\r\n");
        assert_eq!(spared.reply().len(), value.len());
    });
}

#[test]
fn writes_of_clients_that_have_left_stay_within_the_sum() {
    let config = format!("limits.clients_bytes_max = \"8MB\"\n{STRATEGIES}");
    Flood { config: &config, mib_max: 60 }.with(|larder| {
        let held = larder.writes_held();
        let value = "x".repeat(1_000_000);
        for number in 0..100 {
            // It leaves before it is answered.
            larder.wire().send(&format!("SET through:{number} {value}"));
        }
        let busy = "-BUSY the requests that wait for a source have as many bytes as \
                    limits.clients_bytes_max allows: try again later";
        wait_until("a refusal", || {
            let mut wire = larder.wire();
            wire.stream().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            wire.send(&format!("SET through:more {value}"));
            wire.read().is_ok_and(|reply| reply == busy)
        });
        drop(held);
        let mut wire = larder.wire();
        wire.until("SET through:more 1", "OK");
    });
}
