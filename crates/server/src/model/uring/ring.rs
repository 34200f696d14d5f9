//! The ring: requests to the kernel, and what became of them.
//!
//! Everything that the kernel reads or writes belongs to the ring until the kernel is done with it,
//! so nothing outside of this file and `portions` has to be careful: bytes to be sent are handed
//! over and come back with the answer.

#![allow(unsafe_code, reason = "the kernel works on memory that the ring keeps for it")]

use std::io::{self, ErrorKind};
use std::mem;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use io_uring::types::{CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags};

use super::portions::{Buffers, GROUP, Portion};
use crate::model::slots::{Slots, Token};

/// How many requests one submission can carry.
const ENTRIES: u32 = 1024;

/// How many answers there is room for. The kernel keeps those that come beyond.
const ANSWERS: u32 = 4 * ENTRIES;

/// How long the end waits for the kernel to be done with what was cancelled.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(1);

/// An io_uring, with the memory that its requests are about. It belongs to the thread that first
/// waits for it.
pub(super) struct Ring {
    kernel: IoUring,
    buffers: Buffers,
    requests: Slots<Request>,
    is_enabled: bool,
}

/// A request that the kernel works on.
struct Request {
    /// Whom it is for.
    about: Token,
    kind: Kind,
}

enum Kind {
    Accept,
    Receive,
    Send(Vec<u8>),
    Watch,
    Cancel,
}

/// What became of a request.
pub(super) struct Completion {
    pub(super) about: Token,
    pub(super) outcome: Outcome,
    /// Whether the request is over; some bring many completions.
    pub(super) is_last: bool,
}

/// What has happened.
pub(super) enum Outcome {
    /// A client has come, or none can be accepted.
    Accepted(io::Result<OwnedFd>),
    /// Bytes have come, `None` when the peer sends no more.
    Received(io::Result<Option<Portion>>),
    /// All is sent, or nothing more can be. The memory comes back.
    Sent(io::Result<()>, Vec<u8>),
    /// What was watched is readable.
    Readable,
    /// Something was cancelled, or was over already.
    Cancelled,
}

impl Ring {
    /// A ring to which requests can be left; nothing happens before the first wait.
    ///
    /// # Errors
    ///
    /// When the kernel refuses one: because it is older than Linux 6.1, or was told to.
    pub(super) fn new() -> io::Result<Self> {
        let mut builder = IoUring::builder();
        builder
            .setup_r_disabled()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_cqsize(ANSWERS)
            .dontfork();
        let kernel = builder.build(ENTRIES)?;
        let buffers = Buffers::new();
        buffers.register(&kernel.submitter())?;
        Ok(Self { kernel, buffers, requests: Slots::new(), is_enabled: false })
    }

    /// Accepts clients from here on.
    pub(super) fn accept(&mut self, listener: &TcpListener, about: Token) -> io::Result<Token> {
        let flags = SocketFlags::CLOEXEC.bits() as i32;
        let accept = opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).flags(flags);
        self.request(about, Kind::Accept, accept.build())
    }

    /// Receives from here on.
    pub(super) fn receive(&mut self, socket: &TcpStream, about: Token) -> io::Result<Token> {
        let receive = opcode::RecvMulti::new(Fd(socket.as_raw_fd()), GROUP);
        self.request(about, Kind::Receive, receive.build())
    }

    /// Sends all of `bytes`.
    pub(super) fn send(
        &mut self,
        socket: &TcpStream,
        bytes: Vec<u8>,
        about: Token,
    ) -> io::Result<Token> {
        let flags = SendFlags::NOSIGNAL.bits() | RecvFlags::WAITALL.bits();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let send = opcode::Send::new(Fd(socket.as_raw_fd()), bytes.as_ptr(), length);
        self.request(about, Kind::Send(bytes), send.flags(flags as i32).build())
    }

    /// Tells once when `fd` is readable.
    pub(super) fn watch(&mut self, fd: BorrowedFd<'_>, about: Token) -> io::Result<Token> {
        let watch = opcode::PollAdd::new(Fd(fd.as_raw_fd()), u32::from(PollFlags::IN.bits()));
        self.request(about, Kind::Watch, watch.build())
    }

    /// Ends the request `id`, which completes then if it has not yet.
    pub(super) fn cancel(&mut self, id: Token) -> io::Result<()> {
        let cancel = opcode::AsyncCancel2::new(CancelBuilder::user_data(id.to_u64()));
        self.request(id, Kind::Cancel, cancel.build()).map(drop)
    }

    /// The descriptors that requests name have to stay open until the requests are over.
    fn request(&mut self, about: Token, kind: Kind, entry: squeue::Entry) -> io::Result<Token> {
        let entry = entry.user_data(self.requests.upcoming().to_u64());
        while self.kernel.submission().is_full() {
            self.enable()?;
            unless_early(self.kernel.submit().map(drop))?;
        }
        // SAFETY: what the entry names is in `kind`, which is kept until its last completion, or is
        // one of the provided buffers, which are kept for as long as the ring.
        let pushed = unsafe { self.kernel.submission().push(&entry) };
        pushed.map_err(|_| io::Error::other("the ring takes no more requests"))?;
        Ok(self.requests.insert(Request { about, kind }))
    }

    /// Submits what was requested and waits until something completes or `timeout` has passed
    /// (`None`: for as long as it takes). Replaces `completions` by what has.
    pub(super) fn wait(
        &mut self,
        completions: &mut Vec<Completion>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        completions.clear();
        self.enable()?;
        let timeout = timeout.map(Timespec::from);
        let arguments = SubmitArgs::new();
        let arguments = match &timeout {
            Some(timeout) => arguments.timespec(timeout),
            None => arguments,
        };
        unless_early(self.kernel.submitter().submit_with_args(1, &arguments).map(drop))?;
        let Self { kernel, buffers, requests, .. } = self;
        completions
            .extend(kernel.completion().filter_map(|entry| conclude(&entry, requests, buffers)));
        Ok(())
    }

    /// Has the kernel work on it, for the calling thread and for no other.
    fn enable(&mut self) -> io::Result<()> {
        if !self.is_enabled {
            self.kernel.submitter().register_enable_rings()?;
            self.is_enabled = true;
        }
        Ok(())
    }

    pub(super) fn bytes(&self, portion: &Portion) -> &[u8] {
        self.buffers.bytes(portion)
    }

    /// Lets the kernel use the memory of `portion` again.
    pub(super) fn give_back(&mut self, portion: Portion) {
        self.buffers.give_back(portion);
    }

    /// Cancels everything and waits until the kernel is done with it. Whether it is.
    fn quiesce(&mut self) -> io::Result<bool> {
        let cancel = opcode::AsyncCancel2::new(CancelBuilder::any().all());
        self.request(Token::SHUTDOWN, Kind::Cancel, cancel.build())?;
        let deadline = Instant::now() + CANCEL_TIMEOUT;
        while !self.requests.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            self.wait(&mut Vec::new(), Some(left))?;
        }
        Ok(true)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        if !self.quiesce().unwrap_or(false) {
            // It may still use their memory, so that is never given to anybody else.
            tracing::error!("the kernel goes on with requests that were cancelled");
            mem::forget(mem::replace(&mut self.requests, Slots::new()));
            mem::forget(mem::replace(&mut self.buffers, Buffers::new()));
        }
    }
}

/// It is no failure that time is up, that a signal has come, or that completions have to be taken
/// first.
fn unless_early(entered: io::Result<()>) -> io::Result<()> {
    let early = [Errno::TIME, Errno::INTR, Errno::BUSY, Errno::AGAIN];
    let is_early =
        |error: &io::Error| Errno::from_io_error(error).is_some_and(|errno| early.contains(&errno));
    entered.or_else(|error| if is_early(&error) { Ok(()) } else { Err(error) })
}

fn conclude(
    entry: &cqueue::Entry,
    requests: &mut Slots<Request>,
    buffers: &Buffers,
) -> Option<Completion> {
    let id = Token::from_u64(entry.user_data());
    let is_last = !cqueue::more(entry.flags());
    let about = requests.find(id)?.about;
    let kind = match is_last {
        true => requests.remove(id)?.kind,
        false => match requests.find(id)?.kind {
            Kind::Accept => Kind::Accept,
            Kind::Receive => Kind::Receive,
            // The others complete once.
            _ => return None,
        },
    };
    Some(Completion { about, outcome: outcome(kind, entry, buffers), is_last })
}

fn outcome(kind: Kind, entry: &cqueue::Entry, buffers: &Buffers) -> Outcome {
    let result = count(entry.result());
    match kind {
        Kind::Accept => Outcome::Accepted(result.map(|_| {
            // SAFETY: the kernel has just made it, and tells of it once.
            unsafe { OwnedFd::from_raw_fd(entry.result()) }
        })),
        Kind::Receive => {
            let buffer = cqueue::buffer_select(entry.flags());
            let portion = |length| buffer.map(|buffer| buffers.portion(buffer, length));
            Outcome::Received(result.map(portion))
        }
        Kind::Send(bytes) => {
            let is_whole = |count| match count == bytes.len() {
                true => Ok(()),
                false => Err(ErrorKind::WriteZero.into()),
            };
            Outcome::Sent(result.and_then(is_whole), bytes)
        }
        Kind::Watch => Outcome::Readable,
        Kind::Cancel => Outcome::Cancelled,
    }
}

fn count(result: i32) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::from_raw_os_error(-result))
}
