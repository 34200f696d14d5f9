//! The files of a report.

use std::fs;

use larder_lab::Failure;
use larder_lab::report::{
    Axis, Cell, Claim, Part, Plot, Point, Report, Saved, Scale, Series, Spread, Table, Verdict,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sample;

/// A piece of every kind.
fn parts() -> Vec<Part> {
    let spread = || Spread::of([2.0, 1.0, 4.5]).unwrap();
    let axis = |name: &str, scale| Axis { name: name.to_owned(), scale };
    vec![
        Part::Heading("Requests".to_owned()),
        Part::Text("How many.".to_owned()),
        Part::Table(Table {
            title: "By model".to_owned(),
            columns: vec!["model".to_owned(), "requests/s".to_owned(), "p99, us".to_owned()],
            rows: vec![vec![
                Cell::Text("select".to_owned()),
                Cell::Measured(spread(), 1),
                Cell::Absent("refused".to_owned()),
            ]],
        }),
        Part::Plot(Plot {
            title: "By model".to_owned(),
            x: axis("model", Scale::Names(vec!["select".to_owned()])),
            y: axis("requests/s", Scale::Logarithmic),
            series: vec![Series {
                name: "depth 1".to_owned(),
                points: vec![Point { x: 0.0, y: spread() }],
            }],
        }),
        Part::Claims(vec![Claim {
            claim: "select stops at 1024".to_owned(),
            figures: "refused 1,021".to_owned(),
            verdict: Verdict::DoesNotHold,
        }]),
    ]
}

/// Programs read such files: a change of this shape is a change of the format's number.
#[test]
fn the_shape_of_the_json_is_that_of_format_1() {
    let report = Report { parts: parts(), ..sample::report() };
    let written: Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
    let spread = json!({ "median": 2.0, "least": 1.0, "most": 4.5, "rounds": [2.0, 1.0, 4.5] });
    let expected = json!({
        "format": 1,
        "title": "What each model costs",
        "command": "larder lab models --rounds 3 --connections 50,1000",
        "machine": {
            "processor": "Example processor at 3.0 GHz",
            "cores": 2,
            "memory_bytes": 8_589_934_592_u64,
            "kernel": "6.1.0",
            "larder": "0.1.0",
        },
        "began_unix": 1_795_432_000,
        "lasted_seconds": 754.2,
        "parts": [
            { "heading": "Requests" },
            { "text": "How many." },
            { "table": {
                "title": "By model",
                "columns": ["model", "requests/s", "p99, us"],
                "rows": [[{ "text": "select" }, { "measured": [spread, 1] }, { "absent": "refused" }]],
            } },
            { "plot": {
                "title": "By model",
                "x": { "name": "model", "scale": { "names": ["select"] } },
                "y": { "name": "requests/s", "scale": "logarithmic" },
                "series": [{ "name": "depth 1", "points": [{ "x": 0.0, "y": spread }] }],
            } },
            { "claims": [{
                "claim": "select stops at 1024",
                "figures": "refused 1,021",
                "verdict": "does_not_hold",
            }] },
        ],
    });
    assert_eq!(written, expected);
}

#[test]
fn what_was_saved_is_read_again_as_it_was() {
    let folder = TempDir::new().unwrap();
    let report = sample::report();
    let Saved { page, numbers } = report.save(&folder.path().join("made/here"), "models").unwrap();
    let read = Report::read(&numbers).unwrap();
    assert_eq!(read.to_json().unwrap(), report.to_json().unwrap());
    assert_eq!(fs::read_to_string(page).unwrap(), read.to_page("models").unwrap());
}

#[test]
fn where_no_folder_can_be_made_the_folder_is_named() {
    let folder = TempDir::new().unwrap();
    let taken = folder.path().join("taken");
    fs::write(&taken, "").unwrap();
    let failure = sample::report().save(&taken, "models").unwrap_err();
    assert!(failure.to_string().starts_with(&taken.display().to_string()), "{failure}");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    for name in ["models.json", "models.html"] {
        let taken = folder.path().join(name);
        fs::create_dir(&taken).unwrap();
        let failure = sample::report().save(folder.path(), "models").unwrap_err();
        assert!(failure.to_string().starts_with(&taken.display().to_string()), "{failure}");
        fs::remove_dir(&taken).unwrap();
    }
}

#[test]
fn another_format_is_refused_with_what_to_do() {
    let later = sample::report().to_json().unwrap().replacen("\"format\": 1", "\"format\": 2", 1);
    let failure = Report::from_json(&later).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "this report has format 2, and this larder reads format 1: make the report again"
    );
}

#[test]
fn what_is_no_report_is_refused_by_its_name() {
    let folder = TempDir::new().unwrap();
    let absent = folder.path().join("absent.json");
    assert!(Report::read(&absent).unwrap_err().to_string().contains("absent.json"));
    let other = folder.path().join("other.json");
    for text in ["{}", "nothing", "{\"format\": 1}"] {
        fs::write(&other, text).unwrap();
        let failure = Report::read(&other).unwrap_err();
        let expected = format!("{}: this is no report of the lab: ", other.display());
        assert!(failure.to_string().starts_with(&expected), "{failure}");
        assert!(matches!(failure, Failure::Misuse(_)), "{failure:?}");
    }
}
