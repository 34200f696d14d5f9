//! Where a scenario is played: a database, a clock and a recorder.

use std::sync::Arc;
use std::time::Duration;

use larder::runtime::TokioRuntime;
use larder::source::SourceError;
use larder::source::sqlite::rusqlite::{Connection, OptionalExtension};
use larder::source::sqlite::{Sqlite, SqliteOptions, SqliteTable};
use larder::trace::{Message, Participant, Recorder, Trace};
use larder::{Cache, Freshness, ReadOptions, Strategy, WriteOptions};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::Outcome;
use super::clock::Clock;
use super::story::{Finding, Step};

/// How long a copy is fresh in the tour.
pub(super) const TTL: Duration = Duration::from_secs(10);

const TABLE: &str = "
    CREATE TABLE airport (code TEXT PRIMARY KEY, name TEXT NOT NULL CHECK (name <> ''));
    INSERT INTO airport VALUES ('LSZH', 'Zurich'), ('LSGG', 'Geneva'), ('LSZB', 'Bern');
";

/// A row of the tour's table, without its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Airport {
    pub(super) name: String,
}

/// The cache of the tour.
pub(super) type Airports = Cache<String, Airport>;

/// A table of three airports in an SQLite file, a clock and a recorder.
pub(super) struct Stage {
    sqlite: Sqlite,
    clock: Clock,
    recorder: Recorder,
    steps: Vec<Step>,
    /// Messages that belong to the steps before the last.
    shown: usize,
    /// Removed with all that is in it; after the database in it was closed.
    _folder: TempDir,
}

/// Keeps the database's writer busy until it is dropped.
pub(super) struct Busy {
    _busy: oneshot::Sender<()>,
}

impl Stage {
    /// A stage with nothing played on it yet. To be called within a tokio runtime.
    pub(super) async fn open() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let sqlite = Sqlite::open(folder.path().join("tour.db"), SqliteOptions::default())?;
        sqlite.write(|connection| Ok(connection.execute_batch(TABLE)?)).await?;
        let runtime = TokioRuntime::current().ok_or("the tour runs on tokio")?;
        let clock = Clock::new(runtime);
        let recorder = Recorder::new(Arc::new(clock.clone()));
        Ok(Self { sqlite, clock, recorder, steps: Vec::new(), shown: 0, _folder: folder })
    }

    /// A cache in front of the table, whose copies are fresh for [`TTL`].
    pub(super) async fn cache(&self, strategy: impl Into<Strategy>) -> Outcome<Airports> {
        let table: SqliteTable<String, Airport> =
            self.sqlite.table("airport").columns(["name"]).rows().await?;
        let freshness = Freshness { negative_ttl: TTL, ..Freshness::ttl(TTL) };
        Ok(Cache::builder("airports")
            .max_entries(100)
            .source(table)
            .strategy(strategy)
            .freshness(freshness)
            .runtime(Arc::new(self.clock.clone()))
            .build()?)
    }

    /// Begins a step. What the one before set off must have ended.
    pub(super) fn step(&mut self, title: &str) {
        self.end_step();
        let title = title.to_owned();
        self.steps.push(Step { title, messages: Vec::new(), findings: Vec::new() });
    }

    /// The steps that were played.
    pub(super) fn into_steps(mut self) -> Vec<Step> {
        self.end_step();
        self.steps
    }

    fn end_step(&mut self) {
        let messages = self.recorder.messages();
        if let Some(step) = self.steps.last_mut() {
            step.messages = messages[self.shown..].to_vec();
        }
        self.shown = messages.len();
    }

    /// Notes what is the case at the end of the present step.
    pub(super) fn find(&mut self, about: Participant, text: impl Into<String>) {
        if let Some(step) = self.steps.last_mut() {
            step.findings.push(Finding { about, text: text.into() });
        }
    }

    /// Moves the clock ahead.
    pub(super) fn later(&self, span: Duration) {
        self.clock.jump(span);
    }

    /// Waits until nothing is under way any more that a call of the application set off.
    pub(super) async fn settled(&self) {
        self.recorder.settled().await;
    }

    /// Waits until a worker has called the database in this step.
    pub(super) async fn worker_writes(&self) {
        self.called_by(Participant::Worker).await;
    }

    /// Waits until the cache has called the database in this step.
    pub(super) async fn cache_writes(&self) {
        self.called_by(Participant::Cache).await;
    }

    async fn called_by(&self, part: Participant) {
        let calls = |message: &Message| message.from == part && message.to == Participant::Database;
        while !self.recorder.messages()[self.shown..].iter().any(calls) {
            tokio::task::yield_now().await;
        }
    }

    /// Reads by the cache, and notes what the application is given.
    pub(super) async fn read(&mut self, cache: &Airports, code: &str) -> Outcome {
        let options = ReadOptions { trace: Some(self.trace()), ..ReadOptions::default() };
        let airport = cache.get_with(code.to_owned(), &options).await?;
        self.find(Participant::App, has(airport.map(|airport| airport.name)));
        Ok(())
    }

    /// Writes by the cache.
    pub(super) async fn put(&self, cache: &Airports, code: &str, name: &str) -> larder::Result<()> {
        let airport = Airport { name: name.to_owned() };
        cache.put_with(code.to_owned(), airport, self.options()).await
    }

    /// Writes by the cache what it will refuse, and notes what the application can do about it.
    pub(super) async fn put_in_vain(
        &mut self,
        cache: &Airports,
        code: &str,
        name: &str,
    ) -> Outcome {
        let Err(error) = self.put(cache, code, name).await else {
            return Err(format!("the write of {name:?} to {code} was not refused").into());
        };
        let advice = if error.is_retryable() { "may try again" } else { "must not try again" };
        self.find(Participant::App, advice);
        Ok(())
    }

    /// Deletes by the cache; where the application writes, it only invalidates.
    pub(super) async fn remove(&self, cache: &Airports, code: &str) -> Outcome {
        cache.remove_many(vec![code.to_owned()], self.options()).await?;
        Ok(())
    }

    /// Shuts the cache down, which waits no longer than `patience` for its queue.
    pub(super) async fn shut_down(&self, cache: &Airports, patience: Duration) -> Outcome {
        let trace = self.trace();
        trace.send(Participant::App, Participant::Cache, "shut down", &cache.name());
        cache.shutdown(patience).await?;
        trace.send(Participant::Cache, Participant::App, "ok", &cache.name());
        Ok(())
    }

    /// Loads a row by the application's own hands.
    pub(super) async fn select(&self, code: &str) -> Outcome<Option<Airport>> {
        let trace = self.trace();
        trace.send(Participant::App, Participant::Database, "select", &code);
        let name = self.name_in_database(code).await?;
        let what = if name.is_some() { "row" } else { "absent" };
        trace.send(Participant::Database, Participant::App, what, &code);
        Ok(name.map(|name| Airport { name }))
    }

    /// Changes a row by the application's own hands.
    pub(super) async fn update(&self, code: &str, name: &str) -> Outcome {
        let trace = self.trace();
        trace.send(Participant::App, Participant::Database, "update", &code);
        let (row, changed) = (code.to_owned(), name.to_owned());
        let sql = "UPDATE airport SET name = ?2 WHERE code = ?1";
        self.sqlite
            .write(move |connection| Ok(connection.execute(sql, [row, changed]).map(drop)?))
            .await?;
        trace.send(Participant::Database, Participant::App, "stored", &code);
        Ok(())
    }

    /// Notes what the database holds now.
    pub(super) async fn look_into_database(&mut self, code: &str) -> Outcome {
        let name = self.name_in_database(code).await?;
        self.find(Participant::Database, has(name));
        Ok(())
    }

    /// Gives the database's only writer something else to do. Writes that come wait for it.
    pub(super) async fn make_busy(&self) -> Outcome<Busy> {
        let (begin, begun) = oneshot::channel();
        let (busy, done) = oneshot::channel::<()>();
        let sqlite = self.sqlite.clone();
        tokio::spawn(async move {
            let work = move |_: &Connection| {
                begin.send(()).ok();
                done.blocking_recv().ok();
                Ok(())
            };
            sqlite.write(work).await
        });
        begun.await?;
        Ok(Busy { _busy: busy })
    }

    /// What the application's calls carry along.
    pub(super) fn options(&self) -> WriteOptions {
        WriteOptions { trace: Some(self.trace()), ..WriteOptions::default() }
    }

    fn trace(&self) -> Trace {
        self.recorder.trace()
    }

    async fn name_in_database(&self, code: &str) -> Result<Option<String>, SourceError> {
        let code = code.to_owned();
        self.sqlite.read(move |connection| name_of(connection, &code)).await
    }
}

fn name_of(connection: &Connection, code: &str) -> Result<Option<String>, SourceError> {
    let sql = "SELECT name FROM airport WHERE code = ?1";
    Ok(connection.query_row(sql, [code], |row| row.get(0)).optional()?)
}

/// What somebody has.
pub(super) fn has(name: Option<String>) -> String {
    name.map_or_else(|| "has nothing".to_owned(), |name| format!("has {name}"))
}
