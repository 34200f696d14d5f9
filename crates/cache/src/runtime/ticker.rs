//! A clock that is read by one load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::Time;

/// How far the clock may lag while its thread is given the processor.
const TICK: Duration = Duration::from_millis(2);

/// Ticks without a reader after which the thread goes to sleep.
const IDLE_TICKS: u32 = 50;

/// In the place of a time: nobody renews it.
const ASLEEP: u64 = 0;

/// The time, renewed by a thread while somebody reads it.
///
/// There is one in a process: [`Runtime::ticker`](super::Runtime::ticker) hands it from a runtime
/// to the caches on it.
///
/// ```
/// use larder::runtime::{Runtime, Simulated};
///
/// assert!(Simulated::new(1).ticker().is_none(), "virtual time has no ticker");
/// ```
#[derive(Debug)]
#[repr(align(128))]
pub struct Ticker {
    nanos: AtomicU64,
    /// Whether somebody has read it since the last tick.
    read: AtomicBool,
    epoch: Instant,
    /// The thread that renews it; `None` when none could be had.
    thread: OnceLock<Option<Thread>>,
}

impl Ticker {
    /// The ticker of this process.
    pub(super) fn of_process() -> &'static Self {
        static TICKER: OnceLock<Ticker> = OnceLock::new();
        TICKER.get_or_init(|| Ticker {
            nanos: AtomicU64::new(ASLEEP),
            read: AtomicBool::new(false),
            epoch: Instant::now(),
            thread: OnceLock::new(),
        })
    }

    /// The time of the last tick.
    #[inline]
    pub(super) fn now(&'static self) -> Time {
        let nanos = self.nanos.load(Ordering::Acquire);
        if nanos == ASLEEP {
            return self.wake();
        }
        // Written once a tick, so that readers share the line.
        if !self.read.load(Ordering::Relaxed) {
            self.read.store(true, Ordering::Relaxed);
        }
        Time::from_bits(nanos)
    }

    /// The time now.
    pub(super) fn now_precise(&self) -> Time {
        // Never zero, and never behind what `now` has said before.
        Time::from_nanos(self.epoch.elapsed().as_nanos() as u64 + 1)
    }

    #[cold]
    fn wake(&'static self) -> Time {
        self.read.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.get_or_init(|| self.start()) else {
            // Nobody would renew what is noted: every reading asks the kernel.
            return self.now_precise();
        };
        let now = self.note_time();
        thread.unpark();
        now
    }

    fn start(&'static self) -> Option<Thread> {
        let thread = thread::Builder::new().name("larder-clock".to_owned());
        let handle = thread.spawn(|| self.tick()).ok()?;
        Some(handle.thread().clone())
    }

    /// Moves the clock on, never back.
    fn note_time(&self) -> Time {
        let now = self.now_precise().as_nanos();
        Time::from_nanos(now.max(self.nanos.fetch_max(now, Ordering::AcqRel)))
    }

    fn tick(&self) -> ! {
        let mut idle = 0;
        loop {
            self.note_time();
            thread::sleep(TICK);
            idle = if self.read.swap(false, Ordering::Relaxed) { 0 } else { idle + 1 };
            if idle >= IDLE_TICKS {
                self.nanos.store(ASLEEP, Ordering::Release);
                thread::park();
                idle = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back_and_follows_the_precise_clock() {
        let ticker = Ticker::of_process();
        let mut last = ticker.now();
        let end = Instant::now() + Duration::from_millis(300);
        while Instant::now() < end {
            let now = ticker.now();
            assert!(last <= now);
            assert!(now <= ticker.now_precise());
            last = now;
        }
        let lag = ticker.now_precise().since(last);
        assert!(lag < Duration::from_secs(60), "the clock stands still: {lag:?}");
    }
}
