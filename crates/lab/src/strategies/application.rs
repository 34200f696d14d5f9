//! What an application does under each strategy: a file each, which opens with its part of the work.
//!
//! A strategy that the lab knows is such a file and its line in [`ALL`]; `through_larder` is what those
//! have in common that leave the database to larder.

mod cache_aside;
mod database_alone;
mod read_through;
mod through_larder;
mod write_around;
mod write_behind;
mod write_through;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use crate::failure::{Failure, Result};

use super::database::Database;
use super::evidence::Evidence;
use super::wire::Wire;

/// The keyspace that larder serves in the lab.
pub(super) const KEYSPACE: &str = "lab";

/// What the keys of that keyspace begin with.
const PREFIX: &str = "lab:";

/// Every strategy, the reference first, since the others are compared with it.
pub(super) const ALL: [&Strategy; 8] = [
    &database_alone::STRATEGY,
    &cache_aside::STRATEGY,
    &read_through::STRATEGY,
    &write_through::STRATEGY,
    &write_through::CACHE_FIRST,
    &write_behind::STRATEGY,
    &write_behind::IN_MEMORY,
    &write_around::STRATEGY,
];

/// The database alone.
pub(super) const REFERENCE: &Strategy = ALL[0];

/// Write-behind as textbooks have it in mind.
pub(super) const QUEUE_IN_MEMORY: &Strategy = &write_behind::IN_MEMORY;

/// A caching strategy, or none.
pub(super) struct Strategy {
    /// As the command line and the report spell it.
    pub(super) name: &'static str,
    /// What larder is told of its keyspace, whose journal goes into the folder; `None` where there is no
    /// larder.
    pub(super) keyspace: Option<fn(&Path) -> String>,
    /// An application that works this way.
    pub(super) application: fn(&Surroundings<'_>) -> Result<Box<dyn Application>>,
    /// What is measured of it.
    pub(super) extent: Extent,
    /// What textbooks say of it.
    pub(super) said: Option<Said>,
    /// When to choose it, with what was measured.
    pub(super) advice: fn(&Evidence<'_>) -> String,
}

/// What is measured of a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Everything.
    Whole,
    /// What a crash costs, to be held against another one.
    CrashOnly,
}

/// A row of the table that textbooks have.
pub(super) struct Said {
    pub(super) read: Speed,
    pub(super) write: Speed,
    pub(super) consistency: Consistency,
    pub(super) complexity: &'static str,
    pub(super) serves: &'static str,
}

/// How fast something is said to be, beside the database alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speed {
    VeryFast,
    Fast,
    Normal,
    Slow,
}

/// What a reader is said to be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consistency {
    High,
    Medium,
    LowToMedium,
}

/// What an application finds.
pub(super) struct Surroundings<'a> {
    /// Where larder listens, if there is one.
    pub(super) larder: Option<SocketAddr>,
    /// The database.
    pub(super) database: &'a Database,
}

/// One client of an application.
pub(super) trait Application: Send {
    /// Reads a key.
    fn read(&mut self, key: u64) -> Result<Option<Vec<u8>>>;

    /// Writes a key, and does all that the strategy asks of a write. Answers when the system of record
    /// was known to have it, or, under write-behind, when larder vouched for it.
    fn write(&mut self, key: u64, value: Vec<u8>) -> Result<Instant>;
}

/// The strategies that are measured, unless the command line names some; the reference always.
pub(super) fn chosen(names: &[String]) -> Result<Vec<&'static Strategy>> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|known| known.name == **name)) {
        let known = ALL.map(|strategy| strategy.name).join(", ");
        return Err(Failure::misuse(format!("there is no strategy {unknown:?}, but {known}")));
    }
    let is_wanted = |strategy: &&Strategy| {
        names.is_empty()
            || strategy.name == REFERENCE.name
            || names.iter().any(|n| n == strategy.name)
    };
    Ok(ALL.into_iter().filter(is_wanted).collect())
}

impl Surroundings<'_> {
    /// A connection to larder.
    fn cache(&self) -> Result<Wire> {
        let address = self.larder.ok_or_else(|| Failure::run("this strategy needs a larder"))?;
        Wire::connect(address)
    }
}

impl Speed {
    /// As the table has it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::VeryFast => "very fast",
            Self::Fast => "fast",
            Self::Normal => "normal",
            Self::Slow => "slow",
        }
    }
}

impl Consistency {
    /// As the table has it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium (eventual)",
            Self::LowToMedium => "low-medium (eventual)",
        }
    }
}

/// A key as larder's clients spell it.
fn wire_key(key: u64) -> String {
    format!("{PREFIX}{key}")
}

/// What larder is told of its keyspace, with the lines of a strategy behind what all have in common.
pub(super) fn keyspace(table: &str, freshness: &str, capacity: u64, strategy: &str) -> String {
    format!(
        "[keyspaces.{KEYSPACE}]\nprefix = \"{PREFIX}\"\nsource = \"main\"\ntable = \"{table}\"\n\
         key = \"key\"\nvalue = \"value\"\n{freshness}max_entries = {capacity}\n{strategy}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_measured_whatever_is_chosen() {
        let names = |chosen: Vec<&Strategy>| chosen.iter().map(|s| s.name).collect::<Vec<_>>();
        let behind = chosen(&["write-behind".to_owned()]).unwrap();
        assert_eq!(names(behind), [REFERENCE.name, "write-behind"]);
        let twice = chosen(&["write-behind".to_owned(), "write-behind".to_owned()]).unwrap();
        assert_eq!(names(twice), [REFERENCE.name, "write-behind"]);
        assert_eq!(chosen(&[]).unwrap().len(), ALL.len());
    }

    #[test]
    fn a_strategy_that_is_not_there_is_named_with_those_that_are() {
        let refusal = chosen(&["write-back".to_owned()]).err().unwrap().to_string();
        assert!(
            refusal.contains("\"write-back\"") && refusal.contains("write-behind"),
            "{refusal}"
        );
    }

    #[test]
    fn only_the_reference_does_without_larder_and_textbooks_know_no_variants() {
        for strategy in ALL {
            assert_eq!(strategy.keyspace.is_none(), strategy.name == REFERENCE.name);
            let is_variant = |other: &Strategy| {
                strategy.name != other.name && strategy.name.starts_with(other.name)
            };
            let has_row = strategy.name != REFERENCE.name && !ALL.into_iter().any(is_variant);
            assert_eq!(strategy.said.is_some(), has_row, "{}", strategy.name);
        }
    }
}
