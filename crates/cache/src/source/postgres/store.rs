//! Storing: changes in their order, within the transaction that the caller holds.
//!
//! A run of changes that are alike is one statement. Whether somebody wants to know what became of each
//! is the caller's to say: a row is read again only then, because what an AFTER trigger did does not
//! show otherwise.

use futures_util::future::join;

use super::codec::Values;
use super::load::{key_values, number, rows};
use super::session::Session;
use super::statement;
use super::table::Bound;
use crate::source::error::rejected;
use crate::source::row::Cell;
use crate::source::table::{Group, Limits, Plan, Planner};
use crate::source::{Change, SourceError, SourceErrorKind, Stored};

/// What one statement brings. A value of PostgreSQL has at most a gigabyte, and an array is one.
const LIMITS: Limits = Limits { rows: 10_000, bytes: 64 << 20 };

/// Whether the caller wants to know what became of each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// What stands in each row now, and whether there was one.
    Each,
    /// Nothing.
    None,
}

/// Writes `changes` as cells; what a column cannot hold is found out when its values are encoded.
pub(super) fn plan<K: 'static, V: 'static>(
    bound: &Bound<K, V>,
    changes: &[Change<K, V>],
) -> Result<Plan, SourceError> {
    let (layout, mapping) = (&bound.layout, &*bound.mapping);
    Planner { layout, mapping, limits: LIMITS, check: |_, _| Ok(()) }.plan(changes)
}

/// Brings the changes of `plan`; the answer has their order.
pub(super) async fn bring<K: 'static, V: Send + 'static>(
    session: &Session,
    bound: &Bound<K, V>,
    plan: &Plan,
    report: Report,
) -> Result<Vec<Stored<V>>, SourceError> {
    session.counters.stores.add_one();
    let mut stored = plan.stored();
    for group in &plan.groups {
        match &group.named {
            Some(named) if bound.is_contested && group.places.len() > 1 => {
                put_contested(session, bound, group, named, report, &mut stored).await?;
            }
            Some(named) => put(session, bound, group, named, report, &mut stored).await?,
            None => delete(session, bound, group, &mut stored).await?,
        }
    }
    Ok(stored)
}

/// A statement changes its rows in no particular order, and a unique index is checked at each of
/// them: one that takes the value which another gives up may come too early. Then they go one by one.
async fn put_contested<K: 'static, V: Send + 'static>(
    session: &Session,
    bound: &Bound<K, V>,
    group: &Group,
    named: &[usize],
    report: Report,
    stored: &mut [Stored<V>],
) -> Result<(), SourceError> {
    let (kept, put_all) =
        join(session.run("SAVEPOINT larder"), put(session, bound, group, named, report, stored))
            .await;
    match kept.and(put_all) {
        Err(error) if error.kind() == SourceErrorKind::Rejected => {}
        Ok(()) => return session.run("RELEASE SAVEPOINT larder").await,
        failed => return failed,
    }
    session.run("ROLLBACK TO SAVEPOINT larder").await?;
    for row in group.rows() {
        put(session, bound, &row, named, report, stored).await?;
    }
    Ok(())
}

async fn put<K: 'static, V: Send + 'static>(
    session: &Session,
    bound: &Bound<K, V>,
    group: &Group,
    named: &[usize],
    report: Report,
    stored: &mut [Stored<V>],
) -> Result<(), SourceError> {
    let keys: Vec<&[Cell]> = group.keys.iter().map(Vec::as_slice).collect();
    let mut values = key_values(bound, &keys)?;
    for (at, position) in named.iter().enumerate() {
        let (native, column) = (&bound.layout.natives[*position], &bound.layout.columns[*position]);
        values.push(Values::new(native, &column.name, group.cells.iter().map(|row| &row[at]))?);
    }
    let parameters: Vec<_> = values.iter().map(Values::parameter).collect();
    let sql = statement::put(&bound.layout, &bound.table, named);
    let answers = session.query(&sql, &parameters).await?;
    // With no column to set, a row that somebody else has just inserted is not touched.
    if answers.len() < keys.len() && !named.is_empty() {
        return Err(ignored(bound));
    }
    for place in &group.places {
        stored[*place].existed = Some(false);
    }
    for answer in answers.iter().filter(|answer| answer.get::<_, Option<i64>>(0).is_some()) {
        stored[group.places[number(answer)]].existed = Some(true);
    }
    match report {
        Report::Each => read_again(session, bound, group, &keys, stored).await,
        Report::None => Ok(()),
    }
}

async fn read_again<K: 'static, V: Send + 'static>(
    session: &Session,
    bound: &Bound<K, V>,
    group: &Group,
    keys: &[&[Cell]],
    stored: &mut [Stored<V>],
) -> Result<(), SourceError> {
    let found = rows(session, bound, keys).await?;
    if found.len() < keys.len() {
        return Err(ignored(bound));
    }
    for (at, value) in found {
        stored[group.places[at]].value = Some(value?);
    }
    Ok(())
}

async fn delete<K: 'static, V: Send + 'static>(
    session: &Session,
    bound: &Bound<K, V>,
    group: &Group,
    stored: &mut [Stored<V>],
) -> Result<(), SourceError> {
    let keys: Vec<&[Cell]> = group.keys.iter().map(Vec::as_slice).collect();
    let values = key_values(bound, &keys)?;
    let parameters: Vec<_> = values.iter().map(Values::parameter).collect();
    let deleted = session.query(&bound.statements.delete, &parameters).await?;
    // A trigger that deletes softly leaves the row, which the next load would find.
    if deleted.len() < keys.len() && !rows(session, bound, &keys).await?.is_empty() {
        return Err(rejected(format!("a trigger of table {:?} kept the row", bound.layout.table)));
    }
    for place in &group.places {
        stored[*place].existed = Some(false);
    }
    for answer in &deleted {
        stored[group.places[number(answer)]].existed = Some(true);
    }
    Ok(())
}

fn ignored<K: 'static, V: 'static>(bound: &Bound<K, V>) -> SourceError {
    rejected(format!("a trigger of table {:?} ignored or removed the row", bound.layout.table))
}
