//! A page as a browser shows it: every plot is drawn, nothing is fetched, the console stays empty.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tempfile::TempDir;

use crate::browser::{Browser, Visit};
use crate::sample;

/// Looks at every figure of the page. What has no size is not seen; a label that is cut off or covered
/// by another cannot be read.
const LOOK: &str = r#"
(() => [...document.querySelectorAll("figure")].map(figure => {
  const svg = figure.querySelector("svg[role=img]") ?? document.createElement("svg");
  const frame = svg.getBoundingClientRect();
  const boxes = names => [...svg.querySelectorAll(names)].map(each => {
    const { left, right, top, bottom } = each.getBoundingClientRect();
    return { left, right, top, bottom, text: each.textContent };
  });
  const labels = boxes("text");
  const meet = (a, b) =>
    a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
  const outside = box => box.left < frame.left - 1 || box.right > frame.right + 1
    || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  return {
    title: figure.querySelector("figcaption")?.textContent ?? "",
    shapes: boxes("polyline, polygon, rect")
      .filter(box => box.right - box.left + box.bottom - box.top > 1).length,
    outside: labels.filter(outside).map(label => label.text.trim()),
    covered: labels.filter((label, at) => labels.slice(at + 1).some(other => meet(label, other)))
      .map(label => label.text.trim()),
  };
}))()
"#;

/// A figure as it was seen.
#[derive(Debug, Deserialize)]
struct Seen {
    title: String,
    shapes: usize,
    outside: Vec<String>,
    covered: Vec<String>,
}

/// What is wrong with a page.
fn findings(visit: &Visit) -> Vec<String> {
    let seen: Vec<Seen> = serde_json::from_value(visit.value.clone()).unwrap();
    let console = visit.console.iter().map(|said| format!("the console shows {said}"));
    let fetched = visit.fetched.iter().skip(1).map(|address| format!("fetched {address}"));
    console.chain(fetched).chain(seen.iter().flat_map(wrong)).collect()
}

fn wrong(Seen { title, shapes, outside, covered }: &Seen) -> Vec<String> {
    let empty = (*shapes == 0).then(|| format!("{title}: nothing is drawn"));
    let outside = outside.iter().map(|label| format!("{title}: {label:?} is cut off"));
    let covered = covered.iter().map(|label| format!("{title}: {label:?} is covered"));
    empty.into_iter().chain(outside).chain(covered).collect()
}

/// The reports in the documentation.
fn committed() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lab");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries.map(|entry| entry.unwrap().path().canonicalize().unwrap());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "html")).collect()
}

#[test]
fn plots_are_drawn_nothing_is_fetched_and_the_console_is_empty() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("sample.html");
    fs::write(&page, sample::report().to_page("sample").unwrap()).unwrap();
    let mut browser = Browser::start();
    let visit = browser.visit(&page, LOOK);
    assert_eq!(visit.value.as_array().unwrap().len(), 6, "{visit:?}");
    for page in committed().into_iter().chain([page]) {
        let visit = browser.visit(&page, LOOK);
        assert_eq!(visit.fetched.len(), 1, "{visit:?}");
        assert_eq!(findings(&visit), [""; 0], "{}", page.display());
    }
}

#[test]
fn a_page_with_every_fault_is_found_out() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("faults.html");
    let faults = "<!doctype html><meta charset=utf-8><script>console.warn('heed')</script>\
        <figure><figcaption>empty</figcaption><svg role=img width=50 height=50></svg></figure>\
        <figure><figcaption>crowded</figcaption><svg role=img width=50 height=50>\
        <rect width=9 height=9 /><text y=20>one</text><text y=20>two</text><text x=49 y=45>far</text>\
        </svg></figure><img src=absent.png><script>throw new Error('thrown')</script>";
    fs::write(&page, faults).unwrap();
    let findings = findings(&Browser::start().visit(&page, LOOK));
    for fault in ["heed", "thrown", "ERR_FILE_NOT_FOUND", "fetched file://"] {
        assert!(findings.iter().any(|finding| finding.contains(fault)), "{fault}: {findings:#?}");
    }
    for fault in
        ["empty: nothing is drawn", "crowded: \"one\" is covered", "crowded: \"far\" is cut off"]
    {
        assert!(findings.contains(&fault.to_owned()), "{fault}: {findings:#?}");
    }
}
