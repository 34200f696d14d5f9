//! A link: a connection, its socket, and how to find the loop that serves it.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use parking_lot::Mutex;

use super::accept::Arrived;
use super::mailbox::Mailbox;
use super::pump::{Interest, Pump};
use super::slots::Token;

/// What one thread tells a loop.
pub(super) enum Letter<C> {
    /// A connection's waker was woken.
    Woken(Token),
    /// Another loop has accepted a client: open its connection.
    Adopt(Arrived),
    /// Another loop hands over an open connection.
    Take(Box<Link<C>>),
}

impl<C> From<Token> for Letter<C> {
    fn from(woken: Token) -> Self {
        Self::Woken(woken)
    }
}

/// What a loop holds of one client. It can be handed to another loop between two turns.
pub(super) struct Link<C> {
    pub(super) socket: OwnedFd,
    pub(super) pump: Pump<C>,
    pub(super) hook: Arc<Hook<Letter<C>>>,
    /// What the poller watches the socket for.
    pub(super) watched: Interest,
    /// What is left of its output has a bound in time already, in the loop that serves it.
    pub(super) is_bounded: bool,
    /// How many turns it had since they were last counted, as a measure of its load.
    pub(super) turns: u32,
}

/// The waker of one connection of a loop whose letters are `L`. Wakes before the loop has answered
/// are one letter.
pub(super) struct Hook<L> {
    home: Mutex<Home<L>>,
    woken: AtomicBool,
}

struct Home<L> {
    mailbox: Arc<Mailbox<L>>,
    token: Token,
}

impl<L> Hook<L> {
    pub(super) fn new(mailbox: Arc<Mailbox<L>>, token: Token) -> Self {
        Self { home: Mutex::new(Home { mailbox, token }), woken: AtomicBool::new(false) }
    }

    /// Sends wakes to another loop from now on. One that has just gone to the former is lost
    /// there, so the new loop begins by resuming the connection.
    pub(super) fn move_to(&self, mailbox: Arc<Mailbox<L>>, token: Token) {
        *self.home.lock() = Home { mailbox, token };
    }

    /// Lets the next wake through. To be called before the connection is resumed, so that an
    /// answer that comes meanwhile resumes it once more.
    pub(super) fn rearm(&self) {
        self.woken.swap(false, Ordering::AcqRel);
    }
}

impl<L: From<Token> + Send + 'static> Wake for Hook<L> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            let home = self.home.lock();
            // When the loop is over, so is the connection.
            let _ = home.mailbox.send(home.token.into());
        }
    }
}
