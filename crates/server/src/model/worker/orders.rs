//! Orders: what a parent tells a worker when it has started it.
//!
//! One message on the Unix socket that is the worker's standard input, together with the sockets that
//! it is about. A descriptor that is passed this way reaches this worker and no other, however many
//! are being started at the moment; one that is inherited would reach all of them.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::cmsg_space;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

/// How many descriptors a message may carry: the kernel's own bound.
const SOCKETS_MAX: usize = 253;

/// The longest path of a Unix socket.
const PATH_BYTES_MAX: usize = 108;

/// What a worker is to do.
#[derive(Debug)]
pub(in crate::model) enum Orders {
    /// Serve this client, and end with it.
    Client { client: TcpStream, line: OwnedFd },
    /// Accept clients at these doors until the orders end, with a line to this path for each.
    Doors { listeners: Vec<TcpListener>, lines: PathBuf },
}

/// Both ends of the socket for orders: the parent's and the worker's.
pub(in crate::model) fn channel() -> io::Result<(OwnedFd, OwnedFd)> {
    // Whole messages, so that none is read in parts.
    let flags = SocketFlags::CLOEXEC;
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// Orders a worker to serve one client.
pub(in crate::model) fn give_client(
    orders: &OwnedFd,
    client: BorrowedFd<'_>,
    line: BorrowedFd<'_>,
) -> io::Result<()> {
    give(orders, CLIENT, &[client, line])
}

/// Orders a worker to accept clients.
pub(in crate::model) fn give_doors(
    orders: &OwnedFd,
    listeners: &[TcpListener],
    lines: &Path,
) -> io::Result<()> {
    let sockets: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
    give(orders, lines.as_os_str().as_bytes(), &sockets)
}

/// In the place of the path.
const CLIENT: &[u8] = b"\0";

fn give(orders: &OwnedFd, text: &[u8], sockets: &[BorrowedFd<'_>]) -> io::Result<()> {
    if sockets.len() > SOCKETS_MAX {
        let message = format!("a worker can be passed {SOCKETS_MAX} listeners at most");
        return Err(io::Error::new(ErrorKind::InvalidInput, message));
    }
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(SOCKETS_MAX))];
    let mut passed = SendAncillaryBuffer::new(&mut space);
    // There is room for as many.
    passed.push(SendAncillaryMessage::ScmRights(sockets));
    sendmsg(orders, &[IoSlice::new(text)], &mut passed, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for the orders; `None` when the parent has ended before it gave any.
pub(in crate::model) fn take(orders: impl AsFd) -> io::Result<Option<Orders>> {
    let (mut text, mut space) =
        ([0; PATH_BYTES_MAX], [MaybeUninit::uninit(); cmsg_space!(ScmRights(SOCKETS_MAX))]);
    let mut passed = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let told = recvmsg(orders, &mut [IoSliceMut::new(&mut text)], &mut passed, flags)?;
    let sockets = passed.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
        _ => None,
    });
    let mut sockets = sockets.flatten();
    Ok(match &text[..told.bytes] {
        [] => None,
        CLIENT => Some(Orders::Client {
            client: sockets.next().ok_or_else(incomplete)?.into(),
            line: sockets.next().ok_or_else(incomplete)?,
        }),
        path => Some(Orders::Doors {
            listeners: sockets.map(TcpListener::from).collect(),
            lines: OsStr::from_bytes(path).into(),
        }),
    })
}

fn incomplete() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the orders came without their sockets")
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn orders_come_with_the_sockets_that_they_are_about() {
        let (parent, worker) = channel().unwrap();
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        give_doors(&parent, &listeners, Path::new("/dev/shm/larder/lines")).unwrap();
        let Some(Orders::Doors { listeners: taken, lines }) = take(&worker).unwrap() else {
            panic!("other orders");
        };
        let addresses = |them: &[TcpListener]| -> Vec<_> {
            them.iter().map(|one| one.local_addr().unwrap()).collect()
        };
        assert_eq!(addresses(&taken), addresses(&listeners));
        assert_eq!(lines, Path::new("/dev/shm/larder/lines"));
    }

    #[test]
    fn a_client_comes_with_its_line() {
        let (parent, worker) = channel().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, _far) = UnixStream::pair().unwrap();
        give_client(&parent, client.as_fd(), near.as_fd()).unwrap();
        let Some(Orders::Client { client: taken, .. }) = take(&worker).unwrap() else {
            panic!("other orders");
        };
        assert_eq!(taken.local_addr().unwrap(), client.local_addr().unwrap());
    }

    #[test]
    fn a_parent_that_is_gone_gives_no_orders() {
        let (parent, worker) = channel().unwrap();
        drop(parent);
        assert!(take(&worker).unwrap().is_none());
    }

    #[test]
    fn more_listeners_than_a_message_carries_are_refused_with_their_number() {
        let (parent, _worker) = channel().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let many: Vec<_> = (0..254).map(|_| listener.try_clone().unwrap()).collect();
        let error = give_doors(&parent, &many, Path::new("/lines")).unwrap_err();
        assert!(error.to_string().contains("253 listeners at most"), "{error}");
    }
}
