//! What is sent to a server: the entries, then the requests.

use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use super::KEYS;
use crate::failure::{Failure, Result};
use crate::step::output;

/// A value of 64 bytes.
pub(crate) const VALUE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// How many commands are sent before their replies are read; few enough to fit the buffers.
const CHUNK: usize = 1_000;

const OK: &[u8] = b"+OK\r\n";

/// What redis-benchmark asks of the keys that [`fill`] sets.
pub(crate) const GET: &[&str] = &["-t", "get"];

/// One run of redis-benchmark.
#[derive(Clone, Copy)]
pub(crate) struct Drive<'a> {
    /// What is sent, as redis-benchmark's own arguments say it.
    pub(crate) command: &'a [&'a str],
    pub(crate) requests: usize,
    pub(crate) depth: usize,
    pub(crate) connections: usize,
}

impl Drive<'_> {
    /// Sends the requests, on keys at random; requests per second.
    pub(crate) fn run(&self, server: SocketAddr) -> Result<f64> {
        let mut command = Command::new("redis-benchmark");
        command.args(["-h", &server.ip().to_string(), "-p", &server.port().to_string()]);
        command.args(["--csv", "-r", &KEYS.to_string()]);
        command.args(["-n", &self.requests.to_string()]);
        command.args(["-P", &self.depth.to_string(), "-c", &self.connections.to_string()]);
        command.args(self.command);
        let printed = output(&mut command)?;
        rate(&printed).ok_or_else(|| Failure::new(format!("redis-benchmark printed\n{printed}")))
    }
}

/// Sets the keys that redis-benchmark asks for, and reads the last one back.
pub(super) fn fill(server: SocketAddr, keys: usize) -> Result<()> {
    let filled = TcpStream::connect(server).and_then(|stream| fill_over(&stream, keys));
    filled.map_err(|error| Failure::io(format!("filling {server}"), error))
}

fn fill_over(mut stream: &TcpStream, keys: usize) -> io::Result<()> {
    let mut replies = BufReader::new(stream);
    let all: Vec<_> = (0..keys).collect();
    for chunk in all.chunks(CHUNK) {
        let commands: String = chunk.iter().map(|number| set(*number)).collect();
        stream.write_all(commands.as_bytes())?;
        expect(&mut replies, &OK.repeat(chunk.len()))?;
    }
    let last = keys.saturating_sub(1);
    write!(stream, "*2\r\n$3\r\nGET\r\n$16\r\nkey:{last:012}\r\n")?;
    expect(&mut replies, format!("${}\r\n{VALUE}\r\n", VALUE.len()).as_bytes())
}

fn set(number: usize) -> String {
    let length = VALUE.len();
    format!("*3\r\n$3\r\nSET\r\n$16\r\nkey:{number:012}\r\n${length}\r\n{VALUE}\r\n")
}

fn expect(replies: &mut impl Read, expected: &[u8]) -> io::Result<()> {
    let mut found = vec![0; expected.len()];
    replies.read_exact(&mut found)?;
    if found == expected {
        return Ok(());
    }
    let line = String::from_utf8_lossy(&found);
    let line = line.lines().find(|line| *line != "+OK").unwrap_or_default();
    Err(io::Error::other(format!("unexpected reply {line:?}")))
}

/// The second column of the last line.
fn rate(csv: &str) -> Option<f64> {
    let rate = csv.lines().last()?.split("\",\"").nth(1)?;
    rate.parse().ok().filter(|rate| *rate > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_the_csv() {
        let csv = "\"test\",\"rps\",\"avg_latency_ms\"\n\"GET\",\"666666.62\",\"0.934\"\n";
        assert_eq!(rate(csv), Some(666_666.62));
        assert_eq!(rate("\"GET\",\"0.00\",\"0\""), None);
        assert_eq!(rate("ERR"), None);
    }

    #[test]
    fn entries_are_of_the_promised_size() {
        assert_eq!(VALUE.len(), 64);
        assert_eq!(set(7).lines().nth(4), Some("key:000000000007"));
    }

    #[test]
    fn a_wrong_reply_is_named() {
        let error = expect(&mut &b"+OK\r\n-ERR no room"[..], &OK.repeat(2)).unwrap_err();
        assert!(error.to_string().contains("-ERR"), "{error}");
    }
}
