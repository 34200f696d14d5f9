//! Pieces of a report that documents quote.

use larder_lab::report::{Cell, Part, Report, Table};

use crate::sample;

#[test]
fn a_table_is_quoted_by_its_title_with_the_spread_smaller() {
    let quote = sample::report().quote("Requests a second, latency and CPU").unwrap();
    let lines: Vec<_> = quote.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "| model | connections | requests/s | p50, us | p99, us | CPU-us per request |",
            "|---|---|---:|---:|---:|---:|",
            "| reactors | 50 | 123,456 <sub>114,814–133,332</sub> | 75.2 <sub>70.0–81.3</sub> | \
             310.5 | 7.12 <sub>6.63–7.70</sub> |",
        ]
    );
    assert!(lines[5].contains("| *refused past 1,021* |"), "{}", lines[5]);
}

#[test]
fn rows_of_a_table_are_quoted_by_what_they_say() {
    let title = "Requests a second, latency and CPU";
    let quote = |conditions: &str| sample::report().quote(&format!("{title} where {conditions}"));
    let narrowed = quote("model = reactors and connections = 50").unwrap();
    let lines: Vec<_> = narrowed.lines().collect();
    assert_eq!(lines[0], "| requests/s | p50, us | p99, us | CPU-us per request |");
    assert_eq!(lines.len(), 3, "{narrowed}");
    assert!(lines[2].starts_with("| 123,456 <sub>"), "{narrowed}");
    for absent in ["model = nobody", "colour = red", "model"] {
        assert_eq!(quote(absent), None, "{absent}");
    }
}

#[test]
fn claims_are_quoted_by_the_heading_above_them() {
    let quote = sample::report().quote("The claims").unwrap();
    let lines: Vec<_> = quote.lines().collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[2], "| select stops at 1024 | refused connection 1,021 | **holds** |");
}

#[test]
fn what_a_report_does_not_have_is_not_quoted() {
    let report = sample::report();
    assert_eq!(report.quote("Scaling"), None);
    assert_eq!(report.quote(""), None);
}

#[test]
fn no_text_ends_a_cell_or_becomes_mark_up() {
    let table = Table {
        title: "t".to_owned(),
        columns: vec!["a|b".to_owned()],
        rows: vec![vec![Cell::Text("<b> & `c`\n*d* [e] \\".to_owned())]],
    };
    let report = Report { parts: vec![Part::Table(table)], ..sample::report() };
    let expected = "| a\\|b |\n|---|\n| &lt;b> &amp; \\`c\\` \\*d\\* \\[e\\] \\\\ |\n";
    assert_eq!(report.quote("t").unwrap(), expected);
}
