//! epoll: the kernel remembers the descriptors, so a wait costs by what is ready.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use super::Poller;
use crate::model::pump::{Event, Interest};
use crate::model::slots::Token;

/// How many ready descriptors one wait hands out at most.
const EVENTS_MAX: usize = 256;

/// Waits by `epoll_wait(2)`. A bad choice only where there is no Linux.
pub(in crate::model) struct Epoll {
    epoll: OwnedFd,
}

impl Poller for Epoll {
    const NAME: &'static str = "epoll";

    const DESCRIPTORS_MAX: Option<usize> = None;

    fn new() -> io::Result<Self> {
        Ok(Self { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)? })
    }

    fn watch(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, fd, data(token), flags(interest))?)
    }

    fn rewatch(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        Ok(epoll::modify(&self.epoll, fd, data(token), flags(interest))?)
    }

    fn unwatch(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, fd)?)
    }

    fn wait(
        &mut self,
        ready: &mut Vec<(Token, Event)>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        ready.clear();
        // A duration too long for the kernel is as good as none.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); EVENTS_MAX];
        let (told, _) = match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            waited => waited?,
        };
        let meant =
            |event: &epoll::Event| (Token::from_u64(event.data.u64()), meaning(event.flags));
        ready.extend(told.iter().map(meant));
        Ok(())
    }
}

fn data(token: Token) -> epoll::EventData {
    epoll::EventData::new_u64(token.to_u64())
}

fn flags(interest: Interest) -> epoll::EventFlags {
    match interest {
        Interest::Nothing => epoll::EventFlags::empty(),
        Interest::Input => epoll::EventFlags::IN,
        Interest::Room => epoll::EventFlags::OUT,
        Interest::InputAndRoom => epoll::EventFlags::IN | epoll::EventFlags::OUT,
    }
}

fn meaning(flags: epoll::EventFlags) -> Event {
    if flags.intersects(epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
        Event::Broken
    } else if flags.contains(epoll::EventFlags::IN) {
        Event::Readable
    } else {
        Event::Writable
    }
}
