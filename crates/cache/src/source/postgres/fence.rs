//! Fences in the database that the rows are in.
//!
//! The row of a lane is locked by whoever raises it, a take-over or a batch, until its transaction
//! ends: so a take-over waits for the batches that are under way, and a batch that comes later finds
//! another epoch.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::session::Session;
use super::store::{Report, bring, plan};
use super::table::PostgresTable;
use crate::source::table::fence::{
    FENCE_TABLE, Standing, already, holder, lanes, number, takeover,
};
use crate::source::{Change, Fence, Fenced, Fences, Holder, SourceError, Takeover};

impl<K: Send + 'static, V: Send + 'static> Fences<K, V> for PostgresTable<K, V> {
    fn take_over(
        &self,
        journal: Arc<str>,
        holder: Holder,
    ) -> BoxFuture<'_, Result<Takeover, SourceError>> {
        async move {
            let session = self.postgres().session().await?;
            make_table(&session).await?;
            session.transaction(take_over(&session, &journal, holder)).await
        }
        .boxed()
    }

    /// [`Fenced::Stored`] does not say what stands in the rows now: what a worker does not look at need
    /// not be read.
    fn store_fenced(
        &self,
        changes: Vec<Change<K, V>>,
        fence: Fence,
    ) -> BoxFuture<'_, Result<Fenced<V>, SourceError>> {
        async move {
            let plan = plan(&self.bound, &changes)?;
            drop(changes);
            let session = self.postgres().session().await?;
            let work = async {
                let raised = raise(&session, &fence).await?;
                if raised < fence.marks.len() {
                    let standing = standing(&session, &fence.journal).await?;
                    return already(&fence, raised, &standing).map(|()| Fenced::Already);
                }
                bring(&session, &self.bound, &plan, Report::None).await.map(Fenced::Stored)
            };
            session.transaction(work).await
        }
        .boxed()
    }
}

async fn make_table(session: &Session) -> Result<(), SourceError> {
    let exists = format!("SELECT 1 WHERE to_regclass('{FENCE_TABLE}') IS NOT NULL");
    if !session.query(&exists, &[]).await?.is_empty() {
        return Ok(());
    }
    let made = session
        .run(&format!(
            "CREATE TABLE IF NOT EXISTS {FENCE_TABLE} (journal text COLLATE \"C\" NOT NULL, \
             lane smallint NOT NULL, epoch bigint NOT NULL, holder bigint NOT NULL, \
             sequence bigint NOT NULL, \
             PRIMARY KEY (journal, lane))"
        ))
        .await;
    match made {
        // Two that make it at the same time: one of them finds that the other has.
        Err(_) if !session.query(&exists, &[]).await?.is_empty() => Ok(()),
        made => made,
    }
}

/// Lanes are raised in their order, so that two that take over at the same time wait for each other
/// and do not meet in a deadlock.
async fn take_over(session: &Session, journal: &str, own: Holder) -> Result<Takeover, SourceError> {
    let lock = format!(
        "INSERT INTO {FENCE_TABLE} AS f (journal, lane, epoch, holder, sequence) \
         SELECT $1::text, lane, 0, 0, 0 \
         FROM unnest($2::bigint[]) AS lane ORDER BY lane \
         ON CONFLICT (journal, lane) DO UPDATE SET epoch = f.epoch"
    );
    let lanes: Vec<i64> = lanes().collect();
    session.query(&lock, &[&journal, &lanes]).await?;
    let raise = format!(
        "UPDATE {FENCE_TABLE} SET holder = $2::bigint, \
         epoch = (SELECT max(epoch + (holder <> $2::bigint)::int) FROM {FENCE_TABLE} WHERE journal = $1::text) \
         WHERE journal = $1::text"
    );
    session.query(&raise, &[&journal, &holder(own)]).await?;
    let standing = standing(session, journal).await?;
    let epoch = standing.iter().map(|row| row.epoch).max().unwrap_or_default();
    takeover(epoch, &standing)
}

/// How many of the marks were ahead of their lanes, which are raised to them.
async fn raise(session: &Session, fence: &Fence) -> Result<usize, SourceError> {
    let sql = format!(
        "WITH mark AS MATERIALIZED (SELECT f.lane, m.sequence FROM {FENCE_TABLE} AS f \
           JOIN unnest($3::bigint[], $4::bigint[]) AS m(lane, sequence) ON m.lane = f.lane \
           WHERE f.journal = $1::text ORDER BY f.lane FOR UPDATE OF f) \
         UPDATE {FENCE_TABLE} AS f SET sequence = m.sequence FROM mark AS m \
         WHERE f.journal = $1::text AND f.lane = m.lane AND f.epoch = $2::bigint \
           AND f.sequence < m.sequence RETURNING 1"
    );
    let lanes: Vec<i64> = fence.marks.iter().map(|mark| mark.lane.0.into()).collect();
    let sequences: Vec<i64> = fence.marks.iter().map(|mark| number(mark.sequence.0)).collect();
    let (journal, epoch) = (&*fence.journal, number(fence.epoch));
    Ok(session.query(&sql, &[&journal, &epoch, &lanes, &sequences]).await?.len())
}

async fn standing(session: &Session, journal: &str) -> Result<Vec<Standing>, SourceError> {
    let sql = format!(
        "SELECT lane::bigint, epoch, sequence FROM {FENCE_TABLE} WHERE journal = $1::text ORDER BY lane"
    );
    let rows = session.query(&sql, &[&journal]).await?;
    let standing = rows.iter().map(|row| Standing {
        lane: row.get(0),
        epoch: row.get(1),
        sequence: row.get(2),
    });
    Ok(standing.collect())
}
