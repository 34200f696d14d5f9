//! Fences in the file that the rows are in.
//!
//! The writer's transaction holds the file's only write lock, so a take-over and a batch never run at
//! the same time. A fenced batch has a transaction of its own: in a shared one its failure would make
//! its neighbours run again.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rusqlite::{Connection, params};

use super::store::store;
use super::table::{Bound, SqliteTable};
use crate::source::table::fence::{
    FENCE_TABLE, Standing, already, holder, lanes, number, takeover,
};
use crate::source::{Change, Fence, Fenced, Fences, Holder, SourceError, Takeover};

impl<K: Send + 'static, V: Send + 'static> Fences<K, V> for SqliteTable<K, V> {
    fn take_over(
        &self,
        journal: Arc<str>,
        holder: Holder,
    ) -> BoxFuture<'_, Result<Takeover, SourceError>> {
        let work = move |connection: &Connection| take_over(connection, &journal, holder);
        self.sqlite().store_alone(work).boxed()
    }

    fn store_fenced(
        &self,
        changes: Vec<Change<K, V>>,
        fence: Fence,
    ) -> BoxFuture<'_, Result<Fenced<V>, SourceError>> {
        let bound = self.bound.clone();
        let work =
            move |connection: &Connection| store_fenced(connection, &bound, &changes, &fence);
        self.sqlite().store_alone(work).boxed()
    }
}

fn take_over(connection: &Connection, journal: &str, own: Holder) -> Result<Takeover, SourceError> {
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS main.{FENCE_TABLE} (journal TEXT NOT NULL, lane INTEGER NOT NULL, \
         epoch INTEGER NOT NULL, holder INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (journal, lane)) WITHOUT ROWID"
    ))?;
    let own = holder(own);
    let epoch = format!(
        "SELECT coalesce(max(epoch + (holder <> ?2)), 1) FROM main.{FENCE_TABLE} WHERE journal = ?1"
    );
    let epoch: i64 = connection.query_row(&epoch, params![journal, own], |row| row.get(0))?;
    let mut raise = connection.prepare_cached(&format!(
        "INSERT INTO main.{FENCE_TABLE} (journal, lane, epoch, holder, sequence) \
         VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT (journal, lane) \
         DO UPDATE SET epoch = excluded.epoch, holder = excluded.holder"
    ))?;
    for lane in lanes() {
        raise.execute(params![journal, lane, epoch, own])?;
    }
    takeover(epoch, &standing(connection, journal)?)
}

fn store_fenced<K: 'static, V: 'static>(
    connection: &Connection,
    bound: &Bound<K, V>,
    changes: &[Change<K, V>],
    fence: &Fence,
) -> Result<Fenced<V>, SourceError> {
    let raised = raise(connection, fence)?;
    if raised < fence.marks.len() {
        return already(fence, raised, &standing(connection, &fence.journal)?)
            .map(|()| Fenced::Already);
    }
    store(connection, bound, changes).map(Fenced::Stored)
}

/// How many of the marks were ahead of their lanes, which are raised to them.
fn raise(connection: &Connection, fence: &Fence) -> Result<usize, SourceError> {
    let mut raise = connection.prepare_cached(&format!(
        "UPDATE main.{FENCE_TABLE} SET sequence = ?4 \
         WHERE journal = ?1 AND lane = ?2 AND epoch = ?3 AND sequence < ?4"
    ))?;
    let mut raised = 0;
    for mark in &fence.marks {
        let (epoch, sequence) = (number(fence.epoch), number(mark.sequence.0));
        raised += raise.execute(params![fence.journal, mark.lane.0, epoch, sequence])?;
    }
    Ok(raised)
}

fn standing(connection: &Connection, journal: &str) -> Result<Vec<Standing>, SourceError> {
    let sql = format!(
        "SELECT lane, epoch, sequence FROM main.{FENCE_TABLE} WHERE journal = ?1 ORDER BY lane"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([journal], |row| {
        Ok(Standing { lane: row.get(0)?, epoch: row.get(1)?, sequence: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
