//! A connection that asks and waits: greetings, and questions beside a load.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::inbox::Inbox;
use super::{PATIENCE, Verdict};
use crate::failure::{Failure, Result};

/// A blocking connection.
#[derive(Debug)]
pub(crate) struct Dialogue {
    target: SocketAddr,
    stream: TcpStream,
    inbox: Inbox,
    replies: VecDeque<Vec<u8>>,
}

impl Dialogue {
    /// Connects. A server that takes longer than [`PATIENCE`] for this or for a reply has failed.
    pub(crate) fn open(target: SocketAddr) -> Result<Self> {
        let stream = connect(target).map_err(|error| unreachable_at(target, &error))?;
        Ok(Self { target, stream, inbox: Inbox::default(), replies: VecDeque::new() })
    }

    /// Sends one request in RESP, and gives its reply, whole as it came. An error reply is a reply.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.send(request)?;
        self.reply()
    }

    /// Sends so many requests together.
    ///
    /// # Errors
    ///
    /// The first error reply is one.
    pub(crate) fn demand(&mut self, requests: &[u8], count: usize) -> Result<()> {
        self.send(requests)?;
        self.approve(count)
    }

    /// Waits for so many replies.
    ///
    /// # Errors
    ///
    /// The first error reply is one.
    pub(super) fn approve(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let reply = self.reply()?;
            if Verdict::of(&reply) == Verdict::Error {
                let said = sentence(&reply);
                return Err(Failure::run(format!("{} refuses: {said}", self.target)));
            }
        }
        Ok(())
    }

    /// The connection for other uses. Nothing may be under way on it.
    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Sends requests. The replies have to be waited for.
    pub(super) fn send(&mut self, requests: &[u8]) -> Result<()> {
        match self.stream.write_all(requests) {
            // A server that refuses may have closed already: the reply says why, if there is one.
            Err(error) if is_closed(&error) => Ok(()),
            sent => sent.map_err(|error| broken(self.target, &error)),
        }
    }

    fn reply(&mut self) -> Result<Vec<u8>> {
        let mut bytes = [0; 4096];
        loop {
            if let Some(reply) = self.replies.pop_front() {
                return Ok(reply);
            }
            let length = match self.stream.read(&mut bytes) {
                Ok(0) => return Err(broken(self.target, &ErrorKind::UnexpectedEof.into())),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken(self.target, &error)),
            };
            let replies = &mut self.replies;
            let taken =
                self.inbox.take(&bytes[..length], |reply| replies.push_back(reply.to_vec()));
            taken.map_err(|_| Failure::run(no_resp(self.target)))?;
        }
    }
}

fn connect(target: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&target, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn unreachable_at(target: SocketAddr, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::ConnectionRefused => Failure::run(format!(
            "nothing listens on {target}: start the server, or name the address that it has"
        )),
        ErrorKind::TimedOut => Failure::run(format!(
            "{target} did not take a connection within {PATIENCE:?}: is the address right?"
        )),
        ErrorKind::AddrNotAvailable => Failure::run(format!(
            "this machine has no port left for another connection to {target}: ask for fewer, or wait a minute \
             for those of earlier ones"
        )),
        _ => Failure::run(format!("cannot connect to {target}: {error}")),
    }
}

fn is_closed(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe)
}

fn broken(target: SocketAddr, error: &io::Error) -> Failure {
    Failure::run(format!("{target} {}", loss(error)))
}

/// How a connection ended, as a sentence about the server.
pub(super) fn loss(error: &io::Error) -> String {
    match error.kind() {
        _ if is_closed(error) => "closed the connection".to_owned(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("did not answer within {PATIENCE:?}")
        }
        _ => format!("is lost: {error}"),
    }
}

/// What is said of a server that speaks something else.
pub(super) fn no_resp(target: SocketAddr) -> String {
    format!("{target} answers with what is no RESP: is it a server that speaks the Redis protocol?")
}

/// What a reply says, if it is of one line; for an error of either version its words.
pub(super) fn sentence(reply: &[u8]) -> String {
    /// More is no sentence.
    const BYTES_MAX: usize = 400;
    let text = String::from_utf8_lossy(&reply[..reply.len().min(BYTES_MAX)]);
    let words = match text.split_once("\r\n") {
        Some((length, words)) if length.starts_with('!') => words,
        _ => text.trim_start_matches('-'),
    };
    words.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::testing::{Manner, Server, nowhere};

    fn asked(manner: Manner) -> Result<()> {
        let server = Server::start(manner);
        Dialogue::open(server.address())?.demand(b"*1\r\n$4\r\nPING\r\n", 1)
    }

    #[test]
    fn a_server_that_answers() {
        asked(Manner::Answers).unwrap();
    }

    #[test]
    fn nobody_listens() {
        let failure = Dialogue::open(nowhere()).unwrap_err().to_string();
        assert!(failure.starts_with("nothing listens on "), "{failure}");
    }

    #[test]
    fn an_error_is_told_in_the_words_of_the_server() {
        let failure = asked(Manner::Refuses).unwrap_err().to_string();
        assert!(failure.ends_with("refuses: NOAUTH Authentication required."), "{failure}");
    }

    #[test]
    fn each_way_not_to_be_reached_says_what_to_do() {
        let told = |kind: ErrorKind| unreachable_at(nowhere(), &kind.into()).to_string();
        assert!(told(ErrorKind::ConnectionRefused).contains("start the server"));
        assert!(told(ErrorKind::TimedOut).contains("is the address right?"));
        assert!(told(ErrorKind::AddrNotAvailable).contains("ask for fewer"));
        assert!(told(ErrorKind::NetworkUnreachable).starts_with("cannot connect to "));
    }

    #[test]
    fn each_way_to_lose_a_connection_is_told() {
        let told = |kind: ErrorKind| loss(&kind.into());
        assert_eq!(told(ErrorKind::ConnectionReset), "closed the connection");
        assert_eq!(told(ErrorKind::WouldBlock), "did not answer within 10s");
        assert!(told(ErrorKind::OutOfMemory).starts_with("is lost: "));
    }

    #[test]
    fn a_server_that_closes() {
        let failure = asked(Manner::Closes).unwrap_err().to_string();
        assert!(failure.ends_with("closed the connection"), "{failure}");
    }

    #[test]
    fn a_server_of_another_protocol() {
        let failure = asked(Manner::Babbles).unwrap_err().to_string();
        assert!(failure.contains("no RESP"), "{failure}");
    }

    #[test]
    fn the_words_of_errors_of_both_versions() {
        assert_eq!(sentence(b"-ERR no\r\n"), "ERR no");
        assert_eq!(sentence(b"!6\r\nERR no\r\n"), "ERR no");
        assert_eq!(sentence(b"+OK\r\n"), "+OK");
        assert_eq!(sentence(&[b'-'; 1000]).len(), 0);
        assert_eq!(sentence(&[b'x'; 1000]).len(), 400);
    }
}
