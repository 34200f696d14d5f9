//! Looks whether the databases bear a configuration out, before anything is made in them.

use std::collections::HashMap;
use std::path::Path;

use larder::source::sqlite::{Sqlite, SqliteOptions};
use larder::source::{SourceError, SourceErrorKind};
use tempfile::TempDir;
use toml::Spanned;

use super::database::Database;
use super::table::table;
use crate::airports;
use crate::config::{
    Config, KeyspaceConfig, Problem, Report, RowsConfig, SourceConfig, SourceKind, SqliteConfig,
};

/// The databases that exist already, open, by the names of their sources.
///
/// # Errors
///
/// Everything in `config` that the databases, with the tables that larder will make in them, do not
/// bear out. No file and no table has been made.
pub(super) async fn survey(config: &Config) -> Result<HashMap<String, Database>, Report> {
    let mut survey = Survey::default();
    for source in &config.sources {
        survey.open(source).await;
    }
    for keyspace in &config.keyspaces {
        survey.check(keyspace).await;
    }
    match survey.report.is_empty() {
        true => Ok(survey.databases),
        false => Err(survey.report),
    }
}

#[derive(Default)]
struct Survey {
    databases: HashMap<String, Database>,
    /// What is to be made, by the names of the sources.
    plans: HashMap<String, Plan>,
    report: Report,
}

/// A database elsewhere, with the empty tables that larder will make in one of the user's.
struct Plan {
    database: Database,
    _folder: TempDir,
}

impl Survey {
    async fn open(&mut self, source: &SourceConfig) {
        let name = source.name.get_ref();
        let opened = match &source.kind {
            SourceKind::Sqlite(sqlite) if is_to_be_made(&sqlite.path) => {
                self.plan(name, sqlite.sample_data).await
            }
            _ => self.open_existing(source).await,
        };
        if let Err(error) = opened {
            self.problem(&source.url, "url", &error);
        }
    }

    async fn open_existing(&mut self, source: &SourceConfig) -> Result<(), SourceError> {
        let database = Database::open(source, false).await?;
        let wants_sample =
            matches!(&source.kind, SourceKind::Sqlite(SqliteConfig { sample_data: true, .. }));
        let lacks_sample = wants_sample && !database.has_table(airports::TABLE).await?;
        self.databases.insert(source.name.get_ref().clone(), database);
        match lacks_sample {
            true => self.plan(source.name.get_ref(), true).await,
            false => Ok(()),
        }
    }

    async fn plan(&mut self, name: &str, sample_data: bool) -> Result<(), SourceError> {
        self.plans.insert(name.to_owned(), Plan::new(sample_data).await?);
        Ok(())
    }

    async fn check(&mut self, keyspace: &KeyspaceConfig) {
        let (at, name) = match &keyspace.rows {
            RowsConfig::Own => (&keyspace.name, keyspace.name.get_ref()),
            RowsConfig::Table { table, .. } => (table, table.get_ref()),
        };
        let found = match self.place(keyspace.source.get_ref(), name).await {
            Ok(Place::Lacks(_)) if matches!(keyspace.rows, RowsConfig::Own) => return,
            Ok(Place::Unknown) => return,
            Ok(Place::Has(database) | Place::Lacks(database)) => table(&database, keyspace).await,
            Err(error) => Err(error),
        };
        if let Err(error) = found {
            self.problem(at, "table", &error);
        }
    }

    /// Where a table is or will be.
    async fn place(&self, source: &str, table: &str) -> Result<Place, SourceError> {
        let (made, plan) = (self.databases.get(source), self.plans.get(source));
        let plan = plan.map(|plan| &plan.database);
        for database in [made, plan].into_iter().flatten() {
            if database.has_table(table).await? {
                return Ok(Place::Has(database.clone()));
            }
        }
        Ok(made.or(plan).map_or(Place::Unknown, |database| Place::Lacks(database.clone())))
    }

    fn problem<T>(&mut self, at: &Spanned<T>, option: &str, error: &SourceError) {
        self.report.push(Problem::at(at.span(), format!("{option}: {error}")));
    }
}

/// The database that a table should be in.
enum Place {
    Has(Database),
    Lacks(Database),
    /// It could not be opened, which has been reported.
    Unknown,
}

impl Plan {
    async fn new(sample_data: bool) -> Result<Self, SourceError> {
        let folder = tempfile::tempdir().map_err(|error| {
            let sentence = format!("a folder for temporary files cannot be had: {error}");
            SourceError::new(SourceErrorKind::Unavailable, sentence)
        })?;
        let sqlite =
            Sqlite::open(folder.path().join("plan.db"), SqliteOptions::default().readers(1))?;
        if sample_data {
            sqlite.write(|connection| Ok(connection.execute_batch(airports::CREATE)?)).await?;
        }
        Ok(Self { database: Database::Sqlite(sqlite), _folder: folder })
    }
}

/// Whether there is no such file in a folder that exists.
fn is_to_be_made(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    !path.exists() && folder.is_none_or(Path::is_dir)
}
