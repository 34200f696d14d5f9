//! Write-through: the database and the copy, both or an error.

use larder::Strategy;

use super::stage::{Stage, TTL};
use super::{Outcome, Scenario};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "write-through",
    promise: "a write is in the database and in the cache when it is answered, or in neither.",
    play: |stage| Box::pin(play(stage)),
};

async fn play(stage: &mut Stage) -> Outcome {
    let airports = stage.cache(Strategy::write_through()).await?;
    stage.step("Miss: the cache loads the row and keeps it");
    stage.read(&airports, "LSZH").await?;
    stage.step("Hit: the copy is handed out");
    stage.read(&airports, "LSZH").await?;
    stage.step("Update: the database first, then the copy, then the answer");
    stage.put(&airports, "LSZH", "Kloten").await?;
    stage.look_into_database("LSZH").await?;
    stage.step("Read at once: a hit, and the new value");
    stage.read(&airports, "LSZH").await?;
    stage.step("The database refuses a write: an airport must have a name");
    stage.put_in_vain(&airports, "LSZH", "").await?;
    stage.step("Read at once: nothing of it is visible");
    stage.read(&airports, "LSZH").await?;
    stage.later(TTL);
    stage.step("Expiry: ten seconds later the copy is no longer good");
    stage.read(&airports, "LSZH").await?;
    stage.step("Delete: the row goes, and that there is none is known");
    stage.remove(&airports, "LSZH").await?;
    stage.look_into_database("LSZH").await?;
    stage.step("Read at once");
    stage.read(&airports, "LSZH").await
}
