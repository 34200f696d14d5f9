//! Makes keyspaces of a configuration: opens its sources and checks its tables.

use std::collections::HashMap;
use std::sync::Arc;

use larder::runtime::Runtime;
use larder::source::row::{Columns, Mapping};
use larder::source::sqlite::{Durability, Sqlite, SqliteOptions, TableSpec, ValueColumns};
use larder::source::{Source, SourceError};
use larder::strategy::{Backoff, OnFull, Order, ReadPolicy, WriteAround, WriteBehind, WriteThrough};
use larder::{Builder, Cache, Freshness, LoadTimeout, Strategy, journal};
use toml::Spanned;

use crate::airports;
use crate::config::{
    self, Capacity, Config, DEFAULT_NAME, KeyspaceConfig, Problem, Report, RowsConfig, SourceConfig,
    SourceKind, StrategyConfig, Synchronous, Unmatched, ValueConfig,
};
use crate::key::Key;
use crate::keyspace::{Keyspace, Shape};
use crate::keyspaces::Keyspaces;
use crate::mapping::{ColumnMapping, RowMapping, RowSchema};
use crate::value::Value;

/// Memory that an entry takes beside its key and its value.
const ENTRY_BYTES: u64 = 96;

/// Keyspaces, and the sources behind them.
pub struct Assembly {
    /// The keyspaces.
    pub keyspaces: Keyspaces,
    /// The sources, to be closed last.
    pub sources: Vec<Sqlite>,
    /// What happened on the way that a person should know.
    pub notices: Vec<String>,
}

/// Makes the keyspaces of `config`.
///
/// # Errors
///
/// Everything in the configuration that the databases do not bear out. Sources that were opened
/// are closed again.
pub async fn assemble(config: &Config, runtime: &Arc<dyn Runtime>) -> Result<Assembly, Report> {
    let mut workshop = Workshop {
        runtime: runtime.clone(),
        sources: HashMap::new(),
        report: Report::default(),
        notices: Vec::new(),
    };
    for source in &config.sources {
        workshop.open(source).await;
    }
    let mut prefixed = Vec::new();
    for keyspace in &config.keyspaces {
        prefixed.extend(workshop.keyspace(keyspace).await.map(Arc::new));
    }
    let default = match config.unmatched {
        Unmatched::Cache(capacity) => workshop.default_keyspace(capacity).map(Arc::new),
        Unmatched::Refuse => None,
    };
    if prefixed.is_empty() && default.is_none() && workshop.report.is_empty() {
        let message = "nothing is served: name a keyspace, or say default = \"cache\"";
        workshop.report.push(Problem::elsewhere(message));
    }
    let key_bytes_max = usize::try_from(config.limits.key_bytes_max.get()).unwrap_or(usize::MAX);
    let sources = workshop.sources.into_values().collect();
    match workshop.report.is_empty() {
        true => Ok(Assembly {
            keyspaces: Keyspaces::new(prefixed, default, key_bytes_max),
            sources,
            notices: workshop.notices,
        }),
        false => Err(workshop.report),
    }
}

struct Workshop {
    runtime: Arc<dyn Runtime>,
    sources: HashMap<String, Sqlite>,
    report: Report,
    notices: Vec<String>,
}

/// A source of a keyspace and what the server knows of its rows.
struct Table {
    source: Arc<dyn Source<Key, Value>>,
    shape: Shape,
    name: String,
}

impl Workshop {
    async fn open(&mut self, config: &SourceConfig) {
        let SourceKind::Sqlite { path, readers, synchronous, sample_data } = &config.kind;
        let durability = match synchronous {
            Synchronous::Full => Durability::Full,
            Synchronous::Normal => Durability::Normal,
        };
        let options = SqliteOptions::default().readers(readers.get()).durability(durability);
        match Sqlite::open(path, options) {
            Ok(sqlite) => {
                if *sample_data {
                    self.import(config, &sqlite).await;
                }
                self.sources.insert(config.name.get_ref().clone(), sqlite);
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
        let table = match table(&sqlite, config).await {
            Ok(table) => table,
            Err((at, error)) => {
                self.problem(at, "table", &error);
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
        let builder =
            bounded(Cache::builder(DEFAULT_NAME), capacity).runtime(self.runtime.clone());
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
        match builder.build() {
            Ok(cache) => Some(Keyspace {
                name: name.into(),
                prefix: prefix.as_bytes().into(),
                cache,
                shape,
                origin: origin.into(),
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

/// The table behind a keyspace, or the word of the configuration that it does not bear out.
async fn table<'c>(
    sqlite: &Sqlite,
    config: &'c KeyspaceConfig,
) -> Result<Table, (&'c Spanned<String>, SourceError)> {
    match &config.rows {
        RowsConfig::Own => {
            let name = config.name.get_ref().clone();
            let own = own_table(sqlite, &name).await.map_err(|error| (&config.name, error))?;
            Ok(Table { source: own, shape: Shape::Bytes, name })
        }
        RowsConfig::Table { table, key, value } => {
            let columns = key.iter().map(|column| column.get_ref().clone()).collect();
            let at = |error| (table, error);
            match value {
                ValueConfig::Row => row_table(sqlite, table.get_ref(), columns).await.map_err(at),
                ValueConfig::Column(column) => {
                    let named = column_table(sqlite, table.get_ref(), columns, column.get_ref());
                    named.await.map_err(at)
                }
            }
        }
    }
}

async fn own_table(sqlite: &Sqlite, name: &str) -> Result<Arc<dyn Source<Key, Value>>, SourceError> {
    sqlite.ensure_table(name).await?;
    let table = column_table(sqlite, name, vec!["key".to_owned()], "value").await?;
    Ok(table.source)
}

async fn column_table(
    sqlite: &Sqlite,
    name: &str,
    key: Vec<String>,
    column: &str,
) -> Result<Table, SourceError> {
    let mapping = ColumnMapping::new(key.len());
    let value = ValueColumns::Named(vec![column.to_owned()]);
    let (source, _) = opened(sqlite, name, key, value, mapping).await?;
    Ok(Table { source, shape: Shape::Bytes, name: name.to_owned() })
}

async fn row_table(sqlite: &Sqlite, name: &str, key: Vec<String>) -> Result<Table, SourceError> {
    let mapping = RowMapping::new(key.len());
    let (source, schema) = opened(sqlite, name, key, ValueColumns::Row, mapping).await?;
    Ok(Table { source, shape: Shape::Row(schema?), name: name.to_owned() })
}

type Opened = (Arc<dyn Source<Key, Value>>, Result<RowSchema, SourceError>);

async fn opened(
    sqlite: &Sqlite,
    name: &str,
    key: Vec<String>,
    value: ValueColumns,
    mapping: impl Mapping<Key, Value>,
) -> Result<Opened, SourceError> {
    let spec = TableSpec { table: name.to_owned(), key, value };
    let table = sqlite.source(spec, mapping).await?;
    let columns: Columns = table.columns().clone();
    let schema = RowSchema::new(name, columns, table.key_columns());
    Ok((Arc::new(table), schema))
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
