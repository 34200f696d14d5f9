//! Clients and listeners that use TLS.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, LazyLock};

use larder_server::config::{ConfigText, Overrides};
use larder_server::tls::{Acceptor, Transport};
use rustls::{ClientConnection, StreamOwned};
use tokio::runtime::{Builder, Runtime};

use crate::certificates::Authority;

/// What ends handshakes that take too long.
static TIMERS: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap());

/// TLS with a certificate by `authority`.
pub fn transport(authority: &Authority) -> Transport {
    let folder = tempfile::tempdir().unwrap();
    authority.issue("server").write(folder.path(), "server");
    fs::write(folder.path().join("authority.crt"), authority.certificate()).unwrap();
    let text = include_str!("tls.toml");
    let text = text.replace("FOLDER", &folder.path().display().to_string());
    let config = ConfigText::new("tls.toml", text).parse(&Overrides::default()).unwrap();
    let acceptor = Acceptor::load(&config.tls.unwrap(), TIMERS.handle().clone());
    Transport::Tls(Arc::new(acceptor.unwrap()))
}

/// A client's side of a connection.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }

    /// Sends no more, and goes on reading.
    pub fn end_output(&mut self) {
        match self {
            Self::Plain(socket) => socket.shutdown(Shutdown::Write).unwrap(),
            Self::Tls(stream) => {
                stream.conn.send_close_notify();
                stream.flush().unwrap();
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
