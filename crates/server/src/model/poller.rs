//! Pollers: how one loop learns which of its descriptors are ready.
//!
//! Every poller is level-triggered: it reports a descriptor for as long as it is ready. So a
//! connection that leaves input unread, because its turn was over, is simply reported again, and
//! the kernel keeps the list of who still has to have a turn. Edge-triggered epoll would save the
//! kernel a look at each descriptor that has just been served, but the loop would have to keep
//! that list itself, and `select` and `poll` cannot do it at all.

pub(super) mod epoll;
pub(super) mod poll;
pub(super) mod select;

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::pump::{Event, Interest};
use super::slots::Token;

/// Watches many descriptors at once, for one loop.
pub(super) trait Poller: Sized + Send {
    /// Its name, which is that of the model with one loop on it.
    const NAME: &'static str;

    /// The first number of a descriptor that it cannot watch, where there is one.
    const DESCRIPTORS_MAX: Option<usize>;

    fn new() -> io::Result<Self>;

    /// Begins to watch `fd`, which must be unwatched before it is closed. It fails when it
    /// cannot watch that descriptor, and then says why in words that help a client's user.
    fn watch(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()>;

    /// Changes what `fd` is watched for.
    fn rewatch(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()>;

    /// Ends the watch.
    fn unwatch(&mut self, fd: BorrowedFd<'_>) -> io::Result<()>;

    /// Waits until something is ready or `timeout` has passed (`None`: for as long as it takes),
    /// and replaces `ready` by what is. It may also return with nothing, early.
    fn wait(
        &mut self,
        ready: &mut Vec<(Token, Event)>,
        timeout: Option<Duration>,
    ) -> io::Result<()>;
}
