//! Threads for loops: one each, and the end of one is the end of all.

use std::io;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use super::Shutdown;

/// Runs each of `loops` on a thread of its own until all have ended.
///
/// # Errors
///
/// The first failure of a loop. It ends the others, which would otherwise serve on and hide it.
pub(super) fn run_all<L>(loops: Vec<L>, shutdown: &Shutdown) -> io::Result<()>
where
    L: FnOnce() -> io::Result<()> + Send,
{
    thread::scope(|scope| {
        let start = |work| ending_all(shutdown, || start(scope, work, shutdown));
        let threads: Vec<_> = loops.into_iter().map(start).collect();
        threads.into_iter().try_for_each(|thread| join(thread?))
    })
}

fn start<'scope, L>(
    scope: &'scope Scope<'scope, '_>,
    work: L,
    shutdown: &'scope Shutdown,
) -> io::Result<ScopedJoinHandle<'scope, io::Result<()>>>
where
    L: FnOnce() -> io::Result<()> + Send + 'scope,
{
    let thread = thread::Builder::new().name("larder-loop".to_owned());
    thread.spawn_scoped(scope, || ending_all(shutdown, work))
}

fn ending_all<T>(shutdown: &Shutdown, part: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    part().inspect_err(|_| shutdown.begin(Duration::ZERO))
}

fn join(thread: ScopedJoinHandle<'_, io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a loop panicked")))
}
