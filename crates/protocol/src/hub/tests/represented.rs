//! Sessions in whose place others may answer.

use super::Room;
use crate::testing::NOW_UNIX_MS;

#[test]
fn a_session_is_representable_while_its_client_is_as_it_was_at_first() {
    for (changes, restores) in [
        ("MULTI", "DISCARD"),
        ("SELECT 1", "SELECT 0"),
        ("CLIENT REPLY OFF", "CLIENT REPLY ON"),
        ("SUBSCRIBE a", "UNSUBSCRIBE"),
        ("HELLO 3\r\nCLIENT TRACKING ON", "CLIENT TRACKING OFF"),
        ("ACL SETUSER default -get", "ACL SETUSER default +@all"),
        ("CLIENT PAUSE 1000 WRITE", "CLIENT UNPAUSE"),
    ] {
        let mut room = Room::new();
        let mut session = room.join(1);
        assert!(session.representable().is_some());
        room.say(&mut session, changes);
        assert_eq!(session.representable(), None, "{changes}");
        room.say(&mut session, restores);
        assert!(session.representable().is_some(), "{restores}");
    }
}

#[test]
fn a_session_with_something_under_way_is_not_representable() {
    let mut room = Room::new();
    let mut session = room.join(1);
    session.receive(b"PING\r\nGE", NOW_UNIX_MS, &mut room.memory);
    assert_eq!(session.representable(), None, "it has something to send");
    session.sent(session.output().len());
    assert_eq!(session.representable(), None, "a request has begun");
    session.receive(b"T a\r\n", NOW_UNIX_MS, &mut room.memory);
    room.hear(&mut session);
    assert!(session.representable().is_some());
    session.end_of_input();
    assert_eq!(session.representable(), None);
}

#[test]
fn whatever_may_bar_a_session_makes_another_revision() {
    for command in [
        "ACL SETUSER bob on",
        "ACL DELUSER bob",
        "CONFIG SET requirepass x",
        "CLIENT PAUSE 1000",
        "CLIENT KILL ID 2",
    ] {
        let mut room = Room::new();
        let (mut session, _other) = (room.join(1), room.join(2));
        let before = room.hub.revision();
        room.say(&mut session, command);
        assert!(room.hub.revision() > before, "{command}");
    }
    let room = Room::new();
    let _session = room.join(1);
    assert_eq!(room.hub.revision(), Room::new().hub.revision(), "coming and going is nothing");
}
