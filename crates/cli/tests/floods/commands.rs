//! Commands that would take for ever, or without end.

use crate::flood::Flood;
use crate::wire::Wire;

#[test]
fn patterns_with_many_stars_hold_nobody_up() {
    Flood { config: "", mib_max: 30 }.with(|larder| {
        let (mut listener, mut wire) = (larder.wire(), larder.wire());
        let pattern = format!("{}b", "a*".repeat(200));
        let (key, channel) = ("a".repeat(10_000), "a".repeat(100_000));
        listener.talk(&[(&format!("PSUBSCRIBE {pattern}"), "[psubscribe*")]);
        for number in 0..20 {
            wire.talk(&[(&format!("SET {key}{number} 1"), "OK")]);
        }
        wire.talk(&[
            (&format!("PUBLISH {channel} text"), ":0"),
            (&format!("PUBLISH {channel}b text"), ":1"),
            (&format!("KEYS {pattern}"), "[]"),
            (&format!("SCAN 0 COUNT 1000 MATCH {pattern}"), "[0, []]"),
        ]);
    });
}

#[test]
fn places_far_beyond_a_value_take_no_memory() {
    let too_long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    let out_of_range = "-ERR value is out of range*";
    Flood { config: "limits.bulk_bytes_max = \"1MB\"", mib_max: 20 }.with(|larder| {
        let mut wire = larder.wire();
        let whole = "x".repeat(999_000);
        wire.talk(&[
            (&format!("SET a {whole}"), "OK"),
            (&format!("APPEND a {whole}"), too_long),
            ("SETRANGE a 1000000 x", too_long),
            ("SETRANGE a 9223372036854775807 x", too_long),
            ("SETRANGE b 536870911 x", too_long),
            ("STRLEN b", ":0"),
            ("GETRANGE a -9223372036854775808 9223372036854775807", &whole),
            ("GETRANGE a 9223372036854775806 9223372036854775807", ""),
            ("HSET h f v", ":1"),
            ("HRANDFIELD h -9223372036854775808", out_of_range),
            ("HRANDFIELD h 9223372036854775807 WITHVALUES", out_of_range),
            ("HRANDFIELD h 9223372036854775807", "[f]"),
            ("SCAN 0 COUNT 9223372036854775807", "[0, *"),
            (&format!("SET c {whole}"), "OK"),
            ("LCS a c LEN", "-ERR Insufficient memory*"),
        ]);
    });
}

#[test]
fn a_hundred_thousand_keys_or_fields_are_taken_at_once() {
    const COUNT: usize = 100_000;
    Flood { config: "default_keyspace.max_bytes = \"1GB\"", mib_max: 150 }.with(|larder| {
        let pairs: String = (0..COUNT).map(|number| format!(" name{number} {number}")).collect();
        let names: String = (0..COUNT).map(|number| format!(" name{number}")).collect();
        let mut wire = larder.wire();
        wire.talk(&[
            (&format!("MSET{pairs}"), "OK"),
            (&format!("EXISTS{names}"), ":100000"),
            (&format!("HSET h{pairs}"), ":100000"),
            (&format!("HSET h{pairs}"), ":0"),
            (&format!("HMGET h{names}"), "[0, 1, 2, *"),
            ("HGETALL h", "[*"),
            (&format!("HDEL h{names}"), ":100000"),
            (&format!("DEL{names}"), ":100000"),
        ]);
    });
}

#[test]
fn commands_for_those_who_operate_do_no_harm() {
    Flood { config: "", mib_max: 20 }.with(|larder| {
        let mut sleeper = larder.wire();
        sleeper.send("DEBUG SLEEP 1");
        let mut wire = larder.wire();
        for command in [
            "DEBUG SEGFAULT",
            "DEBUG PANIC",
            "DEBUG OOM",
            "DEBUG RESTART",
            "DEBUG POPULATE 1000000000000",
            "DEBUG",
            "CONFIG SET maxclients 0",
            "CONFIG SET maxclients -1",
            "CONFIG SET maxmemory-clients x",
            "CONFIG SET timeout -1",
            "CONFIG SET timeout 99999999999999999999",
            "CONFIG SET proto-max-bulk-len 1",
            "CONFIG SET nonsense 1",
            "CONFIG SET maxclients",
            "CONFIG",
            "SHUTDOWN",
            "REPLICAOF localhost 1",
            "SLAVEOF localhost 1",
        ] {
            is_refused(&mut wire, command);
        }
        assert_eq!(sleeper.reply(), "OK");
    });
}

fn is_refused(wire: &mut Wire, command: &str) {
    let reply = wire.ask(command);
    assert!(reply.starts_with('-'), "{command}: {reply}");
}
