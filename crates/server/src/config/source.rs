//! Where a source is and how larder talks to it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::auth::Secret;
use super::breaker::BreakerConfig;
use super::database::{DatabaseConfig, OWN as OF_DATABASES};
use super::section::{Section, hint};

const READERS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// The options that only an SQLite file has.
const OF_SQLITE: [&str; 3] = ["readers", "synchronous", "sample_data"];

/// A source: a database behind the cache.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// Its name, by which keyspaces refer to it.
    pub name: Spanned<String>,
    /// Its address as it was given; a password may stand in it.
    pub url: Spanned<Secret>,
    /// What kind of database it is, and that kind's options.
    pub kind: SourceKind,
    /// When it is left alone for a while because it fails; `None` for never.
    pub breaker: Option<BreakerConfig>,
}

/// A kind of database.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// An SQLite file: `sqlite:PATH`.
    Sqlite(SqliteConfig),
    /// A PostgreSQL server: `postgres://USER@HOST/DATABASE`.
    Postgres(DatabaseConfig),
    /// A MySQL or MariaDB server: `mysql://USER@HOST/DATABASE`.
    Mysql(DatabaseConfig),
}

/// An SQLite file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteConfig {
    /// The file; a relative name has been joined to the data folder.
    pub path: PathBuf,
    /// How many connections read at the same time. One more writes.
    pub readers: NonZeroUsize,
    /// When a commit is on the disk.
    pub synchronous: Synchronous,
    /// Whether the table of airports that comes with larder is made in it.
    pub sample_data: bool,
}

/// SQLite's `PRAGMA synchronous`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// Before it is acknowledged: nothing is lost when the power fails.
    Full,
    /// Soon after: the last commits may be lost when the power fails, nothing when a process dies.
    Normal,
}

/// What an address says.
enum Address<'u> {
    File(&'u str),
    Postgres,
    Mysql,
}

impl SourceConfig {
    pub(super) fn read(
        name: Spanned<String>,
        section: &mut Section<'_, '_>,
        data: &Path,
    ) -> Option<Self> {
        if !section.has("url") {
            section.lacks(r#"needs a url, such as "sqlite:larder.db""#);
        }
        let Some(url) = section.take::<String>("url") else {
            section.ignore(&OF_SQLITE);
            section.ignore(&OF_DATABASES);
            section.ignore(&["breaker"]);
            return None;
        };
        let address = Address::of(url.get_ref());
        if let Err(message) = &address {
            section.problem(url.span(), message.clone());
        }
        let kind = match address.unwrap_or(Address::File("")) {
            Address::File(file) => {
                refuse(section, &OF_DATABASES, "an SQLite file");
                SourceKind::Sqlite(SqliteConfig::read(section, data.join(file)))
            }
            Address::Postgres => SourceKind::Postgres(server(section, &url)),
            Address::Mysql => SourceKind::Mysql(server(section, &url)),
        };
        let is_remote = !matches!(kind, SourceKind::Sqlite(_));
        let breaker = BreakerConfig::read(section, is_remote);
        let url = Spanned::new(url.span(), Secret::from(url.into_inner()));
        Some(Self { name, url, kind, breaker })
    }
}

/// A database that is reached over a network.
fn server(section: &mut Section<'_, '_>, url: &Spanned<String>) -> DatabaseConfig {
    refuse(section, &OF_SQLITE, "a server");
    DatabaseConfig::read(section, url)
}

fn refuse(section: &mut Section<'_, '_>, names: &[&'static str], what: &str) {
    for name in names {
        section.refuse(name, format!("has no meaning for {what}: remove it"));
    }
}

impl SqliteConfig {
    fn read(section: &mut Section<'_, '_>, path: PathBuf) -> Self {
        Self {
            path,
            readers: section.take_or("readers", READERS),
            synchronous: Synchronous::read(section),
            sample_data: section.take_or("sample_data", false),
        }
    }
}

impl Synchronous {
    fn read(section: &mut Section<'_, '_>) -> Self {
        let words = [("full", Self::Full), ("normal", Self::Normal)];
        section.choice("synchronous", &words).map_or(Self::Full, Spanned::into_inner)
    }
}

impl<'u> Address<'u> {
    fn of(url: &'u str) -> Result<Self, String> {
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(format!("url: {url:?} names no kind of database: write \"sqlite:{url}\""));
        };
        match scheme {
            "sqlite" => sqlite_file(rest).map(Self::File),
            "postgres" | "postgresql" if is_place(rest) => Ok(Self::Postgres),
            "mysql" if is_place(rest) => Ok(Self::Mysql),
            "postgres" | "postgresql" | "mysql" => {
                Err(format!("url: write it as {scheme}://user@host:port/database"))
            }
            _ => {
                let hint = hint(scheme, ["sqlite", "postgres", "mysql"].into_iter());
                Err(format!("url: {scheme:?} is no kind of database{hint}"))
            }
        }
    }
}

/// Whether an address names a host and a database behind its scheme.
fn is_place(rest: &str) -> bool {
    let Some((host, database)) = rest.strip_prefix("//").and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    !host.is_empty() && !database.is_empty()
}

fn sqlite_file(file: &str) -> Result<&str, String> {
    match file {
        "" => Err("url: name a file, as in \"sqlite:larder.db\"".into()),
        _ if file.starts_with(':') || file.starts_with("//") => {
            Err("url: write sqlite: and the name of a file, as in \"sqlite:larder.db\"".into())
        }
        _ => Ok(file),
    }
}
