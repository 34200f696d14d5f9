//! What the operating system says of this process at a moment.

use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// A moment, and what the process had used by then, those of its threads included that ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Snapshot {
    at: Instant,
    cpu: Duration,
    waits: u64,
    preemptions: u64,
}

/// What lies between two snapshots.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stretch {
    /// Time that passed.
    pub(super) lasted: Duration,
    /// Time of all cores, in user and kernel mode.
    pub(super) cpu: Duration,
    /// How often the kernel took a thread off its core, because it waited.
    pub(super) waits: u64,
    /// How often the kernel did, though the thread could have gone on; a thread that yields counts here.
    pub(super) preemptions: u64,
}

impl Snapshot {
    /// As things stand. Only asking about somebody else could fail; then nothing seems to be used.
    pub(super) fn now() -> Self {
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok();
        let number = |figure: fn(&Usage) -> i64| usage.as_ref().map_or(0, figure).unsigned_abs();
        let time = |figure: fn(&Usage) -> TimeVal| {
            usage.as_ref().map_or(Duration::ZERO, |usage| {
                let time = figure(usage);
                Duration::from_secs(time.tv_sec().unsigned_abs())
                    + Duration::from_micros(time.tv_usec().unsigned_abs())
            })
        };
        Self {
            cpu: time(Usage::user_time) + time(Usage::system_time),
            waits: number(Usage::voluntary_context_switches),
            preemptions: number(Usage::involuntary_context_switches),
            at: Instant::now(),
        }
    }

    /// From `self` to `end`.
    pub(super) fn until(&self, end: &Self) -> Stretch {
        Stretch {
            lasted: end.at - self.at,
            cpu: end.cpu.saturating_sub(self.cpu),
            waits: end.waits - self.waits,
            preemptions: end.preemptions - self.preemptions,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_wait_of_another_thread_is_counted() {
        let before = Snapshot::now();
        thread::spawn(|| thread::sleep(Duration::from_millis(1))).join().unwrap();
        let between = before.until(&Snapshot::now());
        assert!(between.waits >= 1 && between.lasted >= Duration::from_millis(1), "{between:?}");
    }
}
