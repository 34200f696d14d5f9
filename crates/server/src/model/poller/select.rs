//! select: the descriptors are bits of a set that the kernel goes through on each wait.
//!
//! The set has a bit for each number below `FD_SETSIZE`, whatever is open. The kernel would take a
//! larger one, but the type that POSIX gives to C programs ends there, and so does this model, since
//! it is there to show what `select` is.

#![allow(unsafe_code, reason = "the sets name descriptors by number alone")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use rustix::event::{
    FdSetElement, FdSetIter, Timespec, fd_set_bound, fd_set_insert, fd_set_remove, select,
};
use rustix::io::Errno;

use super::Poller;
use crate::model::pump::{Event, Interest};
use crate::model::slots::Token;

/// How many descriptors the set of C programs has room for.
const FD_SETSIZE: usize = 1024;

/// Waits by `select(2)`. A bad choice for more connections than a few hundred, and impossible for
/// descriptors from `FD_SETSIZE` on.
pub(in crate::model) struct Select {
    /// Who is watched for input. The kernel reports here too when a peer is gone.
    input: Set,
    /// Who is watched for room.
    room: Set,
    /// The tokens, by the number of their descriptor.
    tokens: Vec<Option<Token>>,
}

impl Poller for Select {
    const NAME: &'static str = "select";

    const DESCRIPTORS_MAX: Option<usize> = Some(FD_SETSIZE);

    fn new() -> io::Result<Self> {
        Ok(Self { input: Set::new(), room: Set::new(), tokens: vec![None; FD_SETSIZE] })
    }

    fn watch(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        *self.place(fd)? = Some(token);
        self.input.put(fd, interest.input());
        self.room.put(fd, interest.room());
        Ok(())
    }

    fn rewatch(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        self.watch(fd, token, interest)
    }

    fn unwatch(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        *self.place(fd)? = None;
        self.input.put(fd, false);
        self.room.put(fd, false);
        Ok(())
    }

    fn wait(
        &mut self,
        ready: &mut Vec<(Token, Event)>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        ready.clear();
        // A duration too long for the kernel is as good as none.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        // The kernel leaves in a set what is ready of it.
        let (mut input, mut room) = (self.input, self.room);
        let end = input.end().max(room.end());
        // SAFETY: whoever has a descriptor watched ends the watch before it is closed, as the trait
        // says, so all in the sets are open.
        let selected =
            unsafe { select(end, Some(&mut input.0), Some(&mut room.0), None, timeout.as_ref()) };
        match selected {
            Err(Errno::INTR) => return Ok(()),
            selected => selected?,
        };
        // A turn that begins with input ends with output, so one event is enough for both.
        input.iter().for_each(|number| fd_set_remove(&mut room.0, number));
        let named = |number: RawFd| self.tokens.get(usize::try_from(number).ok()?).copied()?;
        let told = |token| (token, Event::Readable);
        ready.extend(input.iter().filter_map(named).map(told));
        let told = |token| (token, Event::Writable);
        ready.extend(room.iter().filter_map(named).map(told));
        Ok(())
    }
}

impl Select {
    fn place(&mut self, fd: BorrowedFd<'_>) -> io::Result<&mut Option<Token>> {
        let number = fd.as_raw_fd();
        let place = usize::try_from(number).ok().and_then(|at| self.tokens.get_mut(at));
        place.ok_or_else(|| beyond(number))
    }
}

fn beyond(number: RawFd) -> io::Error {
    io::Error::other(format!(
        "select takes no descriptor from {FD_SETSIZE} (FD_SETSIZE) on, and this is {number}: \
         choose another model, such as poll or epoll"
    ))
}

/// A set of descriptors, as the kernel reads it.
#[derive(Clone, Copy)]
struct Set([FdSetElement; ELEMENTS]);

const ELEMENTS: usize = FD_SETSIZE / (8 * size_of::<FdSetElement>());

impl Set {
    fn new() -> Self {
        Self([FdSetElement::default(); ELEMENTS])
    }

    fn put(&mut self, fd: BorrowedFd<'_>, is_in: bool) {
        match is_in {
            true => fd_set_insert(&mut self.0, fd.as_raw_fd()),
            false => fd_set_remove(&mut self.0, fd.as_raw_fd()),
        }
    }

    /// Above the highest number in it.
    fn end(&self) -> RawFd {
        fd_set_bound(&self.0)
    }

    fn iter(&self) -> impl Iterator<Item = RawFd> {
        FdSetIter::new(&self.0)
    }
}
