//! A child process that does not outlive whoever started it.

use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::{Failure, Result};
use crate::measure::process::{family, is_alive};

/// How long a process may take to end by itself when that is expected of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long those that it started may go on when it has been killed.
const ORPHANS_PATIENCE: Duration = Duration::from_secs(1);

const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// A child process. It is killed when it is dropped.
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts `command`, which is `program`, and answers what it says.
    pub(super) fn spawn(command: &mut Command, program: &Path) -> Result<(Self, ChildStdout)> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::io(program.display(), error))?;
        let stdout = child.stdout.take();
        let process = Self { child };
        let stdout = stdout.ok_or_else(|| Failure::run("a child process has no output"))?;
        Ok((process, stdout))
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended, and kills it when it does not.
    pub(super) fn await_end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(LOOK_INTERVAL);
        }
        self.kill();
    }

    /// Kills it, and waits until all that it started has ended as well.
    pub(super) fn kill(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let started = family(self.child.id()).unwrap_or_default();
        // It may have ended just now; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        end_all(&started[1.min(started.len())..]);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until `processes`, whose parent has ended, have ended too, and kills those that do not.
fn end_all(processes: &[u32]) {
    let deadline = Instant::now() + ORPHANS_PATIENCE;
    for &process in processes {
        while is_alive(process) && Instant::now() < deadline {
            thread::sleep(LOOK_INTERVAL);
        }
        if let (true, Some(number)) = (is_alive(process), i32::try_from(process).ok()) {
            // It may have ended just now; then there is nothing to kill.
            let _ = Pid::from_raw(number).map(|number| kill_process(number, Signal::KILL));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Process, ChildStdout) {
        let program = Path::new("/bin/sh");
        Process::spawn(Command::new(program).args(["-c", script]), program).unwrap()
    }

    #[test]
    fn a_process_that_was_killed_has_ended() {
        let (mut process, _) = shell("sleep 60");
        process.kill();
        assert!(matches!(process.child.try_wait(), Ok(Some(_))));
        process.kill();
    }

    #[test]
    fn what_a_killed_process_started_ends_with_it_or_is_killed() {
        let (mut process, mut stdout) = shell("sleep 60 & echo $!; wait");
        let mut line = [0; 16];
        let length = std::io::Read::read(&mut stdout, &mut line).unwrap();
        let started = std::str::from_utf8(&line[..length]).unwrap().trim().parse().unwrap();
        assert!(is_alive(started));
        process.kill();
        let deadline = Instant::now() + PATIENCE;
        while is_alive(started) {
            assert!(Instant::now() < deadline);
            thread::sleep(LOOK_INTERVAL);
        }
    }

    #[test]
    fn a_process_that_ends_by_itself_is_not_killed() {
        let (mut process, _) = shell("exit 3");
        process.await_end();
        assert_eq!(process.child.wait().unwrap().code(), Some(3));
    }
}
