//! How fast queued writes reach PostgreSQL, beside what a client reaches that does nothing else.
//!
//! `cargo bench -p larder --features postgres --bench drain`
//!
//! *By hand* is one connection that upserts rows 1,000 at a time, each time in a transaction of its own,
//! from values that lie ready. *Drained* is a durable journal that is brought in by one worker, from the
//! moment at which the cache begins to the end of its flush: in order, under the fence, with coalescing
//! on, by the default options. Both put the same keys and values into tables that are alike, of a server
//! that syncs each commit, and take turns. No key comes twice, so that there is nothing to coalesce.

use std::sync::Arc;
use std::time::Instant;

use larder::journal::{Append, BytesCodec, FileJournal, FileOptions, Journal};
use larder::runtime::{Runtime, TokioRuntime};
use larder::source::postgres::{Postgres, PostgresOptions};
use larder::{Cache, Strategy};
use larder_kit::postgres::Server;

const ROWS: usize = 100_000;
const ROWS_BY_HAND: usize = 1000;
const VALUE_BYTES: usize = 200;
const ROUNDS: usize = 5;

/// What is written.
#[derive(Clone, Copy)]
enum Pass {
    New,
    Known,
}

/// Rows per second.
struct Figures {
    by_hand: f64,
    drained: f64,
}

fn main() {
    let server = Server::start().unwrap_or_else(|failure| panic!("{failure}"));
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("tokio");
    let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(tokio.handle().clone()));
    tokio.block_on(async {
        let postgres = Postgres::connect(&server.url(), PostgresOptions::default()).await;
        let postgres = postgres.expect("a connection");
        println!("| rows | by hand, rows/s | drained, rows/s | ratio |\n|---|---|---|---|");
        let (mut new, mut known) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            empty_tables(&postgres).await;
            new.push(measure(&postgres, &runtime, Pass::New).await);
            known.push(measure(&postgres, &runtime, Pass::Known).await);
        }
        println!("\n{}\n{}", summary(Pass::New, &new), summary(Pass::Known, &known));
    });
}

async fn measure(postgres: &Postgres, runtime: &Arc<dyn Runtime>, pass: Pass) -> Figures {
    let by_hand = ROWS as f64 / put_by_hand(postgres, pass).await;
    let drained = ROWS as f64 / drain(postgres, runtime, pass).await;
    let ratio = drained / by_hand;
    println!("| {} | {by_hand:.0} | {drained:.0} | {ratio:.2} |", pass.name());
    Figures { by_hand, drained }
}

/// Seconds.
async fn put_by_hand(postgres: &Postgres, pass: Pass) -> f64 {
    let client = postgres.client().await.expect("a connection");
    let upsert = "INSERT INTO by_hand SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
                  ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let upsert = client.prepare(upsert).await.expect("a statement");
    let rows: Vec<_> = (0..ROWS).map(|row| (key(row), pass.value(row))).collect();
    let started = Instant::now();
    for rows in rows.chunks(ROWS_BY_HAND) {
        let (keys, values): (Vec<&[u8]>, Vec<&[u8]>) =
            rows.iter().map(|(key, value)| (&**key, &**value)).unzip();
        client.execute(&upsert, &[&keys, &values]).await.expect("an upsert");
    }
    started.elapsed().as_secs_f64()
}

/// Seconds.
async fn drain(postgres: &Postgres, runtime: &Arc<dyn Runtime>, pass: Pass) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let options = FileOptions::default();
    let journal = FileJournal::open(folder.path(), options, BytesCodec, runtime.clone()).await;
    let journal = Arc::new(journal.unwrap_or_else(|error| panic!("{error}")));
    for first in (0..ROWS).step_by(1000) {
        let writes = (first..first + 1000).map(|row| Append {
            key: key(row),
            value: Some(pass.value(row)),
            trace: None,
        });
        journal.append(writes.collect()).await.expect("it is taken");
    }
    let table = postgres.key_value::<Vec<u8>, Vec<u8>>("drained").await.expect("a table");
    let started = Instant::now();
    let cache: Cache<Vec<u8>, Vec<u8>> = Cache::builder("drained")
        .max_entries(1000)
        .source(table)
        .strategy(Strategy::write_behind())
        .journal(journal.clone())
        .runtime(runtime.clone())
        .build()
        .expect("a cache");
    cache.flush().await.expect("a flush");
    let elapsed = started.elapsed().as_secs_f64();
    assert_eq!(journal.status().applied, ROWS as u64);
    drop(cache);
    journal.end().await;
    elapsed
}

async fn empty_tables(postgres: &Postgres) {
    let client = postgres.client().await.expect("a connection");
    let sql = "DROP TABLE IF EXISTS by_hand, drained; \
               CREATE TABLE by_hand (key bytea PRIMARY KEY, value bytea)";
    client.batch_execute(sql).await.expect("tables");
}

fn summary(pass: Pass, figures: &[Figures]) -> String {
    let of = |figure: fn(&Figures) -> f64| median(figures.iter().map(figure).collect());
    format!(
        "{}, medians: {:.0} rows/s by hand, {:.0} drained, {:.2} of it",
        pass.name(),
        of(|it| it.by_hand),
        of(|it| it.drained),
        of(|it| it.drained / it.by_hand)
    )
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

impl Pass {
    fn name(self) -> &'static str {
        match self {
            Self::New => "new rows",
            Self::Known => "known rows",
        }
    }

    fn value(self, row: usize) -> Vec<u8> {
        let mut value = vec![self as u8; VALUE_BYTES];
        value[..8].copy_from_slice(&row.to_le_bytes());
        value
    }
}

fn key(row: usize) -> Vec<u8> {
    format!("key:{row:012}").into_bytes()
}
