//! A source that fails in the ways in which databases fail: one table, its fences, and a log of what
//! it took.
//!
//! A call is served by a task of the world, not of the process that made it, as a server does. So a
//! fenced call outlives the process, and may arrive when another one has long taken over. One without
//! a fence is dropped with its caller, as a server drops what a closed connection had not committed:
//! what one that is not would do to the next process, no cache can know.

mod table;
mod weather;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, TryFutureExt};
use larder::runtime::{Runtime, Simulated};
use larder::source::{
    Capabilities, Change, Fence, Fenced, Fences, Holder, Loaded, Source, SourceError,
    SourceErrorKind, Stored, Takeover,
};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::history::{History, shown};
use table::Table;
pub use table::{Commit, POISON};
use weather::Mishap;
pub use weather::Weather;

/// The source of a story. Clones are the same one.
#[derive(Clone)]
pub struct Database {
    world: Simulated,
    table: Arc<Mutex<Table>>,
    weather: Arc<Mutex<Weather>>,
    history: History,
    keeps_fences: bool,
    takeovers: Arc<AtomicU64>,
}

/// Whoever waits for the answer to a call.
struct Caller(Weak<()>);

type Answer<T> = Result<T, SourceError>;

/// What a store does to the table, in one transaction.
type Transaction<T> = Box<dyn FnOnce(&mut Table) -> Answer<T> + Send>;

impl Database {
    /// An empty table.
    pub fn new(world: &Simulated, history: &History, keeps_fences: bool) -> Self {
        Self {
            world: world.clone(),
            table: Arc::default(),
            weather: Arc::default(),
            history: history.clone(),
            keeps_fences,
            takeovers: Arc::default(),
        }
    }

    /// From now on the weather is this.
    pub fn set_weather(&self, weather: Weather) {
        *self.weather.lock() = weather;
    }

    /// The row of `key`.
    pub fn row(&self, key: &str) -> Option<u64> {
        self.table.lock().row(key)
    }

    /// What was taken, in order.
    pub fn commits(&self) -> Vec<Commit> {
        self.table.lock().commits().to_vec()
    }

    /// Processes that know that they hold the journal, the former ones included.
    pub fn takeovers(&self) -> u64 {
        self.takeovers.load(Ordering::Relaxed)
    }

    fn note_takeover(&self) {
        self.takeovers.fetch_add(1, Ordering::Relaxed);
    }

    /// Loads one row, as an application does that knows the source.
    pub async fn load_one(self, key: String) -> Loaded<u64> {
        self.load(vec![key]).await?.pop().unwrap_or(Ok(None))
    }

    /// Stores one row, as an application does that knows the source.
    pub async fn store_one(self, key: String, value: Option<u64>) -> Answer<()> {
        self.store(vec![Change { key, value }]).await.map(drop)
    }

    /// Has a call served, whatever becomes of the caller.
    async fn call<T: Send + 'static, S>(&self, service: impl FnOnce(Caller) -> S) -> Answer<T>
    where
        S: Future<Output = Answer<T>> + Send + 'static,
    {
        let caller = Arc::new(());
        let service = service(Caller(Arc::downgrade(&caller)));
        let (answer, answered) = oneshot::channel();
        // A caller that died needs no answer.
        self.world.spawn(Box::pin(async move { drop(answer.send(service.await)) }));
        let answer = answered.await.unwrap_or_else(|_| Err(lost()));
        drop(caller);
        answer
    }

    async fn pass_time(&self) {
        let wait = self.weather.lock().wait(self.world.random());
        self.world.sleep_until(self.world.now() + wait).await;
    }

    /// Waits as long as a call that meets this waits before the server takes it.
    async fn arrive(&self, mishap: Option<Mishap>) -> Answer<()> {
        self.pass_time().await;
        if let Some(Mishap::Stalls(span)) = mishap {
            self.world.sleep_until(self.world.now() + span).await;
        }
        match mishap {
            _ if self.weather.lock().is_down(self.world.now()) => {
                Err(SourceError::new(SourceErrorKind::Unavailable, "the database is down"))
            }
            Some(Mishap::Fails) => {
                Err(SourceError::new(SourceErrorKind::Unavailable, "no connection"))
            }
            Some(Mishap::Deadlocks) => Err(SourceError::new(SourceErrorKind::Busy, "a deadlock")),
            _ => Ok(()),
        }
    }

    fn draw_mishap(&self) -> Option<Mishap> {
        self.weather.lock().mishap(|| self.world.random())
    }

    async fn read(self, keys: Vec<String>) -> Answer<Vec<Loaded<u64>>> {
        let mishap = self.draw_mishap();
        self.arrive(mishap).await?;
        let rows: Vec<_> = {
            let table = self.table.lock();
            keys.iter().map(|key| table.row(key)).collect()
        };
        self.history.tell(|| {
            let rows = keys.iter().zip(&rows).map(|(key, row)| format!(" {key} = {}", shown(*row)));
            format!("the source reads{}", rows.collect::<String>())
        });
        self.pass_time().await;
        match mishap {
            Some(Mishap::LosesReply | Mishap::CommitsLate(_)) => {
                Err(SourceError::new(SourceErrorKind::Unavailable, "the connection was lost"))
            }
            _ => Ok(rows.into_iter().map(Ok).collect()),
        }
    }

    /// Runs a transaction: one with a fence at any time, one without only for a caller that waits.
    async fn transact<T: Send + 'static>(
        self,
        transaction: Transaction<T>,
        caller: Option<Caller>,
    ) -> Answer<T> {
        let mishap = self.draw_mishap();
        self.arrive(mishap).await?;
        match (mishap, caller) {
            (Some(Mishap::CommitsLate(span)), None) => {
                self.commit_late(transaction, span);
                return Err(lost());
            }
            (_, Some(caller)) if caller.is_gone() => return Err(lost()),
            _ => {}
        }
        let answer = transaction(&mut self.table.lock());
        self.pass_time().await;
        match mishap {
            Some(Mishap::LosesReply) => {
                self.history.tell(|| "the source's reply is lost".to_owned());
                Err(lost())
            }
            _ => answer,
        }
    }

    /// The connection is gone, and the server still works on the transaction.
    fn commit_late<T: Send + 'static>(&self, transaction: Transaction<T>, span: Duration) {
        self.history.tell(|| "the source's connection is lost; it still commits".to_owned());
        let database = self.clone();
        let late = self.world.sleep_until(self.world.now() + span);
        self.world.spawn(Box::pin(async move {
            late.await;
            drop(transaction(&mut database.table.lock()));
        }));
    }

    fn tell_commit(&self, changes: &[Change<String, u64>], what: &str) {
        self.history.tell(|| {
            let rows =
                changes.iter().map(|change| format!(" {} = {}", change.key, shown(change.value)));
            format!("the source {what}{}", rows.collect::<String>())
        });
    }
}

impl Caller {
    fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

fn lost() -> SourceError {
    SourceError::new(SourceErrorKind::Unknown, "the connection was lost before the reply")
}

impl Source<String, u64> for Database {
    fn capabilities(&self) -> Capabilities {
        Capabilities { writes: true, atomic_batches: true, returns_stored: false }
    }

    fn load(&self, keys: Vec<String>) -> BoxFuture<'_, Answer<Vec<Loaded<u64>>>> {
        self.call(|_| self.clone().read(keys)).boxed()
    }

    fn store(&self, changes: Vec<Change<String, u64>>) -> BoxFuture<'_, Answer<Vec<Stored<u64>>>> {
        let database = self.clone();
        let transaction: Transaction<_> = Box::new(move |table| {
            let stored = table.store(changes.clone(), database.history.tick())?;
            database.tell_commit(&changes, "takes");
            Ok(stored)
        });
        self.call(|caller| self.clone().transact(transaction, Some(caller))).boxed()
    }

    fn fences(&self) -> Option<&dyn Fences<String, u64>> {
        self.keeps_fences.then_some(self)
    }
}

impl Fences<String, u64> for Database {
    fn take_over(&self, journal: Arc<str>, holder: Holder) -> BoxFuture<'_, Answer<Takeover>> {
        let database = self.clone();
        let before = self.table.lock().holder(&journal);
        let transaction: Transaction<_> = Box::new(move |table| {
            let now = table.holder(&journal);
            // In databases it waits for its rows behind what came before it, and before what comes later.
            if now != before && now != Some(holder) {
                return Err(lost());
            }
            let takeover = table.take_over(&journal, holder);
            database.history.tell(|| format!("the source: epoch {} begins", takeover.epoch));
            Ok(takeover)
        });
        let answer = self.call(|_| self.clone().transact(transaction, None));
        answer.inspect_ok(|_| self.note_takeover()).boxed()
    }

    fn store_fenced(
        &self,
        changes: Vec<Change<String, u64>>,
        fence: Fence,
    ) -> BoxFuture<'_, Answer<Fenced<u64>>> {
        let database = self.clone();
        let transaction: Transaction<_> = Box::new(move |table| {
            let answer = table.store_fenced(changes.clone(), &fence, database.history.tick());
            let what = match &answer {
                Ok(Fenced::Stored(_)) => format!("takes in epoch {}", fence.epoch),
                Ok(Fenced::Already) => "has already".to_owned(),
                Err(error) => format!("refuses ({error}) in epoch {}", fence.epoch),
            };
            database.tell_commit(&changes, &what);
            answer
        });
        self.call(|_| self.clone().transact(transaction, None)).boxed()
    }
}
