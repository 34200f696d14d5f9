//! Storing: changes in their order, in one transaction.
//!
//! A group of neighbours that put the same columns is one statement of many rows, which inserts or
//! changes each ([`Layout::can_upsert`]). Not everywhere: `ON DUPLICATE KEY UPDATE` would change the row
//! of another key that has the same unique value; and the server judges the row as if it were new,
//! before it sees that it is there. Elsewhere rows that are all new are inserted together, rows that are
//! all there are updated together, and of a mixture each is updated, and inserted when there was none.

use std::collections::{HashMap, HashSet};

use mysql_async::{Error, Value};

use super::error::rejected;
use super::load::{chunks, existing, filled, fitting, key_values, select};
use super::schema::Layout;
use super::session::{Failure, Session};
use super::{codec, statement};
use crate::source::SourceError;
use crate::source::row::{Cell, Row};
use crate::source::table::{Group, Limits, spelled};

/// What one group has at most. Where the server's packets are smaller, it is several statements.
pub(super) const LIMITS: Limits = Limits { rows: 1024, bytes: 4 << 20 };

/// Most parameters of one statement, which the protocol counts in 16 bits.
const PARAMETERS_MAX: usize = 65_535;

/// The code of a row that a unique index refuses.
const DUPLICATE: u16 = 1062;

/// What the caller wants to know of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// The rows as they now stand, and whether they were there before.
    Rows,
    Nothing,
}

/// What became of one change.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    /// The place of the change in its batch.
    pub(super) place: usize,
    pub(super) row: Option<Row>,
    pub(super) existed: Option<bool>,
}

/// Stores `groups` in their order within the transaction that is open.
pub(super) async fn store(
    session: &mut Session,
    layout: &Layout,
    groups: &[Group],
    report: Report,
) -> Result<Vec<Outcome>, SourceError> {
    let mut outcomes = Vec::new();
    for group in groups {
        let keys: Vec<&[Cell]> = group.keys.iter().map(|key| &**key).collect();
        for chunk in chunks(&keys, session.packet_max)? {
            let part = Part {
                places: &group.places[chunk.clone()],
                keys: &keys[chunk.clone()],
                named: group.named.as_deref(),
                cells: group.cells.get(chunk).unwrap_or_default(),
            };
            outcomes.extend(part.store(session, layout, report).await?);
        }
    }
    Ok(outcomes)
}

/// A part of a group whose keys fit into one statement.
struct Part<'g> {
    places: &'g [usize],
    keys: &'g [&'g [Cell]],
    named: Option<&'g [usize]>,
    cells: &'g [Vec<Cell>],
}

impl Part<'_> {
    async fn store(
        &self,
        session: &mut Session,
        layout: &Layout,
        report: Report,
    ) -> Result<Vec<Outcome>, SourceError> {
        let before: HashSet<Vec<u8>> = match report {
            Report::Rows => {
                existing(session, &layout.table, self.keys).await?.into_iter().collect()
            }
            Report::Nothing => HashSet::new(),
        };
        match self.named {
            Some(named) => self.put(session, layout, named).await?,
            None => self.delete(session, layout).await?,
        }
        if report == Report::Nothing {
            return Ok(Vec::new());
        }
        let mut rows = match self.named {
            Some(_) => self.rows(session, layout).await?,
            None => HashMap::new(),
        };
        let outcomes = self.places.iter().zip(self.keys).map(|(place, key)| {
            let key = spelled(key);
            Outcome { place: *place, existed: Some(before.contains(&key)), row: rows.remove(&key) }
        });
        Ok(outcomes.collect())
    }

    async fn delete(&self, session: &mut Session, layout: &Layout) -> Result<(), SourceError> {
        let sql = statement::delete(&layout.table, filled(self.keys.len()));
        session.run(&sql, key_values(self.keys)).await.map(drop)
    }

    async fn put(
        &self,
        session: &mut Session,
        layout: &Layout,
        named: &[usize],
    ) -> Result<(), SourceError> {
        let rows: Vec<Vec<Cell>> =
            self.keys.iter().zip(self.cells).map(|(key, cells)| [*key, cells].concat()).collect();
        let rows: Vec<&[Cell]> = rows.iter().map(|row| &**row).collect();
        let names_all = |required: &Vec<usize>| required.iter().all(|at| named.contains(at));
        if layout.can_upsert && layout.required.as_ref().is_some_and(names_all) {
            return upsert(session, layout, named, &rows).await;
        }
        for row in &rows {
            fitting(&[row], PARAMETERS_MAX, session.packet_max)?;
        }
        if let [row] = rows[..] {
            return put_row(session, layout, named, row).await;
        }
        let there = existing(session, &layout.table, self.keys).await?.len();
        if there == rows.len() && !named.is_empty() {
            return update(session, layout, named, &rows).await;
        }
        if there == 0 && insert(session, layout, named, &rows).await? {
            return Ok(());
        }
        for row in rows {
            put_row(session, layout, named, row).await?;
        }
        Ok(())
    }

    /// The rows as they now stand. All of them are there, unless a trigger changed a key.
    async fn rows(
        &self,
        session: &mut Session,
        layout: &Layout,
    ) -> Result<HashMap<Vec<u8>, Row>, SourceError> {
        let mut rows = HashMap::with_capacity(self.keys.len());
        for (key, row) in select(session, &layout.table, self.keys).await? {
            rows.insert(key, row?);
        }
        match self.keys.iter().all(|key| rows.contains_key(&spelled(key))) {
            true => Ok(rows),
            false => {
                let table = &layout.table.table;
                Err(rejected(format!("a trigger of table {table:?} changed the key of the row")))
            }
        }
    }
}

/// Inserts rows or changes them. A row is the key, then the cells of the columns at `named`.
async fn upsert(
    session: &mut Session,
    layout: &Layout,
    named: &[usize],
    rows: &[&[Cell]],
) -> Result<(), SourceError> {
    for now in statements(rows, session.packet_max)? {
        let sql = statement::upsert(&layout.table, named, now.len());
        session.run(&sql, values(now.iter().copied().flatten())).await?;
    }
    Ok(())
}

/// Inserts rows that were not there a moment ago. `false` when some unique index refuses one; some of
/// the others may be there then.
async fn insert(
    session: &mut Session,
    layout: &Layout,
    named: &[usize],
    rows: &[&[Cell]],
) -> Result<bool, SourceError> {
    for now in statements(rows, session.packet_max)? {
        let sql = statement::insert(&layout.table, named, now.len());
        match session.try_run(&sql, values(now.iter().copied().flatten())).await {
            Err(failure) if is_duplicate(&failure) => return Ok(false),
            ran => drop(ran.map_err(Failure::before_commit)?),
        }
    }
    Ok(true)
}

/// Updates rows that are there, and locked.
async fn update(
    session: &mut Session,
    layout: &Layout,
    named: &[usize],
    rows: &[&[Cell]],
) -> Result<(), SourceError> {
    let sql = statement::update(&layout.table, named);
    let width = layout.table.key.len();
    let rows = rows.iter().map(|row| values(row[width..].iter().chain(&row[..width])));
    session.run_each(&sql, rows.collect()).await
}

/// Cuts rows into runs, each for one statement. The numbers of rows are few, so that their statements
/// stay prepared.
fn statements<'r, 'c>(
    rows: &'r [&'c [Cell]],
    packet_max: usize,
) -> Result<Vec<&'r [&'c [Cell]]>, SourceError> {
    let mut runs = Vec::new();
    let mut left = rows;
    while !left.is_empty() {
        let fitting = fitting(left, PARAMETERS_MAX, packet_max)?;
        let (now, later) = left.split_at(1 << fitting.ilog2());
        runs.push(now);
        left = later;
    }
    Ok(runs)
}

/// Updates a row, or inserts it when there is none.
async fn put_row(
    session: &mut Session,
    layout: &Layout,
    named: &[usize],
    row: &[Cell],
) -> Result<(), SourceError> {
    if update_row(session, layout, named, row).await? {
        return Ok(());
    }
    let sql = statement::insert(&layout.table, named, 1);
    let Err(failure) = session.try_run(&sql, values(row)).await else { return Ok(()) };
    // Somebody else may have inserted the row meanwhile, or else another unique index refuses it.
    if is_duplicate(&failure) && update_row(session, layout, named, row).await? {
        return Ok(());
    }
    Err(failure.before_commit())
}

/// Whether there was a row.
async fn update_row(
    session: &mut Session,
    layout: &Layout,
    named: &[usize],
    row: &[Cell],
) -> Result<bool, SourceError> {
    let (key, cells) = row.split_at(layout.table.key.len());
    if named.is_empty() {
        return Ok(!existing(session, &layout.table, &[key]).await?.is_empty());
    }
    let sql = statement::update(&layout.table, named);
    Ok(session.run(&sql, values(cells.iter().chain(key))).await? > 0)
}

fn is_duplicate(failure: &Failure) -> bool {
    matches!(failure, Failure::Answered(Error::Server(server)) if server.code == DUPLICATE)
}

fn values<'c>(cells: impl IntoIterator<Item = &'c Cell>) -> Vec<Value> {
    cells.into_iter().map(codec::value).collect()
}
