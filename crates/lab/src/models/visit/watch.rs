//! What a process uses while a load lasts. When the load has ended, so have the threads and processes of its
//! connections under some models, and what they used is no longer known exactly.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};
use crate::measure::process::{Switches, cpu};

/// What is used in a second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    /// Seconds of CPU time.
    pub(super) cpu: f64,
    /// Switches of threads, unless there are too many threads to look at, or some ended.
    pub(super) switches: Option<f64>,
}

/// A look at a process that goes on.
pub(super) struct Watch(JoinHandle<Result<Used>>);

impl Watch {
    /// Looks at `process`, and all that it started, for a while.
    pub(super) fn begin(process: u32, span: Duration, with_switches: bool) -> Self {
        Self(thread::spawn(move || {
            let switches = || with_switches.then(|| Switches::of(process)).transpose();
            let (begun, cpu_before, before) = (Instant::now(), cpu(process)?, switches()?);
            thread::sleep(span);
            let (ended, cpu_after, after) = (Instant::now(), cpu(process)?, switches()?);
            let seconds = (ended - begun).as_secs_f64();
            let switched = after.zip(before).and_then(|(after, before)| after.since(&before));
            Ok(Used {
                cpu: cpu_after.saturating_sub(cpu_before).as_secs_f64() / seconds,
                switches: switched.map(|switches| switches as f64 / seconds),
            })
        }))
    }

    /// What came of it.
    ///
    /// # Errors
    ///
    /// When the process has ended meanwhile.
    pub(super) fn end(self) -> Result<Used> {
        self.0.join().unwrap_or_else(|_| Err(Failure::run("the look at a process broke off")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_computes_uses_cpu_time() {
        let watch = Watch::begin(std::process::id(), Duration::from_millis(50), true);
        while !watch.0.is_finished() {
            std::hint::spin_loop();
        }
        assert!(watch.end().unwrap().cpu > 0.0);
    }

    #[test]
    fn a_process_that_is_not_there_cannot_be_watched() {
        assert!(Watch::begin(u32::MAX, Duration::ZERO, true).end().is_err());
    }
}
