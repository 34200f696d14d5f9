//! Breaking a run off: it ends as after a failure, so that servers, tables and folders of it go too.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Failure, Result};

static BROKEN_OFF: AtomicBool = AtomicBool::new(false);

/// The exit code of a run that is broken off twice, which leaves behind what it has made.
const ENDED_AT_ONCE: i32 = 1;

/// From now on SIGINT, SIGTERM and SIGHUP break a run off. A second one ends the process at once.
///
/// # Errors
///
/// When the system gives no thread, or refuses to hand signals over.
pub fn heed_signals() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let context = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    drop(context);
    let heed = async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            if BROKEN_OFF.swap(true, Ordering::Relaxed) {
                std::process::exit(ENDED_AT_ONCE);
            }
        }
    };
    let thread = thread::Builder::new().name("larder-signals".to_owned());
    thread.spawn(move || runtime.block_on(heed)).map(drop)
}

/// Asked wherever a run has come a step further.
///
/// # Errors
///
/// When the run has been broken off.
pub(crate) fn check() -> Result<()> {
    match BROKEN_OFF.load(Ordering::Relaxed) {
        true => Err(Failure::run("broken off")),
        false => Ok(()),
    }
}
