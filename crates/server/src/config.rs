//! The configuration: what it may say, and what is wrong with one.
//!
//! A configuration is read whole or not at all. [`ConfigText::parse`] answers a [`Config`] in which
//! every combination makes sense, or a [`Report`] of everything that is wrong, each with its place
//! in the text. What only the database can tell (a column that is not there) is checked later by
//! whoever opens it: names that come from the text keep their place as [`toml::Spanned`], for
//! [`Problem::at`].
//!
//! The command line goes before the file, and the file before the defaults. A file that names
//! sources and keyspaces replaces the built-in ones, it does not add to them.

mod auth;
mod breaker;
mod database;
mod freshness;
mod journal;
mod keyspace;
mod limits;
mod listen;
mod problem;
mod section;
mod server;
mod source;
mod strategy;
mod tls;
mod units;
mod value;
mod write_behind;

use std::io;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

pub use auth::{AuthConfig, PasswordConfig, Secret};
pub use breaker::BreakerConfig;
pub use database::DatabaseConfig;
pub use freshness::{FreshnessConfig, LoadTimeoutConfig};
pub(crate) use journal::journals_in;
pub use journal::{DurableConfig, JournalConfig, SyncConfig};
pub use keyspace::{DEFAULT_NAME, KeyspaceConfig, RowsConfig, ValueConfig};
pub use limits::{Capacity, LimitsConfig};
pub use listen::ListenConfig;
pub use problem::{Problem, Report};
pub use server::Unmatched;
pub use source::{SourceConfig, SourceKind, SqliteConfig, Synchronous};
pub use strategy::{ReadPolicy, StrategyConfig, WriteOrder};
pub use tls::{ClientAuth, TlsConfig, TlsVersion};
pub use write_behind::{OnFull, WriteBehindConfig};

use crate::model::ModelName;
use keyspace::Surroundings;
use listen::Addresses;
use section::{Findings, Section};

/// A configuration in which everything makes sense as far as its text can tell.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where clients connect without TLS; may be nowhere when there is TLS.
    pub listen: Vec<ListenConfig>,
    /// Where they connect with TLS, and what it takes.
    pub tls: Option<TlsConfig>,
    /// The folder that relative file names of sources have been joined to.
    pub data: PathBuf,
    /// Who may connect.
    pub auth: AuthConfig,
    /// How connections are driven.
    pub model: ModelName,
    /// What happens to keys that match no prefix.
    pub unmatched: Unmatched,
    /// What is bounded.
    pub limits: LimitsConfig,
    /// The sources, in the order of the text.
    pub sources: Vec<SourceConfig>,
    /// The keyspaces, in the order of the text.
    pub keyspaces: Vec<KeyspaceConfig>,
}

impl Config {
    /// The source of that name.
    pub fn source(&self, name: &str) -> Option<&SourceConfig> {
        self.sources.iter().find(|source| source.name.get_ref() == name)
    }

    /// Whether clients of other machines get in without a certificate.
    pub fn is_reachable(&self) -> bool {
        let addresses = Addresses { plain: &self.listen, tls: self.tls.as_ref() };
        addresses.unprotected().is_some()
    }

    /// Every address to listen on: those without TLS, then those with it.
    pub fn listeners(&self) -> impl Iterator<Item = &ListenConfig> {
        Addresses { plain: &self.listen, tls: self.tls.as_ref() }.iter()
    }
}

/// What the command line says instead of the file, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--listen`
    pub listen: Option<String>,
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--model`
    pub model: Option<String>,
    /// The password of the user `default`, from the environment.
    pub password: Option<Secret>,
}

/// The text of a configuration and what to call it.
///
/// ```
/// use larder_server::config::{ConfigText, Overrides};
///
/// let text = ConfigText::new("larder.toml", "listen = \"127.0.0.1:7000\"\nmodle = \"tasks\"\n");
/// let report = text.parse(&Overrides::default()).unwrap_err();
/// assert!(text.render(&report).starts_with("larder.toml:2:1: \"modle\" is not an option"));
/// assert!(text.render(&report).contains("did you mean \"model\"?"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigText {
    path: String,
    text: String,
}

impl ConfigText {
    /// A text, and the path or other name by which reports call it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// The configuration that holds without a file: a keyspace for each strategy over tables that
    /// larder makes, and `airport:` over the airports that come with it.
    pub fn built_in() -> Self {
        Self::new("the built-in configuration", include_str!("config/default.toml"))
    }

    /// The text of a file. Fails when the file cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(Self::new(path.display().to_string(), std::fs::read_to_string(path)?))
    }

    /// The configuration, or everything that is wrong with the text and the command line.
    pub fn parse(&self, overrides: &Overrides) -> Result<Config, Report> {
        let (config, findings) = self.examine(overrides);
        match config {
            Some(config) if findings.report.is_empty() => Ok(config),
            _ => Err(findings.report),
        }
    }

    /// A report on this text, for a person to read.
    pub fn render(&self, report: &Report) -> String {
        report.render(&self.path, &self.text)
    }

    fn examine(&self, overrides: &Overrides) -> (Option<Config>, Findings) {
        let mut findings = Findings::default();
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        if errors.is_empty() {
            let read = |root: &mut Section<'_, '_>| Config::read(root, overrides);
            let config = Section::root(table.into_inner(), &mut findings, read);
            return (config, findings);
        }
        for error in errors {
            let at = error.span().unwrap_or(0..0);
            findings.report.push(Problem::at(at, error.message()));
        }
        (None, findings)
    }
}

impl Config {
    fn read(root: &mut Section<'_, '_>, overrides: &Overrides) -> Option<Self> {
        let listen = listen::plain(root, overrides.listen.as_deref());
        let tls = root.within("tls", TlsConfig::read).flatten();
        let auth = root.within("auth", AuthConfig::read).unwrap_or_default();
        let auth = auth.or_from_environment(overrides.password.as_ref());
        let plain = listen.as_deref().unwrap_or_default();
        Addresses { plain, tls: tls.as_ref() }.check(root, auth.is_set());
        let model = server::model(root, overrides.model.as_deref());
        let data = server::data(root, overrides.data.as_deref());
        let limits = root.within("limits", LimitsConfig::read).unwrap_or_default();
        let mut names = Vec::new();
        let sources = root.each("sources", |name, section| {
            names.push(name.get_ref().clone());
            SourceConfig::read(name, section, &data)
        });
        let surroundings = Surroundings { sources: &names, data: &data };
        let keyspaces = root
            .each("keyspaces", |name, section| KeyspaceConfig::read(name, section, surroundings));
        keyspace::check_prefixes(&keyspaces, root);
        journal::check_folders(&keyspaces, root);
        let unmatched = Unmatched::read(root);
        let (listen, model) = (listen?, model?);
        Some(Self { listen, tls, auth, data, model, unmatched, limits, sources, keyspaces })
    }
}

#[cfg(test)]
mod tests;
