//! What wakes a wait for replies when a request is due.

use std::os::fd::{AsFd as _, OwnedFd};

use rustix::event::Timespec;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use crate::failure::{Failure, Result};

/// Wakes a wait at a moment finer than the milliseconds of `epoll_wait(2)`.
pub(super) struct Timer {
    pub(super) descriptor: OwnedFd,
    set_to: Option<u64>,
}

impl Timer {
    pub(super) fn new() -> rustix::io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self { descriptor: timerfd_create(TimerfdClockId::Monotonic, flags)?, set_to: None })
    }

    /// To wake at `due`, or not at all.
    pub(super) fn set(&mut self, due: Option<u64>, now: u64) -> Result<()> {
        if self.set_to == due {
            return Ok(());
        }
        // Zero would be never.
        let left = due.map_or(0, |due| due.saturating_sub(now).max(1));
        let time = Itimerspec { it_interval: timespec(0), it_value: timespec(left) };
        timerfd_settime(self.descriptor.as_fd(), TimerfdTimerFlags::empty(), &time)
            .map_err(|error| Failure::io("timer", error.into()))?;
        self.set_to = due;
        Ok(())
    }
}

/// A number of nanoseconds as the system takes it.
pub(super) fn timespec(nanoseconds: u64) -> Timespec {
    let left = nanoseconds as i64;
    Timespec { tv_sec: left / 1_000_000_000, tv_nsec: left % 1_000_000_000 }
}
