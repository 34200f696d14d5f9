//! Write-around: writes pass the cache by.

use larder::Strategy;
use larder::strategy::WriteAround;

use super::stage::{Stage, TTL};
use super::{Outcome, Scenario};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "write-around",
    promise: "a write goes to the database and drops the copy; what is not read takes no room.",
    play: |stage| Box::pin(play(stage)),
};

async fn play(stage: &mut Stage) -> Outcome {
    let airports = stage.cache(Strategy::write_around()).await?;
    stage.step("Miss: the cache loads the row and keeps it");
    stage.read(&airports, "LSZH").await?;
    stage.step("Hit: the copy is handed out");
    stage.read(&airports, "LSZH").await?;
    stage.later(TTL);
    stage.step("Expiry: ten seconds later the copy is no longer good");
    stage.read(&airports, "LSZH").await?;
    stage.step("Update: the database is written, the copy dropped");
    stage.put(&airports, "LSZH", "Kloten").await?;
    stage.step("Read at once: a miss, which is the price, and the new value");
    stage.read(&airports, "LSZH").await?;
    write_around_purely(stage).await
}

/// `drop_cached = false`: right for rows that are inserted once, and this is why for no other.
async fn write_around_purely(stage: &mut Stage) -> Outcome {
    let pure = WriteAround { drop_cached: false, ..WriteAround::default() };
    let airports = stage.cache(pure).await?;
    stage.step("The pure form, another cache: it has a copy");
    stage.read(&airports, "LSGG").await?;
    stage.step("Update: nothing at all is done to the cache");
    stage.put(&airports, "LSGG", "Cointrin").await?;
    stage.look_into_database("LSGG").await?;
    stage.step("Read at once: the old value, until the copy expires");
    stage.read(&airports, "LSGG").await?;
    stage.later(TTL);
    stage.step("Ten seconds later");
    stage.read(&airports, "LSGG").await
}
