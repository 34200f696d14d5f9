//! A loop's mailbox: how other threads reach a loop that may be asleep in the kernel.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};

/// Letters `L` to one loop. The bell, an eventfd that the loop watches, is rung only when the loop is
/// asleep and once for each sleep, so that a busy loop costs its senders no system call.
pub(super) struct Mailbox<L> {
    state: Mutex<State<L>>,
    bell: OwnedFd,
}

struct State<L> {
    letters: Vec<L>,
    owner: Owner,
}

/// What the loop is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Working: it will look into the mailbox before it sleeps.
    Awake,
    /// Waiting in the kernel, or about to.
    Asleep,
    /// Over for good.
    Gone,
}

impl<L> Mailbox<L> {
    pub(super) fn new() -> io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let state = State { letters: Vec::new(), owner: Owner::Awake };
        Ok(Self { state: Mutex::new(state), bell })
    }

    /// What the loop watches: readable when the bell was rung.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Posts `letter`, or gives it back when the loop is over.
    pub(super) fn send(&self, letter: L) -> Result<(), L> {
        let mut state = self.state.lock();
        if state.owner == Owner::Gone {
            return Err(letter);
        }
        state.letters.push(letter);
        let asleep = state.owner == Owner::Asleep;
        state.owner = Owner::Awake;
        drop(state);
        if asleep {
            // Rung once per sleep and silenced after it, the counter cannot overflow.
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }
        Ok(())
    }

    /// Whether the loop may sleep: nothing has come, and the next letter will ring.
    pub(super) fn may_sleep(&self) -> bool {
        let mut state = self.state.lock();
        if state.letters.is_empty() {
            state.owner = Owner::Asleep;
        }
        state.letters.is_empty()
    }

    /// Swaps what has come with `letters`, which is empty, and stays quiet until
    /// [`may_sleep`](Self::may_sleep).
    pub(super) fn collect(&self, letters: &mut Vec<L>) {
        let mut state = self.state.lock();
        state.owner = Owner::Awake;
        std::mem::swap(&mut state.letters, letters);
    }

    /// Silences the bell.
    pub(super) fn silence(&self) {
        // It is non-blocking, and that it may not have been rung is no fault.
        let _ = rustix::io::read(&self.bell, &mut [0; 8]);
    }

    /// Closes the mailbox if nothing waits in it; from then on senders keep their letters.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut state = self.state.lock();
        if state.letters.is_empty() {
            state.owner = Owner::Gone;
        }
        state.letters.is_empty()
    }

    /// Closes the mailbox, and drops what waits in it together with the sockets in there.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.owner = Owner::Gone;
        let left = std::mem::take(&mut state.letters);
        drop(state);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rings(mailbox: &Mailbox<u8>) -> u64 {
        let mut count = [0; 8];
        rustix::io::read(mailbox.bell(), &mut count).map_or(0, |_| u64::from_ne_bytes(count))
    }

    #[test]
    fn the_bell_rings_once_for_each_sleep_and_never_for_a_loop_at_work() {
        let mailbox = Mailbox::new().unwrap();
        assert!(mailbox.send(1).is_ok());
        assert_eq!(rings(&mailbox), 0);
        mailbox.collect(&mut Vec::new());
        assert!(mailbox.may_sleep());
        assert!(mailbox.send(2).is_ok());
        assert!(mailbox.send(2).is_ok());
        assert_eq!(rings(&mailbox), 1);
    }

    #[test]
    fn a_loop_with_mail_does_not_sleep() {
        let mailbox = Mailbox::new().unwrap();
        assert!(mailbox.send(3).is_ok());
        assert!(!mailbox.may_sleep());
        assert!(!mailbox.close_if_empty());
    }

    #[test]
    fn a_letter_to_a_loop_that_is_over_comes_back() {
        let mailbox = Mailbox::new().unwrap();
        assert!(mailbox.close_if_empty());
        assert!(mailbox.send(3).is_err());
    }
}
