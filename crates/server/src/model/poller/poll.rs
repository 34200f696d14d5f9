//! poll: the descriptors are a list that the kernel goes through on each wait.

#![allow(unsafe_code, reason = "the list keeps what it was lent")]

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::Poller;
use crate::model::pump::{Event, Interest};
use crate::model::slots::Token;

/// Waits by `poll(2)`. A bad choice for many descriptors of which few are active: the whole list is
/// copied into the kernel and looked through on each wait.
pub(in crate::model) struct Poll {
    /// What the kernel is given.
    watched: Vec<PollFd<'static>>,
    /// The token of each, in the same order.
    tokens: Vec<Token>,
    /// Where each is in the list.
    places: HashMap<RawFd, usize>,
}

impl Poller for Poll {
    const NAME: &'static str = "poll";

    const DESCRIPTORS_MAX: Option<usize> = None;

    fn new() -> io::Result<Self> {
        Ok(Self { watched: Vec::new(), tokens: Vec::new(), places: HashMap::new() })
    }

    fn watch(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        self.places.insert(fd.as_raw_fd(), self.watched.len());
        self.watched.push(line(fd, interest));
        self.tokens.push(token);
        Ok(())
    }

    fn rewatch(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        let place = *self.places.get(&fd.as_raw_fd()).ok_or(Errno::NOENT)?;
        self.watched[place] = line(fd, interest);
        self.tokens[place] = token;
        Ok(())
    }

    /// The last of the list takes the place that becomes free.
    fn unwatch(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        let place = self.places.remove(&fd.as_raw_fd()).ok_or(Errno::NOENT)?;
        self.watched.swap_remove(place);
        self.tokens.swap_remove(place);
        if let Some(moved) = self.watched.get(place) {
            self.places.insert(moved.as_fd().as_raw_fd(), place);
        }
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
        match poll(&mut self.watched, timeout.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            waited => waited?,
        };
        let all = self.watched.iter().zip(&self.tokens);
        let told = all.filter(|(watched, _)| !watched.revents().is_empty());
        ready.extend(told.map(|(watched, &token)| (token, meaning(watched.revents()))));
        Ok(())
    }
}

/// A line of the list, which the poller keeps for as long as `fd` is watched.
fn line(fd: BorrowedFd<'_>, interest: Interest) -> PollFd<'static> {
    // SAFETY: whoever has a descriptor watched ends the watch before it is closed, as the trait
    // says, and then the line is gone.
    let fd = unsafe { BorrowedFd::borrow_raw(fd.as_raw_fd()) };
    PollFd::from_borrowed_fd(fd, flags(interest))
}

/// The flags to wait for.
pub(in crate::model) fn flags(interest: Interest) -> PollFlags {
    match interest {
        Interest::Nothing => PollFlags::empty(),
        Interest::Input => PollFlags::IN,
        Interest::Room => PollFlags::OUT,
        Interest::InputAndRoom => PollFlags::IN | PollFlags::OUT,
    }
}

/// What the flags say that the kernel has answered; there is at least one.
pub(in crate::model) fn meaning(flags: PollFlags) -> Event {
    if flags.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        Event::Broken
    } else if flags.contains(PollFlags::IN) {
        Event::Readable
    } else {
        Event::Writable
    }
}
