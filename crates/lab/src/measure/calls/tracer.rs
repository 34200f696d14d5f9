//! System calls by stopping at each of them, `ptrace(2)`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// A thread that stops others at each system call. When it ends, the kernel lets them go.
pub(crate) struct Tracer(Arc<State>);

#[derive(Default)]
struct State {
    /// Each call stops a thread twice, where it enters the kernel and where it leaves.
    stops: AtomicU64,
    is_over: AtomicBool,
}

impl Tracer {
    /// Counts those of `threads`, and of what they start. `None` where this is not permitted.
    pub(super) fn of(threads: Vec<u32>) -> Option<Self> {
        let state = Arc::new(State::default());
        let (begin, begun) = mpsc::channel();
        let shared = Arc::clone(&state);
        // What one thread traces no other can wait for, so it is a thread of its own that does it all.
        let tracer = thread::Builder::new().name("larder-tracer".to_owned()).spawn(move || {
            let seized = threads.into_iter().try_for_each(seize);
            let goes_on = seized.is_ok();
            if begin.send(seized).is_ok() && goes_on {
                shared.follow();
            }
        });
        tracer.ok()?;
        begun.recv().ok()?.ok()?;
        Some(Self(state))
    }

    pub(super) fn so_far(&self) -> u64 {
        self.0.stops.load(Ordering::Relaxed) / 2
    }
}

/// The tracer notices at the next call. A server makes some even when nobody asks anything.
impl Drop for Tracer {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

/// Takes hold of a thread and of all that it will start, and has it stop. One that has ended meanwhile
/// calls nothing.
fn seize(thread: u32) -> nix::Result<()> {
    let Ok(thread) = i32::try_from(thread) else { return Ok(()) };
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK;
    let thread = Pid::from_raw(thread);
    match ptrace::seize(thread, options).and_then(|()| ptrace::interrupt(thread)) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error),
    }
}

impl State {
    /// Lets whoever stops go on to its next call, until nobody is left or it is over.
    fn follow(&self) {
        // Only what this thread traces: the children of others are theirs to wait for.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        while !self.is_over.load(Ordering::Relaxed) {
            match waitpid(None, Some(flags)) {
                Ok(status) => self.go_on(status),
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }

    fn go_on(&self, status: WaitStatus) {
        // Whoever was killed while it was stopped cannot be told to go on, and need not be.
        let _ = match status {
            WaitStatus::PtraceSyscall(thread) => {
                self.stops.fetch_add(1, Ordering::Relaxed);
                ptrace::syscall(thread, None)
            }
            WaitStatus::PtraceEvent(thread, ..) => ptrace::syscall(thread, None),
            WaitStatus::Stopped(thread, signal) => ptrace::syscall(thread, signal),
            _ => Ok(()),
        };
    }
}
