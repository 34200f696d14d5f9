//! Airports over HTTP: a table of SQLite behind a typed cache.
//!
//! ```text
//! GET    /airports/{icao}   the airport as JSON, or 404
//! PUT    /airports/{icao}   stores the airport in the body
//! DELETE /airports/{icao}   deletes it, or 404
//! GET    /stats             what the cache has done
//! ```
//!
//! A handler calls the cache and nothing else: whether and when the database is asked is the
//! strategy's business, which is chosen once, in [`open`].

mod airport;
mod failure;
mod routes;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use larder::source::sqlite::{Sqlite, SqliteOptions};
use larder::{Cache, Freshness, Strategy};
use tokio::net::TcpListener;

pub use airport::Airport;
pub use routes::router;

/// Airports by their ICAO code. A hit hands out another [`Arc`] of the same airport.
pub type Airports = Cache<String, Arc<Airport>>;

/// Why the service could not start, or left something undone.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many airports are held in memory.
const ENTRIES_MAX: u64 = 10_000;

/// How long a stop waits for writes that are queued.
const PATIENCE: Duration = Duration::from_secs(10);

/// The table of airports that `larder serve` makes, with one airport in it.
const TABLE: &str = "
CREATE TABLE IF NOT EXISTS airports (
    icao TEXT PRIMARY KEY, iata TEXT, name TEXT NOT NULL, city TEXT, subd TEXT,
    country TEXT NOT NULL, elevation REAL NOT NULL, lat REAL NOT NULL, lon REAL NOT NULL,
    tz TEXT NOT NULL, lid TEXT
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO airports VALUES (
    'LSZH', 'ZRH', 'Zurich Airport', 'Zurich', 'Zurich', 'CH', 1416, 47.4647, 8.54917,
    'Europe/Zurich', NULL
);";

/// The airports of an SQLite file, which is made when it is not there, in step with their cache by
/// `strategy`.
///
/// # Errors
///
/// When the file cannot be opened, or has another table of that name.
pub async fn open(database: &Path, strategy: Strategy) -> Result<Airports, Failure> {
    let sqlite = Sqlite::open(database, SqliteOptions::default())?;
    sqlite.write(|connection| Ok(connection.execute_batch(TABLE)?)).await?;
    let table = sqlite.table("airports").key(["icao"]).rows().await?;
    let airports = Cache::builder("airports")
        .max_entries(ENTRIES_MAX)
        .source(table)
        .strategy(strategy)
        .freshness(freshness())
        .build()?;
    Ok(airports)
}

/// Serves until `stop` is ready, finishes what is in flight and brings queued writes to the
/// database.
///
/// # Errors
///
/// When the listener fails, or writes are left over when the patience is at its end.
pub async fn serve(
    listener: TcpListener,
    airports: Airports,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let served = axum::serve(listener, router(airports.clone())).with_graceful_shutdown(stop).await;
    airports.shutdown(PATIENCE).await?;
    Ok(served?)
}

fn freshness() -> Freshness {
    Freshness {
        ttl_jitter: 0.1,
        // A code that does not exist is asked for again, too.
        negative_ttl: Duration::from_secs(30),
        stale_if_error: Duration::from_secs(300),
        ..Freshness::ttl(Duration::from_secs(600))
    }
}
