//! What one run of a contest came to.

use super::snapshot::Stretch;

/// What a switch cost, on average over a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figures {
    /// Time from one party to the next, in nanoseconds.
    pub(super) nanoseconds: f64,
    /// Time of all cores for a switch, in nanoseconds; `None` where the parties compute in between.
    pub(super) cpu_nanoseconds: Option<f64>,
    /// How often, for a switch, a thread waited and the kernel took its core.
    pub(super) waits: f64,
    /// How often, for a switch, the kernel took the core of a thread that could have gone on.
    pub(super) preemptions: f64,
    /// Of a hundred switches, those from one thread to another; `None` where nothing is handed over.
    pub(super) percent_across_threads: Option<f64>,
    /// How long the run took, in seconds.
    pub(super) seconds: f64,
}

impl Figures {
    /// Of `switches` that came one after the other in `stretch`.
    pub(super) fn of(stretch: &Stretch, switches: u64) -> Self {
        let switches = switches as f64;
        Self {
            nanoseconds: stretch.lasted.as_nanos() as f64 / switches,
            cpu_nanoseconds: Some(stretch.cpu.as_nanos() as f64 / switches),
            waits: stretch.waits as f64 / switches,
            preemptions: stretch.preemptions as f64 / switches,
            percent_across_threads: None,
            seconds: stretch.lasted.as_secs_f64(),
        }
    }
}
