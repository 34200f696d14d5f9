//! A client that sees every byte.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any answer takes, so that a hang becomes a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A connection in RESP2. Replies are read as text: `OK`, `-ERR ...`, `:1`, `nil`, `[a, :2, nil]`.
pub struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// Sends a command whose arguments have no blanks, and answers the reply.
    pub fn ask(&mut self, command: &str) -> String {
        self.send(command);
        self.reply()
    }

    /// Sends a command whose arguments may be anything, and answers the reply.
    pub fn ask_with(&mut self, args: &[&[u8]]) -> String {
        self.send_bytes(&encoded(args.iter().copied()));
        self.reply()
    }

    /// Asks one command after the other. An expected reply that ends in `*` is what the reply
    /// begins with.
    pub fn talk(&mut self, talk: &[(&str, &str)]) {
        for (command, expected) in talk {
            let reply = self.ask(command);
            assert!(is_expected(&reply, expected), "{command}: {reply}, and not {expected}");
        }
    }

    /// Asks again and again until the reply is the expected one, as in [`talk`](Self::talk).
    pub fn until(&mut self, command: &str, expected: &str) {
        let started = Instant::now();
        loop {
            let reply = self.ask(command);
            if is_expected(&reply, expected) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{command}: still {reply}");
            thread::yield_now();
        }
    }

    /// Sends commands in one piece, one on each line, and answers the replies.
    pub fn pipeline(&mut self, commands: &str) -> Vec<String> {
        self.send(commands);
        commands.lines().map(|_| self.reply()).collect()
    }

    /// Sends commands in one piece, one on each line.
    pub fn send(&mut self, commands: &str) {
        self.try_send(commands).unwrap();
    }

    /// [`send`](Self::send) to a server that may be gone.
    pub fn try_send(&mut self, commands: &str) -> io::Result<()> {
        let each = commands.lines().map(|line| encoded(line.split(' ').map(str::as_bytes)));
        self.stream.get_mut().write_all(&each.collect::<Vec<_>>().concat())
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// The next reply.
    pub fn reply(&mut self) -> String {
        self.read().unwrap()
    }

    /// Sends no more, and goes on reading.
    pub fn end_input(&self) {
        self.stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// Whether the server closes the connection without another byte.
    pub fn ends(mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    /// The socket itself, for what a client does not do.
    pub fn stream(&mut self) -> &mut TcpStream {
        self.stream.get_mut()
    }

    /// The next reply, or why there is none.
    pub fn read(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let Some((kind, rest)) = line.split_at_checked(1) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        match (kind, rest) {
            ("$" | "*", "-1") => Ok("nil".to_owned()),
            ("$", length) => self.bulk(length.parse().unwrap()),
            ("*", count) => {
                let each = (0..count.parse().unwrap()).map(|_| self.read());
                Ok(format!("[{}]", each.collect::<io::Result<Vec<_>>>()?.join(", ")))
            }
            ("+", text) => Ok(text.to_owned()),
            (":" | "-", _) => Ok(line),
            _ => Err(io::Error::other(format!("no reply begins with {line:?}"))),
        }
    }

    fn bulk(&mut self, length: usize) -> io::Result<String> {
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn is_expected(reply: &str, expected: &str) -> bool {
    match expected.strip_suffix('*') {
        Some(start) => reply.starts_with(start),
        None => reply == expected,
    }
}

/// A command as an array of bulk strings.
pub fn encoded<'a>(args: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", args.clone().count()).into_bytes();
    for arg in args {
        bytes.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
