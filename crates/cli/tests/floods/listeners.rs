//! Clients that want to be told of very much, and do not listen.

use crate::flood::{Flood, figure, is_gone};

/// `count` names in a row.
fn names(count: usize) -> String {
    (0..count).map(|number| format!(" name{number}")).collect()
}

#[test]
fn a_subscriber_that_does_not_read_is_let_go() {
    Flood { config: "limits.push_bytes_max = \"1MB\"", mib_max: 30 }.with(|larder| {
        let (mut lazy, mut keen) = (larder.wire(), larder.wire());
        lazy.talk(&[("PSUBSCRIBE n*", "[psubscribe, n*, :1]")]);
        keen.talk(&[("SUBSCRIBE news", "[subscribe, news, :1]")]);
        let (mut publisher, text) = (larder.wire(), "x".repeat(100_000));
        let publish = format!("PUBLISH news {text}");
        let mut published = 0;
        while publisher.ask(&publish) == ":2" {
            published += 1;
            assert!(published < 1000, "nobody is let go");
            assert_eq!(keen.reply(), format!("[message, news, {text}]"));
        }
        assert_eq!(keen.reply(), format!("[message, news, {text}]"));
        assert!(is_gone(&mut lazy));
    });
}

#[test]
fn channels_and_patterns_are_counted() {
    Flood { config: "limits.subscriptions_max = 1000", mib_max: 20 }.with(|larder| {
        let refusal = "-ERR this client would listen to more channels than \
                       limits.subscriptions_max allows: unsubscribe from some, or use a pattern";
        for _ in 0..20 {
            let mut wire = larder.wire();
            wire.talk(&[(&format!("SUBSCRIBE{}", names(1001)), refusal)]);
            wire.send(&format!("SUBSCRIBE{}", names(500)));
            wire.send(&format!("PSUBSCRIBE{}", names(500)));
            (0..1000).for_each(|_| assert!(wire.reply().contains("subscribe, name")));
            wire.talk(&[("SUBSCRIBE another", refusal), ("PSUBSCRIBE another", refusal)]);
        }
    });
}

#[test]
fn channels_with_long_names_count_among_what_all_hold() {
    let config = "limits.clients_bytes_max = \"16MB\"";
    Flood { config, mib_max: 60 }.with(|larder| {
        let mut greedy = larder.wire();
        let mut subscribed = 0;
        loop {
            let name = format!("{}{subscribed}", "x".repeat(1_000_000));
            if greedy.try_send(&format!("SUBSCRIBE {name}")).is_err() || greedy.read().is_err() {
                break;
            }
            subscribed += 1;
            assert!(subscribed < 100, "it is not let go");
        }
        assert!(subscribed > 5, "{subscribed}");
    });
}

#[test]
fn watched_keys_are_counted() {
    Flood { config: "limits.watches_max = 1000", mib_max: 20 }.with(|larder| {
        let refusal = "-ERR this client watches as many keys as limits.watches_max allows: UNWATCH \
                       first";
        for _ in 0..20 {
            let mut wire = larder.wire();
            wire.talk(&[
                (&format!("WATCH{}", names(1000)), "OK"),
                (&format!("WATCH{}", names(1000)), "OK"),
                ("WATCH another", refusal),
                ("UNWATCH", "OK"),
                ("WATCH another", "OK"),
            ]);
        }
    });
}

#[test]
fn many_keys_are_watched_and_many_patterns_listened_to_in_a_moment() {
    Flood { config: "", mib_max: 40 }.with(|larder| {
        let mut wire = larder.wire();
        wire.talk(&[(&format!("WATCH{}", names(30_000)), "OK"), ("UNWATCH", "OK")]);
        wire.send(&format!("PSUBSCRIBE{}", names(30_000)));
        (0..30_000).for_each(|_| assert!(wire.reply().starts_with("[psubscribe, ")));
        drop(wire);
        let mut other = larder.wire();
        other.until("PUBSUB NUMPAT", ":0");
    });
}

#[test]
fn the_keys_of_those_who_track_are_bounded() {
    Flood { config: "limits.tracked_keys_max = 1000", mib_max: 30 }.with(|larder| {
        let (mut told, mut reader) = (larder.wire(), larder.wire());
        let id = told.ask("CLIENT ID");
        told.send("SUBSCRIBE __redis__:invalidate");
        told.reply();
        let tracking = format!("CLIENT TRACKING ON REDIRECT {}", &id[1..]);
        reader.talk(&[(&tracking, "OK")]);
        let reads: Vec<String> = (0..10_000).map(|number| format!("GET key{number}")).collect();
        let replies = reader.pipeline(&reads.join("\n"));
        assert!(replies.iter().all(|reply| reply == "nil"));
        let stats = larder.wire().ask("INFO stats");
        assert_eq!(figure(&stats, "tracking_total_keys:"), 1000);
        for _ in 0..9000 {
            assert!(told.reply().starts_with("[message, __redis__:invalidate, [key"));
        }
    });
}

#[test]
fn prefixes_that_are_tracked_are_bounded() {
    Flood { config: "", mib_max: 30 }.with(|larder| {
        let prefixes = |count: usize| -> String {
            (0..count).map(|number| format!(" PREFIX {number:06}")).collect()
        };
        let mut wire = larder.wire();
        let refusal = "-ERR a client may track at most 1000 prefixes: use shorter ones";
        let begin = "CLIENT TRACKING ON REDIRECT 1 BCAST";
        wire.talk(&[
            (&format!("{begin}{}", prefixes(100_000)), refusal),
            (&format!("{begin}{}", prefixes(1000)), "OK"),
            (&format!("{begin} PREFIX x"), refusal),
        ]);
    });
}
