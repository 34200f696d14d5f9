//! A link: a connection, its socket, and how to find the loop that serves it.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use parking_lot::Mutex;

use super::mailbox::{Letter, Mailbox};
use super::pump::{Interest, Pump};
use super::slots::Token;

/// What a loop holds of one client. It can be handed to another loop between two turns.
pub(super) struct Link<C> {
    pub(super) socket: TcpStream,
    pub(super) pump: Pump<C>,
    pub(super) hook: Arc<Hook<C>>,
    /// What the poller watches the socket for.
    pub(super) watched: Interest,
    /// How many turns it had since they were last counted, as a measure of its load.
    pub(super) turns: u32,
}

/// The waker of one connection of a loop. Wakes before the loop has answered are one letter.
pub(super) struct Hook<C> {
    home: Mutex<Home<C>>,
    woken: AtomicBool,
}

struct Home<C> {
    mailbox: Arc<Mailbox<C>>,
    token: Token,
}

impl<C> Hook<C> {
    pub(super) fn new(mailbox: Arc<Mailbox<C>>, token: Token) -> Self {
        Self { home: Mutex::new(Home { mailbox, token }), woken: AtomicBool::new(false) }
    }

    /// Sends wakes to another loop from now on. One that has just gone to the former is lost
    /// there, so the new loop begins by resuming the connection.
    pub(super) fn move_to(&self, mailbox: Arc<Mailbox<C>>, token: Token) {
        *self.home.lock() = Home { mailbox, token };
    }

    /// Lets the next wake through. To be called before the connection is resumed, so that an
    /// answer that comes meanwhile resumes it once more.
    pub(super) fn rearm(&self) {
        self.woken.swap(false, Ordering::AcqRel);
    }
}

impl<C: Send + 'static> Wake for Hook<C> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            let home = self.home.lock();
            // When the loop is over, so is the connection.
            let _ = home.mailbox.send(Letter::Woken(home.token));
        }
    }
}
