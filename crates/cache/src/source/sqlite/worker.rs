//! The threads that own the connections.
//!
//! ```text
//! callers ──► queue (bounded) ──► reader 1..n   each job: run, answer
//!         └─► queue (bounded) ──► writer        each group: BEGIN, (SAVEPOINT, run)*, COMMIT, answer
//! ```
//!
//! Group commit: the sync of a commit costs far more than the changes in it, so the writer takes
//! what has queued meanwhile into one transaction. A job that fails is rolled back to its own
//! savepoint. When the group as a whole fails with a definite error (a deferred constraint, a
//! trigger that rolls everything back), each of its jobs runs again alone, so that only the guilty
//! one hears of it.

use std::cell::Cell;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::error::committing;
use super::job::{Company, Job, Ran};
use super::queries::Counters;
use super::queue::{Queue, Refusal};
use crate::source::{SourceError, SourceErrorKind};

/// Most jobs that share one commit: bounds how long the first of them waits.
const GROUP_MAX: usize = 256;

type Jobs = Queue<Box<dyn Job>>;

thread_local! {
    /// Whether this is a thread of some database.
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Threads with one queue. Dropping it finishes what is queued and joins them.
pub(super) struct Workers {
    jobs: Arc<Jobs>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Workers {
    /// A thread for each connection, all reading.
    pub(super) fn readers(connections: Vec<Connection>, queue: usize) -> Result<Self, SourceError> {
        let workers = Self::idle(queue);
        for connection in connections {
            workers.spawn("larder-sqlite-reader", move |jobs| read(&connection, jobs))?;
        }
        Ok(workers)
    }

    /// One thread that writes.
    pub(super) fn writer(
        connection: Connection,
        queue: usize,
        counters: Arc<Counters>,
    ) -> Result<Self, SourceError> {
        let workers = Self::idle(queue);
        let work = move |jobs: &Jobs| write(&connection, jobs, &counters);
        workers.spawn("larder-sqlite-writer", work)?;
        Ok(workers)
    }

    /// Queues a job, and never waits.
    pub(super) fn push(&self, job: Box<dyn Job>) -> Result<(), SourceError> {
        self.jobs.push(job).map_err(|refusal| {
            let sentence = match refusal {
                Refusal::Full => "the SQLite file's queue is full; slow down or enlarge it",
                Refusal::Closed => "the SQLite file is closed",
            };
            SourceError::new(SourceErrorKind::Unavailable, sentence)
        })
    }

    /// Takes no more jobs, finishes those queued and joins the threads. On a database's own thread,
    /// which cannot wait for itself, the threads end by themselves.
    pub(super) fn close(&self) {
        self.jobs.close();
        if IS_WORKER.get() {
            return;
        }
        for thread in self.threads.lock().drain(..) {
            // A panic there has been reported by the panic hook.
            let _ = thread.join();
        }
    }

    fn idle(queue: usize) -> Self {
        Self { jobs: Arc::new(Queue::new(queue)), threads: Mutex::default() }
    }

    fn spawn(
        &self,
        name: &str,
        work: impl FnOnce(&Jobs) + Send + 'static,
    ) -> Result<(), SourceError> {
        let jobs = self.jobs.clone();
        let spawned = thread::Builder::new().name(name.into()).spawn(move || {
            IS_WORKER.set(true);
            work(&jobs);
        });
        let thread = spawned.map_err(|error| {
            let sentence = format!("the thread {name} cannot be started: {error}");
            SourceError::new(SourceErrorKind::Unavailable, sentence)
        })?;
        self.threads.lock().push(thread);
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.close();
    }
}

fn read(connection: &Connection, jobs: &Jobs) {
    while let Some(mut job) = jobs.pop() {
        if !job.is_awaited() {
            continue;
        }
        job.run(connection);
        if !connection.is_autocommit() {
            roll_back(connection);
        }
        job.answer(Ok(()));
    }
}

fn write(connection: &Connection, jobs: &Jobs, counters: &Counters) {
    while let Some(first) = jobs.pop() {
        let mut group = vec![first];
        let shares = |job: &dyn Job| job.company() == Company::Shared;
        while shares(group[0].as_ref()) && group.len() < GROUP_MAX {
            let Some(job) = jobs.pop_if(|job| shares(job.as_ref())) else { break };
            group.push(job);
        }
        commit_group(connection, group, counters);
    }
}

fn commit_group(connection: &Connection, mut group: Vec<Box<dyn Job>>, counters: &Counters) {
    match transact(connection, &mut group) {
        End::Committed => {
            counters.commits.add_one();
            answer(group, &Ok(()));
        }
        End::RolledBack(_) if group.len() > 1 => {
            for job in group {
                commit_group(connection, vec![job], counters);
            }
        }
        End::NotBegun(error) | End::RolledBack(error) | End::Unknown(error) => {
            answer(group, &Err(error));
        }
    }
}

fn answer(group: Vec<Box<dyn Job>>, end: &Result<(), SourceError>) {
    for job in group {
        job.answer(end.clone());
    }
}

/// How the transaction of a group ended.
enum End {
    Committed,
    /// The lock could not be had: no job ran.
    NotBegun(SourceError),
    /// Nothing took effect.
    RolledBack(SourceError),
    Unknown(SourceError),
}

fn transact(connection: &Connection, group: &mut [Box<dyn Job>]) -> End {
    // One is open only when an earlier roll-back failed.
    roll_back(connection);
    if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
        return End::NotBegun(error.into());
    }
    for job in group {
        if let Err(error) = run_in_savepoint(connection, job.as_mut()) {
            roll_back(connection);
            return End::RolledBack(error);
        }
    }
    let Err(error) = connection.execute_batch("COMMIT") else { return End::Committed };
    roll_back(connection);
    let error = committing(&error);
    match error.kind() {
        SourceErrorKind::Unknown => End::Unknown(error),
        _ => End::RolledBack(error),
    }
}

/// Runs a job; an error says that the whole transaction is lost, not only the job.
fn run_in_savepoint(connection: &Connection, job: &mut dyn Job) -> Result<(), SourceError> {
    connection.execute_batch("SAVEPOINT job")?;
    let ran = job.run(connection);
    if connection.is_autocommit() {
        let sentence = "the transaction ended before its commit; it may have taken effect";
        return Err(SourceError::new(SourceErrorKind::Unknown, sentence));
    }
    Ok(connection.execute_batch(match ran {
        Ran::Well => "RELEASE job",
        Ran::Badly => "ROLLBACK TO job; RELEASE job",
    })?)
}

/// Ends whatever transaction is open. SQLite may have ended it already, which is as good.
fn roll_back(connection: &Connection) {
    if connection.is_autocommit() {
        return;
    }
    if let Err(error) = connection.execute_batch("ROLLBACK") {
        tracing::error!(%error, "SQLite could not roll back");
    }
}
