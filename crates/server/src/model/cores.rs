//! Threads for loops: one each, and the end of one is the end of all.

use std::io;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use super::Shutdown;

/// Runs each of `loops` on a thread of its own until all have ended.
///
/// # Errors
///
/// The first failure of a loop, or its panic. It ends the others, which would otherwise serve on and
/// hide it.
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
    let ending = EndOfAll(shutdown);
    let done = part()?;
    std::mem::forget(ending);
    Ok(done)
}

/// Ends all loops unless it is forgotten, so also when the loop that has it panics.
struct EndOfAll<'a>(&'a Shutdown);

impl Drop for EndOfAll<'_> {
    fn drop(&mut self) {
        self.0.begin(Duration::ZERO);
    }
}

fn join(thread: ScopedJoinHandle<'_, io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a loop panicked")))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    type Loop<'a> = Box<dyn FnOnce() -> io::Result<()> + Send + 'a>;

    /// Goes on until a shutdown, or until it is plain that none begins.
    fn patient(shutdown: &Shutdown) -> Loop<'_> {
        Box::new(|| {
            let started = Instant::now();
            while shutdown.deadline().is_none() {
                assert!(started.elapsed() < Duration::from_secs(20), "it is not ended");
                thread::yield_now();
            }
            Ok(())
        })
    }

    #[test]
    fn a_loop_that_ends_badly_ends_the_others() {
        let fails: Loop<'_> = Box::new(|| Err(io::Error::other("broken")));
        let panics: Loop<'_> = Box::new(|| panic!("asked to"));
        let bad = [(fails, "broken"), (panics, "a loop panicked")];
        for (bad, failure) in bad {
            let shutdown = Shutdown::new().unwrap();
            let error = run_all(vec![bad, patient(&shutdown)], &shutdown).unwrap_err();
            assert_eq!(error.to_string(), failure);
        }
    }

    #[test]
    fn a_loop_that_has_served_leaves_the_others_alone() {
        let shutdown = Shutdown::new().unwrap();
        run_all(vec![|| Ok(())], &shutdown).unwrap();
        assert_eq!(shutdown.deadline(), None);
    }
}
