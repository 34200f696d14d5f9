//! System calls by the counters of the kernel, `perf_event_open(2)`.

use std::fs;
use std::io;

use perf_event::events::Tracepoint;
use perf_event::{Builder, Counter};

/// Where the kernel numbers the event, by where its file system is mounted.
const NUMBERS: [&str; 2] = [
    "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
    "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id",
];

/// A counter a thread, each of which counts also what the thread starts.
pub(crate) struct Events(Vec<Counter>);

impl Events {
    /// Counts from now on.
    ///
    /// # Errors
    ///
    /// Where this is not permitted, as for most users who are not root.
    pub(super) fn of(threads: &[u32]) -> io::Result<Self> {
        let event = Tracepoint::with_id(number()?);
        let counters = threads.iter().filter_map(|thread| counter(event, *thread).transpose());
        Ok(Self(counters.collect::<io::Result<_>>()?))
    }

    pub(super) fn so_far(&mut self) -> u64 {
        // A counter that cannot be read has nothing to add; all of them can once they are open.
        self.0.iter_mut().filter_map(|counter| counter.read().ok()).sum()
    }
}

fn number() -> io::Result<u64> {
    let text = NUMBERS.iter().find_map(|path| fs::read_to_string(path).ok());
    let number = text.and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| io::Error::from(io::ErrorKind::PermissionDenied))
}

/// `None` for a thread that has ended meanwhile.
fn counter(event: Tracepoint, thread: u32) -> io::Result<Option<Counter>> {
    let Ok(thread) = i32::try_from(thread) else { return Ok(None) };
    let mut builder = Builder::new(event);
    // The event happens in the kernel, whatever it is that calls.
    builder.observe_pid(thread).any_cpu().inherit(true).exclude_kernel(false).enabled(true);
    match builder.build() {
        Ok(counter) => Ok(Some(counter)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
