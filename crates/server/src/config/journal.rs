//! Where the writes of a write-behind keyspace are queued.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;

use super::keyspace::KeyspaceConfig;
use super::section::Section;
use super::strategy::StrategyConfig;
use super::units;
use super::value::Size;

const SEGMENT_SIZE: NonZeroU64 = NonZeroU64::new(64 << 20).unwrap();
const SEGMENT_SIZE_MIN: NonZeroU64 = NonZeroU64::new(1 << 20).unwrap();

/// The folder in the data folder that journals are in.
const FOLDER: &str = "journal";

/// The options of a journal in files.
const OF_FILES: [&str; 3] = ["sync", "journal_dir", "segment_size"];

/// Where writes are queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalConfig {
    /// In memory: what is queued does not survive the process.
    Memory,
    /// In files.
    Durable(DurableConfig),
}

/// A journal in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurableConfig {
    /// Its folder, which no other keyspace and no other process uses.
    pub folder: PathBuf,
    /// When a write is on the disk.
    pub sync: SyncConfig,
    /// How large one of its files is.
    pub segment_size: NonZeroU64,
}

/// When an acknowledged write is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncConfig {
    /// Before it is acknowledged.
    Always,
    /// So much later at most.
    Interval(Duration),
    /// When the system likes.
    Os,
}

/// What the folder of a journal that is not named depends on.
#[derive(Clone, Copy)]
pub(super) struct Journals<'a> {
    pub(super) data: &'a Path,
    pub(super) keyspace: &'a str,
}

impl JournalConfig {
    pub(super) fn read(section: &mut Section<'_, '_>, journals: Journals<'_>) -> Self {
        let words = [("durable", true), ("memory", false)];
        if section.choice("journal", &words).is_none_or(Spanned::into_inner) {
            return Self::Durable(DurableConfig::read(section, journals));
        }
        for option in OF_FILES {
            section.refuse(option, "has no use with journal = \"memory\": remove one of the two");
        }
        Self::Memory
    }

    /// What holds when nothing is said.
    pub(super) fn durable(journals: Journals<'_>) -> Self {
        Self::Durable(DurableConfig::new(journals))
    }
}

impl DurableConfig {
    fn new(Journals { data, keyspace }: Journals<'_>) -> Self {
        let folder = journals_in(data).join(keyspace);
        Self { folder, sync: SyncConfig::Always, segment_size: SEGMENT_SIZE }
    }

    fn read(section: &mut Section<'_, '_>, journals: Journals<'_>) -> Self {
        let default = Self::new(journals);
        let folder = section.take::<String>("journal_dir");
        let folder = folder.map(|folder| journals.data.join(folder.into_inner()));
        Self {
            folder: folder.unwrap_or(default.folder),
            sync: SyncConfig::read(section),
            segment_size: segment_size(section),
        }
    }
}

/// The folder of the journals whose own is not named.
pub(crate) fn journals_in(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

fn segment_size(section: &mut Section<'_, '_>) -> NonZeroU64 {
    let Some(size) = section.take::<Size>("segment_size") else { return SEGMENT_SIZE };
    if size.get_ref().0 < SEGMENT_SIZE_MIN {
        let message = "segment_size: is too small for the files of a journal: at least 1MiB";
        section.problem(size.span(), message);
    }
    size.into_inner().0
}

impl SyncConfig {
    fn read(section: &mut Section<'_, '_>) -> Self {
        let Some(mode) = section.take::<String>("sync") else { return Self::Always };
        Self::parse(mode.get_ref()).unwrap_or_else(|| {
            let message = r#"sync: expected "always", "os", or "interval:" and a duration above zero, such as "interval:50ms""#;
            section.problem(mode.span(), message);
            Self::Always
        })
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "always" => Some(Self::Always),
            None if text == "os" => Some(Self::Os),
            Some(("interval", span)) => {
                units::duration(span).filter(|span| !span.is_zero()).map(Self::Interval)
            }
            _ => None,
        }
    }
}

/// Refuses a folder in which an earlier keyspace has its journal already.
pub(super) fn check_folders(keyspaces: &[KeyspaceConfig], section: &mut Section<'_, '_>) {
    let mut owners = BTreeMap::new();
    for KeyspaceConfig { name, strategy, .. } in keyspaces {
        let Some(journal) = strategy.durable() else { continue };
        if let Some(owner) = owners.insert(&journal.folder, name.get_ref()) {
            let folder = journal.folder.display();
            let message =
                format!("journal_dir: {folder} has the journal of {owner} already: choose another");
            section.problem(name.span(), message);
        }
    }
}

impl StrategyConfig {
    /// The journal in files, where the strategy has one.
    pub fn durable(&self) -> Option<&DurableConfig> {
        match self {
            Self::WriteBehind(config) => match &config.journal {
                JournalConfig::Durable(journal) => Some(journal),
                JournalConfig::Memory => None,
            },
            _ => None,
        }
    }
}
