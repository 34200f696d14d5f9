#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! A run of the lab that a person breaks off leaves nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const PATIENCE: Duration = Duration::from_secs(60);

fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn holds_nothing(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// Whether a process runs with `folder` as its place for temporary files.
fn is_used(folder: &Path) -> bool {
    let variable = format!("TMPDIR={}\0", folder.display());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut environments = processes.filter_map(|it| fs::read(it.path().join("environ")).ok());
    environments.any(|it| it.windows(variable.len()).any(|part| part == variable.as_bytes()))
}

#[test]
fn a_run_that_is_broken_off_takes_its_servers_and_folders_with_it() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
        command.args(["lab", "models", "--models", "epoll", "--keys", "100"]);
        command.current_dir(folder.path()).env("TMPDIR", temporary.path());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let run = command.spawn().unwrap();
        await_that("a server is started", || !holds_nothing(temporary.path()));
        // Only the run is told, as when somebody ends it by its number.
        kill_process(Pid::from_child(&run), signal).unwrap();
        let output = run.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{signal:?}: {said}");
        assert!(said.contains("larder: broken off"), "{signal:?}: {said}");
        assert!(holds_nothing(temporary.path()), "{signal:?}");
        assert!(!is_used(temporary.path()), "{signal:?}: a server goes on");
        assert!(!folder.path().join("larder-lab").exists(), "{signal:?}");
    }
}
