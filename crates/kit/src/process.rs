//! Processes by their number: signals, and what `/proc` says of them.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::{Failure, Result};

const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// Sends a signal. That the process has ended is no failure: nothing is left to be told.
pub(crate) fn signal(process: u32, signal: Signal) -> Result<()> {
    let number = i32::try_from(process).ok().and_then(Pid::from_raw);
    let Some(number) = number else {
        return Err(Failure::new(format!("{process} is no process")));
    };
    match kill_process(number, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Failure::io(format!("signal to process {process}"), error.into())),
    }
}

/// A process and those that it started.
pub(crate) fn family(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| stat(*process).is_some_and(|stat| stat.parent == parent);
    std::iter::once(parent).chain(numbers.filter(is_child)).collect()
}

/// Whether a process runs: one that ended and waits to be counted does not.
pub(crate) fn is_alive(process: u32) -> bool {
    stat(process).is_some_and(|stat| !matches!(stat.state, 'Z' | 'X'))
}

/// Waits until `processes` have ended.
pub(crate) fn wait_for_end(processes: &[u32], timeout: Duration) -> Result<()> {
    wait(processes, timeout, "end", |process| !is_alive(process))
}

/// Waits until every thread of `processes` has been halted, or has ended.
pub(crate) fn wait_for_halt(processes: &[u32], timeout: Duration) -> Result<()> {
    wait(processes, timeout, "halt", |process| {
        let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        let mut states =
            threads.filter_map(|thread| Some(read(&thread.path().join("stat"))?.state));
        states.all(|state| matches!(state, 'T' | 'Z' | 'X'))
    })
}

fn wait(
    processes: &[u32],
    timeout: Duration,
    what: &str,
    is_done: impl Fn(u32) -> bool,
) -> Result<()> {
    let deadline = Instant::now() + timeout;
    while let Some(process) = processes.iter().find(|process| !is_done(**process)) {
        if Instant::now() > deadline {
            return Err(Failure::new(format!("process {process} did not {what} in {timeout:?}")));
        }
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}

struct Stat {
    state: char,
    parent: u32,
}

fn stat(process: u32) -> Option<Stat> {
    read(Path::new(&format!("/proc/{process}/stat")))
}

/// State and parent follow the parenthesised name; see proc_pid_stat(5).
fn read(file: &Path) -> Option<Stat> {
    let text = fs::read_to_string(file).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    let mut fields = fields.split_whitespace();
    Some(Stat { state: fields.next()?.chars().next()?, parent: fields.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    #[test]
    fn a_process_that_was_killed_is_not_alive_though_nobody_has_counted_it() {
        let mut child = sleeper();
        assert!(is_alive(child.id()));
        assert!(family(std::process::id()).contains(&child.id()));
        signal(child.id(), Signal::KILL).unwrap();
        wait_for_end(&[child.id()], Duration::from_secs(10)).unwrap();
        child.wait().unwrap();
        signal(child.id(), Signal::KILL).unwrap();
    }

    #[test]
    fn a_process_that_was_halted_is_alive() {
        let mut child = sleeper();
        signal(child.id(), Signal::STOP).unwrap();
        wait_for_halt(&[child.id()], Duration::from_secs(10)).unwrap();
        assert!(is_alive(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn waiting_for_a_process_that_goes_on_ends_with_a_failure() {
        let mut child = sleeper();
        assert!(wait_for_end(&[child.id()], Duration::from_millis(20)).is_err());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
