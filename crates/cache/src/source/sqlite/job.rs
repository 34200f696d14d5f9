//! Jobs: closures on their way to a database's thread and back.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::source::{SourceError, SourceErrorKind};

/// Work that a database's thread does and answers.
pub(super) trait Job: Send {
    /// Whether it may share a transaction with others.
    fn company(&self) -> Company;

    /// Whether somebody still waits for the answer.
    fn is_awaited(&self) -> bool;

    /// Does the work and keeps its outcome for [`Job::answer`]. A panic is an outcome too.
    fn run(&mut self, connection: &Connection) -> Ran;

    /// Answers with the outcome of the last run, or with `end` if that is an error and the run was
    /// not.
    fn answer(self: Box<Self>, end: Result<(), SourceError>);
}

/// Whether a job may share a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// It may, and can run again after a rollback that another job caused.
    Shared,
    /// It runs once, in a transaction of its own.
    Alone,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    /// Its changes are to be kept.
    Well,
    /// Its changes are to be undone.
    Badly,
}

/// The future end of a job.
pub(super) type Answer<T> = oneshot::Receiver<Result<T, SourceError>>;

/// A job that runs alone, at most once.
pub(super) fn alone<T: Send + 'static>(
    work: impl FnOnce(&Connection) -> Result<T, SourceError> + Send + 'static,
) -> (Box<dyn Job>, Answer<T>) {
    let mut work = Some(work);
    let once = move |connection: &Connection| match work.take() {
        Some(work) => work(connection),
        None => Err(SourceError::new(SourceErrorKind::Unknown, "a job cannot run twice")),
    };
    task(Company::Alone, once)
}

/// A job that shares its transaction and can run again.
pub(super) fn shared<T: Send + 'static>(
    work: impl Fn(&Connection) -> Result<T, SourceError> + Send + 'static,
) -> (Box<dyn Job>, Answer<T>) {
    task(Company::Shared, work)
}

fn task<T: Send + 'static>(
    company: Company,
    work: impl FnMut(&Connection) -> Result<T, SourceError> + Send + 'static,
) -> (Box<dyn Job>, Answer<T>) {
    let (sender, answer) = oneshot::channel();
    (Box::new(Task { company, work, outcome: None, sender }), answer)
}

struct Task<F, T> {
    company: Company,
    work: F,
    outcome: Option<Result<T, SourceError>>,
    sender: oneshot::Sender<Result<T, SourceError>>,
}

impl<F, T> Job for Task<F, T>
where
    F: FnMut(&Connection) -> Result<T, SourceError> + Send,
    T: Send,
{
    fn company(&self) -> Company {
        self.company
    }

    fn is_awaited(&self) -> bool {
        !self.sender.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> Ran {
        let run = catch_unwind(AssertUnwindSafe(|| (self.work)(connection)));
        let outcome = run.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        let ran = if outcome.is_ok() { Ran::Well } else { Ran::Badly };
        self.outcome = Some(outcome);
        ran
    }

    fn answer(self: Box<Self>, end: Result<(), SourceError>) {
        let answer = match (self.outcome, end) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(SourceError::new(SourceErrorKind::Unavailable, "it never ran")),
        };
        // Nobody waits any more: there is nobody to tell.
        let _ = self.sender.send(answer);
    }
}

fn panicked(panic: &(dyn Any + Send)) -> SourceError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let sentence = format!("a job on the SQLite file panicked: {}", text.unwrap_or("no message"));
    SourceError::new(SourceErrorKind::Panicked, sentence)
}
