//! Fences in the database that the rows are in.
//!
//! The row of a lane is locked by whoever raises it, a take-over or a batch, until its transaction
//! ends: so a take-over waits for the batches that are under way, and a batch that comes later finds
//! another epoch.

use mysql_async::{Value, from_row_opt};

use super::error::{is_missing_table, misconfigured};
use super::session::{Failure, Session};
use crate::journal::{LANES, Mark};
use crate::source::table::fence::{
    FENCE_TABLE, Standing, already, holder, lanes, number, takeover,
};
use crate::source::{Fence, Holder, SourceError, Takeover};

/// Whether a batch is to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// Its marks are set; its rows have to follow in the same transaction.
    Open,
    /// It has been stored before.
    Already,
}

/// Makes the table unless it is there. That ends a transaction, so it comes before one.
pub(super) async fn ensure(session: &mut Session) -> Result<(), SourceError> {
    // To make a table needs a right that looking at one does not.
    let look = format!("SELECT 1 FROM {FENCE_TABLE} LIMIT 0");
    match session.try_run(&look, Vec::new()).await {
        Ok(_) => Ok(()),
        Err(Failure::Answered(error)) if is_missing_table(&error) => {
            let make = format!(
                "CREATE TABLE IF NOT EXISTS {FENCE_TABLE} (journal VARBINARY(255) NOT NULL, \
                 lane TINYINT NOT NULL, epoch BIGINT NOT NULL, holder BIGINT NOT NULL, \
                 sequence BIGINT NOT NULL, \
                 PRIMARY KEY (journal, lane)) ENGINE = InnoDB"
            );
            session.run(&make, Vec::new()).await.map(drop)
        }
        Err(failure) => Err(failure.before_commit()),
    }
}

/// Raises the epoch of every lane that is not the caller's, in the transaction that is open.
pub(super) async fn take_over(
    session: &mut Session,
    journal: &str,
    own: Holder,
) -> Result<Takeover, SourceError> {
    let rows = vec!["(?, ?, 1, ?, 0)"; LANES].join(", ");
    // The assignments are made in their order: the first one sees who the holder was.
    let raise = format!(
        "INSERT INTO {FENCE_TABLE} (journal, lane, epoch, holder, sequence) VALUES {rows} \
         ON DUPLICATE KEY UPDATE epoch = epoch + (holder <> VALUES(holder)), holder = VALUES(holder)"
    );
    let row = |lane| [text(journal), Value::Int(lane), Value::Int(holder(own))];
    let values = lanes().flat_map(row).collect();
    session.run(&raise, values).await?;
    let standing = standing(session, journal).await?;
    // They are all the same unless somebody has changed the table by hand.
    let epoch = standing.iter().map(|row| row.epoch).max().unwrap_or_default();
    if standing.iter().any(|row| row.epoch != epoch) {
        let level = format!("UPDATE {FENCE_TABLE} SET epoch = ? WHERE journal = ?");
        session.run(&level, vec![Value::Int(epoch), text(journal)]).await?;
    }
    takeover(epoch, &standing)
}

/// Sets the marks of a batch, in the transaction that is open, or finds out why not.
pub(super) async fn pass(session: &mut Session, fence: &Fence) -> Result<Passage, SourceError> {
    let marks = fence.marks.len();
    let mark_of_lane = vec!["WHEN ? THEN ?"; marks].join(" ");
    let is_behind = vec!["lane = ? AND sequence < ?"; marks].join(" OR ");
    let raise = format!(
        "UPDATE {FENCE_TABLE} SET sequence = CASE lane {mark_of_lane} END \
         WHERE journal = ? AND epoch = ? AND ({is_behind})"
    );
    let pair = |mark: &Mark| [Value::Int(mark.lane.0.into()), Value::Int(number(mark.sequence.0))];
    let pairs = || fence.marks.iter().flat_map(pair);
    let own = [text(&fence.journal), Value::Int(number(fence.epoch))];
    let raised = session.run(&raise, pairs().chain(own).chain(pairs()).collect()).await?;
    if raised == marks as u64 {
        return Ok(Passage::Open);
    }
    let standing = standing(session, &fence.journal).await?;
    already(fence, raised as usize, &standing).map(|()| Passage::Already)
}

async fn standing(session: &mut Session, journal: &str) -> Result<Vec<Standing>, SourceError> {
    let read = format!(
        "SELECT lane, epoch, sequence FROM {FENCE_TABLE} WHERE journal = ? ORDER BY lane FOR UPDATE"
    );
    let rows = session.rows(&read, vec![text(journal)]).await?;
    let standing = rows.into_iter().map(|row| {
        let (lane, epoch, sequence) = from_row_opt(row).map_err(|error| {
            misconfigured(format!("table {FENCE_TABLE} is not as larder makes it: {error}"))
        })?;
        Ok(Standing { lane, epoch, sequence })
    });
    standing.collect()
}

fn text(text: &str) -> Value {
    Value::Bytes(text.as_bytes().to_vec())
}
