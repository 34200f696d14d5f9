//! Servers as a test needs them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::inbox::Inbox;

/// An address that nobody listens on.
pub(crate) fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// What a server does with requests.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// Answers each.
    Answers,
    /// Answers each with an error.
    Refuses,
    /// Answers the first, and closes the connection at the second.
    ClosesLater,
    /// Closes the connection at the first request.
    Closes,
    /// Closes the first connection at its first request, and answers all others.
    ClosesFirst,
    /// Answers with what is no RESP.
    Babbles,
    /// Answers two times.
    Repeats,
    /// Answers nothing.
    Keeps,
    /// Answers each, the request of this number after that long.
    Stalls(usize, Duration),
    /// Answers each after that long, one after the other.
    Drags(Duration),
}

/// A server of the Redis protocol that knows no command. Its threads end with their clients, or with
/// the test.
pub(crate) struct Server(SocketAddr);

impl Server {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let manner = match manner {
                    Manner::ClosesFirst if number == 0 => Manner::Closes,
                    manner => manner,
                };
                thread::spawn(move || serve(stream, manner));
            }
        });
        Self(address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0
    }
}

fn serve(mut stream: TcpStream, manner: Manner) {
    let (mut inbox, mut bytes, mut served) = (Inbox::default(), [0; 4096], 0);
    while let Ok(length @ 1..) = stream.read(&mut bytes) {
        // A request is an array, as a reply may be.
        let mut requests = 0;
        inbox.take(&bytes[..length], |_| requests += 1).unwrap();
        for _ in 0..requests {
            served += 1;
            match answer(manner, served) {
                Some(reply) if stream.write_all(reply).is_ok() => {}
                _ => return,
            }
        }
    }
}

/// `None` to close.
fn answer(manner: Manner, served: usize) -> Option<&'static [u8]> {
    match manner {
        Manner::Closes => return None,
        Manner::ClosesLater if served > 1 => return None,
        Manner::Stalls(at, time) if served == at => thread::sleep(time),
        Manner::Drags(time) => thread::sleep(time),
        _ => {}
    }
    Some(match manner {
        Manner::Refuses => b"-NOAUTH Authentication required.\r\n",
        Manner::Babbles => b"220 ready\r\n",
        Manner::Repeats => b"+OK\r\n+OK\r\n",
        Manner::Keeps => b"",
        _ => b"+OK\r\n",
    })
}
