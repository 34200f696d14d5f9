//! A plain connection to a server of the Redis protocol, for what is asked before and between the
//! measurements.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::failure::{Failure, Result};

/// Longer than any answer takes, so that a hang becomes a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many requests go out together. Their answers fit the buffers of the sockets.
const PIPELINE: usize = 256;

/// A connection that asks and waits.
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    /// Connects.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let connect = || {
            let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        let stream = connect().map_err(|error| Failure::io(address, error))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Whether anybody is there.
    pub(crate) fn ping(&mut self) -> Result<()> {
        self.run(std::iter::once(request(&[b"PING"])))
    }

    /// Sends `requests` in pipelines, and waits for all replies: lines, or bulk strings that exist.
    ///
    /// # Errors
    ///
    /// When a reply is an error or "absent", or the connection breaks.
    pub(crate) fn run(&mut self, requests: impl Iterator<Item = Vec<u8>>) -> Result<()> {
        let mut requests = requests.peekable();
        while requests.peek().is_some() {
            let batch: Vec<_> = requests.by_ref().take(PIPELINE).collect();
            let sent = self.stream.get_mut().write_all(&batch.concat());
            sent.map_err(|error| Failure::io("a request", error))?;
            batch.iter().try_for_each(|_| self.reply())?;
        }
        Ok(())
    }

    fn reply(&mut self) -> Result<()> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line);
        let length = read.map_err(|error| Failure::io("a reply", error))?;
        match (length, line.trim_end().split_at_checked(1)) {
            (0, _) => Err(Failure::run("the server closed the connection")),
            (_, Some(("$", length))) if length != "-1" => self.skip_value(length),
            (_, Some(("+" | ":", _))) => Ok(()),
            (_, Some(("-", error))) => Err(Failure::run(error)),
            _ => Err(Failure::run(format!("an answer that was not expected: {}", line.trim_end()))),
        }
    }

    fn skip_value(&mut self, length: &str) -> Result<()> {
        let broken = || Failure::run(format!("a value of {length} bytes"));
        let length: u64 = length.parse().map_err(|_| broken())?;
        // The value is followed by the end of its line.
        let mut value = self.stream.by_ref().take(length + 2);
        let read = std::io::copy(&mut value, &mut std::io::sink());
        match read.map_err(|error| Failure::io("a value", error))? {
            read if read == length + 2 => Ok(()),
            _ => Err(broken()),
        }
    }
}

/// A request as it goes over the wire.
pub(crate) fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// What a run of one request comes to when the server answers `reply` and closes.
    fn run_answered(reply: &'static [u8]) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut sent = vec![0; request(&[b"PING"]).len()];
            stream.read_exact(&mut sent).unwrap();
            stream.write_all(reply).unwrap();
            sent
        });
        let outcome = Wire::connect(address)?.ping();
        assert_eq!(server.join().unwrap(), b"*1\r\n$4\r\nPING\r\n");
        outcome
    }

    #[test]
    fn lines_and_values_are_answers() {
        for reply in [&b"+PONG\r\n"[..], b":1\r\n", b"$3\r\nabc\r\n"] {
            run_answered(reply).unwrap();
        }
    }

    #[test]
    fn errors_absence_and_silence_are_failures() {
        let message = |reply| run_answered(reply).unwrap_err().to_string();
        assert_eq!(message(b"-ERR no\r\n"), "ERR no");
        assert_eq!(message(b"$-1\r\n"), "an answer that was not expected: $-1");
        assert_eq!(message(b""), "the server closed the connection");
        assert_eq!(message(b"$5\r\nab"), "a value of 5 bytes");
        assert_eq!(message(b"$x\r\n"), "a value of x bytes");
    }
}
