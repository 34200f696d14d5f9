//! What sessions may hold, and what is counted of it.

use std::sync::atomic::Ordering;

use super::{Room, invalidated};
use crate::hub::{Arrival, Cause, Hub};
use crate::testing::{Memory, NOW_UNIX_MS, Pace};
use crate::{Limits, Session};

fn counted(room: &Room) -> usize {
    room.hub.bytes.load(Ordering::Relaxed)
}

fn receive(room: &mut Room, session: &mut Session, input: &[u8]) {
    session.receive(input, NOW_UNIX_MS, &mut room.memory);
}

#[test]
fn what_has_been_sent_is_not_counted_any_longer() {
    let mut room = Room::new();
    let mut session = room.join(1);
    let request = format!("ECHO {}\r\n", "x".repeat(50_000));
    receive(&mut room, &mut session, request.as_bytes());
    assert!(counted(&room) > 45_000);
    session.sent(session.output().len());
    assert_eq!(counted(&room), 0);
}

#[test]
fn what_is_listened_to_watched_and_named_is_counted() {
    let mut room = Room::new();
    let long = "x".repeat(10_000);
    let pairs =
        [("SUBSCRIBE", "UNSUBSCRIBE"), ("PSUBSCRIBE", "PUNSUBSCRIBE"), ("WATCH", "UNWATCH")];
    for (id, (begin, end)) in (1..).zip(pairs) {
        let mut session = room.join(id);
        room.say(&mut session, &format!("{begin} {long}"));
        room.say(&mut session, &format!("{begin} {long}"));
        assert_eq!(counted(&room), 8192, "{begin}");
        room.say(&mut session, end);
        assert_eq!(counted(&room), 0, "{end}");
        room.say(&mut session, &format!("{begin} {long}"));
    }
    assert_eq!(counted(&room), 0, "all have left");
    let mut session = room.join(9);
    room.say(&mut session, &format!("CLIENT SETNAME {long}\nCLIENT SETINFO LIB-NAME {long}"));
    assert_eq!(counted(&room), 4 * 4096);
    room.say(&mut session, "CLIENT SETNAME a\nCLIENT SETINFO LIB-NAME a");
    assert_eq!(counted(&room), 0);
}

#[test]
fn arguments_are_counted_with_what_it_takes_to_note_them() {
    let mut room = Room::new();
    let mut session = room.join(1);
    let input = format!("*100001\r\n{}", "$0\r\n\r\n".repeat(100_000));
    receive(&mut room, &mut session, input.as_bytes());
    assert!(counted(&room) > input.len() + 800_000 - 4096);
}

#[test]
fn small_requests_fill_a_transaction_by_what_it_takes_to_hold_them() {
    let mut room = Room::with(Limits { transaction_bytes_max: 10_000, ..Limits::default() });
    let mut session = room.join(1);
    let said = room.say(&mut session, &format!("MULTI{}", "\nPING".repeat(200)));
    let queued = said.matches("QUEUED").count();
    assert_eq!(said.matches("limits.transaction_bytes_max").count(), 1, "{said}");
    assert!(queued < 200 && counted(&room) == 0, "nothing is kept of what will not run");
    let aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";
    assert_eq!(room.say(&mut session, "EXEC"), aborted);
}

#[test]
fn messages_wait_in_the_mail_of_who_does_not_read() {
    let limits = Limits { output_bytes_high: 1000, mail_bytes_max: 10_000, ..Limits::default() };
    let mut room = Room::with(limits);
    let mut lazy = room.join(1);
    room.say(&mut lazy, "SUBSCRIBE a");
    let mut publish = |lazy: &mut Session| {
        room.hub.channels.publish(b"a", &[b'x'; 600]);
        lazy.advance(NOW_UNIX_MS, &mut room.memory);
    };
    (0..10).for_each(|_| publish(&mut lazy));
    assert!((1000..2000).contains(&lazy.output().len()));
    let mut messages = 0;
    while !lazy.output().is_empty() {
        messages += String::from_utf8_lossy(lazy.output()).matches("message").count();
        lazy.sent(lazy.output().len());
        assert!(lazy.output().is_empty());
        lazy.advance(NOW_UNIX_MS, &mut room.memory);
    }
    assert_eq!(messages, 10, "it takes them in the end");
    let mut publish = |lazy: &mut Session| {
        room.hub.channels.publish(b"a", &[b'x'; 600]);
        lazy.advance(NOW_UNIX_MS, &mut room.memory);
    };
    (0..20).for_each(|_| publish(&mut lazy));
    assert!(lazy.is_finished() && lazy.output().is_empty());
    drop(lazy);
    assert_eq!(counted(&room), 0);
}

#[test]
fn mail_counts_among_what_all_hold() {
    let limits = Limits { output_bytes_high: 10, sessions_bytes_max: 30_000, ..Limits::default() };
    let mut room = Room::with(limits);
    let (mut lazy, mut other) = (room.join(1), room.join(2));
    room.say(&mut lazy, "SUBSCRIBE a");
    room.say(&mut other, "PING");
    for _ in 0..40 {
        room.hub.channels.publish(b"a", &[b'x'; 1000]);
    }
    room.hub.tick(NOW_UNIX_MS);
    room.hear(&mut other);
    room.hear(&mut lazy);
    assert!(lazy.is_finished() && !other.is_finished());
}

#[test]
fn who_sends_without_a_pause_is_not_slow() {
    let limits = Limits { request_timeout_ms: Some(20), ..Limits::default() };
    let mut room = Room::with(limits);
    let (mut busy, mut slow) = (room.join(1), room.join(2));
    let (request, half) = ("*1\r\n$4\r\nPING\r\n", "*1\r\n$4\r\n");
    let turn = format!("PING\r\n{request}{half}");
    busy.receive(half.as_bytes(), NOW_UNIX_MS, &mut room.memory);
    slow.receive(half.as_bytes(), NOW_UNIX_MS, &mut room.memory);
    for later in 1..=3 {
        let now = NOW_UNIX_MS + 10 * later;
        busy.receive(turn.as_bytes(), now, &mut room.memory);
        slow.receive(b"P", now, &mut room.memory);
        room.hub.tick(now);
    }
    room.hear_all([&mut busy, &mut slow]);
    assert!(slow.is_finished() && !busy.is_finished());
}

#[test]
fn who_is_kept_from_sending_is_not_slow() {
    let limits =
        Limits { request_timeout_ms: Some(20), output_bytes_high: 10, ..Limits::default() };
    let mut room = Room::with(limits);
    let mut session = room.join(1);
    receive(&mut room, &mut session, b"ECHO 0123456789\r\nPI");
    room.hub.tick(NOW_UNIX_MS + 1000);
    room.hear(&mut session);
    assert!(!session.is_finished());
}

#[test]
fn many_keys_are_watched_and_many_patterns_left_in_a_moment() {
    let limits = Limits { subscriptions_max: 30_000, watches_max: 30_000, ..Limits::default() };
    let mut room = Room::with(limits);
    let mut session = room.join(1);
    let names: String = (0..30_000).map(|number| format!("\r\n$6\r\nk{number:05}")).collect();
    let request = |name: &str| format!("*30001\r\n${}\r\n{name}{names}\r\n", name.len());
    receive(&mut room, &mut session, request("WATCH").as_bytes());
    receive(&mut room, &mut session, request("WATCH").as_bytes());
    assert_eq!(room.hear(&mut session), "+OK\r\n+OK\r\n");
    assert_eq!(session.pipeline.client.watched.len(), 30_000);
    let refused = room.say(&mut session, "WATCH other\nWATCH k00001");
    assert!(refused.starts_with("-ERR this client watches") && refused.ends_with("+OK\r\n"));
    receive(&mut room, &mut session, request("PSUBSCRIBE").as_bytes());
    room.hear(&mut session);
    assert!(room.say(&mut session, "PSUBSCRIBE other").contains("-ERR this client would listen"));
    assert_eq!(room.hub.channels.patterns(), 30_000);
    room.say(&mut session, "PUNSUBSCRIBE");
    assert_eq!(room.hub.channels.patterns(), 0);
}

#[test]
fn a_watch_that_is_refused_leaves_nothing_behind() {
    let mut room = Room::with(Limits { watches_max: 0, ..Limits::default() });
    let mut session = room.join(1);
    assert!(room.say(&mut session, "WATCH a").starts_with("-ERR"));
    assert!(!room.hub.is_listening());
}

#[test]
fn who_waits_or_takes_its_output_is_not_idle() {
    let limits = Limits { idle_timeout_ms: Some(20), ..Limits::default() };
    let hub = Hub::new(limits);
    let mut memory = Memory::new(Pace::Later);
    let [mut waiting, mut reading, mut idle] = [1, 2, 3].map(|id| hub.join(id, Arrival::default()));
    waiting.receive(b"GET a\r\n", NOW_UNIX_MS, &mut memory);
    for session in [&mut reading, &mut idle] {
        session.receive(b"ECHO 0123456789\r\n", NOW_UNIX_MS, &mut memory);
    }
    for later in 1..=5 {
        reading.sent(1);
        hub.tick(NOW_UNIX_MS + 10 * later);
    }
    memory.settle(&mut waiting);
    for session in [&mut reading, &mut idle] {
        session.advance(NOW_UNIX_MS, &mut memory);
    }
    assert_eq!(waiting.output(), b"$-1\r\n");
    assert!(!reading.is_finished() && idle.is_finished());
}

#[test]
fn changes_find_their_prefixes_among_few_and_among_many() {
    for count in [1, 500] {
        let mut room = Room::new();
        let mut session = room.join(1);
        let prefixes: String = (0..count).map(|number| format!(" PREFIX {number:03}:")).collect();
        room.say(&mut session, &format!("HELLO 3\nCLIENT TRACKING ON BCAST{prefixes}"));
        room.change("000:a", Cause::Written);
        room.change("00", Cause::Written);
        room.change("999:a", Cause::Written);
        assert_eq!(room.hear(&mut session), invalidated("000:a"), "{count}");
    }
}

#[test]
fn only_so_many_prefixes_are_compared() {
    let mut room = Room::new();
    let mut session = room.join(1);
    let prefixes: String = (0..1001).map(|number| format!(" PREFIX {number:04}")).collect();
    let said = room.say(&mut session, &format!("CLIENT TRACKING ON BCAST{prefixes}"));
    assert_eq!(said, "-ERR a client may track at most 1000 prefixes: use shorter ones\r\n");
}

#[test]
fn who_grows_past_the_sum_gives_back_at_once() {
    let mut room = Room::with(Limits { sessions_bytes_max: 100_000, ..Limits::default() });
    let (mut first, mut second) = (room.join(1), room.join(2));
    let request = format!("ECHO {}\r\n", "x".repeat(60_000));
    receive(&mut room, &mut first, request.as_bytes());
    receive(&mut room, &mut second, request.as_bytes());
    assert!(second.is_finished() && second.output().is_empty(), "before its driver is woken");
    assert!(!first.is_finished() && counted(&room) < 65_000);
}

#[test]
fn who_holds_nothing_is_not_let_go_for_one_that_is_spared() {
    let mut room = Room::with(Limits { sessions_bytes_max: 50_000, ..Limits::default() });
    let (mut spared, mut small) = (room.join(1), room.join(2));
    room.say(&mut spared, "CLIENT NO-EVICT ON");
    room.say(&mut small, "PING");
    let request = format!("ECHO {}\r\n", "x".repeat(60_000));
    receive(&mut room, &mut spared, request.as_bytes());
    room.hub.tick(NOW_UNIX_MS);
    assert_eq!(room.say(&mut small, "PING"), "+PONG\r\n");
    assert!(!spared.is_finished() && !small.is_finished());
}
