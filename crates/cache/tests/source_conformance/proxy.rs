//! A way to a server on which an answer can get lost.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Hands everything on in both directions, until it is told to lose the answer to a COMMIT. It ends
/// with the process.
pub(crate) struct Proxy {
    address: SocketAddr,
    armed: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let armed = Arc::new(AtomicBool::new(false));
        let ours = armed.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                carry(client.unwrap(), TcpStream::connect(server).unwrap(), &ours);
            }
        });
        Self { address, armed }
    }

    /// The address of `url` replaced by the proxy's.
    pub(crate) fn url(&self, url: &str, server: SocketAddr) -> String {
        url.replace(&server.to_string(), &self.address.to_string())
    }

    /// Lets the next COMMIT reach its server, and its answer nobody.
    pub(crate) fn lose_a_commit(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }
}

fn carry(client: TcpStream, server: TcpStream, armed: &Arc<AtomicBool>) {
    let armed = armed.clone();
    let lost = Arc::new(AtomicBool::new(false));
    let losing = lost.clone();
    let (requests, answers) =
        ((client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client));
    thread::spawn(move || {
        pump(requests, |bytes| {
            let commits = bytes.windows(6).any(|word| word == b"COMMIT");
            if commits && armed.swap(false, Ordering::SeqCst) {
                losing.store(true, Ordering::SeqCst);
            }
            true
        });
    });
    thread::spawn(move || pump(answers, |_| !lost.load(Ordering::SeqCst)));
}

/// Hands bytes on for as long as `goes_on` says so, then ends both connections.
fn pump((mut from, mut to): (TcpStream, TcpStream), goes_on: impl Fn(&[u8]) -> bool) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !goes_on(&buffer[..length]) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // The other side may have ended them already.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
