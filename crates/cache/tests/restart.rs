//! A process that ends and starts again on what its journal and its source hold.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use larder::journal::{FileJournal, FileOptions, Limits, OpenError, SerdeCodec};
use larder::runtime::TokioRuntime;
use larder::source::sqlite::{Sqlite, SqliteOptions, SqliteTable};
use larder::source::{
    Capabilities, Change, Fence, Fenced, Fences, Holder, Loaded, Source, SourceError,
    SourceErrorKind, Stored, Takeover,
};
use larder::strategy::{Backoff, DrainState, WriteBehind};
use larder::{Cache, ErrorKind};
use tempfile::TempDir;
use tokio::sync::oneshot;

type Bytes = Vec<u8>;
type Stock = Cache<String, Bytes>;

const SCHEMA: &str = "
    CREATE TABLE stock (name TEXT PRIMARY KEY, count INTEGER NOT NULL CHECK (count < 1000));
    CREATE TABLE log (name TEXT, count INTEGER);
    CREATE TRIGGER put AFTER INSERT ON stock BEGIN INSERT INTO log VALUES (new.name, new.count); END;
    CREATE TRIGGER changed AFTER UPDATE ON stock BEGIN INSERT INTO log VALUES (new.name, new.count); END;
    CREATE TRIGGER gone AFTER DELETE ON stock BEGIN INSERT INTO log VALUES (old.name, NULL); END;";

/// How the way to the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Road {
    Open,
    Closed,
    /// What is stored is stored, and the answer is lost.
    OneWay,
}

/// A table at the end of a road.
struct Remote {
    table: SqliteTable<String, Bytes>,
    road: Arc<AtomicU8>,
}

impl Remote {
    fn is(&self, road: Road) -> bool {
        self.road.load(Ordering::SeqCst) == road as u8
    }

    async fn travel<T>(
        &self,
        call: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        if self.is(Road::Closed) {
            return Err(SourceError::new(SourceErrorKind::Unavailable, "the road is closed"));
        }
        let answer = call.await;
        match self.is(Road::OneWay) {
            true => Err(SourceError::new(SourceErrorKind::Unknown, "the answer was lost")),
            false => answer,
        }
    }
}

impl Source<String, Bytes> for Remote {
    fn capabilities(&self) -> Capabilities {
        self.table.capabilities()
    }

    fn load(&self, keys: Vec<String>) -> BoxFuture<'_, Result<Vec<Loaded<Bytes>>, SourceError>> {
        self.travel(self.table.load(keys)).boxed()
    }

    fn store(
        &self,
        changes: Vec<Change<String, Bytes>>,
    ) -> BoxFuture<'_, Result<Vec<Stored<Bytes>>, SourceError>> {
        self.travel(self.table.store(changes)).boxed()
    }

    fn fences(&self) -> Option<&dyn Fences<String, Bytes>> {
        Some(self)
    }
}

impl Fences<String, Bytes> for Remote {
    fn take_over(
        &self,
        journal: Arc<str>,
        holder: Holder,
    ) -> BoxFuture<'_, Result<Takeover, SourceError>> {
        self.travel(self.table.fences().unwrap().take_over(journal, holder)).boxed()
    }

    fn store_fenced(
        &self,
        changes: Vec<Change<String, Bytes>>,
        fence: Fence,
    ) -> BoxFuture<'_, Result<Fenced<Bytes>, SourceError>> {
        self.travel(self.table.fences().unwrap().store_fenced(changes, fence)).boxed()
    }
}

/// What outlives a process: the database and the journal.
struct Premises {
    folder: TempDir,
    sqlite: Sqlite,
}

impl Premises {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(folder.path().join("shop.db"), SqliteOptions::default()).unwrap();
        sqlite.write(|connection| Ok(connection.execute_batch(SCHEMA)?)).await.unwrap();
        Self { folder, sqlite }
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    async fn start(&self, road: Road) -> Process {
        Process::over(self, opened(&self.journal()).await.unwrap(), road).await
    }

    /// Starts a process as soon as one that dies has let go of the journal.
    async fn start_after_another(&self, road: Road) -> Process {
        loop {
            match opened(&self.journal()).await {
                Err(OpenError::InUse { .. }) => tokio::task::yield_now().await,
                journal => return Process::over(self, journal.unwrap(), road).await,
            }
        }
    }

    /// Everything that was written of `name`, in order.
    async fn log(&self, name: &'static str) -> Vec<Option<i64>> {
        let query = "SELECT count FROM log WHERE name = ? ORDER BY rowid";
        let read = self.sqlite.read(move |connection| {
            let mut rows = connection.prepare(query)?;
            let counts = rows.query_map([name], |row| row.get(0))?;
            Ok(counts.collect::<Result<Vec<Option<i64>>, _>>()?)
        });
        read.await.unwrap()
    }
}

async fn opened(path: &Path) -> Result<FileJournal<String, Bytes>, OpenError> {
    let limits =
        Limits { coalesce: false, flush_interval: Duration::from_millis(1), ..Limits::default() };
    let options = FileOptions { limits, segment_bytes: 1 << 20, ..FileOptions::default() };
    FileJournal::open(path, options, SerdeCodec, runtime()).await
}

fn runtime() -> Arc<TokioRuntime> {
    Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()))
}

struct Process {
    stock: Stock,
    journal: Arc<FileJournal<String, Bytes>>,
    road: Arc<AtomicU8>,
}

impl Process {
    async fn over(premises: &Premises, journal: FileJournal<String, Bytes>, road: Road) -> Self {
        let journal = Arc::new(journal);
        let table = premises.sqlite.table("stock").bytes("count").await.unwrap();
        let road = Arc::new(AtomicU8::new(road as u8));
        let millis = Duration::from_millis;
        let stock = Cache::builder("stock")
            .max_entries(100)
            .source(Remote { table, road: road.clone() })
            .strategy(WriteBehind {
                backoff: Backoff { first: millis(1), longest: millis(10) },
                ..WriteBehind::default()
            })
            .journal(journal.clone())
            .runtime(runtime())
            .build()
            .unwrap();
        Self { stock, journal, road }
    }

    fn turn(&self, road: Road) {
        self.road.store(road as u8, Ordering::SeqCst);
    }

    async fn put(&self, name: &str, count: u32) {
        self.stock.put(name.to_owned(), count.to_string().into_bytes()).await.unwrap();
    }

    async fn get(&self, name: &str) -> Option<u32> {
        let count = self.stock.get(name).await.unwrap()?;
        Some(String::from_utf8(count).unwrap().parse().unwrap())
    }

    /// Ends it; how many writes stay in the journal.
    async fn end(self, patience: Duration) -> u64 {
        let left = self.stock.shutdown(patience).await.err().map_or(0, |left| left.writes);
        drop(self.stock);
        self.journal.end().await;
        left
    }

    async fn until(&self, is_so: impl Fn(&Stock) -> bool) {
        while !is_so(&self.stock) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn acknowledged_writes_are_seen_from_the_first_moment_and_arrive_in_their_order() {
    let premises = Premises::new().await;
    let first = premises.start(Road::Open).await;
    first.put("tea", 1).await;
    first.put("milk", 5).await;
    first.stock.flush().await.unwrap();
    first.turn(Road::Closed);
    first.put("tea", 2).await;
    first.put("tea", 3).await;
    first.stock.remove("milk".to_owned()).await.unwrap();
    assert_eq!(first.end(Duration::ZERO).await, 3);
    assert_eq!(premises.log("tea").await, [Some(1)]);

    let second = premises.start(Road::Closed).await;
    assert_eq!((second.get("tea").await, second.get("milk").await), (Some(3), None));
    second.put("tea", 4).await;
    assert_eq!(second.stock.drain_status().unwrap().state, DrainState::TakingOver);
    second.turn(Road::Open);
    second.stock.flush().await.unwrap();
    assert_eq!(premises.log("tea").await, [1, 2, 3, 4].map(Some));
    assert_eq!(premises.log("milk").await, [Some(5), None]);
    assert_eq!(second.end(Duration::from_secs(10)).await, 0);
}

#[tokio::test]
async fn a_batch_whose_answer_was_lost_takes_effect_once_whoever_sends_it_again() {
    let premises = Premises::new().await;
    let first = premises.start(Road::Open).await;
    first.put("tea", 1).await;
    first.stock.flush().await.unwrap();
    first.turn(Road::OneWay);
    first.put("tea", 2).await;
    first.until(|stock| stock.statistics().write_retries > 0).await;
    first.put("tea", 3).await;
    first.turn(Road::Closed);
    // The journal cannot know better; the batch may be given back by then, and the later write counts.
    let left = first.end(Duration::ZERO).await;
    assert!((1..=2).contains(&left), "{left} writes are left");
    assert_eq!(premises.log("tea").await, [1, 2].map(Some));

    let second = premises.start(Road::Open).await;
    second.stock.flush().await.unwrap();
    assert_eq!(premises.log("tea").await, [1, 2, 3].map(Some));
    second.turn(Road::OneWay);
    second.put("tea", 4).await;
    second.until(|stock| stock.statistics().write_retries > 0).await;
    second.turn(Road::Open);
    second.stock.flush().await.unwrap();
    assert_eq!(premises.log("tea").await, [1, 2, 3, 4].map(Some));
    second.end(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn the_former_holder_of_a_journal_writes_nothing_any_more() {
    let premises = Premises::new().await;
    let first = premises.start(Road::Open).await;
    first.put("tea", 1).await;
    first.stock.flush().await.unwrap();
    let copy = premises.folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(premises.journal()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    let second = Process::over(&premises, opened(&copy).await.unwrap(), Road::Open).await;
    second.put("tea", 2).await;
    second.stock.flush().await.unwrap();

    first.put("tea", 10).await;
    first.until(|stock| stock.drain_status().unwrap().state == DrainState::Fenced).await;
    let refused = first.stock.put("milk".to_owned(), b"1".to_vec()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Fenced, "{refused}");
    assert_eq!(premises.log("tea").await, [1, 2].map(Some));
    assert_eq!(first.end(Duration::from_secs(10)).await, 1);
    second.put("tea", 3).await;
    assert_eq!(second.end(Duration::from_secs(10)).await, 0);
    assert_eq!(premises.log("tea").await, [1, 2, 3].map(Some));
}

#[tokio::test]
async fn dead_letters_outlive_the_process_and_are_replayed_by_the_next() {
    let premises = Premises::new().await;
    let first = premises.start(Road::Open).await;
    first.put("tea", 5000).await;
    first.put("milk", 5).await;
    first.stock.flush().await.unwrap();
    assert_eq!((first.get("tea").await, premises.log("milk").await), (None, vec![Some(5)]));
    assert_eq!(first.end(Duration::from_secs(10)).await, 0);

    let second = premises.start(Road::Open).await;
    let letters = second.stock.dead_letters();
    let letter = &letters[0].record;
    assert_eq!(
        (letters.len(), &*letter.key, letter.value.as_deref()),
        (1, "tea", Some(&b"5000"[..]))
    );
    assert!(letters[0].reason.contains("count"), "{}", letters[0].reason);
    let widened = "DROP TABLE stock; CREATE TABLE stock (name TEXT PRIMARY KEY, count INTEGER);";
    premises.sqlite.write(move |connection| Ok(connection.execute_batch(widened)?)).await.unwrap();
    let replayed = second.stock.replay_dead_letters(vec![letter.sequence], false).await.unwrap();
    assert_eq!((replayed.queued, second.get("tea").await), (1, Some(5000)));
    second.stock.flush().await.unwrap();
    second.stock.invalidate_all();
    assert_eq!(second.get("tea").await, Some(5000), "it is in the source");
    assert_eq!(second.end(Duration::from_secs(10)).await, 0);

    let third = premises.start(Road::Open).await;
    assert!(third.stock.dead_letters().is_empty());
    third.end(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_process_that_dies_loses_nothing_that_it_acknowledged() {
    let premises = Arc::new(Premises::new().await);
    // It dies with its tasks: its runtime is torn down around it.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (acknowledged, all) = oneshot::channel();
    let place = premises.clone();
    runtime.spawn(async move {
        let first = place.start(Road::Closed).await;
        for count in 1..=20 {
            first.put("tea", count).await;
        }
        acknowledged.send(()).unwrap();
        std::future::pending::<()>().await;
        drop(first);
    });
    all.await.unwrap();
    runtime.shutdown_background();
    let second = premises.start_after_another(Road::Open).await;
    assert_eq!(second.get("tea").await, Some(20));
    second.stock.flush().await.unwrap();
    assert_eq!(premises.log("tea").await, (1..=20).map(Some).collect::<Vec<_>>());
    second.end(Duration::from_secs(10)).await;
}
