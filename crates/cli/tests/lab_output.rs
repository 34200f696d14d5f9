//! What a run of the lab prints, and where it cannot.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

fn folder_with_trace() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let keys: String = (0..200).map(|request| format!("{}\n", request * request % 37)).collect();
    fs::write(folder.path().join("keys.txt"), keys).unwrap();
    folder
}

fn lab(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.current_dir(folder).args(["lab", "trace", "keys.txt", "--quick", "--out", "made/here"]);
    command
}

#[test]
fn the_report_ends_with_where_its_files_are() {
    let folder = folder_with_trace();
    let output = lab(folder.path()).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let files = "\nThe page, with the plots: made/here/trace.html\n\
                 The numbers, of every round: made/here/trace.json\n";
    assert!(printed.ends_with(files), "{printed}");
    for file in ["made/here/trace.html", "made/here/trace.json"] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
}

#[test]
fn a_pipe_and_a_log_file_have_no_colours() {
    let folder = folder_with_trace();
    let output = lab(folder.path()).output().unwrap();
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{output:?}");
}

#[test]
fn a_log_file_is_told_how_far_the_run_is() {
    let folder = folder_with_trace();
    let output = lab(folder.path()).output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.starts_with("0/") && log.contains("reading keys.txt"), "{log}");
}

#[test]
fn the_files_are_written_even_when_nobody_can_be_told() {
    let folder = folder_with_trace();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = lab(folder.path()).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && log.contains("the standard output: No space left"),
        "{log}"
    );
    assert!(folder.path().join("made/here/trace.json").is_file());
}
