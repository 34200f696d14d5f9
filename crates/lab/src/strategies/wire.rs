//! One connection of an application to larder: a request, then its reply.

use std::collections::HashMap;
use std::net::SocketAddr;

use larder_protocol::Limits;
use larder_protocol::frame::{Frame, decode};

use crate::failure::{Failure, Result};
use crate::generator::Dialogue;
use crate::interruption;
use crate::subject::wire::request;

/// How long larder is asked to wait for its queue at a time: shorter than an answer may take.
const FLUSH_MILLISECONDS: &str = "1000";

/// How often it is asked before the source has failed.
const FLUSHES_MAX: usize = 60;

/// A connection.
pub(super) struct Wire {
    dialogue: Dialogue,
    limits: Limits,
}

impl Wire {
    /// Connects to larder.
    pub(super) fn connect(address: SocketAddr) -> Result<Self> {
        Ok(Self { dialogue: Dialogue::open(address)?, limits: Limits::default() })
    }

    /// The reply to a request. One that larder refuses is a failure.
    pub(super) fn ask(&mut self, arguments: &[&[u8]]) -> Result<Frame> {
        let reply = self.dialogue.ask(&request(arguments))?;
        match decode(&reply, &self.limits) {
            Ok(Some((Frame::Error(message), _))) => {
                let command = String::from_utf8_lossy(arguments[0]);
                Err(Failure::run(format!("larder answered {command} with: {message}")))
            }
            Ok(Some((frame, _))) => Ok(frame),
            undecoded => {
                Err(Failure::run(format!("larder answered what is no frame: {undecoded:?}")))
            }
        }
    }

    /// The value of a key, as `GET` answers it.
    pub(super) fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>> {
        match self.ask(&[b"GET", key.as_bytes()])? {
            Frame::Bulk(value) => Ok(Some(value)),
            Frame::Null => Ok(None),
            other => Err(unexpected("GET", &other)),
        }
    }

    /// Sets a key, as `SET` does.
    pub(super) fn set(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.ask(&[b"SET", key.as_bytes(), value]).map(drop)
    }

    /// Drops what larder remembers of a key.
    pub(super) fn drop_copy(&mut self, key: &str) -> Result<()> {
        self.ask(&[b"CACHE.DROP", key.as_bytes()]).map(drop)
    }

    /// Waits until the source has every write that was queued.
    pub(super) fn flush(&mut self) -> Result<()> {
        for _ in 0..FLUSHES_MAX {
            interruption::check()?;
            match self.ask(&[b"CACHE.FLUSH", FLUSH_MILLISECONDS.as_bytes()])? {
                Frame::Integer(0) => {}
                _ => return Ok(()),
            }
        }
        Err(Failure::run("the source still lacks queued writes after a minute"))
    }

    /// The counters of a keyspace.
    pub(super) fn counters(&mut self, keyspace: &str) -> Result<HashMap<String, f64>> {
        let reply = self.ask(&[b"CACHE.STATS", keyspace.as_bytes()])?;
        let pairs = match reply {
            Frame::Map(pairs) => pairs,
            Frame::Array(cells) => {
                cells.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
            }
            other => return Err(unexpected("CACHE.STATS", &other)),
        };
        let counter = |(name, value): (Frame, Frame)| Some((text(name)?, number(value)?));
        Ok(pairs.into_iter().filter_map(counter).collect())
    }
}

/// A reply that the command never has.
pub(super) fn unexpected(command: &str, reply: &Frame) -> Failure {
    Failure::run(format!("larder answered {command} with {reply:?}"))
}

fn text(frame: Frame) -> Option<String> {
    match frame {
        Frame::Bulk(bytes) => String::from_utf8(bytes).ok(),
        Frame::Simple(text) => Some(text),
        _ => None,
    }
}

fn number(frame: Frame) -> Option<f64> {
    match frame {
        Frame::Integer(number) => Some(number as f64),
        Frame::Double(number) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// What comes of asking somebody who answers each request with one of these, and then hangs up.
    fn answered<T>(replies: &[&'static str], ask: impl Fn(&mut Wire) -> T) -> T {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let replies = replies.to_vec();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            for reply in replies {
                assert_ne!(stream.read(&mut request).unwrap(), 0);
                stream.write_all(reply.as_bytes()).unwrap();
            }
        });
        let outcome = ask(&mut Wire::connect(address).unwrap());
        server.join().unwrap();
        outcome
    }

    fn got(reply: &'static str) -> Result<Option<Vec<u8>>> {
        answered(&[reply], |wire| wire.get("k"))
    }

    #[test]
    fn a_key_has_a_value_or_none() {
        assert_eq!(got("$5\r\nhello\r\n").unwrap().unwrap(), b"hello");
        assert_eq!(got("$-1\r\n").unwrap(), None);
    }

    #[test]
    fn a_refusal_says_what_was_asked_and_answered() {
        let refusal = got("-BUSY full\r\n").unwrap_err().to_string();
        assert_eq!(refusal, "larder answered GET with: BUSY full");
    }

    #[test]
    fn what_is_no_answer_is_a_failure() {
        for reply in ["$5\r\nhe", "what?\r\n", ":1\r\n", ":x\r\n"] {
            assert!(got(reply).is_err(), "{reply:?}");
        }
    }

    #[test]
    fn counters_come_as_pairs_in_either_version_of_the_protocol() {
        let pairs = "$4\r\nhits\r\n:3\r\n$4\r\nkind\r\n+text\r\n";
        for head in ["*4", "%2"] {
            let reply: &'static str = format!("{head}\r\n{pairs}").leak();
            let counters = answered(&[reply], |wire| wire.counters("lab")).unwrap();
            assert_eq!(counters, HashMap::from([("hits".to_owned(), 3.0)]));
        }
        assert!(answered(&[":1\r\n"], |wire| wire.counters("lab")).is_err());
    }

    #[test]
    fn a_queue_is_waited_for_and_given_up() {
        answered(&[":0\r\n", ":1\r\n"], Wire::flush).unwrap();
        let failure = answered(&[":0\r\n"; FLUSHES_MAX], Wire::flush).unwrap_err().to_string();
        assert!(failure.contains("still lacks"), "{failure}");
    }
}
