//! Read-through: the cache loads, the application writes.

use larder::{ReadOptions, Strategy};

use super::stage::{Airports, Stage, TTL};
use super::{Outcome, Scenario};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "read-through",
    promise: "the cache loads; a read after an invalidation never sees an older value.",
    play: |stage| Box::pin(play(stage)),
};

async fn play(stage: &mut Stage) -> Outcome {
    let airports = stage.cache(Strategy::ReadThrough).await?;
    stage.step("Miss: the cache loads the row and keeps it");
    stage.read(&airports, "LSZH").await?;
    stage.step("Hit: the copy is handed out");
    stage.read(&airports, "LSZH").await?;
    stage.later(TTL);
    stage.step("Expiry: ten seconds later the copy is no longer good");
    stage.read(&airports, "LSZH").await?;
    stage.step("Update: the application writes the database, then invalidates");
    stage.update("LSZH", "Kloten").await?;
    stage.remove(&airports, "LSZH").await?;
    stage.step("Read at once: a miss, and the new value");
    stage.read(&airports, "LSZH").await?;
    stage.step("Two readers miss together: one load for both");
    read_together(stage, &airports, "LSGG").await?;
    stage.step("A row that does not exist");
    stage.read(&airports, "LSXX").await?;
    stage.step("Read again: that there is none is known");
    stage.read(&airports, "LSXX").await
}

async fn read_together(stage: &Stage, airports: &Airports, code: &str) -> Outcome {
    let options = ReadOptions { trace: stage.options().trace, ..ReadOptions::default() };
    let read = || airports.get_with(code.to_owned(), &options);
    let (one, other) = tokio::join!(read(), read());
    one?;
    other?;
    Ok(())
}
