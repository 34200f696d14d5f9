//! The guard: a shell that starts a server and outlives whoever asked for it by a moment.
//!
//! ```text
//! test ──pipe──► guard (sh) ──► server
//! ```
//!
//! The guard reads from a pipe that only the test holds. When the test lets go of it, on purpose or
//! because it was killed, the guard ends the server and removes its folder. So a server in a static
//! ends with its process, and no number of a process is used after its owner has let go of it: the
//! guard, whose child the server is, counts it last of all.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::failure::{Failure, Result};
use crate::process;
use crate::program::User;

/// Arguments: the folder, the log, the signal that ends the server at once, its command.
const SCRIPT: &str = r#"
folder=$1; log=$2; signal=$3; shift 3
"$@" </dev/null >>"$log" 2>&1 &
server=$!
echo "$server"
if read -r stays; then wait "$server"; exit 0; fi
kill -s "$signal" "$server"; kill -s CONT "$server"
wait "$server"
cd /; rm -rf "$folder"
"#;

const END_TIMEOUT: Duration = Duration::from_secs(60);

/// A server under guard. Dropping it ends the server at once and removes its folder.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
    /// The pipe that says that the owner is there. It is `None` once the server is left alone.
    owner: Option<ChildStdin>,
    server: u32,
}

impl Guard {
    /// Starts `server`, whose home is `folder`, as `user`; its output goes to `log`.
    pub(crate) fn start(
        server: &Command,
        folder: &Path,
        log: &Path,
        end: &str,
        user: User,
    ) -> Result<Self> {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "guard"]).arg(folder).arg(log).arg(end);
        command.arg(server.get_program()).args(server.get_args()).current_dir(folder);
        // Ctrl-C is for the test alone: the guard hears of it by the pipe.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        user.put_on(&mut command);
        let complaints = File::options().append(true).create(true).open(log);
        let complaints = complaints.map_err(|error| Failure::io(log.display(), error))?;
        user.own(log)?;
        let shell = command.stderr(complaints).spawn();
        let mut shell = shell.map_err(|error| Failure::io("sh", error))?;
        let owner = shell.stdin.take();
        let server = announced(&mut shell)?;
        Ok(Self { shell, owner, server })
    }

    /// The server's process.
    pub(crate) fn server(&self) -> u32 {
        self.server
    }

    /// Tells every process of the server.
    pub(crate) fn signal_all(&self, signal: Signal) -> Result<Vec<u32>> {
        let family = process::family(self.server);
        family.iter().try_for_each(|member| process::signal(*member, signal))?;
        Ok(family)
    }

    /// Waits until the server, which has been told to, has ended, and leaves its folder as it is.
    pub(crate) fn release(mut self) -> Result<()> {
        process::wait_for_end(&[self.server], END_TIMEOUT)?;
        if let Some(mut owner) = self.owner.take() {
            let told = owner.write_all(b"stays\n");
            told.map_err(|error| Failure::io("the guard", error))?;
        }
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.owner.take());
        // It ends by itself now; how is no news.
        let _ = self.shell.wait();
    }
}

/// The number of the process that the guard started.
fn announced(shell: &mut Child) -> Result<u32> {
    let mut line = String::new();
    if let Some(output) = shell.stdout.take() {
        let read = BufReader::new(output).read_line(&mut line);
        read.map_err(|error| Failure::io("the guard", error))?;
    }
    line.trim().parse().map_err(|_| Failure::new("the guard did not start a server"))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn guarded() -> (Guard, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut sleep = Command::new("sleep");
        sleep.arg("60");
        let log = folder.path().join("log");
        let guard = Guard::start(&sleep, folder.path(), &log, "KILL", User::Oneself).unwrap();
        (guard, folder)
    }

    fn until<T>(look: impl Fn() -> Option<T>) -> T {
        loop {
            match look() {
                Some(seen) => return seen,
                None => std::thread::yield_now(),
            }
        }
    }

    #[test]
    fn a_server_ends_with_its_guard_and_takes_its_folder_along() {
        let (guard, folder) = guarded();
        let server = guard.server();
        guard.signal_all(Signal::STOP).unwrap();
        drop(guard);
        assert!(!process::is_alive(server));
        assert!(!folder.path().exists());
    }

    #[test]
    fn a_server_that_was_told_to_end_leaves_its_folder() {
        let (guard, folder) = guarded();
        guard.signal_all(Signal::TERM).unwrap();
        guard.release().unwrap();
        assert!(folder.path().exists());
    }

    #[test]
    fn a_server_ends_when_its_owner_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir(&home).unwrap();
        // The owner's end of the pipe is all that the guard knows of it.
        let (log, shown) = (folder.path().join("log"), home.display());
        let nested = format!(
            "sleep 60 | sh -c '{SCRIPT}' guard {shown} {} KILL sleep 60 > {}/server",
            log.display(),
            folder.path().display(),
        );
        let mut owner = Command::new("sh").args(["-c", &nested]).spawn().unwrap();
        let number = folder.path().join("server");
        let server: u32 = until(|| std::fs::read_to_string(&number).ok()?.trim().parse().ok());
        let is_holder = |member: &u32| {
            let name = std::fs::read_to_string(format!("/proc/{member}/comm"));
            name.is_ok_and(|name| name.trim() == "sleep")
        };
        let holder = until(|| process::family(owner.id()).into_iter().find(is_holder));
        process::signal(holder, Signal::KILL).unwrap();
        process::wait_for_end(&[server], Duration::from_secs(10)).unwrap();
        owner.wait().unwrap();
        assert!(!home.exists());
    }
}
