//! The strategy of a keyspace, each with the options that only it has.

use std::time::Duration;

use toml::Spanned;

use super::freshness::Loader;
use super::journal::Journals;
use super::section::Section;
use super::value::Positive;
use super::write_behind::WriteBehindConfig;

const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The names a strategy has in a configuration.
const NAMES: [(&str, Name); 5] = [
    ("cache-aside", Name::CacheAside),
    ("read-through", Name::ReadThrough),
    ("write-through", Name::WriteThrough),
    ("write-behind", Name::WriteBehind),
    ("write-around", Name::WriteAround),
];

/// The options that belong to one strategy.
const OWN: [(&str, Name); 5] = [
    ("order", Name::WriteThrough),
    ("write_timeout", Name::WriteThrough),
    ("write_behind", Name::WriteBehind),
    ("drop_cached", Name::WriteAround),
    ("read", Name::WriteAround),
];

/// How a keyspace keeps its copies and its source in step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrategyConfig {
    /// The application loads and fills; it writes the source, then invalidates.
    CacheAside,
    /// larder loads; the application writes the source, then invalidates.
    ReadThrough,
    /// A write goes to the source and to the cache, both or an error.
    WriteThrough {
        /// Which of the two is written first.
        order: WriteOrder,
        /// How long a write may take; after that its outcome is unknown.
        write_timeout: Duration,
    },
    /// A write is queued, cached and acknowledged; the source is written later.
    WriteBehind(WriteBehindConfig),
    /// A write goes to the source only.
    WriteAround {
        /// Who loads on a miss.
        read: ReadPolicy,
        /// Whether a write drops the cached copy. Without it a copy may be served until it
        /// expires, which is right only for data that is never changed.
        drop_cached: bool,
    },
}

/// What a write-through writes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOrder {
    /// The source.
    SourceFirst,
    /// The cache.
    CacheFirst,
}

/// Who loads on a miss of a write-around keyspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadPolicy {
    /// larder.
    ReadThrough,
    /// The application.
    CacheAside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    CacheAside,
    ReadThrough,
    WriteThrough,
    WriteBehind,
    WriteAround,
}

impl StrategyConfig {
    /// The strategy's name, as a configuration has it.
    pub fn name(&self) -> &'static str {
        word(match self {
            Self::CacheAside => Name::CacheAside,
            Self::ReadThrough => Name::ReadThrough,
            Self::WriteThrough { .. } => Name::WriteThrough,
            Self::WriteBehind(_) => Name::WriteBehind,
            Self::WriteAround { .. } => Name::WriteAround,
        })
    }

    pub(super) fn read(section: &mut Section<'_, '_>, journals: Journals<'_>) -> Option<Self> {
        let missing = !section.has("strategy");
        let Some(name) = section.choice("strategy", &NAMES).map(Spanned::into_inner) else {
            if missing {
                let known = NAMES.map(|(known, _)| known).join(", ");
                section.lacks(format!("needs a strategy, which is one of {known}"));
            }
            section.ignore(&OWN.map(|(option, _)| option));
            return None;
        };
        for (option, owner) in OWN.iter().filter(|(_, owner)| *owner != name) {
            let (owner, name) = (word(*owner), word(name));
            section.refuse(option, format!("belongs to {owner}, this is {name}: remove it"));
        }
        Some(name.read(section, journals))
    }

    pub(super) fn loader(&self) -> Loader {
        match self {
            Self::CacheAside | Self::WriteAround { read: ReadPolicy::CacheAside, .. } => {
                Loader::Application
            }
            _ => Loader::Larder,
        }
    }
}

impl Name {
    fn read(self, section: &mut Section<'_, '_>, journals: Journals<'_>) -> StrategyConfig {
        match self {
            Self::CacheAside => StrategyConfig::CacheAside,
            Self::ReadThrough => StrategyConfig::ReadThrough,
            Self::WriteThrough => StrategyConfig::WriteThrough {
                order: WriteOrder::read(section),
                write_timeout: section.take_or("write_timeout", Positive(WRITE_TIMEOUT)).0,
            },
            Self::WriteBehind => {
                StrategyConfig::WriteBehind(WriteBehindConfig::read(section, journals))
            }
            Self::WriteAround => StrategyConfig::WriteAround {
                read: ReadPolicy::read(section),
                drop_cached: section.take_or("drop_cached", true),
            },
        }
    }
}

impl WriteOrder {
    fn read(section: &mut Section<'_, '_>) -> Self {
        let words = [("source-first", Self::SourceFirst), ("cache-first", Self::CacheFirst)];
        section.choice("order", &words).map_or(Self::SourceFirst, Spanned::into_inner)
    }
}

impl ReadPolicy {
    fn read(section: &mut Section<'_, '_>) -> Self {
        let words = [("read-through", Self::ReadThrough), ("cache-aside", Self::CacheAside)];
        section.choice("read", &words).map_or(Self::ReadThrough, Spanned::into_inner)
    }
}

fn word(name: Name) -> &'static str {
    let known = NAMES.iter().find(|(_, known)| *known == name);
    known.map_or("", |(word, _)| word)
}
