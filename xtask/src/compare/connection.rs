//! A connection to one of the two servers.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::reply::Reply;
use super::sequence::frame;

/// How long a reply may take. Only a server that says nothing at all makes anyone wait for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked to be echoed where it is not known how many replies come.
const FENCE: &[u8] = b"--fence--";

/// How it is known that all replies are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// There are so many.
    Count(usize),
    /// The echo of [`ask_for_fence`] has come.
    Fence,
    /// The server has closed the connection.
    Closed,
}

/// How the replies ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All are there.
    Complete,
    /// The server closed the connection.
    Closed,
    /// The server said nothing more.
    Silent,
    /// What came is no reply.
    Garbage,
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) replies: Vec<Reply>,
    pub(super) end: End,
}

/// An open connection.
pub(super) struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    messages: Vec<Reply>,
}

impl Connection {
    pub(super) fn open(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, input: Vec::new(), messages: Vec::new() })
    }

    /// Sends bytes. That the server is gone is found out by whoever waits for replies.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Says that nothing more is sent.
    pub(super) fn finish(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Takes the replies; messages that come in between are kept apart.
    pub(super) fn receive(&mut self, until: Until) -> Answer {
        let mut replies = Vec::new();
        let end = loop {
            if until == Until::Count(replies.len()) {
                break End::Complete;
            }
            match self.reply() {
                Ok(reply) if reply.is_message() => self.messages.push(reply),
                Ok(reply) if until == Until::Fence && is_fence(&reply) => break End::Complete,
                Ok(reply) => replies.push(reply),
                Err(end) => break end,
            }
        };
        Answer { replies, end }
    }

    /// Takes messages until there are so many, or no more come.
    pub(super) fn receive_messages(&mut self, count: usize) {
        while self.messages.len() < count {
            match self.reply() {
                Ok(message) => self.messages.push(message),
                Err(_) => return,
            }
        }
    }

    /// The messages that have come so far.
    pub(super) fn messages(&self) -> &[Reply] {
        &self.messages
    }

    fn reply(&mut self) -> Result<Reply, End> {
        loop {
            match Reply::decode(&self.input) {
                Ok(Some(decoded)) => {
                    self.input.drain(..decoded.length);
                    self.messages.extend(decoded.messages);
                    return Ok(decoded.reply);
                }
                Ok(None) => self.fill()?,
                Err(_) => return Err(End::Garbage),
            }
        }
    }

    fn fill(&mut self) -> Result<(), End> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(End::Closed),
            Ok(length) => {
                self.input.extend(&buffer[..length]);
                Ok(())
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Err(End::Silent),
                ErrorKind::Interrupted => Ok(()),
                _ => Err(End::Closed),
            },
        }
    }
}

/// The command whose reply ends [`Until::Fence`]. It is allowed to subscribers of RESP2, too.
pub(super) fn ask_for_fence() -> Vec<u8> {
    frame(&[b"PING", FENCE])
}

/// `PONG` of subscribers of RESP2 has two parts.
fn is_fence(reply: &Reply) -> bool {
    let last = reply.items().and_then(<[Reply]>::last).unwrap_or(reply);
    last.text() == Some(FENCE)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A connection to a server that says that and closes.
    fn hearing(said: &str) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connection = Connection::open(listener.local_addr().unwrap()).unwrap();
        listener.accept().unwrap().0.write_all(said.as_bytes()).unwrap();
        connection
    }

    #[test]
    fn replies_are_counted_without_messages() {
        let message = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n";
        let mut connection = hearing(&format!("+A\r\n{message}+B\r\n+C\r\n"));
        let answer = connection.receive(Until::Count(2));
        assert_eq!((answer.replies.len(), answer.end), (2, End::Complete));
        assert_eq!(connection.messages().len(), 1);
        assert_eq!(connection.receive(Until::Closed).replies.len(), 1);
    }

    #[test]
    fn a_fence_ends_replies_of_unknown_number() {
        let mut connection =
            hearing(":1\r\n$9\r\n--fence--\r\n:2\r\n*2\r\n$4\r\npong\r\n$9\r\n--fence--\r\n");
        for _ in 0..2 {
            let answer = connection.receive(Until::Fence);
            assert_eq!((answer.replies.len(), answer.end), (1, End::Complete));
        }
    }

    #[test]
    fn how_replies_end_is_told() {
        assert_eq!(hearing("+A\r\n+B").receive(Until::Count(2)).end, End::Closed);
        assert_eq!(hearing("+A\r\nB\r\n").receive(Until::Count(2)).end, End::Garbage);
    }
}
