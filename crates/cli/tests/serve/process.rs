//! A child process that ends, one way or the other.

use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Longer than any scenario takes, so that a hang becomes a failure.
const LIFETIME_MAX: Duration = Duration::from_secs(30);

/// A child process. It is killed when it is dropped, and when it outlives [`LIFETIME_MAX`].
pub struct Process {
    child: Child,
    /// Closing it calls the watchdog off.
    _watchdog: Sender<()>,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Self {
        let child = command.spawn().unwrap();
        let pid = Pid::from_child(&child);
        let (_watchdog, called_off) = mpsc::channel::<()>();
        thread::spawn(move || {
            if called_off.recv_timeout(LIFETIME_MAX) == Err(RecvTimeoutError::Timeout) {
                eprintln!("process {pid:?} hangs and is killed");
                // It may have ended at this very moment.
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        Self { child, _watchdog }
    }

    /// Runs a command to its end.
    pub fn output(command: &mut Command) -> Output {
        let mut process = Self::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let [stdout, stderr] = process.read_pipes();
        Output { status: process.wait(), stdout, stderr }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    pub fn hang_up(&self) {
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    pub fn kill(&self) {
        kill_process(Pid::from_child(&self.child), Signal::KILL).unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// What it prints until it ends; the little that it says in between fits into a pipe.
    pub fn read_pipes(&mut self) -> [Vec<u8>; 2] {
        use std::io::Read;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        self.stdout().read_to_end(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
        [stdout, stderr]
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
