//! What `larder tour` prints.
//!
//! The pictures are kept in `tests/tour/` without their times, the diagrams in `docs/tour.md`. When
//! one has changed for a good reason, renew them and read what `git diff` shows:
//!
//! ```text
//! RENEW_TOUR=1 cargo test -p larder-cli --test tour
//! ```

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers, like the test itself, stop where they stand when something fails"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const STRATEGIES: [&str; 5] =
    ["cache-aside", "read-through", "write-through", "write-behind", "write-around"];

const PREFACE: &str = "\
# The tour

What passes between the parts, strategy by strategy, as `larder tour` plays it against an SQLite file:
each message was recorded, none was drawn by hand. This page is the output of `larder tour --mermaid`;
without `--mermaid` the same stories are drawn in the terminal, with the time of each message.

";

fn tour(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_larder")).arg("tour").args(arguments).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = tour(arguments);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// `picture` without the microseconds at the end of its lines.
fn timeless(picture: &str) -> String {
    let line = |line: &str| match line.strip_suffix(" µs") {
        Some(line) => {
            line.trim_end_matches(|end: char| end.is_ascii_digit() || end == ' ').to_owned()
        }
        None => line.to_owned(),
    };
    picture.lines().map(|text| line(text) + "\n").collect()
}

fn agrees(path: &Path, text: &str) {
    if std::env::var_os("RENEW_TOUR").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    for (line, (is, was)) in text.lines().zip(kept.lines()).enumerate() {
        assert_eq!(is, was, "line {} of {}", line + 1, path.display());
    }
    assert_eq!(text, kept, "{}", path.display());
}

fn crate_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn each_strategy_is_drawn_as_it_was() {
    for strategy in STRATEGIES {
        let picture = timeless(&printed(&[strategy]));
        agrees(&crate_file(&format!("tests/tour/{strategy}.txt")), &picture);
    }
}

#[test]
fn the_page_of_the_tour_is_what_the_binary_prints() {
    let page = format!("{PREFACE}{}", printed(&["--mermaid"]));
    agrees(&crate_file("../../docs/tour.md"), &page);
}

#[test]
fn all_five_are_played_in_a_width_that_fits_a_terminal() {
    let pictures = printed(&[]);
    for strategy in STRATEGIES {
        assert!(pictures.lines().any(|line| line.starts_with(&format!("{strategy}: "))));
    }
    let widest = pictures.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}");
    assert!(!pictures.contains('\x1b'), "no colour where nobody looks");
}

#[test]
fn a_diagram_declares_who_takes_part_and_every_line_is_one_of_mermaids() {
    let diagrams = printed(&["--mermaid"]);
    let mut parts = Vec::new();
    for line in diagrams.lines().filter_map(|line| line.strip_prefix("    ")) {
        let (statement, label) = line.split_once(": ").unwrap_or((line, "-"));
        let entities = ["#35;", "#59;", "#lt;", "#gt;"];
        let text = entities.iter().fold(label.to_owned(), |text, entity| text.replace(entity, ""));
        assert!(!text.is_empty() && !text.contains(['#', ';', '<', '>']), "{line}");
        if let Some(part) = statement.strip_prefix("participant ") {
            parts.push(part);
        } else if let Some(over) = statement.strip_prefix("Note over ") {
            assert!(over.split(',').all(|part| parts.contains(&part)), "{line}");
        } else {
            let (from, to) = statement.split_once("-->>").or(statement.split_once("->>")).unwrap();
            assert!(parts.contains(&from) && parts.contains(&to), "{line}");
        }
    }
    assert_eq!(diagrams.matches("```mermaid\nsequenceDiagram\n").count(), STRATEGIES.len());
}

#[test]
fn a_strategy_that_is_none_is_refused_with_those_that_are() {
    let output = tour(&["write-back"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(STRATEGIES.iter().all(|strategy| message.contains(strategy)), "{message}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut tour = Command::new(env!("CARGO_BIN_EXE_larder"))
        .arg("tour")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(tour.stdout.take());
    let output = tour.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
