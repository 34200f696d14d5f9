//! One of the two servers, with the connections to it.

use std::io;
use std::path::Path;

use super::connection::{Answer, Connection, End, Until, ask_for_fence};
use super::reply::Reply;
use super::sequence::frame;
use crate::failure::{Failure, Result};
use crate::server::Server;

/// The most connections of a sequence.
pub(super) const CONNECTIONS: usize = 2;

/// What makes databases empty.
const EMPTY: &[&[&str]] = &[&["FLUSHALL"]];

/// What undoes the changes that sequences make to a server itself.
const UNDO: &[&[&str]] = &[
    &["CLIENT", "UNPAUSE"],
    &["ACL", "SETUSER", "default", "reset", "on", "nopass", "allkeys", "allchannels", "+@all"],
    &["ACL", "LOG", "RESET"],
    &["CONFIG", "SET", "requirepass", ""],
    &["CONFIG", "SET", "maxmemory-policy", "noeviction"],
];

/// A server under comparison.
pub(super) struct Side {
    is_redis: bool,
    /// Whether it has always done as it was told.
    sound: bool,
    server: Server,
    control: Connection,
    connections: [Option<Connection>; CONNECTIONS],
    messages: [Vec<Reply>; CONNECTIONS],
}

impl Side {
    /// A server of Redis with further options.
    pub(super) fn redis(options: &[&str]) -> Result<Self> {
        let options = [&["--enable-debug-command", "yes"], options].concat();
        Self::over(true, Server::redis(&options)?)
    }

    /// A server of larder.
    pub(super) fn larder(binary: &Path) -> Result<Self> {
        Self::over(false, Server::larder(binary, "reactors")?)
    }

    fn over(is_redis: bool, server: Server) -> Result<Self> {
        let control = Connection::open(server.address());
        let control = control.map_err(|error| Failure::io("a server", error))?;
        Ok(Self {
            is_redis,
            sound: true,
            server,
            control,
            connections: [None, None],
            messages: [vec![], vec![]],
        })
    }

    /// Whether it is a server of Redis.
    pub(super) fn is_redis(&self) -> bool {
        self.is_redis
    }

    /// Empties the databases. `false`: it does not do as it is told any more.
    pub(super) fn empty(&mut self) -> bool {
        self.messages = [vec![], vec![]];
        let answer = self.tell(EMPTY);
        self.sound && answer.replies.iter().all(|reply| !reply.is_error())
    }

    /// Undoes what a sequence may have changed beside the databases.
    pub(super) fn undo(&mut self) {
        self.connections = [None, None];
        self.tell(UNDO);
        let users = self.tell(&[&["ACL", "USERS"]]);
        let names = users.replies.first().and_then(Reply::items).unwrap_or_default();
        let mut delete: Vec<&[u8]> = vec![b"ACL", b"DELUSER"];
        delete.extend(names.iter().filter_map(Reply::text).filter(|name| *name != b"default"));
        self.ask(&frame(&delete), 1);
    }

    fn tell(&mut self, commands: &[&[&str]]) -> Answer {
        let bytes: Vec<u8> = commands.iter().flat_map(|command| frame(command)).collect();
        self.ask(&bytes, commands.len())
    }

    fn ask(&mut self, bytes: &[u8], replies: usize) -> Answer {
        self.control.send(bytes);
        let answer = self.control.receive(Until::Count(replies));
        self.sound &= answer.end == End::Complete;
        answer
    }

    /// Sends bytes over one of the connections, and what tells the end of their replies.
    pub(super) fn send(&mut self, place: usize, bytes: &[u8], until: Until) {
        // That it cannot be connected to shows when the answer is wanted.
        let Ok(connection) = self.connection(place) else { return };
        connection.send(bytes);
        if until == Until::Fence {
            connection.send(&ask_for_fence());
        }
    }

    /// Says that nothing more is sent over one of the connections.
    pub(super) fn finish(&mut self, place: usize) {
        if let Some(connection) = &mut self.connections[place] {
            connection.finish();
        }
    }

    /// The answer to what was sent. A connection that did not answer in full is used no more.
    pub(super) fn receive(&mut self, place: usize, until: Until) -> Answer {
        let Some(connection) = &mut self.connections[place] else {
            return Answer { replies: vec![], end: End::Closed };
        };
        let answer = connection.receive(until);
        if answer.end != End::Complete {
            self.close(place);
        }
        answer
    }

    /// Closes one of the connections.
    pub(super) fn close(&mut self, place: usize) {
        if let Some(connection) = self.connections[place].take() {
            self.messages[place].extend_from_slice(connection.messages());
        }
    }

    /// The messages that came over one of the connections; waits until there are so many.
    pub(super) fn messages(&mut self, place: usize, count: usize) -> Vec<Reply> {
        let mut messages = self.messages[place].clone();
        if let Some(connection) = &mut self.connections[place] {
            connection.receive_messages(count.saturating_sub(messages.len()));
            messages.extend_from_slice(connection.messages());
        }
        messages
    }

    fn connection(&mut self, place: usize) -> io::Result<&mut Connection> {
        let slot = &mut self.connections[place];
        match slot {
            Some(connection) => Ok(connection),
            None => Ok(slot.insert(Connection::open(self.server.address())?)),
        }
    }
}
