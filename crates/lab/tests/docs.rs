#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! What the documentation quotes of the reports in `docs/lab` is what they say, and their pages are made of
//! their numbers. To renew both:
//!
//! ```text
//! RENEW_DOCS=1 cargo test -p larder-lab --test docs
//! ```
//!
//! A document quotes a table by its title, or the claims below a heading, between two comments:
//!
//! ```text
//! <!-- from lab/models.json: Requests a second -->
//! <!-- end -->
//! ```
//!
//! After `where` a title may say which rows of its table: `Every load where connections = 50 and depth = 1`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use larder_lab::report::Report;

const BEGIN: &str = "<!-- from ";
const BEGIN_END: &str = " -->\n";
const END: &str = "<!-- end -->";

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").canonicalize().unwrap()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries.map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|found| found == extension)).collect()
}

/// Holds a file against what it has to be, or makes it so.
fn settle(file: &Path, expected: &str) {
    if std::env::var_os("RENEW_DOCS").is_some() {
        fs::write(file, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(file).unwrap_or_default();
    assert!(
        found == expected,
        "{} is outdated: set RENEW_DOCS=1 and run this again",
        file.display()
    );
}

/// Finds reports by the names that documents have for them, each read once.
#[derive(Default)]
struct Reports(HashMap<String, Report>);

impl Reports {
    /// What is quoted by `reference`, such as `lab/models.json: Requests a second`.
    fn quote(&mut self, reference: &str) -> Result<String, String> {
        let (file, title) =
            reference.split_once(": ").ok_or(format!("{reference:?} is no FILE: TITLE"))?;
        if !self.0.contains_key(file) {
            let report = Report::read(&docs().join(file)).map_err(|failure| failure.to_string())?;
            self.0.insert(file.to_owned(), report);
        }
        self.0[file].quote(title).ok_or(format!("{file} has no {title:?}"))
    }
}

/// `text` with all that it quotes replaced by what `quote` gives.
fn renewed(
    text: &str,
    mut quote: impl FnMut(&str) -> Result<String, String>,
) -> Result<String, String> {
    let mut pieces = text.split(BEGIN);
    let mut renewed = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (reference, rest) = piece.split_once(BEGIN_END).ok_or("a comment has no end")?;
        let (_, rest) =
            rest.split_once(END).ok_or(format!("nothing ends the quotation of {reference:?}"))?;
        let quotation = quote(reference)?;
        renewed.push_str(&format!("{BEGIN}{reference}{BEGIN_END}{quotation}{END}{rest}"));
    }
    Ok(renewed)
}

#[test]
fn documents_quote_what_the_reports_say() {
    let mut reports = Reports::default();
    for file in files(&docs(), "md") {
        let text = fs::read_to_string(&file).unwrap();
        let renewed = renewed(&text, |reference| reports.quote(reference));
        settle(&file, &renewed.unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    }
}

#[test]
fn pages_are_made_of_the_numbers_beside_them() {
    for file in files(&docs().join("lab"), "json") {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let page = Report::read(&file).unwrap().to_page(name).unwrap();
        settle(&file.with_extension("html"), &page);
    }
}

#[test]
fn quotations_are_replaced_and_the_text_around_them_stays() {
    let text = "a\n<!-- from x.json: T -->\nold\n<!-- end -->\nb\n<!-- from y.json: U: V -->\n<!-- end -->\n";
    let quote = |reference: &str| Ok(format!("[{reference}]\n"));
    let expected = "a\n<!-- from x.json: T -->\n[x.json: T]\n<!-- end -->\nb\n\
                    <!-- from y.json: U: V -->\n[y.json: U: V]\n<!-- end -->\n";
    assert_eq!(renewed(text, quote).unwrap(), expected);
    assert_eq!(renewed(expected, quote).unwrap(), expected);
}

#[test]
fn a_quotation_without_an_end_or_a_source_is_refused() {
    let refused = |text: &str| renewed(text, |reference| Reports::default().quote(reference));
    let error = |text| refused(text).unwrap_err();
    assert_eq!(error("<!-- from x"), "a comment has no end");
    assert_eq!(error("<!-- from x: T -->\n"), "nothing ends the quotation of \"x: T\"");
    assert_eq!(error("<!-- from x -->\n<!-- end -->"), "\"x\" is no FILE: TITLE");
    let absent = error("<!-- from lab/absent.json: T -->\n<!-- end -->");
    assert!(absent.contains("absent.json: No such file"), "{absent}");
}
