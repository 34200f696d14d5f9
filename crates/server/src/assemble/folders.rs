//! The folders of journals, looked at before anything is opened.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use larder::journal::{Directory, Inspection, OpenError, inspect};
use toml::Spanned;

use crate::config::{Config, DurableConfig, Problem, Report, journals_in};

/// Reports a folder with writes that no keyspace of `config` would bring to a source: they were
/// acknowledged, and would wait for ever.
///
/// Only the folders that keyspaces have when theirs is not named are looked at.
pub(super) fn check_forgotten(config: &Config, report: &mut Report) {
    let used: BTreeSet<PathBuf> = journals(config).map(|(_, files)| files.folder.clone()).collect();
    for folder in folders_in(&journals_in(&config.data)) {
        if used.contains(&folder) {
            continue;
        }
        match inspect(&folder, |_| ()) {
            Ok(Inspection { held: 0, damage: None, ref dead, .. }) if dead.is_empty() => {}
            Ok(found) => report.push(Problem::elsewhere(forgotten(config, &folder, &found))),
            // It is no journal.
            Err(OpenError::Disk { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => report.push(Problem::elsewhere(error.to_string())),
        }
    }
}

/// What is found in the folders of the journals of `config`, a line each. What would keep them from being
/// opened is reported.
pub(super) fn survey(config: &Config, report: &mut Report) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, files) in journals(config).filter(|(_, files)| files.folder.exists()) {
        match looked_at(&files.folder) {
            Ok(Some(line)) => lines.push(format!("keyspace {}: {line}", name.get_ref())),
            Ok(None) => {}
            Err(message) => {
                report.push(Problem::at(name.span(), format!("write_behind: {message}")));
            }
        }
    }
    lines
}

/// The journals in files, with the names of their keyspaces.
fn journals(config: &Config) -> impl Iterator<Item = (&Spanned<String>, &DurableConfig)> {
    config
        .keyspaces
        .iter()
        .filter_map(|keyspace| Some((&keyspace.name, keyspace.strategy.durable()?)))
}

/// What is found in a folder; `None` when there is no journal yet.
fn looked_at(folder: &Path) -> Result<Option<String>, String> {
    let found = match inspect(folder, |_| ()) {
        Err(OpenError::Disk { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        found => found.map_err(|error| error.to_string())?,
    };
    if let Some(damage) = found.damage {
        let place = folder.display();
        return Err(format!("{damage}; `larder journal verify {place}` looks into it"));
    }
    let used = match Directory::open(folder) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => ", in use by another process",
        _ => "",
    };
    let (place, identity) = (folder.display(), &found.identity);
    let (held, dead) = (found.held, found.dead.len());
    Ok(Some(format!(
        "the journal {place} ({identity}) holds {held} writes and {dead} dead letters{used}"
    )))
}

fn forgotten(config: &Config, folder: &Path, found: &Inspection) -> String {
    let (place, held, dead) = (folder.display(), found.held, found.dead.len());
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let of_keyspace = |keyspace: &&crate::config::KeyspaceConfig| *keyspace.name.get_ref() == name;
    let why = match config.keyspaces.iter().find(of_keyspace) {
        Some(keyspace) => format!("keyspace {name} is now {}", keyspace.strategy.name()),
        None => format!("there is no keyspace {name} any more"),
    };
    format!(
        "the journal {place} holds {held} writes and {dead} dead letters that the source does not \
         have, and {why} without this journal: serve it as a durable write-behind once more until \
         `larder journal flush {name}` succeeds and no dead letter is left, or move the folder away to \
         give them up"
    )
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort_unstable();
    folders
}
