//! Makes keyspaces of a configuration: opens its sources and checks its tables.

mod survey;
mod table;

use std::collections::HashMap;
use std::sync::Arc;

use larder::runtime::Runtime;
use larder::source::SourceError;
use larder::source::sqlite::Sqlite;
use larder::strategy::{
    Backoff, OnFull, Order, ReadPolicy, WriteAround, WriteBehind, WriteThrough,
};
use larder::{Builder, Cache, Freshness, LoadTimeout, Strategy, journal};
use larder_protocol::hub::Hub;
use toml::Spanned;

use crate::airports;
use crate::config::{
    self, Capacity, Config, DEFAULT_NAME, KeyspaceConfig, Problem, Report, RowsConfig,
    SourceConfig, SourceKind, StrategyConfig, Unmatched,
};
use crate::index::Index;
use crate::key::Key;
use crate::keyspace::{DATABASES, Keyspace, Shape};
use crate::keyspaces::Keyspaces;
use crate::tuning::Tuning;
use crate::value::Value;
use crate::witness::Witness;

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
    pub sources: Vec<Sqlite>,
    /// What happened on the way that a person should know.
    pub notices: Vec<String>,
}

/// Makes the keyspaces of `config`. The `hub` is told of what becomes of their keys.
///
/// # Errors
///
/// Everything in the configuration that the databases do not bear out. That is found out before
/// anything is made in them; sources that were opened are closed again.
pub async fn assemble(
    config: &Config,
    runtime: &Arc<dyn Runtime>,
    hub: &Arc<Hub>,
) -> Result<Assembly, Report> {
    let mut workshop = Workshop {
        runtime: runtime.clone(),
        hub: hub.clone(),
        sources: check(config).await?,
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

/// Whether `config` would serve, without making anything; the databases that exist already, open,
/// by the names of their sources.
///
/// # Errors
///
/// Everything in the configuration that the databases do not bear out.
pub async fn check(config: &Config) -> Result<HashMap<String, Sqlite>, Report> {
    if config.keyspaces.is_empty() && config.unmatched == Unmatched::Refuse {
        let message = "nothing is served: name a keyspace, or say default = \"cache\"";
        return Err(Problem::elsewhere(message).into());
    }
    survey(config).await
}

struct Workshop {
    runtime: Arc<dyn Runtime>,
    hub: Arc<Hub>,
    sources: HashMap<String, Sqlite>,
    report: Report,
    notices: Vec<String>,
}

impl Workshop {
    async fn source(&mut self, config: &SourceConfig) {
        let SourceKind::Sqlite { path, sample_data, .. } = &config.kind;
        let name = config.name.get_ref();
        let opened = match self.sources.get(name) {
            Some(sqlite) => Ok(sqlite.clone()),
            None => Sqlite::open(path, table::options(&config.kind)),
        };
        match opened {
            Ok(sqlite) => {
                if *sample_data {
                    self.import(config, &sqlite).await;
                }
                self.sources.insert(name.clone(), sqlite);
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
        let sqlite = self.sources.get(config.source.get_ref())?.clone();
        let table = match made(&sqlite, config).await {
            Ok(table) => table,
            Err(error) => {
                self.problem(&config.name, "table", &error);
                return None;
            }
        };
        let builder = bounded(Cache::builder(config.name.get_ref().as_str()), config.capacity)
            .shared_source(table.source)
            .strategy(strategy(&config.strategy))
            .freshness(freshness(&config.freshness))
            .runtime(self.runtime.clone());
        let origin = format!("{}: table {}", config.source.get_ref(), table.name);
        self.finish(config.name.get_ref(), config.prefix.get_ref(), builder, table.shape, &origin)
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
        let witness = Arc::new(Witness::new(index.clone(), self.hub.clone(), prefix, is_copy));
        match builder.observer(witness.clone()).build() {
            Ok(cache) => Some(Keyspace {
                name: name.into(),
                prefix: prefix.into(),
                cache,
                index,
                witness,
                shape,
                origin: origin.into(),
                tuning: Tuning::new(self.hub.clone()),
            }),
            Err(error) => {
                self.report.push(Problem::elsewhere(format!("keyspace {name}: {error}")));
                None
            }
        }
    }

    fn problem(&mut self, at: &Spanned<String>, option: &str, error: &SourceError) {
        self.report.push(Problem::at(at.span(), format!("{option}: {error}")));
    }
}

/// The table behind a keyspace; larder's own is made when there is none.
async fn made(sqlite: &Sqlite, config: &KeyspaceConfig) -> Result<Table, SourceError> {
    if let RowsConfig::Own = config.rows {
        sqlite.ensure_table(config.name.get_ref()).await?;
    }
    table(sqlite, config).await
}

fn bounded(builder: Builder<Key, Value>, capacity: Capacity) -> Builder<Key, Value> {
    match capacity {
        Capacity::Entries(entries) => builder.max_entries(entries.get()),
        Capacity::Bytes(bytes) => builder.max_bytes(bytes.get(), |key: &Key, value| {
            let value = value.map_or(0, Value::weight);
            ENTRY_BYTES + key.as_ref().len() as u64 + value
        }),
    }
}

fn strategy(config: &StrategyConfig) -> Strategy {
    match config {
        StrategyConfig::CacheAside => Strategy::CacheAside,
        StrategyConfig::ReadThrough => Strategy::ReadThrough,
        StrategyConfig::WriteThrough { order, write_timeout } => {
            let order = match order {
                config::WriteOrder::SourceFirst => Order::SourceFirst,
                config::WriteOrder::CacheFirst => Order::CacheFirst,
            };
            WriteThrough { order, timeout: Some(*write_timeout) }.into()
        }
        StrategyConfig::WriteBehind(config) => write_behind(config).into(),
        StrategyConfig::WriteAround { read, drop_cached } => {
            let read = match read {
                config::ReadPolicy::ReadThrough => ReadPolicy::Through,
                config::ReadPolicy::CacheAside => ReadPolicy::Aside,
            };
            WriteAround { read, drop_cached: *drop_cached, ..WriteAround::default() }.into()
        }
    }
}

fn write_behind(config: &config::WriteBehindConfig) -> WriteBehind {
    let defaults = WriteBehind::default();
    WriteBehind {
        limits: journal::Limits {
            records_max: config.queue_max.get(),
            bytes_max: config.queue_bytes_max.get(),
            batch_max: config.batch_max.get(),
            flush_interval: config.flush_interval,
            coalesce: config.coalesce,
            ..defaults.limits
        },
        workers: config.workers.get(),
        on_full: match config.on_full {
            config::OnFull::Block(patience) => OnFull::Block(patience),
            config::OnFull::Reject => OnFull::Reject,
            config::OnFull::Through => OnFull::Through,
        },
        backoff: Backoff { ..defaults.backoff },
    }
}

fn freshness(config: &config::FreshnessConfig) -> Freshness {
    Freshness {
        ttl: config.ttl,
        ttl_jitter: config.ttl_jitter,
        negative_ttl: config.negative_ttl,
        stale_while_revalidate: config.stale_while_revalidate,
        stale_if_error: config.stale_if_error,
        refresh_ahead: config.refresh_ahead,
        load_timeout: LoadTimeout {
            soft: config.load_timeout.soft,
            hard: Some(config.load_timeout.hard),
        },
    }
}
