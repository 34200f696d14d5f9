//! `larder lab models` end to end: small loads, every model, and what is written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::path::Path;
use std::process::{Command, Output};

use larder_server::model::ModelName;
use serde_json::Value;

/// Runs it with loads that are short, and long enough for an answer on a busy machine.
fn lab(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.args(["lab", "models", "--rounds", "1", "--seconds", "0.3", "--keys", "100"]);
    command.args(["--connections", "4", "--active", "100", "--depths", "1,2", "--out"]).arg(folder);
    command.args(arguments).output().unwrap()
}

fn report(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("models.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What the parts of that kind hold.
fn parts<'a>(report: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    report["parts"].as_array().unwrap().iter().filter_map(move |part| part.get(kind))
}

/// The rows of the table with that title.
fn rows<'a>(report: &'a Value, title: &str) -> &'a Vec<Value> {
    let table = parts(report, "table").find(|table| table["title"] == title);
    table.unwrap_or_else(|| panic!("no table {title:?}"))["rows"].as_array().unwrap()
}

#[test]
fn every_model_is_measured_and_every_claim_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let output = lab(folder.path(), &[]);
    assert!(output.status.success(), "{output:?}");
    let report = report(folder.path());
    for model in ModelName::ALL {
        let of_model = |row: &&Value| row[0]["text"] == model.as_str();
        let loads: Vec<_> = rows(&report, "Every load").iter().filter(of_model).collect();
        assert_eq!(loads.len(), 2, "{model}");
        let is_measured = loads.iter().all(|row| row[4]["measured"][0]["median"].is_number());
        let refused = format!("{:?}", parts(&report, "table").collect::<Vec<_>>());
        // Not every kernel that larder is tested on permits io_uring.
        let is_refused = refused.contains("this kernel refuses io_uring");
        assert!(is_measured || (*model == ModelName::Uring && is_refused), "{model}: {refused}");
        assert_eq!(rows(&report, "A connection").iter().filter(of_model).count(), 1, "{model}");
    }
    let claims = parts(&report, "claims").next().unwrap().as_array().unwrap();
    assert_eq!(claims.len(), 13);
    assert!(folder.path().join("models.html").exists());
}

#[test]
fn a_model_that_is_not_known_is_answered_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let output = lab(folder.path(), &["--models", "epol"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("unknown model 'epol'; known are: reactors"), "{message}");
}

#[test]
fn a_run_in_which_no_model_serves_fails_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.args(["lab", "models", "--models", "epoll,poll", "--out"]).arg(folder.path());
    let output = command.env("LARDER_BINARY", "/no/such/larder").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("larder: /no/such/larder: No such file"), "{message}");
    assert!(!folder.path().join("models.json").exists());
}
