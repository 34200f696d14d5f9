//! How fast queued writes reach PostgreSQL, beside what a client reaches that does nothing else.
//!
//! `cargo bench -p larder --features postgres --bench drain`
//!
//! *By hand* is one connection that upserts rows 1,000 at a time, each time in a transaction of its own,
//! from values that lie ready. *Drained* is a durable journal that is brought in, from the moment at which
//! the cache begins to the end of its flush: in order, under the fence, with coalescing on; by the default
//! options (one worker, batches of 512), and by two workers with batches as large as those by hand. All
//! put the same keys and values into tables that are alike, of a server that syncs each commit, and take
//! turns. No key comes twice, so that there is nothing to coalesce.

use std::sync::Arc;
use std::time::Instant;

use larder::journal::{Append, BytesCodec, FileJournal, FileOptions, Journal, Limits};
use larder::runtime::{Runtime, TokioRuntime};
use larder::source::postgres::{Postgres, PostgresOptions};
use larder::strategy::WriteBehind;
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

/// Who brings the queue in.
#[derive(Clone, Copy)]
struct Crew {
    workers: usize,
    batch_max: usize,
}

/// Rows per second.
struct Figures {
    by_hand: f64,
    /// By each of the crews.
    drained: [f64; 2],
}

fn main() {
    let server = Server::start().unwrap_or_else(|failure| panic!("{failure}"));
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("tokio");
    let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(tokio.handle().clone()));
    tokio.block_on(async {
        let postgres = Postgres::connect(&server.url(), PostgresOptions::default()).await;
        let postgres = postgres.expect("a connection");
        println!(
            "| rows | by hand, rows/s | drained, rows/s | ratio | by two workers, rows/s | ratio |"
        );
        println!("|---|---|---|---|---|---|");
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
    let mut drained = [0.0; 2];
    let mut line = format!("| {} | {by_hand:.0} |", pass.name());
    for (number, crew) in crews().into_iter().enumerate() {
        let table = ["drained", "drained_by_two"][number];
        drained[number] = ROWS as f64 / drain(postgres, runtime, (pass, crew, table)).await;
        let rate = drained[number];
        line += &format!(" {rate:.0} | {:.2} |", rate / by_hand);
    }
    println!("{line}");
    Figures { by_hand, drained }
}

fn crews() -> [Crew; 2] {
    let default =
        Crew { workers: WriteBehind::default().workers, batch_max: Limits::default().batch_max };
    [default, Crew { workers: 2, batch_max: ROWS_BY_HAND }]
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
async fn drain(
    postgres: &Postgres,
    runtime: &Arc<dyn Runtime>,
    (pass, crew, table): (Pass, Crew, &str),
) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { batch_max: crew.batch_max, ..Limits::default() };
    let options = FileOptions { limits, ..FileOptions::default() };
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
    let table = postgres.key_value::<Vec<u8>, Vec<u8>>(table).await.expect("a table");
    let started = Instant::now();
    let cache: Cache<Vec<u8>, Vec<u8>> = Cache::builder("drained")
        .max_entries(1000)
        .source(table)
        .strategy(Strategy::WriteBehind(WriteBehind {
            workers: crew.workers,
            ..WriteBehind::default()
        }))
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
    let sql = "DROP TABLE IF EXISTS by_hand, drained, drained_by_two; \
               CREATE TABLE by_hand (key bytea PRIMARY KEY, value bytea)";
    client.batch_execute(sql).await.expect("tables");
}

fn summary(pass: Pass, figures: &[Figures]) -> String {
    let of = |figure: fn(&Figures) -> f64| median(figures.iter().map(figure).collect());
    format!(
        "{}, medians: {:.0} rows/s by hand; drained {:.2} of it, by two workers {:.2}",
        pass.name(),
        of(|it| it.by_hand),
        of(|it| it.drained[0] / it.by_hand),
        of(|it| it.drained[1] / it.by_hand)
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
