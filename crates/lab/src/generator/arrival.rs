//! What has come, and when it came.

use std::io::{self, ErrorKind, IoSliceMut, Read as _};
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use super::connection::Clock;
use super::tally::nanoseconds;

/// What one turn of a connection takes in at most.
const TURN_BYTES: usize = 64 * 1024;

/// Has the system note when something comes to this socket, so that it may be read later than that.
pub(super) fn note_arrivals(stream: &TcpStream) -> io::Result<()> {
    Ok(setsockopt(stream, sockopt::ReceiveTimestampns, &true)?)
}

/// Reads from sockets.
pub(super) struct Ear {
    bytes: Box<[u8]>,
    control: Vec<u8>,
}

impl Ear {
    pub(super) fn new() -> Self {
        let bytes = vec![0; TURN_BYTES].into_boxed_slice();
        Self { bytes, control: nix::cmsg_space!(TimeSpec) }
    }

    /// What is there, which counts as having come now. An end is an error.
    pub(super) fn read(
        &mut self,
        mut stream: &TcpStream,
        clock: Clock,
    ) -> io::Result<(&[u8], u64)> {
        let length = stream.read(&mut self.bytes)?;
        self.heard(length, clock.now())
    }

    /// As [`read`](Self::read), with the moment that the system noted for the last of it.
    pub(super) fn read_noted(
        &mut self,
        stream: &TcpStream,
        clock: Clock,
    ) -> io::Result<(&[u8], u64)> {
        let mut into = [IoSliceMut::new(&mut self.bytes)];
        let flags = MsgFlags::empty();
        let message = recvmsg::<()>(stream.as_raw_fd(), &mut into, Some(&mut self.control), flags)?;
        let noted = message.cmsgs()?.find_map(|it| match it {
            ControlMessageOwned::ScmTimestampns(noted) => Some(noted),
            _ => None,
        });
        let (length, now) = (message.bytes, clock.now());
        self.heard(length, noted.map_or(now, |noted| now.saturating_sub(age(noted))))
    }

    fn heard(&self, length: usize, moment: u64) -> io::Result<(&[u8], u64)> {
        match length {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok((&self.bytes[..length], moment)),
        }
    }
}

/// How long ago that was, in nanoseconds. The system notes by the clock of the wall, which may be set
/// meanwhile: what would lie in the future is now.
fn age(noted: TimeSpec) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    nanoseconds(now.saturating_sub(noted.into()))
}
