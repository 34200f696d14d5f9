//! Writes options into a configuration, which keeps its comments and its order.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;
use toml_edit::{DocumentMut, Item, Table, Value};

use crate::config::{ConfigText, Overrides, Secret};

/// Sets options of sections in `file`, in one step: whoever reads it meanwhile sees all or nothing.
/// Nothing is written if larder could not start with it, and the same `password` in the environment.
///
/// The error is a sentence.
pub(super) fn rewrite(
    file: &Path,
    changes: &[([&str; 2], Value)],
    password: Option<&Secret>,
) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    // Behind a link is the file that is meant.
    let file = &fs::canonicalize(file).map_err(failed)?;
    let text = fs::read_to_string(file).map_err(failed)?;
    let text = changed(&text, changes)?;
    check(file, &text, password)?;
    replace(file, &text).map_err(failed)
}

fn changed(text: &str, changes: &[([&str; 2], Value)]) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error| format!("{error}"))?;
    for ([section, option], value) in changes {
        let table = document.entry(section).or_insert(Item::Table(Table::new()));
        let table = table.as_table_like_mut().ok_or_else(|| format!("{section} is no section"))?;
        match table.get_mut(option).and_then(Item::as_value_mut) {
            Some(present) => {
                let decor = present.decor().clone();
                *present = value.clone();
                *present.decor_mut() = decor;
            }
            None => drop(table.insert(option, Item::Value(value.clone()))),
        }
    }
    Ok(document.to_string())
}

fn check(file: &Path, text: &str, password: Option<&Secret>) -> Result<(), String> {
    let text = ConfigText::new(file.display().to_string(), text);
    let overrides = Overrides { password: password.cloned(), ..Overrides::default() };
    match text.parse(&overrides) {
        Ok(_) => Ok(()),
        Err(report) => {
            let problems = text.render(&report).replace(['\r', '\n'], " ");
            Err(format!("larder could not start with it: {problems}"))
        }
    }
}

/// Puts a new file in the place of the old one, with its permissions.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut new = NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(fs::metadata(file)?.permissions())?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    fs::File::open(folder)?.sync_all()
}
