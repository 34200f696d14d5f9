//! A report as a JSON file.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Report;
use crate::failure::{Failure, Result};

/// Counts the shapes that such files have had. A program that reads them has to look at it first.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    #[serde(flatten)]
    report: &'a Report,
}

/// What a file of any format has.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

impl Report {
    /// All of it as JSON, each round of each figure included. [`Report::from_json`] reads it again.
    ///
    /// # Errors
    ///
    /// When a number of it is none: JSON has no infinity.
    pub fn to_json(&self) -> Result<String> {
        let written = Written { format: FORMAT, report: self };
        let text = serde_json::to_string_pretty(&written).map_err(Failure::run)?;
        Ok(text + "\n")
    }

    /// The report that [`Report::to_json`] has written.
    ///
    /// # Errors
    ///
    /// When it is no report, or one of another format.
    pub fn from_json(text: &str) -> Result<Self> {
        let no_report = |error| Failure::misuse(format!("this is no report of the lab: {error}"));
        let Header { format } = serde_json::from_str(text).map_err(no_report)?;
        if format != FORMAT {
            return Err(Failure::misuse(format!(
                "this report has format {format}, and this larder reads format {FORMAT}: make the \
                 report again"
            )));
        }
        serde_json::from_str(text).map_err(no_report)
    }

    /// The report in a file of [`Report::to_json`].
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or [`Report::from_json`] refuses it.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|error| Failure::io(path.display(), error))?;
        let named = |failure| Failure::misuse(format!("{}: {failure}", path.display()));
        Self::from_json(&text).map_err(named)
    }
}
