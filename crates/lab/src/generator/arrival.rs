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
    is_told_moments: bool,
}

/// What was there.
pub(super) struct Heard<'a> {
    pub(super) bytes: &'a [u8],
    /// When the last of it came.
    pub(super) moment: u64,
    /// Whether there may be more.
    pub(super) is_full: bool,
}

impl Ear {
    pub(super) fn new() -> Self {
        let bytes = vec![0; TURN_BYTES].into_boxed_slice();
        Self { bytes, control: nix::cmsg_space!(TimeSpec), is_told_moments: false }
    }

    /// Whether the system said of the last of what was read when it came. Where it does not, what is read
    /// late counts as late.
    pub(super) fn is_told_moments(&self) -> bool {
        self.is_told_moments
    }

    /// What is there, which counts as having come now. An end is an error.
    pub(super) fn read(&mut self, mut stream: &TcpStream, clock: Clock) -> io::Result<Heard<'_>> {
        let length = stream.read(&mut self.bytes)?;
        self.heard(length, clock.now())
    }

    /// As [`read`](Self::read), with the moment that the system noted for the last of it, which was not
    /// before `earliest`.
    pub(super) fn read_noted(
        &mut self,
        stream: &TcpStream,
        clock: Clock,
        earliest: u64,
    ) -> io::Result<Heard<'_>> {
        let mut into = [IoSliceMut::new(&mut self.bytes)];
        let flags = MsgFlags::empty();
        let message = recvmsg::<()>(stream.as_raw_fd(), &mut into, Some(&mut self.control), flags)?;
        let noted = message.cmsgs()?.find_map(|it| match it {
            ControlMessageOwned::ScmTimestampns(noted) => Some(noted),
            _ => None,
        });
        let (length, now) = (message.bytes, clock.now());
        self.is_told_moments = noted.is_some();
        self.heard(length, noted.map_or(now, |noted| moment(now, age(noted), earliest)))
    }

    fn heard(&self, length: usize, moment: u64) -> io::Result<Heard<'_>> {
        match length {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(Heard {
                bytes: &self.bytes[..length],
                moment,
                is_full: length == self.bytes.len(),
            }),
        }
    }
}

/// When that was which is so old by the clock of the wall. It may have been set meanwhile: what would be too
/// old came at `earliest`.
fn moment(now: u64, age: u64, earliest: u64) -> u64 {
    now.saturating_sub(age).max(earliest.min(now))
}

/// How long ago that was, in nanoseconds. The system notes by the clock of the wall, which may be set
/// meanwhile: what would lie in the future is now.
fn age(noted: TimeSpec) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    nanoseconds(now.saturating_sub(noted.into()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::time::{Duration, Instant};

    use super::*;

    /// Both ends of a connection.
    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    fn clock() -> Clock {
        Clock::since(Instant::now())
    }

    #[test]
    fn what_the_system_notes_no_moment_for_came_when_it_is_read() {
        let ((near, mut far), clock) = (pair(), clock());
        far.write_all(b"+OK").unwrap();
        near.peek(&mut [0]).unwrap();
        let (mut ear, before) = (Ear::new(), clock.now());
        let heard = ear.read_noted(&near, clock, 0).unwrap();
        assert!(heard.bytes == b"+OK" && heard.moment >= before);
        assert!(!ear.is_told_moments());
    }

    #[test]
    fn what_is_read_late_counts_from_when_it_came() {
        let ((near, mut far), clock) = (pair(), clock());
        note_arrivals(&near).unwrap();
        let mut ear = Ear::new();
        // The system begins to note a moment after it is asked to.
        while !ear.is_told_moments() {
            far.write_all(b"+").unwrap();
            ear.read_noted(&near, clock, 0).unwrap();
        }
        far.write_all(b"+OK").unwrap();
        near.peek(&mut [0]).unwrap();
        let came = clock.now();
        std::thread::sleep(Duration::from_millis(50));
        let moment = ear.read_noted(&near, clock, 0).unwrap().moment;
        assert!(moment < came + 25_000_000, "{moment} {came}");
    }

    #[test]
    fn a_clock_that_is_set_forward_lets_nothing_come_before_it_could() {
        assert_eq!(moment(1000, 10, 900), 990);
        assert_eq!(moment(1000, 3600, 900), 900);
        assert_eq!(moment(1000, 3600, 1001), 1000);
    }

    #[test]
    fn a_read_that_may_have_left_something_is_known() {
        let ((near, mut far), clock) = (pair(), clock());
        let (mut ear, sent) = (Ear::new(), vec![b'+'; TURN_BYTES + 1]);
        far.write_all(&sent).unwrap();
        while near.peek(&mut vec![0; TURN_BYTES]).unwrap() < TURN_BYTES {}
        assert!(ear.read_noted(&near, clock, 0).unwrap().is_full);
        assert!(!ear.read_noted(&near, clock, 0).unwrap().is_full);
    }
}
