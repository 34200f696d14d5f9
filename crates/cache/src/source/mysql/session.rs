//! One connection, and what is asked of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row, Value};
use tokio::sync::OwnedSemaphorePermit;

use super::error::{committing, source_error};
use super::queries::Counters;
use crate::runtime::answered;
use crate::source::{SourceError, SourceErrorKind};

/// How much longer than the server a client waits for a statement, so that the server's own answer
/// comes first.
const GRACE: Duration = Duration::from_secs(1);

/// A connection that somebody has to himself. When something went wrong with it, it is not given back
/// to the pool but closed, which rolls back whatever was open.
pub(super) struct Session {
    pub(super) connection: Conn,
    /// Whether the server has answered since the session was taken from the pool. One that was idle
    /// may have died.
    pub(super) proven: bool,
    /// Whether it had died before it was taken.
    pub(super) stale: bool,
    /// Whether an answer is missing, or the connection has gone.
    pub(super) broken: bool,
    pub(super) is_mariadb: bool,
    /// Most bytes of one packet that the server takes.
    pub(super) packet_max: usize,
    pub(super) statement_timeout: Duration,
    pub(super) counters: Arc<Counters>,
    pub(super) place: Option<OwnedSemaphorePermit>,
}

impl Session {
    /// Runs a statement; how many rows it found or changed.
    pub(super) async fn run(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, SourceError> {
        self.try_run(sql, values).await.map_err(|failure| failure.before_commit())
    }

    /// The same with the driver's error.
    pub(super) async fn try_run(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, Failure> {
        self.counters.statements.add_one();
        let patience = self.statement_timeout + GRACE;
        let answer = self.connection.exec_drop(sql, values);
        let answer = heard(patience, answer).await;
        self.noted(answer).map(|()| self.connection.affected_rows())
    }

    /// Runs a statement once for each of several lists of values, in their order. MariaDB is given all
    /// of them at once.
    pub(super) async fn run_each(
        &mut self,
        sql: &str,
        values: Vec<Vec<Value>>,
    ) -> Result<(), SourceError> {
        self.counters.statements.add_one();
        let patience = self.statement_timeout + GRACE;
        let answer = self.connection.exec_batch(sql, values);
        let answer = heard(patience, answer).await;
        self.noted(answer).map_err(Failure::before_commit)
    }

    /// Runs a query; its rows.
    pub(super) async fn rows(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, SourceError> {
        self.counters.statements.add_one();
        let patience = self.statement_timeout + GRACE;
        let answer = self.connection.exec(sql, values);
        let answer = heard(patience, answer).await;
        self.noted(answer).map_err(|failure| failure.before_commit())
    }

    /// Runs `work` in a transaction, which is committed when it answers `Ok`.
    pub(super) async fn transact<T: Send>(
        &mut self,
        work: impl for<'s> FnOnce(&'s mut Self) -> BoxFuture<'s, Result<T, SourceError>> + Send,
    ) -> Result<T, SourceError> {
        self.command("START TRANSACTION").await?;
        match work(self).await {
            Ok(done) => self.commit().await.map(|()| done),
            Err(error) => {
                self.roll_back().await;
                Err(error)
            }
        }
    }

    /// Runs a statement that has neither parameters nor an answer.
    pub(super) async fn command(&mut self, sql: &str) -> Result<(), SourceError> {
        self.try_command(sql).await.map_err(|failure| failure.before_commit())
    }

    async fn try_command(&mut self, sql: &str) -> Result<(), Failure> {
        let patience = self.statement_timeout + GRACE;
        let answer = self.connection.query_drop(sql);
        let answer = heard(patience, answer).await;
        self.noted(answer)
    }

    async fn commit(&mut self) -> Result<(), SourceError> {
        match self.try_command("COMMIT").await {
            Ok(()) => {
                self.counters.commits.add_one();
                Ok(())
            }
            Err(failure) => {
                // What the server still does with it is not for the next user to see.
                self.broken = true;
                Err(failure.at_commit())
            }
        }
    }

    /// Ends the transaction. When that fails the connection is closed, which ends it too.
    async fn roll_back(&mut self) {
        if !self.broken && self.command("ROLLBACK").await.is_err() {
            self.broken = true;
        }
    }

    fn noted<T>(&mut self, answer: Result<T, Failure>) -> Result<T, Failure> {
        match &answer {
            Err(failure) if failure.is_fatal() => {
                self.broken = true;
                self.stale = !self.proven && matches!(failure, Failure::Answered(_));
            }
            _ => self.proven = true,
        }
        answer
    }
}

/// Waits for the server's answer, but not for ever.
async fn heard<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    match answered(patience, answer).await {
        Some(answer) => answer.map_err(Failure::Answered),
        None => Err(Failure::Silent),
    }
}

/// Why a statement has no result.
pub(super) enum Failure {
    Answered(Error),
    /// The server did not answer in time.
    Silent,
}

impl Failure {
    fn is_fatal(&self) -> bool {
        match self {
            Self::Answered(error) => error.is_fatal(),
            Self::Silent => true,
        }
    }

    /// What it means before COMMIT was sent.
    pub(super) fn before_commit(self) -> SourceError {
        match self {
            Self::Answered(error) => source_error(&error),
            Self::Silent => SourceError::new(SourceErrorKind::Unavailable, SILENT),
        }
    }

    fn at_commit(self) -> SourceError {
        match self {
            Self::Answered(error) => committing(&error),
            Self::Silent => SourceError::new(SourceErrorKind::Unknown, SILENT),
        }
    }
}

const SILENT: &str = "the MySQL server did not answer in time";
