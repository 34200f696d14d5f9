//! What becomes of sessions when users change.

use super::Hub;
use crate::acl::{Users, What};
use crate::client::Client;
use crate::command::summary;
use crate::error::Error;
use crate::settings::place;

impl Hub {
    /// Everybody who may use the server.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// Takes the users that are in their file for all there are, and ends the sessions of those
    /// that are no longer there.
    ///
    /// # Errors
    ///
    /// There is no file, or it cannot be read, or a line of it is wrong: nothing changes.
    pub fn reload_users(&self) -> Result<(), Error> {
        self.users.reload()?;
        self.end_barred_listeners();
        self.end_strangers(None);
        Ok(())
    }

    /// Notes in the log what a client was denied.
    pub(crate) fn log_denial(&self, what: What, client: &Client, now_unix_ms: u64) {
        let entries_max = self.settings.number(place::ACLLOG_MAX_LEN);
        let entries_max = usize::try_from(entries_max).unwrap_or_default();
        let client = summary(client, now_unix_ms).into_bytes();
        self.users.log.add(what, client.into(), now_unix_ms, entries_max);
    }

    /// Ends the sessions of users that are no longer there, except one, whose end is seen to.
    pub(crate) fn end_strangers(&self, spared: Option<u64>) {
        let mut strangers = Vec::new();
        self.clients.each(|card| {
            let is_stranger = self.users.find(&card.names.lock().user).is_none();
            if is_stranger && Some(card.id) != spared {
                strangers.push(card.clone());
            }
        });
        self.end_others(&strangers);
    }

    /// Ends the sessions that listen to what their users may no longer listen to.
    pub(crate) fn end_barred_listeners(&self) {
        let mut barred = Vec::new();
        self.channels.each_listener(|channel, kind, card| {
            let user = self.users.find(&card.names.lock().user);
            if !user.is_some_and(|user| user.permissions().allows_channel(channel, kind)) {
                barred.push(card.clone());
            }
        });
        self.end_others(&barred);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use parking_lot::Mutex;

    use crate::acl::UsersFile;
    use crate::hub::tests::Room;

    #[test]
    fn a_deleted_users_sessions_end() {
        let mut room = Room::new();
        let (mut admin, mut bob, mut eve) = (room.join(1), room.join(2), room.join(3));
        room.say(&mut admin, "ACL SETUSER bob on nopass +@all\nACL SETUSER eve on nopass +@all");
        room.say(&mut bob, "AUTH bob x");
        room.say(&mut eve, "AUTH eve x");
        assert_eq!(room.say(&mut admin, "ACL DELUSER bob"), ":1\r\n");
        assert_eq!(room.say(&mut bob, "PING"), "");
        assert!(bob.is_finished() && !eve.is_finished());
        assert_eq!(room.say(&mut eve, "PING"), "+PONG\r\n");
        assert_eq!(room.say(&mut admin, "ACL LOG"), "*0\r\n");
    }

    #[test]
    fn a_changed_user_is_bound_in_the_sessions_that_it_has() {
        let mut room = Room::new();
        let (mut admin, mut bob) = (room.join(1), room.join(2));
        room.say(&mut admin, "ACL SETUSER bob on nopass +@all allkeys allchannels");
        room.say(&mut bob, "AUTH bob x\nMULTI\nGET a\nSET a 1\nPUBLISH c x");
        room.say(&mut admin, "ACL SETUSER bob -get resetkeys");
        let denied = |reason: &str| {
            format!(
                "-NOPERM ACLs rules changed between the moment the transaction was accumulated \
                 and the EXEC call. This command is no longer allowed for the following reason: \
                 {reason}\r\n"
            )
        };
        let expected = format!(
            "*3\r\n{}{}:0\r\n",
            denied("no permission to execute the command or subcommand"),
            denied("no permission to touch the specified keys"),
        );
        assert_eq!(room.say(&mut bob, "EXEC"), expected);
        assert!(room.say(&mut admin, "ACL LOG").contains("$5\r\nmulti\r\n"));
    }

    #[test]
    fn who_may_no_longer_listen_is_let_go() {
        let mut room = Room::new();
        let (mut admin, mut named, mut matching) = (room.join(1), room.join(2), room.join(3));
        room.say(&mut admin, "ACL SETUSER bob on nopass +@all &a* &b");
        room.say(&mut named, "AUTH bob x\nSUBSCRIBE ab");
        room.say(&mut matching, "AUTH bob x\nPSUBSCRIBE a*");
        room.say(&mut admin, "ACL SETUSER bob &c");
        assert!(!named.is_finished() && !matching.is_finished());
        room.say(&mut admin, "ACL SETUSER bob resetchannels &ab");
        room.hear(&mut matching);
        room.hear(&mut named);
        assert!(matching.is_finished() && !named.is_finished());
    }

    #[test]
    fn channels_that_are_not_allowed_cannot_be_used() {
        let mut room = Room::new();
        let mut session = room.join(1);
        let denied = "-NOPERM this user has no permissions to access one of the channels used as \
                      arguments\r\n";
        room.say(&mut session, "ACL SETUSER default resetchannels &a*");
        for request in ["PUBLISH b x", "SUBSCRIBE a b", "PSUBSCRIBE ab*"] {
            assert_eq!(room.say(&mut session, request), denied, "{request}");
        }
        assert_eq!(room.say(&mut session, "PUBLISH ab x"), ":0\r\n");
        assert!(room.say(&mut session, "PSUBSCRIBE a*").starts_with("*3\r\n$10\r\npsubscribe"));
    }

    #[test]
    fn as_many_denials_are_kept_as_is_configured() {
        let mut room = Room::new();
        let mut session = room.join(1);
        room.say(&mut session, "CONFIG SET acllog-max-len 1\nAUTH a x\nAUTH b x");
        assert!(room.say(&mut session, "ACL LOG").starts_with("*1\r\n"));
    }

    /// A file in memory.
    #[derive(Clone, Default)]
    struct Shelf(Arc<Mutex<Vec<u8>>>);

    impl UsersFile for Shelf {
        fn name(&self) -> &str {
            "users.acl"
        }

        fn read(&self) -> io::Result<Vec<u8>> {
            Ok(self.0.lock().clone())
        }

        fn write(&self, text: &[u8]) -> io::Result<()> {
            *self.0.lock() = text.to_vec();
            Ok(())
        }
    }

    #[test]
    fn users_that_the_file_no_longer_has_are_let_go() {
        let (mut room, shelf) = (Room::new(), Shelf::default());
        *shelf.0.lock() = b"user bob on nopass +@all\nuser eve on nopass +@all\n".to_vec();
        room.hub.users().keep_in(Box::new(shelf.clone())).unwrap();
        let (mut admin, mut bob, mut eve) = (room.join(1), room.join(2), room.join(3));
        room.say(&mut bob, "AUTH bob x");
        room.say(&mut eve, "AUTH eve x");
        *shelf.0.lock() = b"user eve on nopass +@all -ping\n".to_vec();
        assert_eq!(room.say(&mut admin, "ACL LOAD\nACL SAVE"), "+OK\r\n+OK\r\n");
        room.hear(&mut bob);
        assert!(bob.is_finished() && !eve.is_finished());
        let denied = "-NOPERM this user has no permissions to run the 'ping' command\r\n";
        assert_eq!(room.say(&mut eve, "PING"), denied);
        assert!(shelf.0.lock().starts_with(b"user default on nopass"));
        shelf.0.lock().extend(b"user bob foo\n");
        let error = room.hub.reload_users().unwrap_err();
        assert!(error.text().starts_with("users.acl:3: Syntax error."), "{error}");
        *shelf.0.lock() = b"user eve off".to_vec();
        room.hub.reload_users().unwrap();
    }
}
