//! Replies that nobody reads.

use crate::flood::{Flood, is_gone};
use crate::kit::Larder;
use crate::wire::{Wire, encoded};

/// Keeps a value of so many bytes under the key `large`.
fn keep_large(larder: &Larder, bytes: usize) {
    assert_eq!(larder.wire().ask_with(&[b"SET", b"large", &vec![b'x'; bytes]]), "OK");
}

#[test]
fn who_reads_late_holds_little_and_gets_everything() {
    Flood { config: "limits.output_bytes_max = \"4MB\"", mib_max: 20 }.with(|larder| {
        keep_large(larder, 1_000_000);
        let mut late = larder.wire();
        late.send(&["GET large"; 60].join("\n"));
        // As soon as this client is answered, the other has been heard.
        larder.wire().talk(&[("PING", "PONG")]);
        (0..60).for_each(|_| assert_eq!(late.reply().len(), 1_000_000));
        late.talk(&[("PING", "PONG")]);
    });
}

#[test]
fn a_reply_that_is_too_long_ends_its_client() {
    Flood { config: "limits.output_bytes_max = \"4MB\"", mib_max: 40 }.with(|larder| {
        keep_large(larder, 1_000_000);
        larder.wire().talk(&[("HSET small field value", ":1")]);
        let many = format!("MGET {}", ["large"; 1000].join(" "));
        let endless = format!("HRANDFIELD small -{}", i64::MAX);
        for command in [many, endless] {
            for _ in 0..2 {
                let mut wire = larder.wire();
                wire.send(&command);
                assert!(is_gone(&mut wire), "{command}");
            }
        }
    });
}

#[test]
fn replies_that_nobody_reads_stay_within_the_sum() {
    const SIZE: usize = 12_000_000;
    let config = "[limits]\nclients_bytes_max = \"32MB\"\n[default_keyspace]\nmax_bytes = \"1GB\"";
    Flood { config, mib_max: 140 }.with(|larder| {
        keep_large(larder, SIZE);
        let mut spared = larder.wire();
        spared.talk(&[("CLIENT NO-EVICT ON", "OK")]);
        spared.send("GET large");
        let mut clients: Vec<Wire> = (0..20).map(|_| larder.wire()).collect();
        clients.iter_mut().for_each(|client| client.send("GET large"));
        larder.wire().talk(&[("PING", "PONG")]);
        let cut = clients.iter_mut().filter_map(|client| client.read().err()).count();
        assert!(cut > 0, "none was let go");
        assert_eq!(spared.reply().len(), SIZE);
    });
}

#[test]
fn what_a_killed_client_held_is_given_back_at_once() {
    let config = "[limits]\nclients_bytes_max = \"1GB\"";
    Flood { config, mib_max: 60 }.with(|larder| {
        let mut killer = larder.wire();
        for round in 0..5 {
            let mut client = larder.wire();
            client.talk(&[(&format!("CLIENT SETNAME round{round}"), "OK")]);
            let id = client.ask("CLIENT ID");
            let value = vec![b'x'; 30_000_000];
            let request = encoded([&b"ECHO"[..], &value].into_iter());
            client.send_bytes(&request[..request.len() - 1]);
            killer.talk(&[(&format!("CLIENT KILL ID {}", &id[1..]), ":1")]);
            assert!(is_gone(&mut client));
        }
    });
}
