//! The end of serving, in a form that every kind of waiting understands.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Asks a running model to end gracefully. Clones ask and hear the same thing.
///
/// Its file descriptor becomes readable when the shutdown begins and stays so. An epoll loop adds
/// it, tokio wraps a copy as a pipe's receiver, a thread polls it; nobody reads it.
#[derive(Debug, Clone)]
pub struct Shutdown {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    deadline: OnceLock<Instant>,
    signal: PipeReader,
    sender: PipeWriter,
}

impl Shutdown {
    /// A shutdown that has not begun.
    ///
    /// # Errors
    ///
    /// When the process is out of file descriptors.
    pub fn new() -> io::Result<Self> {
        let (signal, sender) = io::pipe()?;
        Ok(Self { state: Arc::new(State { deadline: OnceLock::new(), signal, sender }) })
    }

    /// Begins it: models accept no more and drain their connections. Those that have not finished
    /// when `grace` has passed are cut. Only the first call counts.
    pub fn begin(&self, grace: Duration) {
        if self.state.deadline.set(Instant::now() + grace).is_ok() {
            // One byte into an empty pipe whose reader is held open: it neither fails nor blocks.
            let _ = (&self.state.sender).write(&[1]);
        }
    }

    /// When the connections that are left are cut; `None` until the shutdown begins.
    pub fn deadline(&self) -> Option<Instant> {
        self.state.deadline.get().copied()
    }
}

impl AsFd for Shutdown {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.state.signal.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn is_heard(shutdown: &Shutdown) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::new(shutdown, PollFlags::IN)], Some(&now)).unwrap() == 1
    }

    #[test]
    fn every_clone_hears_the_beginning_and_goes_on_hearing_it() {
        let shutdown = Shutdown::new().unwrap();
        let listening = shutdown.clone();
        assert!(!is_heard(&listening));
        shutdown.begin(Duration::ZERO);
        assert!(is_heard(&listening));
        assert!(is_heard(&listening));
    }

    #[test]
    fn the_first_deadline_counts() {
        let shutdown = Shutdown::new().unwrap();
        shutdown.begin(Duration::from_secs(60));
        let deadline = shutdown.deadline();
        shutdown.begin(Duration::ZERO);
        assert_eq!(shutdown.deadline(), deadline);
    }
}
