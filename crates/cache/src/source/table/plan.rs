//! A batch of changes as cells, ready to be sent.

use super::groups::{Action, Group, Limits, groups};
use super::layout::{Layout, NativeType};
use crate::source::row::{Cell, Mapping};
use crate::source::{Change, SourceError, Stored};

/// Changes, ready to be sent.
pub(crate) struct Plan {
    /// Those that need a statement.
    pub(crate) groups: Vec<Group>,
    /// The places of those that delete what no row can be.
    absent: Vec<usize>,
    length: usize,
}

/// How the changes of one table become cells.
pub(crate) struct Planner<'t, N, K, V> {
    pub(crate) layout: &'t Layout<N>,
    pub(crate) mapping: &'t dyn Mapping<K, V>,
    pub(crate) limits: Limits,
    /// Refuses what the column of this name cannot hold.
    pub(crate) check: fn(&Cell, &str) -> Result<(), SourceError>,
}

impl Plan {
    /// What is known of each change before anything is sent.
    pub(crate) fn stored<V>(&self) -> Vec<Stored<V>> {
        let mut stored = Vec::new();
        stored.resize_with(self.length, Stored::default);
        for place in &self.absent {
            stored[*place].existed = Some(false);
        }
        stored
    }
}

impl<N: NativeType, K: 'static, V: 'static> Planner<'_, N, K, V> {
    /// Writes `changes` as cells; the error is of the first that cannot be.
    pub(crate) fn plan(&self, changes: &[Change<K, V>]) -> Result<Plan, SourceError> {
        let mut planned = Vec::with_capacity(changes.len());
        let mut absent = Vec::new();
        for (place, change) in changes.iter().enumerate() {
            match self.action(change)? {
                Some((key, action)) => planned.push((place, key, action)),
                None => absent.push(place),
            }
        }
        Ok(Plan { groups: groups(planned, self.limits), absent, length: changes.len() })
    }

    /// What is to be done for a change; `None` when there is no such row to be deleted.
    fn action(&self, change: &Change<K, V>) -> Result<Option<(Vec<Cell>, Action)>, SourceError> {
        let key = self.layout.key(self.mapping.key(&change.key)?)?;
        match (&change.value, key) {
            (None, None) => Ok(None),
            (None, Some(key)) => Ok(Some((key, Action::Delete))),
            (Some(_), None) => Err(self.layout.impossible_key()),
            (Some(value), Some(key)) => {
                let action = self.put(&key, value)?;
                Ok(Some((key, action)))
            }
        }
    }

    fn put(&self, key: &[Cell], value: &V) -> Result<Action, SourceError> {
        let columns = &self.layout.columns;
        let row = self.mapping.row(columns, value)?;
        let cells = self.layout.storable(&row, key)?;
        for (position, cell) in &cells {
            (self.check)(cell, &columns[*position].name)?;
        }
        Ok(Action::Put(cells.into_iter().map(|(at, cell)| (at, cell.clone())).collect()))
    }
}
