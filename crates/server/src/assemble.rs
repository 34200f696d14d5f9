//! Makes keyspaces of a configuration: opens its sources and checks its tables.

mod database;
mod folders;
mod journal;
mod policy;
mod survey;
mod table;

use std::collections::HashMap;
use std::sync::Arc;

use larder::journal::Journal;
use larder::runtime::Runtime;
use larder::source::sqlite::Sqlite;
use larder::source::{BreakerOptions, SourceError};
use larder::{Builder, Cache};
use larder_protocol::hub::Hub;
use toml::Spanned;

use crate::airports;
use crate::config::{
    Capacity, Config, DEFAULT_NAME, JournalConfig, KeyspaceConfig, Problem, Report, RowsConfig,
    SourceConfig, SourceKind, SqliteConfig, StrategyConfig, Unmatched,
};
use crate::index::Index;
use crate::journal::KeyspaceCodec;
use crate::key::Key;
use crate::keyspace::{DATABASES, Keyspace, Shape};
use crate::keyspaces::Keyspaces;
use crate::shared_tier::SharedTier;
use crate::tuning::Tuning;
use crate::value::Value;
use crate::witness::Witness;

pub use database::Database;
use policy::{bounded, breaker, freshness, strategy};
use survey::survey;
use table::{Table, table};

/// Memory that an entry takes beside its key and its value: its place in the tier, its share of the
/// tier's table, its key's own header and its place in the index.
pub const ENTRY_BYTES: u64 = 128;

/// Keyspaces, and the sources behind them.
pub struct Assembly {
    /// The keyspaces.
    pub keyspaces: Keyspaces,
    /// The sources, to be closed last.
    pub sources: Vec<Database>,
    /// What happened on the way that a person should know.
    pub notices: Vec<String>,
}

/// Makes the keyspaces of `config`. The `hub` is told of what becomes of their keys, and what changes is
/// taken out of the `shared` tier.
///
/// # Errors
///
/// Everything in the configuration that the databases do not bear out. That is found out before
/// anything is made in them; sources that were opened are closed again.
pub async fn assemble(
    config: &Config,
    runtime: &Arc<dyn Runtime>,
    hub: &Arc<Hub>,
    shared: Option<&Arc<SharedTier>>,
) -> Result<Assembly, Report> {
    let mut workshop = Workshop {
        runtime: runtime.clone(),
        hub: hub.clone(),
        shared: shared.cloned(),
        sources: surveyed(config).await?,
        breakers: config.sources.iter().filter_map(breaker).collect(),
        report: Report::default(),
        notices: Vec::new(),
    };
    for source in &config.sources {
        workshop.source(source).await;
    }
    let mut prefixed = Vec::new();
    for keyspace in &config.keyspaces {
        prefixed.extend(workshop.keyspace(keyspace).await.map(Arc::new));
    }
    let default = match config.unmatched {
        Unmatched::Cache(capacity) => workshop.default_keyspace(capacity).map(Arc::new),
        Unmatched::Refuse => None,
    };
    let key_bytes_max = usize::try_from(config.limits.key_bytes_max.get()).unwrap_or(usize::MAX);
    let sources = workshop.sources.into_values().collect();
    match workshop.report.is_empty() {
        true => Ok(Assembly {
            keyspaces: Keyspaces::new(prefixed, default, key_bytes_max, workshop.hub),
            sources,
            notices: workshop.notices,
        }),
        false => Err(workshop.report),
    }
}

/// Whether `config` would serve, without making anything: what is found in the folders of the journals, a
/// line each.
///
/// # Errors
///
/// Everything in the configuration that the databases and the journals do not bear out.
pub async fn check(config: &Config) -> Result<Vec<String>, Report> {
    let mut report = surveyed(config).await.err().unwrap_or_default();
    let lines = folders::survey(config, &mut report);
    if report.is_empty() { Ok(lines) } else { Err(report) }
}

/// The databases that exist already, open, by the names of their sources. Journals that are opened
/// later are not looked at, since that takes as long as opening them.
async fn surveyed(config: &Config) -> Result<HashMap<String, Database>, Report> {
    if config.keyspaces.is_empty() && config.unmatched == Unmatched::Refuse {
        let message = "nothing is served: name a keyspace, or say default = \"cache\"";
        return Err(Problem::elsewhere(message).into());
    }
    let databases = survey(config).await;
    let mut report = Report::default();
    folders::check_forgotten(config, &mut report);
    match databases {
        Ok(databases) if report.is_empty() => Ok(databases),
        Ok(_) => Err(report),
        Err(mut found) => {
            found.append(report);
            Err(found)
        }
    }
}

/// It went wrong, and has been reported.
struct Reported;

struct Workshop {
    runtime: Arc<dyn Runtime>,
    hub: Arc<Hub>,
    shared: Option<Arc<SharedTier>>,
    sources: HashMap<String, Database>,
    /// Those of the sources that have one, by their names.
    breakers: HashMap<String, BreakerOptions>,
    report: Report,
    notices: Vec<String>,
}

impl Workshop {
    async fn source(&mut self, config: &SourceConfig) {
        let name = config.name.get_ref();
        let opened = match self.sources.get(name) {
            Some(database) => Ok(database.clone()),
            None => Database::open(config, true).await,
        };
        match opened {
            Ok(database) => {
                if let (
                    SourceKind::Sqlite(SqliteConfig { sample_data: true, .. }),
                    Database::Sqlite(sqlite),
                ) = (&config.kind, &database)
                {
                    self.import(config, sqlite).await;
                }
                self.sources.insert(name.clone(), database);
            }
            Err(error) => self.problem(&config.url, "url", &error),
        }
    }

    async fn import(&mut self, config: &SourceConfig, sqlite: &Sqlite) {
        use airports::Import;
        let imported = sqlite.write(|connection| Ok(airports::import(connection)?)).await;
        let path = sqlite.path().display();
        match imported {
            Ok(Import::Filled(rows)) => {
                self.notices.push(format!("made the table 'airports' with {rows} rows in {path}"));
            }
            Ok(Import::Foreign) => self.notices.push(format!(
                "{path} has a table 'airports' of its own, which was left as it is: \
                 the sample data was not loaded"
            )),
            Ok(Import::Present) => {}
            Err(error) => self.problem(&config.url, "sample_data", &error),
        }
    }

    async fn keyspace(&mut self, config: &KeyspaceConfig) -> Option<Keyspace> {
        // A source that could not be opened has been reported already.
        let database = self.sources.get(config.source.get_ref())?.clone();
        let table = match made(&database, config).await {
            Ok(table) => table,
            Err(error) => {
                self.problem(&config.name, "table", &error);
                return None;
            }
        };
        let journal = self.journal(config, table.codec).await.ok()?;
        let builder = bounded(Cache::builder(config.name.get_ref().as_str()), config.capacity)
            .shared_source(table.source)
            .strategy(strategy(&config.strategy))
            .freshness(freshness(&config.freshness))
            .runtime(self.runtime.clone());
        let builder = match journal {
            Some(journal) => builder.journal(journal),
            None => builder,
        };
        let builder = match self.breakers.get(config.source.get_ref()) {
            Some(breaker) => builder.breaker(*breaker),
            None => builder,
        };
        let origin = format!("{}: table {}", config.source.get_ref(), table.name);
        let made = self.finish(
            config.name.get_ref(),
            config.prefix.get_ref(),
            builder,
            table.shape,
            &origin,
        );
        let journal_folder = config.strategy.durable().map(|files| files.folder.clone().into());
        made.map(|keyspace| Keyspace { journal_folder, ..keyspace })
    }

    /// The keyspace's journal, where it has one in files. What keeps it from being opened is reported.
    async fn journal(
        &mut self,
        config: &KeyspaceConfig,
        codec: KeyspaceCodec,
    ) -> Result<Option<Arc<dyn Journal<Key, Value>>>, Reported> {
        let StrategyConfig::WriteBehind(behind) = &config.strategy else { return Ok(None) };
        let JournalConfig::Durable(files) = &behind.journal else { return Ok(None) };
        match journal::open(behind, files, codec, self.runtime.clone()).await {
            Ok(journal) => Ok(Some(journal)),
            Err(error) => {
                let message = format!("write_behind: {error}");
                self.report.push(Problem::at(config.name.span(), message));
                Err(Reported)
            }
        }
    }

    fn default_keyspace(&mut self, capacity: Capacity) -> Option<Keyspace> {
        let builder = bounded(Cache::builder(DEFAULT_NAME), capacity).runtime(self.runtime.clone());
        self.finish(DEFAULT_NAME, "", builder, Shape::Free, "none")
    }

    fn finish(
        &mut self,
        name: &str,
        prefix: &str,
        builder: Builder<Key, Value>,
        shape: Shape,
        origin: &str,
    ) -> Option<Keyspace> {
        let prefix = prefix.as_bytes();
        let index = Arc::new(Index::new(if prefix.is_empty() { DATABASES } else { 1 }));
        let is_copy = !matches!(shape, Shape::Free);
        let witness = Witness::new(index.clone(), self.hub.clone(), prefix, is_copy);
        let witness = Arc::new(witness.sharing(self.shared.clone()));
        match builder.observer(witness.clone()).build() {
            Ok(cache) => Some(Keyspace {
                name: name.into(),
                prefix: prefix.into(),
                cache,
                index,
                witness,
                shape,
                origin: origin.into(),
                journal_folder: None,
                tuning: Tuning::new(self.hub.clone()),
            }),
            Err(error) => {
                self.report.push(Problem::elsewhere(format!("keyspace {name}: {error}")));
                None
            }
        }
    }

    fn problem<T>(&mut self, at: &Spanned<T>, option: &str, error: &SourceError) {
        self.report.push(Problem::at(at.span(), format!("{option}: {error}")));
    }
}

/// The table behind a keyspace; larder's own is made when there is none.
async fn made(database: &Database, config: &KeyspaceConfig) -> Result<Table, SourceError> {
    if let RowsConfig::Own = config.rows {
        database.ensure_table(config.name.get_ref()).await?;
    }
    table(database, config).await
}
