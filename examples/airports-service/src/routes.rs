//! What the service answers.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::failure::Refusal;
use crate::{Airport, Airports};

/// The routes of the service over these airports.
pub fn router(airports: Airports) -> Router {
    let one = get(read).put(write).delete(remove);
    Router::new().route("/airports/{icao}", one).route("/stats", get(stats)).with_state(airports)
}

/// What the cache has done since the start.
#[derive(Serialize)]
struct Stats {
    strategy: &'static str,
    hits: u64,
    misses: u64,
    /// Readers that waited for somebody else's load.
    joined: u64,
    load_queries: u64,
    writes: u64,
    entries: u64,
    /// Acknowledged writes that the database does not have yet.
    queued: u64,
}

async fn read(
    State(airports): State<Airports>,
    Path(icao): Path<String>,
) -> Result<Json<Arc<Airport>>, Refusal> {
    airports.get(&icao).await?.map(Json).ok_or(Refusal::NotFound)
}

async fn write(
    State(airports): State<Airports>,
    Path(icao): Path<String>,
    Json(airport): Json<Airport>,
) -> Result<StatusCode, Refusal> {
    // The table would refuse it as well; with write-behind only after the client has its answer.
    if airport.icao != icao {
        return Err(Refusal::OtherAirport);
    }
    airports.put(icao, Arc::new(airport)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    State(airports): State<Airports>,
    Path(icao): Path<String>,
) -> Result<StatusCode, Refusal> {
    match airports.remove(icao).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::NotFound),
    }
}

async fn stats(State(airports): State<Airports>) -> Json<Stats> {
    let counted = airports.statistics();
    Json(Stats {
        strategy: airports.strategy(),
        hits: counted.hits,
        misses: counted.misses,
        joined: counted.joined,
        load_queries: counted.load_queries,
        writes: counted.writes,
        entries: airports.usage().entries,
        queued: airports.journal_status().map_or(0, |journal| journal.records),
    })
}
