//! A keyspace: a prefix, the rows behind it, one strategy, one freshness policy, one bound.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;

use super::freshness::{FreshnessConfig, Loader};
use super::journal::Journals;
use super::limits::Capacity;
use super::section::{Section, hint};
use super::strategy::StrategyConfig;
use super::value::texts;

/// The name that the keyspace without a source goes by.
pub const DEFAULT_NAME: &str = "default";

/// A keyspace with a source.
#[derive(Debug, Clone)]
pub struct KeyspaceConfig {
    /// Its name.
    pub name: Spanned<String>,
    /// Keys that begin so belong to it; where several do, to the longest. Not empty, and no other
    /// keyspace has the same.
    pub prefix: Spanned<String>,
    /// The name of its source, which the configuration has.
    pub source: Spanned<String>,
    /// The rows behind its keys.
    pub rows: RowsConfig,
    /// How copies and source are kept in step.
    pub strategy: StrategyConfig,
    /// How long copies may be served.
    pub freshness: FreshnessConfig,
    /// How much it may hold in memory.
    pub capacity: Capacity,
}

/// The rows behind the keys of a keyspace.
#[derive(Debug, Clone)]
pub enum RowsConfig {
    /// A table that larder makes, named as the keyspace, with the columns `key` and `value`.
    Own,
    /// A table of the source.
    Table {
        /// Its name.
        table: Spanned<String>,
        /// The columns that make up the key, joined by `:`. At least one, none twice.
        key: Vec<Spanned<String>>,
        /// What the value is.
        value: ValueConfig,
    },
}

/// What the value of a key is, in terms of its row.
#[derive(Debug, Clone)]
pub enum ValueConfig {
    /// The row: `value = "row"`, also when nothing is said.
    Row,
    /// One column, which is not part of the key.
    Column(Spanned<String>),
}

/// What the rest of the configuration says that a keyspace depends on.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The names of the sources.
    pub(super) sources: &'a [String],
    /// The data folder.
    pub(super) data: &'a Path,
}

impl KeyspaceConfig {
    pub(super) fn read(
        name: Spanned<String>,
        section: &mut Section<'_, '_>,
        surroundings: Surroundings<'_>,
    ) -> Option<Self> {
        check_name(&name, section);
        let prefix = required(section, "prefix", "airport:");
        let source = source(section, surroundings.sources);
        let rows = RowsConfig::read(section);
        let journals = Journals { data: surroundings.data, keyspace: name.get_ref() };
        let strategy = StrategyConfig::read(section, journals);
        let loader = strategy.as_ref().map_or(Loader::Unknown, StrategyConfig::loader);
        let freshness = FreshnessConfig::read(section, loader);
        let capacity = Capacity::read(section);
        Some(Self {
            name,
            prefix: prefix?,
            source: source?,
            rows: rows?,
            strategy: strategy?,
            freshness,
            capacity,
        })
    }
}

impl RowsConfig {
    fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        if !section.has("table") {
            for name in ["key", "value"] {
                section.refuse(name, "speaks of a table: name it with table = \"...\"");
            }
            return Some(Self::Own);
        }
        let table = required(section, "table", "airports");
        let key = key(section);
        let value = section.take::<String>("value").filter(|value| value.get_ref() != "row");
        let twice =
            |key: &Vec<Spanned<String>>| key.iter().any(|name| Some(name) == value.as_ref());
        if let Some(column) = value.as_ref().filter(|_| key.as_ref().is_some_and(twice)) {
            let message = "value: this column is part of the key: name another, or say \"row\"";
            section.problem(column.span(), message);
        }
        let value = value.map_or(ValueConfig::Row, ValueConfig::Column);
        Some(Self::Table { table: table?, key: key?, value })
    }
}

/// Refuses a prefix that an earlier keyspace has already.
pub(super) fn check_prefixes(keyspaces: &[KeyspaceConfig], section: &mut Section<'_, '_>) {
    let mut owners = BTreeMap::new();
    for KeyspaceConfig { name, prefix, .. } in keyspaces {
        if let Some(owner) = owners.insert(prefix.get_ref(), name.get_ref()) {
            let prefix_text = prefix.get_ref();
            let message =
                format!("prefix: {prefix_text:?} is that of {owner} already: choose another");
            section.problem(prefix.span(), message);
        }
    }
}

fn check_name(name: &Spanned<String>, section: &mut Section<'_, '_>) {
    let text = name.get_ref();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if text == DEFAULT_NAME {
        let message = "\"default\" is the keyspace without a source: choose another name";
        section.problem(name.span(), message);
    } else if text.is_empty() || !text.chars().all(plain) {
        let message = "a keyspace's name is made of letters, digits, '_' and '-'";
        section.problem(name.span(), message);
    }
}

fn source(section: &mut Section<'_, '_>, sources: &[String]) -> Option<Spanned<String>> {
    let source = required(section, "source", "main")?;
    if sources.contains(source.get_ref()) {
        return Some(source);
    }
    let name = source.get_ref();
    let hint = hint(name, sources.iter().map(String::as_str));
    section.problem(source.span(), format!("source: there is no [sources.{name}]{hint}"));
    None
}

fn key(section: &mut Section<'_, '_>) -> Option<Vec<Spanned<String>>> {
    let Some(value) = section.take_any("key") else {
        section.lacks("needs the column its keys are in: key = \"id\", or key = [\"a\", \"b\"]");
        return None;
    };
    let Some(columns) = texts(&value).filter(|columns| !columns.is_empty()) else {
        let message = "key: expected a column such as \"id\", or several such as [\"a\", \"b\"]";
        section.problem(value.span(), message);
        return None;
    };
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].contains(column) {
            section.problem(column.span(), "key: this column is named twice: remove one");
        }
    }
    Some(columns)
}

/// A text that has to be there.
fn required(
    section: &mut Section<'_, '_>,
    name: &'static str,
    example: &str,
) -> Option<Spanned<String>> {
    if !section.has(name) {
        section.lacks(format!("needs a {name}, such as {name} = {example:?}"));
    }
    section.take(name)
}
