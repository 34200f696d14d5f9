//! One connection, for as long as a call has it.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::future::join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row};

use super::error::{committing, failed};
use super::queries::Counters;
use crate::runtime::answered;
use crate::source::{SourceError, SourceErrorKind};

/// Statements kept prepared on each connection: a few shapes for each of some dozens of tables.
const STATEMENTS_KEPT: usize = 256;

/// A connection out of the pool, which goes back there unless something is unsettled on it: an open
/// transaction, or an answer that did not come.
pub(super) struct Session {
    /// `None` only while it is dropped.
    client: Option<Object>,
    /// How long an answer is waited for.
    deadline: Duration,
    pub(super) counters: Arc<Counters>,
    unsettled: AtomicBool,
}

/// Every statement of a transaction finds its rows by their keys, and each key has an index. Left to
/// itself the server reads the whole table for each batch, and keeps to that while the table grows,
/// when it has planned the statement over one that was empty.
const BEGIN: &str = "BEGIN; SET LOCAL enable_seqscan = off";

impl Session {
    pub(super) fn new(client: Object, deadline: Duration, counters: Arc<Counters>) -> Self {
        if client.statement_cache.size() > STATEMENTS_KEPT {
            client.statement_cache.clear();
        }
        Self { client: Some(client), deadline, counters, unsettled: AtomicBool::new(false) }
    }

    /// Runs one statement, prepared.
    pub(super) async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, SourceError> {
        let client = self.client()?;
        self.counters.statements.add_one();
        let query = async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, parameters).await
        };
        self.answer(query).await?.map_err(|error| failed(&error))
    }

    /// Runs statements without parameters, in a transaction of their own unless one is open.
    pub(super) async fn run(&self, sql: &str) -> Result<(), SourceError> {
        let run = self.client()?.batch_execute(sql);
        self.answer(run).await?.map_err(|error| failed(&error))
    }

    /// Does `work` in a transaction: its changes are kept when it answers `Ok`, and undone when it
    /// does not. An error of kind `Unknown` says that they may have been kept.
    ///
    /// What `work` asks first is sent together with the beginning of the transaction.
    pub(super) async fn transaction<T>(
        &self,
        work: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        self.unsettled.store(true, Ordering::Relaxed);
        let (begun, done) = join(self.run(BEGIN), work).await;
        match begun.and(done) {
            Ok(answer) => self.commit().await.map(|()| answer),
            // What does not answer is given up with its transaction.
            Err(error) if error.kind() == SourceErrorKind::Unavailable => Err(error),
            Err(error) => {
                self.roll_back().await;
                Err(error)
            }
        }
    }

    async fn commit(&self) -> Result<(), SourceError> {
        let commit = self.client()?.batch_execute("COMMIT");
        let lost = |error: SourceError| {
            let sentence = format!("the answer to a commit was lost: {error}");
            SourceError::new(SourceErrorKind::Unknown, sentence)
        };
        match self.answer(commit).await.map_err(lost)? {
            Ok(()) => {
                self.unsettled.store(false, Ordering::Relaxed);
                self.counters.commits.add_one();
                Ok(())
            }
            Err(error) => Err(committing(&error)),
        }
    }

    /// A connection that cannot even do this is given up, and the server then does it.
    async fn roll_back(&self) {
        if self.run("ROLLBACK").await.is_ok() {
            self.unsettled.store(false, Ordering::Relaxed);
        }
    }

    /// What the server answers, or that it does not.
    async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<Result<T, Error>, SourceError> {
        match answered(self.deadline, answer).await {
            Some(answer) => Ok(answer),
            None => {
                self.unsettled.store(true, Ordering::Relaxed);
                let waited = self.deadline;
                let sentence = format!("PostgreSQL has not answered for {waited:?}");
                Err(SourceError::new(SourceErrorKind::Unavailable, sentence))
            }
        }
    }

    fn client(&self) -> Result<&Object, SourceError> {
        self.client.as_ref().ok_or_else(|| {
            SourceError::new(SourceErrorKind::Unavailable, "the connection has been given up")
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let client = self.client.take();
        if let (Some(client), true) = (client, *self.unsettled.get_mut()) {
            // Out of the pool: dropping it closes the connection, and the server rolls back.
            drop(Object::take(client));
        }
    }
}

/// A connection of the pool for a program's own use, made by
/// [`Postgres::client`](super::Postgres::client). It goes back when it is dropped.
///
/// ```
/// # use larder::source::postgres::{Postgres, PostgresOptions};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = larder_kit::postgres::shared().database()?;
/// # server.run("CREATE TABLE stock (name text PRIMARY KEY, shelf bigint, count bigint NOT NULL DEFAULT 0)")?;
/// # let url = server.url();
/// let postgres = Postgres::connect(&url, PostgresOptions::default()).await?;
/// let client = postgres.client().await?;
/// let count: i64 = client.query_one("SELECT count(*) FROM stock", &[]).await?.get(0);
/// # drop(count);
/// # Ok(())
/// # }
/// ```
pub struct PooledClient(pub(super) Object);

impl Deref for PooledClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}
