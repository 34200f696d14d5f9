//! Where a source is and how larder talks to it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::section::{Section, hint};

const READERS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// A source: a database behind the cache.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// Its name, by which keyspaces refer to it.
    pub name: Spanned<String>,
    /// Its address as it was given.
    pub url: Spanned<String>,
    /// What kind of database it is, and that kind's options.
    pub kind: SourceKind,
}

/// A kind of database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// An SQLite file: `sqlite:PATH`.
    Sqlite {
        /// The file; a relative name has been joined to the data folder.
        path: PathBuf,
        /// How many connections read at the same time. One more writes.
        readers: NonZeroUsize,
        /// When a commit is on the disk.
        synchronous: Synchronous,
        /// Whether the table of airports that comes with larder is made in it.
        sample_data: bool,
    },
}

/// SQLite's `PRAGMA synchronous`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// Before it is acknowledged: nothing is lost when the power fails.
    Full,
    /// Soon after: the last commits may be lost when the power fails, nothing when a process dies.
    Normal,
}

impl SourceConfig {
    pub(super) fn read(
        name: Spanned<String>,
        section: &mut Section<'_, '_>,
        data: &Path,
    ) -> Option<Self> {
        let readers = section.take_or("readers", READERS);
        let synchronous = Synchronous::read(section);
        let sample_data = section.take_or("sample_data", false);
        if !section.has("url") {
            section.lacks(r#"needs a url, such as "sqlite:larder.db""#);
        }
        let url = section.take::<String>("url")?;
        match sqlite_file(url.get_ref()) {
            Ok(file) => {
                let path = data.join(file);
                let kind = SourceKind::Sqlite { path, readers, synchronous, sample_data };
                Some(Self { name, url, kind })
            }
            Err(message) => {
                section.problem(url.span(), message);
                None
            }
        }
    }
}

impl Synchronous {
    fn read(section: &mut Section<'_, '_>) -> Self {
        let words = [("full", Self::Full), ("normal", Self::Normal)];
        section.choice("synchronous", &words).map_or(Self::Full, Spanned::into_inner)
    }
}

fn sqlite_file(url: &str) -> Result<&str, String> {
    let Some((scheme, file)) = url.split_once(':') else {
        return Err(format!("url: {url:?} names no kind of database: write \"sqlite:{url}\""));
    };
    match scheme {
        "sqlite" if file.is_empty() => Err("url: name a file, as in \"sqlite:larder.db\"".into()),
        "sqlite" if file.starts_with(':') || file.starts_with("//") => {
            Err("url: write sqlite: and the name of a file, as in \"sqlite:larder.db\"".into())
        }
        "sqlite" => Ok(file),
        "postgres" | "postgresql" | "mysql" => {
            Err(format!("url: {scheme} is not supported by this version: use sqlite:FILE"))
        }
        _ => Err(format!(
            "url: {scheme:?} is no kind of database{}",
            hint(scheme, ["sqlite"].into_iter())
        )),
    }
}
