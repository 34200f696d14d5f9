//! Cache-aside: the application does everything but keep the copies.

use larder::trace::Participant::App;
use larder::{Lease, Leased, Strategy};

use super::stage::{Airport, Airports, Stage, TTL, has};
use super::{Outcome, Scenario};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "cache-aside",
    promise: "the application loads, fills and invalidates; a fill that came too late is refused.",
    play: |stage| Box::pin(play(stage)),
};

async fn play(stage: &mut Stage) -> Outcome {
    let airports = stage.cache(Strategy::CacheAside).await?;
    stage.step("Miss: the application is given a lease, loads the row and fills");
    read(stage, &airports, "LSZH").await?;
    stage.step("Hit: the copy is handed out");
    read(stage, &airports, "LSZH").await?;
    stage.later(TTL);
    stage.step("Expiry: ten seconds later the copy is no longer good");
    read(stage, &airports, "LSZH").await?;
    stage.step("Update: the application writes the database, then invalidates");
    stage.update("LSZH", "Kloten").await?;
    stage.remove(&airports, "LSZH").await?;
    stage.step("Read at once: a miss, and the new value");
    read(stage, &airports, "LSZH").await?;
    lose_a_race(stage, &airports).await
}

/// Two users of one row: what the first has loaded is old by the time it fills.
async fn lose_a_race(stage: &mut Stage, airports: &Airports) -> Outcome {
    stage.step("Race: one request has loaded a row when another one changes it");
    if let Leased::Lease(lease) = lease(stage, airports, "LSGG")? {
        let old = stage.select("LSGG").await?;
        stage.update("LSGG", "Cointrin").await?;
        stage.remove(airports, "LSGG").await?;
        fill(stage, airports, "LSGG", lease, old);
    }
    stage.step("Read at once: the old value was not cached");
    read(stage, airports, "LSGG").await
}

/// How an application reads by this strategy.
async fn read(stage: &mut Stage, airports: &Airports, code: &str) -> Outcome {
    let airport = match lease(stage, airports, code)? {
        Leased::Hit(airport) => airport,
        Leased::Lease(lease) => {
            let airport = stage.select(code).await?;
            fill(stage, airports, code, lease, airport.clone());
            airport
        }
    };
    stage.find(App, has(airport.map(|airport| airport.name)));
    Ok(())
}

fn lease(stage: &Stage, airports: &Airports, code: &str) -> Outcome<Leased<Airport>> {
    Ok(airports.lease_with(code.to_owned(), &stage.options())?)
}

fn fill(stage: &Stage, airports: &Airports, code: &str, lease: Lease, airport: Option<Airport>) {
    airports.fill_with(code.to_owned(), lease, airport, &stage.options());
}
