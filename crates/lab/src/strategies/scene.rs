//! A scene: a larder that serves one strategy over the database, and what is written in it.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use larder_server::model::ModelName;

use super::application::{Application, KEYSPACE, Strategy, Surroundings, keyspace};
use super::database::Database;
use super::drive::{Client, Requests};
use super::observer::Ledger;
use super::wire::Wire;
use crate::failure::Result;
use crate::subject::Larder;

/// What all scenes have in common.
pub(super) struct Stage {
    /// The database behind them.
    pub(super) database: Database,
    /// How many clients there are.
    clients: usize,
    /// The number of the next scene, by which values of earlier ones are told apart.
    next: Cell<u32>,
}

/// How long a copy is good.
#[derive(Debug, Clone, Copy)]
pub(super) enum Freshness {
    /// Until it is dropped.
    Lasting,
    /// For so long.
    For(Duration),
}

/// A strategy at work.
pub(super) struct Scene<'a> {
    stage: &'a Stage,
    strategy: &'static Strategy,
    larder: Option<Larder>,
    /// What is written in it.
    pub(super) ledger: Arc<Ledger>,
}

/// What larder and the applications have done so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    /// Reads that found a copy.
    pub(super) hits: f64,
    /// Reads that did not.
    pub(super) misses: f64,
    /// Queries that read the database.
    pub(super) source_reads: f64,
    /// Rows that were written to it.
    pub(super) source_writes: f64,
}

impl Stage {
    /// A stage with nothing played on it yet.
    pub(super) fn new(database: Database, clients: usize) -> Self {
        Self { database, clients, next: Cell::new(1) }
    }

    /// How many clients there are.
    pub(super) fn clients(&self) -> usize {
        self.clients
    }

    /// Begins a scene whose larder may hold so many copies. What is cached or queued in one is unknown to
    /// the next.
    pub(super) fn begin(
        &self,
        strategy: &'static Strategy,
        freshness: Freshness,
        capacity: u64,
    ) -> Result<Scene<'_>> {
        let number = self.next.replace(self.next.get() + 1);
        let larder = strategy.keyspace.map(|lines| {
            let journal = self.database.journal(number);
            let table = self.database.table_name();
            let keyspace = keyspace(table, &freshness.lines(), capacity, &lines(&journal));
            Larder::start(MODEL, &(self.database.source_section() + &keyspace))
        });
        let larder = larder.transpose()?;
        Ok(Scene { stage: self, strategy, larder, ledger: Arc::new(Ledger::new(number)) })
    }
}

/// The model that larder serves with unless told otherwise.
const MODEL: ModelName = ModelName::Reactors;

impl Freshness {
    fn lines(self) -> String {
        match self {
            Self::Lasting => "ttl = \"never\"\nnegative_ttl = \"1d\"\n".to_owned(),
            Self::For(span) => {
                let milliseconds = span.as_millis();
                format!("ttl = \"{milliseconds}ms\"\nnegative_ttl = \"{milliseconds}ms\"\n")
            }
        }
    }
}

impl<'a> Scene<'a> {
    /// The database behind it.
    pub(super) fn database(&self) -> &'a Database {
        &self.stage.database
    }

    /// Clients that ask what `requests` says for their numbers.
    pub(super) fn clients(&self, requests: impl Fn(usize) -> Requests) -> Result<Vec<Client>> {
        let client =
            |number| Ok(Client { application: self.application()?, requests: requests(number) });
        (0..self.stage.clients).map(client).collect()
    }

    fn application(&self) -> Result<Box<dyn Application>> {
        let larder = self.larder.as_ref().map(Larder::address);
        (self.strategy.application)(&Surroundings { larder, database: self.database() })
    }

    /// What has been done so far. What is queued is brought to the database first, so that it is counted.
    pub(super) fn counters(&self) -> Result<Counters> {
        let (reads, writes) = self.database().asked();
        let own = Counters {
            source_reads: reads as f64,
            source_writes: writes as f64,
            ..Counters::default()
        };
        let Some(larder) = &self.larder else { return Ok(own) };
        let mut wire = Wire::connect(larder.address())?;
        wire.flush()?;
        let counted = wire.counters(KEYSPACE)?;
        let count = |name: &str| counted.get(name).copied().unwrap_or_default();
        // Of what was queued, only what no later write has made needless.
        let queued = counted.get("queue_applied").copied();
        Ok(Counters {
            hits: count("hits"),
            misses: count("misses"),
            source_reads: own.source_reads + count("load_queries"),
            source_writes: own.source_writes + queued.unwrap_or_else(|| count("writes")),
        })
    }

    /// Kills larder, if there is one, as `kill -9` does.
    pub(super) fn kill(&mut self) {
        if let Some(larder) = &mut self.larder {
            larder.kill();
        }
    }

    /// Starts it again, and waits until what was queued is in the database.
    pub(super) fn recover(&mut self) -> Result<()> {
        let Some(larder) = &mut self.larder else { return Ok(()) };
        larder.restart()?;
        Wire::connect(larder.address())?.flush()
    }

    /// Ends it. What was queued is brought to the database before.
    pub(super) fn end(mut self) -> Result<()> {
        if let Some(larder) = self.larder.take() {
            Wire::connect(larder.address())?.flush()?;
        }
        self.stage.database.clear_journals()
    }
}

impl Counters {
    /// What was done since `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        self.with(earlier, |now, before| now - before)
    }

    /// What was done here and there.
    pub(super) fn and(&self, other: &Self) -> Self {
        self.with(other, |here, there| here + there)
    }

    fn with(&self, other: &Self, join: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            hits: join(self.hits, other.hits),
            misses: join(self.misses, other.misses),
            source_reads: join(self.source_reads, other.source_reads),
            source_writes: join(self.source_writes, other.source_writes),
        }
    }
}
