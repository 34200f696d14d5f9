//! Looks whether the databases bear a configuration out, before anything is made in them.

use std::collections::HashMap;
use std::path::Path;

use larder::source::sqlite::{Sqlite, SqliteOptions};
use larder::source::{SourceError, SourceErrorKind};
use tempfile::TempDir;
use toml::Spanned;

use super::table::{options, table};
use crate::airports;
use crate::config::{
    Config, KeyspaceConfig, Problem, Report, RowsConfig, SourceConfig, SourceKind,
};

/// The databases that exist already, open, by the names of their sources.
///
/// # Errors
///
/// Everything in `config` that the databases, with the tables that larder will make in them, do not
/// bear out. No file and no table has been made.
pub(super) async fn survey(config: &Config) -> Result<HashMap<String, Sqlite>, Report> {
    let mut survey = Survey::default();
    for source in &config.sources {
        survey.open(source).await;
    }
    for keyspace in &config.keyspaces {
        survey.check(keyspace).await;
    }
    match survey.report.is_empty() {
        true => Ok(survey.files),
        false => Err(survey.report),
    }
}

#[derive(Default)]
struct Survey {
    files: HashMap<String, Sqlite>,
    /// What is to be made, by the names of the sources.
    plans: HashMap<String, Plan>,
    report: Report,
}

/// A database elsewhere, with the empty tables that larder will make in one of the user's.
struct Plan {
    sqlite: Sqlite,
    _folder: TempDir,
}

impl Survey {
    async fn open(&mut self, source: &SourceConfig) {
        let SourceKind::Sqlite { path, .. } = &source.kind;
        let opened = match is_to_be_made(path) {
            true => self.plan(source).await,
            false => self.open_file(source, path).await,
        };
        if let Err(error) = opened {
            self.problem(&source.url, "url", &error);
        }
    }

    async fn open_file(&mut self, source: &SourceConfig, path: &Path) -> Result<(), SourceError> {
        let SourceKind::Sqlite { sample_data, .. } = source.kind;
        let sqlite = Sqlite::open(path, options(&source.kind).create(false))?;
        let lacks_sample = sample_data && !has_table(&sqlite, airports::TABLE).await?;
        self.files.insert(source.name.get_ref().clone(), sqlite);
        match lacks_sample {
            true => self.plan(source).await,
            false => Ok(()),
        }
    }

    async fn plan(&mut self, source: &SourceConfig) -> Result<(), SourceError> {
        let SourceKind::Sqlite { sample_data, .. } = source.kind;
        let plan = Plan::new(sample_data).await?;
        self.plans.insert(source.name.get_ref().clone(), plan);
        Ok(())
    }

    async fn check(&mut self, keyspace: &KeyspaceConfig) {
        let (at, name) = match &keyspace.rows {
            RowsConfig::Own => (&keyspace.name, keyspace.name.get_ref()),
            RowsConfig::Table { table, .. } => (table, table.get_ref()),
        };
        let found = match self.database(keyspace.source.get_ref(), name).await {
            Ok(Database::Lacks(_)) if matches!(keyspace.rows, RowsConfig::Own) => return,
            Ok(Database::Unknown) => return,
            Ok(Database::Has(sqlite) | Database::Lacks(sqlite)) => table(&sqlite, keyspace).await,
            Err(error) => Err(error),
        };
        if let Err(error) = found {
            self.problem(at, "table", &error);
        }
    }

    /// Where a table is or will be.
    async fn database(&self, source: &str, table: &str) -> Result<Database, SourceError> {
        let (file, plan) = (self.files.get(source), self.plans.get(source));
        let plan = plan.map(|plan| &plan.sqlite);
        for sqlite in [file, plan].into_iter().flatten() {
            if has_table(sqlite, table).await? {
                return Ok(Database::Has(sqlite.clone()));
            }
        }
        Ok(file.or(plan).map_or(Database::Unknown, |sqlite| Database::Lacks(sqlite.clone())))
    }

    fn problem(&mut self, at: &Spanned<String>, option: &str, error: &SourceError) {
        self.report.push(Problem::at(at.span(), format!("{option}: {error}")));
    }
}

/// The database that a table should be in.
enum Database {
    Has(Sqlite),
    Lacks(Sqlite),
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
        Ok(Self { sqlite, _folder: folder })
    }
}

/// Whether there is no such file in a folder that exists.
fn is_to_be_made(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    !path.exists() && folder.is_none_or(Path::is_dir)
}

async fn has_table(sqlite: &Sqlite, name: &str) -> Result<bool, SourceError> {
    let name = name.to_owned();
    sqlite
        .read(move |connection| {
            let mut columns = connection.prepare("SELECT 1 FROM pragma_table_info(?1)")?;
            Ok(columns.exists([name])?)
        })
        .await
}
