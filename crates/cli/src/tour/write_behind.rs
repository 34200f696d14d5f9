//! Write-behind: answered now, in the database later.

use std::time::Duration;

use larder::journal::Limits;
use larder::strategy::{OnFull, WriteBehind};
use larder::trace::Participant::Queue;

use super::stage::{Airports, Stage, TTL};
use super::{Outcome, Scenario};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "write-behind",
    promise: "a write is queued and answered; a worker brings it to the database, once, in order.",
    play: |stage| Box::pin(play(stage)),
};

/// How long a write waits for others to share its batch.
const FLUSH_INTERVAL: Duration = Duration::from_secs(60);

/// How long a write waits for room in the queue, and a stop for the queue to be empty.
const PATIENCE: Duration = Duration::from_secs(2);

async fn play(stage: &mut Stage) -> Outcome {
    let airports = cache(stage, OnFull::Block(PATIENCE)).await?;
    stage.step("Miss: nothing is pending, so the cache loads the row");
    stage.read(&airports, "LSZH").await?;
    stage.step("Hit: the copy is handed out");
    stage.read(&airports, "LSZH").await?;
    stage.step("Update: the queue first, then the copy, then the answer");
    stage.put(&airports, "LSZH", "Kloten").await?;
    stage.look_into_database("LSZH").await?;
    stage.step("Read at once: a hit, and the new value");
    stage.read(&airports, "LSZH").await?;
    stage.later(TTL);
    stage.step("Expiry: the copy is gone, the write is still pending and is what counts");
    stage.read(&airports, "LSZH").await?;
    stage.later(FLUSH_INTERVAL);
    stage.step("Flush: a minute later the worker brings the write to the database");
    stage.settled().await;
    stage.look_into_database("LSZH").await?;
    overflow_and_wait(stage, &airports).await?;
    overflow_and_refuse(stage).await?;
    overflow_and_pass_by(stage).await?;
    stop(stage, &airports).await
}

/// A cache whose queue has room for two writes.
async fn cache(stage: &Stage, on_full: OnFull) -> Outcome<Airports> {
    let limits = Limits { records_max: 2, flush_interval: FLUSH_INTERVAL, ..Limits::default() };
    stage.cache(WriteBehind { limits, on_full, ..WriteBehind::default() }).await
}

async fn overflow_and_wait(stage: &mut Stage, airports: &Airports) -> Outcome {
    stage.step("Two writes fill the queue");
    fill_queue(stage, airports).await?;
    stage.step("Overflow, policy 'block': the third waits until the worker has made room");
    stage.put(airports, "LSZH", "Unique").await?;
    stage.later(FLUSH_INTERVAL);
    stage.step("Flush");
    stage.settled().await;
    Ok(())
}

async fn overflow_and_refuse(stage: &mut Stage) -> Outcome {
    let airports = cache(stage, OnFull::Reject).await?;
    stage.step("Another cache, policy 'reject', fills its queue");
    fill_queue(stage, &airports).await?;
    let busy = stage.make_busy().await?;
    stage.later(FLUSH_INTERVAL);
    stage.step("Flush: the database is busy with something else");
    stage.worker_writes().await;
    stage.step("Overflow: the third write is refused, with an error that says why");
    stage.put_in_vain(&airports, "LSZH", "Zurich").await?;
    stage.step("The database has time again: both writes arrive");
    drop(busy);
    stage.settled().await;
    Ok(())
}

async fn overflow_and_pass_by(stage: &mut Stage) -> Outcome {
    let airports = cache(stage, OnFull::Through(Duration::from_secs(60))).await?;
    stage.step("Another cache, policy 'through', fills its queue");
    fill_queue(stage, &airports).await?;
    let busy = stage.make_busy().await?;
    stage.later(FLUSH_INTERVAL);
    stage.step("Flush: the database is busy with something else");
    stage.worker_writes().await;
    stage.step("Overflow: the third write goes to the database itself, behind the other two");
    let relieve = async {
        stage.cache_writes().await;
        drop(busy);
    };
    tokio::join!(stage.put(&airports, "LSZH", "Zurich"), relieve).0?;
    stage.settled().await;
    stage.look_into_database("LSZH").await
}

async fn stop(stage: &mut Stage, airports: &Airports) -> Outcome {
    stage.step("Update");
    stage.put(airports, "LSZH", "Kloten").await?;
    stage.step("Graceful stop: what is queued is flushed first");
    stage.shut_down(airports, PATIENCE).await?;
    let left = airports.journal_status().map_or(0, |status| status.records);
    stage.find(Queue, format!("has {left} writes left"));
    stage.look_into_database("LSZH").await
}

async fn fill_queue(stage: &Stage, airports: &Airports) -> Outcome {
    stage.put(airports, "LSGG", "Cointrin").await?;
    stage.put(airports, "LSZB", "Belp").await?;
    Ok(())
}
