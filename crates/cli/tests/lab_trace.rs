//! `larder lab trace`, from files to a report.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot go on should stop where it stands, like a test"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use larder_lab::report::{Cell, Part, Report, Table, Verdict};
use tempfile::TempDir;

/// A folder with two traces: blocks in ARC's format, and names.
fn traces() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let blocks: String = (0..2_000_u64)
        .map(|request| format!("{} 3 0 {request}\n", request * request % 1_009))
        .collect();
    fs::write(folder.path().join("blocks.lis"), blocks).unwrap();
    let names: String =
        (0..20_000_u64).map(|request| format!("user:{}\n", request * request % 9_973)).collect();
    fs::write(folder.path().join("names.txt"), names).unwrap();
    folder
}

fn trace(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.current_dir(folder).args(["lab", "trace", "--out", "report"]).args(arguments);
    command.output().unwrap()
}

fn report(folder: &Path, arguments: &[&str]) -> Report {
    let output = trace(folder, arguments);
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read_to_string(folder.join("report/trace.html")).unwrap().contains("<svg"));
    Report::from_json(&fs::read_to_string(folder.join("report/trace.json")).unwrap()).unwrap()
}

fn tables(report: &Report) -> Vec<&Table> {
    let tables = report.parts.iter().filter_map(|part| match part {
        Part::Table(table) => Some(table),
        _ => None,
    });
    tables.collect()
}

fn median(cell: &Cell) -> f64 {
    let Cell::Measured(spread, _) = cell else { panic!("{cell:?} is no figure") };
    spread.median()
}

#[test]
fn each_trace_has_a_curve_that_ends_where_all_keys_have_room() {
    let folder = traces();
    let report = report(folder.path(), &["blocks.lis", "names.txt", "--rounds", "2"]);
    let command = "larder lab trace --out report blocks.lis names.txt --rounds 2";
    assert_eq!(report.command, command);
    let tables = tables(&report);
    assert_eq!(tables.len(), 2);
    for table in tables {
        let last = table.rows.last().unwrap();
        let [larder, lru, optimum] = [2, 3, 4].map(|column| median(&last[column]));
        assert!(lru == optimum && (larder - optimum).abs() < 5.0, "{larder} {lru} {optimum}");
        let under = |row: &Vec<Cell>| median(&row[2]).max(median(&row[3])) <= median(&row[4]);
        assert!(table.rows.iter().all(under));
    }
    let claims = report.parts.iter().filter_map(|part| match part {
        Part::Claims(claims) => Some(claims),
        _ => None,
    });
    assert!(claims.flatten().any(|claim| claim.verdict == Verdict::Holds));
}

#[test]
fn a_trace_that_is_too_long_is_sampled_and_the_report_says_so() {
    let folder = traces();
    let report = report(folder.path(), &["blocks.lis", "--quick", "--requests-max", "1000"]);
    let told = report.parts.iter().any(
        |part| matches!(part, Part::Text(text) if text.starts_with("6,000 requests, of which those")),
    );
    assert!(told, "{:?}", report.parts);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = traces();
    let refused = |arguments: &[&str]| {
        let output = trace(folder.path(), arguments);
        assert!(!output.status.success(), "{output:?}");
        assert!(!folder.path().join("report").exists());
        String::from_utf8(output.stderr).unwrap()
    };
    let missing = refused(&["nowhere.lis"]);
    assert!(missing.contains("nowhere.lis: No such file"), "{missing}");
    fs::write(folder.path().join("odd.lis"), "1 1 0 0\n1 one 0 1\n").unwrap();
    let odd = refused(&["blocks.lis", "odd.lis"]);
    assert!(odd.contains("odd.lis, line 2 is not `start count ignored request`"), "{odd}");
    assert!(refused(&[]).contains("FILE"));
}
