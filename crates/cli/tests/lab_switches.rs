//! `larder lab switches`, at a size that proves nothing about speed.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

use std::fs;
use std::process::Command;

use larder_lab::report::{Cell, Claim, Part, Report, Table};

const POINTS: [&str; 5] = ["I/O", "channel", "lock", "call, budget", "yield"];

fn report(arguments: &[&str]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.current_dir(folder.path()).args(["lab", "switches", "--out", "report"]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let written = |name: &str| fs::read_to_string(folder.path().join("report").join(name)).unwrap();
    assert!(written("switches.html").contains("<svg"));
    Report::from_json(&written("switches.json")).unwrap()
}

fn tables(report: &Report) -> Vec<&Table> {
    let tables = report.parts.iter().filter_map(|part| match part {
        Part::Table(table) => Some(table),
        _ => None,
    });
    tables.collect()
}

fn text(cell: &Cell) -> &str {
    let Cell::Text(text) = cell else { panic!("{cell:?} is no text") };
    text
}

fn median(cell: &Cell) -> f64 {
    let Cell::Measured(spread, _) = cell else { panic!("{cell:?} is no figure") };
    spread.median()
}

/// How often the kernel switched threads for each switch of a model.
fn kernel_switches(table: &Table, model: &str) -> f64 {
    let row = table.rows.iter().find(|row| text(&row[0]) == model).unwrap();
    let column = |name: &str| table.columns.iter().position(|column| column == name).unwrap();
    ["waits", "preempted or yielded"].map(|name| median(&row[column(name)])).iter().sum()
}

#[test]
fn every_point_is_measured_and_the_kernel_switches_threads_but_not_tasks() {
    let report = report(&["--rounds", "3", "--milliseconds", "5", "--parties", "3,2"]);
    let command = "larder lab switches --out report --rounds 3 --milliseconds 5 --parties 3,2";
    assert_eq!(report.command, command);
    let tables = tables(&report);
    let [overview, points @ ..] = &tables[..] else { panic!("no table") };
    assert_eq!(overview.rows.iter().map(|row| text(&row[0])).collect::<Vec<_>>(), POINTS);
    assert_eq!(points.len(), POINTS.len());
    for table in points {
        let threads = kernel_switches(table, "threads 1:1, one core");
        let tasks = kernel_switches(table, "tasks N:1");
        assert!(threads > 0.5 && tasks < 0.5, "{}: {threads} and {tasks}", table.title);
    }
    let claims = report.parts.iter().filter_map(|part| match part {
        Part::Claims(claims) => Some(claims),
        _ => None,
    });
    let claims: Vec<&Claim> = claims.flatten().collect();
    assert_eq!(claims.len(), 7);
    assert!(
        claims
            .iter()
            .all(|claim| claim.figures.contains("channel") || claim.figures.contains("yield"))
    );
}

#[test]
fn what_the_system_refuses_is_told_and_the_rest_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    let limited = "ulimit -n 64 && exec \"$0\" \"$@\"";
    shell.current_dir(folder.path()).args(["-c", limited, env!("CARGO_BIN_EXE_larder")]);
    shell.args(["lab", "switches", "--rounds", "1", "--milliseconds", "1", "--parties", "2,60"]);
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let written = fs::read_to_string(folder.path().join("larder-lab/switches.json")).unwrap();
    let report = Report::from_json(&written).unwrap();
    let refusals = report.parts.iter().filter(|part| {
        matches!(part, Part::Text(text) if text.contains("with 60 parties could not run: a pair of \
                                                          sockets: Too many open files"))
    });
    assert_eq!(refusals.count(), 4, "one for each model, at I/O");
    let channel = tables(&report)[2];
    assert!(channel.rows.iter().all(|row| median(&row[2]) > 0.0));
}

#[test]
fn one_party_alone_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    let output = command.args(["lab", "switches", "--parties", "1"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("1 is not in 2.."));
}
