//! The structure of the tree, as absences: what may not be there, and where.

mod manifest;
mod rules;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result, read};

/// The folders that are looked through.
const FOLDERS: [&str; 4] = ["clients", "crates", "xtask", "docs"];

/// Files that have to be there.
const FILES: [&str; 4] = ["CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "README.md"];

/// Something that is not as it has to be.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Looks through the whole tree.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut findings = absent_files(root);
    for folder in FOLDERS {
        for file in files(&root.join(folder))? {
            let path = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
            findings.extend(examine(&path, &read(&file)?)?);
        }
    }
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(Failure::new(format!("{count} findings, listed above"))),
    }
}

fn absent_files(root: &Path) -> Vec<Finding> {
    let absent = FILES.iter().filter(|file| !root.join(file).is_file());
    let finding = |file: &&str| Finding {
        path: (*file).to_owned(),
        line: 1,
        message: "there is no such file: write it".to_owned(),
    };
    absent.map(finding).collect()
}

fn examine(path: &str, text: &str) -> Result<Vec<Finding>> {
    if path.ends_with("Cargo.toml") {
        return manifest::examine(path, text);
    }
    Ok(rules::examine(path, text))
}

/// The files of a folder that are text of ours, in a fixed order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error| Failure::io(folder.display(), error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let kind = path.extension().and_then(|extension| extension.to_str());
            match kind {
                _ if path.is_dir() => folders.push(path),
                Some("rs" | "toml" | "md") => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}
