//! Several sessions of one hub.

mod bounds;
mod represented;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use super::{Arrival, Cause, Change, Hub};
use crate::testing::{Memory, NOW_UNIX_MS, Pace};
use crate::{Limits, Session};

/// Counts how often a driver would have been woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(super) struct Room {
    pub(super) hub: Arc<Hub>,
    pub(super) memory: Memory,
}

impl Room {
    pub(super) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(super) fn with(limits: Limits) -> Self {
        Self { hub: Hub::new(limits), memory: Memory::new(Pace::Now) }
    }

    pub(super) fn join(&self, id: u64) -> Session {
        self.hub.join(id, Arrival::default())
    }

    /// The reply to `script`.
    pub(super) fn say(&mut self, session: &mut Session, script: &str) -> String {
        session.receive(format!("{script}\r\n").as_bytes(), NOW_UNIX_MS, &mut self.memory);
        self.hear(session)
    }

    /// What a session has to send by now.
    pub(super) fn hear(&mut self, session: &mut Session) -> String {
        session.advance(NOW_UNIX_MS, &mut self.memory);
        let said = String::from_utf8_lossy(session.output()).into_owned();
        session.sent(said.len());
        said
    }

    /// Gives each of them a turn.
    fn hear_all<const N: usize>(&mut self, sessions: [&mut Session; N]) {
        for session in sessions {
            self.hear(session);
        }
    }

    fn change(&self, key: &str, cause: Cause) {
        self.change_by(key, cause, None);
    }

    fn change_by(&self, key: &str, cause: Cause, by: Option<u64>) {
        let key = key.as_bytes();
        self.hub.changed(&Change { key, database: Some(0), cause, is_copy: false, by });
    }
}

fn invalidated(key: &str) -> String {
    format!(">2\r\n$10\r\ninvalidate\r\n*1\r\n${}\r\n{key}\r\n", key.len())
}

#[test]
fn a_message_reaches_those_who_listen_by_name_and_by_pattern() {
    let mut room = Room::new();
    let (mut named, mut matching, mut teller) = (room.join(1), room.join(2), room.join(3));
    assert_eq!(
        room.say(&mut named, "SUBSCRIBE a b"),
        "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"
    );
    assert!(room.say(&mut matching, "PSUBSCRIBE a*").starts_with("*3\r\n$10\r\npsubscribe\r\n"));
    assert_eq!(room.say(&mut teller, "PUBLISH a hi"), ":2\r\n");
    assert_eq!(room.say(&mut teller, "PUBLISH b hi"), ":1\r\n");
    assert_eq!(room.say(&mut teller, "PUBLISH c hi"), ":0\r\n");
    let message = |channel: &str| format!("*3\r\n$7\r\nmessage\r\n$1\r\n{channel}\r\n$2\r\nhi\r\n");
    assert_eq!(room.hear(&mut named), message("a") + &message("b"));
    assert_eq!(
        room.hear(&mut matching),
        "*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$1\r\na\r\n$2\r\nhi\r\n"
    );
    assert!(room.say(&mut named, "UNSUBSCRIBE").contains("$1\r\nb\r\n:0\r\n"));
    assert_eq!(room.say(&mut teller, "PUBSUB NUMSUB a"), "*2\r\n$1\r\na\r\n:0\r\n");
    assert_eq!(room.say(&mut teller, "PUBSUB NUMPAT"), ":1\r\n");
    drop(matching);
    assert_eq!(room.say(&mut teller, "PUBLISH a hi"), ":0\r\n");
}

#[test]
fn who_listens_in_resp2_can_do_little_else() {
    let mut room = Room::new();
    let mut session = room.join(1);
    room.say(&mut session, "SUBSCRIBE a");
    let error = room.say(&mut session, "GET a");
    assert!(error.starts_with("-ERR Can't execute 'get': only (P|S)SUBSCRIBE"), "{error}");
    assert_eq!(room.say(&mut session, "PING x"), "*2\r\n$4\r\npong\r\n$1\r\nx\r\n");
    room.say(&mut session, "UNSUBSCRIBE a");
    assert_eq!(room.say(&mut session, "GET a"), "$-1\r\n");
}

#[test]
fn a_driver_is_woken_once_for_all_that_waits() {
    let room = Room::new();
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut listener = room.hub.join(1, Arrival { waker, ..Arrival::default() });
    let mut memory = Memory::new(Pace::Now);
    listener.receive(b"SUBSCRIBE a\r\n", NOW_UNIX_MS, &mut memory);
    (0..3).for_each(|_| assert_eq!(room.hub.channels.publish(b"a", b"hi"), 1));
    assert_eq!(bell.0.load(Ordering::SeqCst), 1);
    listener.advance(NOW_UNIX_MS, &mut memory);
    room.hub.channels.publish(b"a", b"hi");
    assert_eq!(bell.0.load(Ordering::SeqCst), 2);
}

#[test]
fn who_leaves_messages_lie_is_let_go() {
    let mut room = Room::with(Limits { mail_bytes_max: 1000, ..Limits::default() });
    let (mut lazy, mut other) = (room.join(1), room.join(2));
    room.say(&mut lazy, "SUBSCRIBE a");
    room.say(&mut other, "SUBSCRIBE a");
    for _ in 0..20 {
        room.hub.channels.publish(b"a", &[b'x'; 40]);
        assert!(room.hear(&mut other).contains("message"));
    }
    room.hear(&mut lazy);
    assert!(lazy.is_finished() && !other.is_finished());
}

#[test]
fn a_watched_key_that_changes_stops_the_transaction() {
    let mut room = Room::new();
    let (mut watcher, mut other) = (room.join(1), room.join(2));
    for (database, is_run) in [(0, false), (1, true)] {
        room.say(&mut watcher, "WATCH a\nMULTI\nPING");
        let key = b"a".as_slice();
        let (cause, is_copy, by) = (Cause::Written, false, Some(2));
        room.hub.changed(&Change { key, database: Some(database), cause, is_copy, by });
        let expected = if is_run { "*1\r\n+PONG\r\n" } else { "*-1\r\n" };
        assert_eq!(room.say(&mut watcher, "EXEC"), expected);
        assert!(!room.hub.is_listening());
    }
    room.say(&mut watcher, "WATCH a\nUNWATCH\nMULTI");
    room.change("a", Cause::Removed);
    assert_eq!(room.say(&mut watcher, "EXEC"), "*0\r\n");
    assert_eq!(room.say(&mut other, "EXEC"), "-ERR EXEC without MULTI\r\n");
}

#[test]
fn a_copy_that_comes_and_goes_is_no_change_to_a_watcher() {
    let mut room = Room::new();
    let mut watcher = room.join(1);
    for (cause, is_run) in [
        (Cause::Loaded, true),
        (Cause::Evicted, true),
        (Cause::Expired, true),
        (Cause::Invalidated, false),
    ] {
        room.say(&mut watcher, "WATCH a\nMULTI\nPING");
        room.hub.changed(&Change { key: b"a", database: None, cause, is_copy: true, by: None });
        let expected = if is_run { "*1\r\n+PONG\r\n" } else { "*-1\r\n" };
        assert_eq!(room.say(&mut watcher, "EXEC"), expected, "{cause:?}");
    }
}

#[test]
fn only_keys_that_were_there_change_by_their_expiry() {
    let mut room = Room::new();
    let mut watcher = room.join(1);
    room.say(&mut watcher, "SET a 1");
    for (key, expected) in [("a", "*-1\r\n"), ("none", "*0\r\n")] {
        room.say(&mut watcher, &format!("WATCH {key}\nMULTI"));
        room.change(key, Cause::Expired);
        assert_eq!(room.say(&mut watcher, "EXEC"), expected);
    }
}

#[test]
fn only_keys_that_were_there_change_by_a_flush() {
    let mut room = Room::new();
    let mut watcher = room.join(1);
    room.say(&mut watcher, "SET a 1");
    for (key, expected) in [("a", "*-1\r\n"), ("none", "*0\r\n")] {
        room.say(&mut watcher, &format!("WATCH {key}\nMULTI"));
        room.hub.cleared(Some(0));
        assert_eq!(room.say(&mut watcher, "EXEC"), expected);
    }
}

#[test]
fn a_write_that_is_under_way_is_a_change_to_a_watcher() {
    let mut room = Room::new();
    let (mut watcher, mut writer) = (room.join(1), room.join(2));
    room.say(&mut watcher, "WATCH a\nMULTI\nPING");
    room.memory.pace = Pace::Later;
    assert_eq!(room.say(&mut writer, "SET a 1"), "");
    assert_eq!(room.say(&mut watcher, "EXEC"), "*-1\r\n");
}

#[test]
fn a_watched_key_that_expires_has_changed() {
    let mut room = Room::new();
    let mut watcher = room.join(1);
    room.say(&mut watcher, "SET a 1\nWATCH a\nMULTI\nPING");
    let mut other = room.join(2);
    room.say(&mut other, "PEXPIRE a 0");
    assert_eq!(room.say(&mut watcher, "EXEC"), "*-1\r\n");
}

#[test]
fn who_has_read_a_key_is_told_once_of_its_change() {
    let mut room = Room::new();
    let mut reader = room.join(1);
    room.say(&mut reader, "HELLO 3\nCLIENT TRACKING ON\nGET a");
    for cause in [
        Cause::Written,
        Cause::Removed,
        Cause::Invalidated,
        Cause::Loaded,
        Cause::Expired,
        Cause::Evicted,
    ] {
        room.say(&mut reader, "GET a");
        room.change("a", cause);
        room.change("a", cause);
        assert_eq!(room.hear(&mut reader), invalidated("a"), "{cause:?}");
    }
    room.say(&mut reader, "CLIENT TRACKING OFF\nGET a");
    room.change("a", Cause::Written);
    assert_eq!(room.hear(&mut reader), "");
    drop(reader);
    assert!(!room.hub.is_listening());
}

#[test]
fn the_load_of_a_read_is_no_change_to_its_reader() {
    let mut room = Room::new();
    room.memory = Memory::new(Pace::Later);
    let mut reader = room.join(1);
    room.say(&mut reader, "HELLO 3\nCLIENT TRACKING ON");
    for (causes, is_told) in [
        (vec![Cause::Loaded], false),
        (vec![Cause::Loaded, Cause::Loaded], true),
        (vec![Cause::Written], true),
        (vec![Cause::Loaded, Cause::Evicted], true),
    ] {
        room.say(&mut reader, "GET a");
        causes.iter().for_each(|cause| room.change("a", *cause));
        room.memory.settle(&mut reader);
        let expected = if is_told { invalidated("a") } else { String::new() };
        assert_eq!(room.hear(&mut reader), format!("_\r\n{expected}"), "{causes:?}");
        room.change("a", Cause::Written);
        assert_eq!(!room.hear(&mut reader).is_empty(), !is_told, "{causes:?}");
    }
}

#[test]
fn prefixes_tell_of_every_key_that_begins_so() {
    let mut room = Room::new();
    let mut reader = room.join(1);
    room.say(&mut reader, "HELLO 3");
    assert_eq!(room.say(&mut reader, "CLIENT TRACKING ON BCAST PREFIX u: PREFIX v:"), "+OK\r\n");
    for key in ["u:1", "x", "v:", "u:1"] {
        room.change(key, Cause::Written);
    }
    assert_eq!(
        room.hear(&mut reader),
        invalidated("u:1") + &invalidated("v:") + &invalidated("u:1")
    );
    let error = room.say(&mut reader, "CLIENT TRACKING ON BCAST PREFIX u:a");
    assert!(
        error.starts_with("-ERR Prefix 'u:a' overlaps with an existing prefix 'u:'."),
        "{error}"
    );
}

#[test]
fn what_a_session_changes_in_one_turn_is_told_by_prefix_at_once() {
    let mut room = Room::new();
    let (mut reader, mut own) = (room.join(1), room.join(2));
    room.say(&mut reader, "HELLO 3\nCLIENT TRACKING ON BCAST PREFIX u: PREFIX v:");
    room.say(&mut own, "HELLO 3\nCLIENT TRACKING ON BCAST NOLOOP");
    for key in ["v:1", "u:1", "x", "u:2", "u:1"] {
        room.change_by(key, Cause::Written, Some(2));
    }
    assert_eq!(room.hear(&mut reader), "");
    room.hub.end_turn(2);
    let both = ">2\r\n$10\r\ninvalidate\r\n*2\r\n$3\r\nu:1\r\n$3\r\nu:2\r\n";
    assert_eq!(room.hear(&mut reader), both.to_owned() + &invalidated("v:1"));
    assert_eq!(room.hear(&mut own), "");
    room.hub.end_turn(2);
    assert_eq!(room.hear(&mut reader), "");
    room.change_by("u:3", Cause::Written, Some(2));
    drop(own);
    assert_eq!(room.hear(&mut reader), invalidated("u:3"));
}

#[test]
fn who_has_come_to_listen_to_prefixes_is_not_told_of_what_it_read_before() {
    let mut room = Room::new();
    let mut reader = room.join(1);
    room.say(&mut reader, "HELLO 3\nCLIENT TRACKING ON\nGET a\nCLIENT TRACKING OFF");
    room.join(2).receive(b"CLIENT TRACKING ON\r\n", NOW_UNIX_MS, &mut room.memory);
    room.say(&mut reader, "CLIENT TRACKING ON BCAST PREFIX u:");
    room.change("a", Cause::Written);
    assert_eq!(room.hear(&mut reader), "");
}

#[test]
fn what_changed_before_a_request_is_told_before_its_reply() {
    let mut room = Room::new();
    let mut reader = room.join(1);
    room.say(&mut reader, "HELLO 3\nCLIENT TRACKING ON\nGET a");
    room.change("a", Cause::Written);
    assert_eq!(room.say(&mut reader, "PING"), invalidated("a") + "+PONG\r\n");
}

#[test]
fn pushes_are_no_replies_that_could_be_kept_back() {
    let mut room = Room::new();
    let (mut listener, mut teller) = (room.join(1), room.join(2));
    room.say(&mut listener, "HELLO 3");
    let said = room.say(&mut listener, "CLIENT REPLY OFF\nPING\nSUBSCRIBE a\nPING");
    assert_eq!(said, ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
    room.say(&mut teller, "PUBLISH a hi");
    assert!(room.hear(&mut listener).contains("message"));
}

#[test]
fn a_client_can_do_without_its_own_changes() {
    let mut room = Room::new();
    let mut reader = room.join(1);
    room.say(&mut reader, "HELLO 3\nCLIENT TRACKING ON NOLOOP\nMGET a b");
    room.change_by("a", Cause::Written, Some(1));
    room.change_by("b", Cause::Written, Some(2));
    assert_eq!(room.hear(&mut reader), invalidated("b"));
}

#[test]
fn an_expiry_that_a_client_comes_upon_is_its_own_unless_it_listens_to_prefixes() {
    for (mode, cause, is_told) in [
        ("", Cause::Expired, true),
        ("NOLOOP", Cause::Expired, false),
        ("NOLOOP BCAST", Cause::Expired, true),
        ("NOLOOP", Cause::Evicted, true),
    ] {
        let mut room = Room::new();
        let mut reader = room.join(1);
        room.say(&mut reader, &format!("HELLO 3\nCLIENT TRACKING ON {mode}\nGET a"));
        room.change_by("a", cause, Some(1));
        let expected = if is_told { invalidated("a") } else { String::new() };
        assert_eq!(room.hear(&mut reader), expected, "{mode} {cause:?}");
    }
}

#[test]
fn a_read_that_comes_upon_an_expiry_makes_only_an_earlier_answer_stale() {
    for (mode, earlier, is_told) in
        [("", "PING", false), ("", "GET near:a", true), ("NOLOOP", "GET near:a", false)]
    {
        let mut room = Room::new();
        let mut reader = room.join(1);
        room.say(&mut reader, &format!("HELLO 3\nCLIENT TRACKING ON {mode}\n{earlier}"));
        room.memory.pace = Pace::Later;
        room.say(&mut reader, "MGET near:a a");
        room.change_by("near:a", Cause::Expired, Some(1));
        room.memory.settle(&mut reader);
        let told = room.hear(&mut reader);
        assert_eq!(told.contains(&invalidated("near:a")), is_told, "{mode} {earlier}: {told}");
        room.change("near:a", Cause::Written);
        assert_eq!(room.hear(&mut reader), invalidated("near:a"), "{mode} {earlier}");
    }
}

#[test]
fn a_key_that_expires_for_another_makes_an_open_question_stale() {
    let mut room = Room::new();
    let mut reader = room.join(1);
    room.say(&mut reader, "HELLO 3\nCLIENT TRACKING ON");
    room.memory.pace = Pace::Later;
    room.say(&mut reader, "GET a");
    room.change_by("a", Cause::Expired, Some(2));
    room.memory.settle(&mut reader);
    assert_eq!(room.hear(&mut reader), format!("_\r\n{}", invalidated("a")));
}

#[test]
fn a_client_can_choose_what_is_tracked() {
    for (mode, script, is_told) in [
        ("OPTIN", "GET a", false),
        ("OPTIN", "CLIENT CACHING YES\nGET a", true),
        ("OPTIN", "CLIENT CACHING YES\nPING\nGET a", false),
        ("OPTIN", "CLIENT CACHING YES\nMULTI\nGET a\nEXEC", true),
        ("OPTOUT", "GET a", true),
        ("OPTOUT", "CLIENT CACHING NO\nGET a", false),
    ] {
        let mut room = Room::new();
        let mut reader = room.join(1);
        room.say(&mut reader, &format!("HELLO 3\nCLIENT TRACKING ON {mode}\n{script}"));
        room.change("a", Cause::Written);
        assert_eq!(!room.hear(&mut reader).is_empty(), is_told, "{mode} {script}");
    }
}

#[test]
fn another_client_can_be_told_instead() {
    let mut room = Room::new();
    let (mut listener, mut reader) = (room.join(1), room.join(2));
    room.say(&mut listener, "SUBSCRIBE __redis__:invalidate");
    assert_eq!(
        room.say(&mut reader, "CLIENT TRACKING ON REDIRECT 1\nCLIENT GETREDIR"),
        "+OK\r\n:1\r\n"
    );
    room.say(&mut reader, "GET a");
    room.change("a", Cause::Written);
    let message = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\na\r\n";
    assert_eq!(room.hear(&mut listener), message);
    room.say(&mut reader, "HELLO 3\nGET a");
    drop(listener);
    room.change("a", Cause::Written);
    assert_eq!(room.hear(&mut reader), ">2\r\n$21\r\ntracking-redir-broken\r\n:1\r\n");
    assert!(room.say(&mut reader, "CLIENT TRACKINGINFO").contains("broken_redirect"));
}

#[test]
fn the_table_of_readers_is_bounded() {
    let mut room = Room::with(Limits { tracked_keys_max: 2, ..Limits::default() });
    let mut reader = room.join(1);
    room.say(&mut reader, "HELLO 3\nCLIENT TRACKING ON");
    let said = room.say(&mut reader, "MGET a b c");
    assert_eq!(said.matches("invalidate").count(), 1, "{said}");
    assert_eq!(room.hub.tracking.counts().0, 2);
    let said = room.say(&mut reader, "CONFIG SET tracking-table-max-keys 1");
    assert_eq!(said.matches("invalidate").count(), 1, "{said}");
    assert_eq!(room.hub.tracking.counts().0, 1);
}

#[test]
fn a_flush_concerns_everyone_who_tracks() {
    let mut room = Room::new();
    let mut reader = room.join(1);
    room.say(&mut reader, "HELLO 3\nCLIENT TRACKING ON\nGET a");
    room.hub.cleared(None);
    assert_eq!(room.hear(&mut reader), ">2\r\n$10\r\ninvalidate\r\n_\r\n");
}

#[test]
fn a_killed_client_is_let_go_at_its_next_turn() {
    let mut room = Room::new();
    let (mut victim, mut killer) = (room.join(1), room.join(2));
    room.say(&mut victim, "PING");
    assert_eq!(room.say(&mut killer, "CLIENT KILL ID 1"), ":1\r\n");
    assert_eq!(room.say(&mut killer, "CLIENT KILL ID 1\nCLIENT LIST ID 1"), ":0\r\n$0\r\n\r\n");
    assert_eq!(room.hub.overview().sessions, 1);
    assert_eq!(room.say(&mut victim, "PING"), "");
    assert!(victim.is_finished() && !killer.is_finished());
}

#[test]
fn a_pause_ends_by_itself_or_by_request() {
    let mut room = Room::new();
    let (mut held, mut other) = (room.join(1), room.join(2));
    room.say(&mut other, "CLIENT PAUSE 50");
    assert_eq!(room.say(&mut held, "PING"), "");
    assert_eq!(room.hub.overview().paused, 1);
    assert_eq!(room.say(&mut other, "CLIENT UNPAUSE"), "+OK\r\n");
    assert_eq!(room.hear(&mut held), "+PONG\r\n");
    assert_eq!(room.hub.overview().paused, 0);
    room.say(&mut other, "CLIENT PAUSE 50 WRITE");
    assert_eq!(room.say(&mut held, "GET a\nSET a 1\nGET a"), "$-1\r\n");
    let later = NOW_UNIX_MS + 50;
    room.hub.tick(later);
    held.advance(later, &mut room.memory);
    assert_eq!(held.output(), b"+OK\r\n$1\r\n1\r\n");
}

#[test]
fn who_is_idle_or_slow_for_too_long_is_let_go() {
    let limits =
        Limits { idle_timeout_ms: Some(100), request_timeout_ms: Some(20), ..Limits::default() };
    let mut room = Room::with(limits);
    let (mut idle, mut slow, mut listener) = (room.join(1), room.join(2), room.join(3));
    room.say(&mut idle, "PING");
    slow.receive(b"*2\r\n$3\r\nGET\r\n", NOW_UNIX_MS, &mut room.memory);
    room.say(&mut listener, "SUBSCRIBE a");
    room.hub.tick(NOW_UNIX_MS + 21);
    room.hear_all([&mut idle, &mut slow, &mut listener]);
    assert!(slow.is_finished() && !idle.is_finished());
    room.hub.tick(NOW_UNIX_MS + 101);
    room.hear_all([&mut idle, &mut listener]);
    assert!(idle.is_finished() && !listener.is_finished());
}

#[test]
fn when_all_hold_too_much_the_largest_goes() {
    let mut room = Room::with(Limits { sessions_bytes_max: 28_000, ..Limits::default() });
    let (mut small, mut large, mut spared) = (room.join(1), room.join(2), room.join(3));
    room.say(&mut spared, "CLIENT NO-EVICT ON");
    spared.receive(&[b'x'; 15_000], NOW_UNIX_MS, &mut room.memory);
    large.receive(&[b'x'; 14_000], NOW_UNIX_MS, &mut room.memory);
    small.receive(&[b'x'; 5_000], NOW_UNIX_MS, &mut room.memory);
    room.hear_all([&mut small, &mut large, &mut spared]);
    assert!(large.is_finished() && !small.is_finished() && !spared.is_finished());
}

#[test]
fn who_is_killed_is_gone_at_once() {
    let mut room = Room::new();
    let (mut admin, mut listener, mut reader) = (room.join(1), room.join(2), room.join(3));
    room.say(&mut listener, "SUBSCRIBE a b\nPSUBSCRIBE a*");
    room.say(&mut reader, "SUBSCRIBE a");
    assert_eq!(room.say(&mut admin, "CLIENT KILL ID 2"), ":1\r\n");
    let told =
        room.say(&mut admin, "PUBSUB NUMSUB a b\nPUBSUB NUMPAT\nPUBLISH a x\nCLIENT KILL ID 2");
    assert_eq!(told, "*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:0\r\n:0\r\n:1\r\n:0\r\n");
    assert_eq!(room.say(&mut listener, "PING"), "", "it runs nothing more");
    assert!(listener.is_finished());
    drop(listener);
    assert_eq!(room.say(&mut admin, "PUBSUB NUMSUB a"), "*2\r\n$1\r\na\r\n:1\r\n");
}

#[test]
fn prefixes_are_told_in_their_order() {
    let mut room = Room::new();
    let mut session = room.join(1);
    room.say(&mut session, "CLIENT TRACKING ON BCAST PREFIX user: PREFIX item:");
    let told = room.say(&mut session, "CLIENT TRACKING ON BCAST PREFIX node:\nCLIENT TRACKINGINFO");
    assert!(told.ends_with("*3\r\n$5\r\nitem:\r\n$5\r\nnode:\r\n$5\r\nuser:\r\n"), "{told}");
}

#[test]
fn a_session_that_tracks_again_is_told_of_what_it_read_before() {
    for pause in ["CLIENT TRACKING OFF", "RESET\nHELLO 3"] {
        let mut room = Room::new();
        let mut reader = room.join(1);
        room.say(&mut reader, &format!("HELLO 3\nCLIENT TRACKING ON\nMGET a b\n{pause}"));
        room.change("a", Cause::Written);
        assert_eq!(room.hear(&mut reader), "", "{pause}");
        room.say(&mut reader, "CLIENT TRACKING ON");
        room.change("a", Cause::Written);
        room.change("b", Cause::Written);
        assert_eq!(room.hear(&mut reader), invalidated("b"), "{pause}");
        drop(reader);
        assert!(!room.hub.is_listening());
    }
}

#[test]
fn no_prefix_is_every_key_beside_other_prefixes() {
    let mut room = Room::new();
    let mut listener = room.join(1);
    room.say(&mut listener, "HELLO 3\nCLIENT TRACKING ON BCAST PREFIX k\nCLIENT TRACKING ON BCAST");
    room.change("h", Cause::Written);
    assert_eq!(room.hear(&mut listener), invalidated("h"));
}
