//! Runs the parties of a contest, as threads or as tasks.

use std::future::Future;
use std::sync::{PoisonError, RwLock};
use std::thread;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::runtime::Runtime;

use crate::failure::{Failure, Result};

/// Enough for a party, which calls nothing deep.
const STACK_BYTES: usize = 128 * 1024;

/// Runs each party in a thread of its own. None begins before all threads are there.
pub(super) fn threads(parties: impl IntoIterator<Item = impl FnOnce() + Send>) -> Result<()> {
    threads_with_stacks(STACK_BYTES, parties)
}

fn threads_with_stacks(
    stack_bytes: usize,
    parties: impl IntoIterator<Item = impl FnOnce() + Send>,
) -> Result<()> {
    let complete = RwLock::new(false);
    thread::scope(|scope| {
        // Nobody can fail while holding the lock.
        let mut gate = complete.write().unwrap_or_else(PoisonError::into_inner);
        for party in parties {
            let complete = &complete;
            let waiting = move || {
                let complete = *complete.read().unwrap_or_else(PoisonError::into_inner);
                if complete {
                    party();
                }
            };
            thread::Builder::new()
                .stack_size(stack_bytes)
                .spawn_scoped(scope, waiting)
                .map_err(|error| Failure::io("a thread", error))?;
        }
        *gate = true;
        Ok(())
    })
}

/// Runs each party as a task of `runtime`.
pub(super) fn tasks<F>(runtime: &Runtime, parties: impl IntoIterator<Item = F>) -> Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime.block_on(async {
        let tasks: Vec<_> = parties.into_iter().map(tokio::spawn).collect();
        for task in tasks {
            task.await.map_err(|error| Failure::run(format!("a task: {error}")))?;
        }
        Ok(())
    })
}

/// Runs `work` in a thread that keeps to one core, as do the threads that it starts.
pub(super) fn on_one_core<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let pinned = || {
        keep_to_last_core()?;
        work()
    };
    thread::scope(|scope| match scope.spawn(pinned).join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// The last core is where the least of everything else tends to run.
fn keep_to_last_core() -> Result<()> {
    let failed = |error: rustix::io::Errno| Failure::io("keeping to one core", error.into());
    let allowed = sched_getaffinity(None).map_err(failed)?;
    let mut one = CpuSet::new();
    if let Some(last) = (0..CpuSet::MAX_CPU).rev().find(|core| allowed.is_set(*core)) {
        one.set(last);
    }
    sched_setaffinity(None, &one).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn all_run_and_none_begins_unless_all_can() {
        let begun = AtomicUsize::new(0);
        let party = || {
            begun.fetch_add(1, Ordering::Relaxed);
        };
        threads([party; 3]).unwrap();
        assert_eq!(begun.load(Ordering::Relaxed), 3);
        let failure = threads_with_stacks(1 << 60, [party; 3]).unwrap_err();
        assert!(failure.to_string().starts_with("a thread: "), "{failure}");
        assert_eq!(begun.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn what_is_started_on_one_core_stays_there() {
        let cores = on_one_core(|| {
            let seen = thread::spawn(|| sched_getaffinity(None).map(|set| set.count()));
            Ok(seen.join().unwrap().unwrap())
        });
        assert_eq!(cores.unwrap(), 1);
    }
}
