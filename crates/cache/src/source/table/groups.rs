//! Changes that one statement brings.
//!
//! A statement of many rows puts the same columns of all of them, and has each key once. The order
//! of changes of different keys matters too, where a constraint spans rows, so a group is a run of
//! neighbours: a change that does not fit the run begins the next one.

use std::collections::HashSet;

use crate::source::row::Cell;

/// What is to be done with the row of a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// These columns of it, by their positions, are set; it is inserted when there is none.
    Put(Vec<(usize, Cell)>),
    /// It is deleted.
    Delete,
}

impl Action {
    /// About how many bytes it takes on its way.
    fn weight(&self) -> usize {
        let Self::Put(cells) = self else { return 0 };
        let weights = cells.iter().map(|(_, cell)| match cell {
            Cell::Text(text) | Cell::Decimal(text) | Cell::Json(text) => text.len(),
            Cell::Blob(bytes) => bytes.len(),
            Cell::Null | Cell::Integer(_) | Cell::Real(_) | Cell::Boolean(_) => 8,
        });
        weights.sum()
    }
}

/// What one statement may bring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Most rows.
    pub(crate) rows: usize,
    /// About how many bytes; one row may have more.
    pub(crate) bytes: usize,
}

/// A run of changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// The columns that its puts name; `None` when it deletes.
    pub(crate) named: Option<Vec<usize>>,
    /// The places of its changes in the batch, in their order.
    pub(crate) places: Vec<usize>,
    /// The key of each.
    pub(crate) keys: Vec<Vec<Cell>>,
    /// What each puts in the columns of `named`.
    pub(crate) cells: Vec<Vec<Cell>>,
    bytes: usize,
}

impl Group {
    fn new(action: &Action) -> Self {
        let named = match action {
            Action::Put(cells) => Some(cells.iter().map(|(position, _)| *position).collect()),
            Action::Delete => None,
        };
        Self { named, places: Vec::new(), keys: Vec::new(), cells: Vec::new(), bytes: 0 }
    }

    /// Each change as a group of its own.
    #[cfg(feature = "postgres")]
    pub(crate) fn rows(&self) -> impl Iterator<Item = Self> {
        (0..self.places.len()).map(|at| Self {
            named: self.named.clone(),
            places: vec![self.places[at]],
            keys: vec![self.keys[at].clone()],
            cells: self.cells.get(at).cloned().into_iter().collect(),
            bytes: 0,
        })
    }

    fn has_room(&self, bytes: usize, limits: Limits) -> bool {
        self.places.len() < limits.rows && self.bytes.saturating_add(bytes) <= limits.bytes
    }

    fn takes(&self, action: &Action) -> bool {
        match (&self.named, action) {
            (Some(named), Action::Put(cells)) => {
                cells.iter().map(|(position, _)| position).eq(named)
            }
            (None, Action::Delete) => true,
            _ => false,
        }
    }

    fn push(&mut self, place: usize, key: Vec<Cell>, action: Action) {
        self.places.push(place);
        self.keys.push(key);
        if let Action::Put(cells) = action {
            self.cells.push(cells.into_iter().map(|(_, cell)| cell).collect());
        }
    }
}

/// Cuts changes, each with its place in the batch, into groups.
pub(crate) fn groups(
    changes: impl IntoIterator<Item = (usize, Vec<Cell>, Action)>,
    limits: Limits,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut keys = HashSet::new();
    for (place, key, action) in changes {
        let own = spelled(&key);
        let bytes = own.len() + action.weight();
        let fits = |group: &Group| group.takes(&action) && group.has_room(bytes, limits);
        if !groups.last().is_some_and(fits) || keys.contains(&own) {
            groups.push(Group::new(&action));
            keys.clear();
        }
        keys.insert(own);
        if let Some(group) = groups.last_mut() {
            group.bytes += bytes;
            group.push(place, key, action);
        }
    }
    groups
}

/// A key's cells as bytes, which are the same for the same cells only.
pub(crate) fn spelled(key: &[Cell]) -> Vec<u8> {
    let mut spelled = Vec::new();
    for cell in key {
        let number;
        let (tag, bytes): (u8, &[u8]) = match cell {
            Cell::Null => (0, &[]),
            Cell::Integer(integer) => {
                number = integer.to_le_bytes();
                (1, &number)
            }
            Cell::Real(real) => {
                number = real.to_bits().to_le_bytes();
                (2, &number)
            }
            Cell::Text(text) => (3, text.as_bytes()),
            Cell::Blob(bytes) => (4, bytes),
            Cell::Boolean(truth) => (5, if *truth { &[1] } else { &[0] }),
            Cell::Decimal(digits) => (6, digits.as_bytes()),
            Cell::Json(text) => (7, text.as_bytes()),
        };
        spelled.push(tag);
        spelled.extend_from_slice(&bytes.len().to_le_bytes());
        spelled.extend_from_slice(bytes);
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: i64) -> Vec<Cell> {
        vec![Cell::Integer(number)]
    }

    fn put(positions: &[usize]) -> Action {
        Action::Put(positions.iter().map(|position| (*position, Cell::Null)).collect())
    }

    /// The places of each group.
    fn places(changes: &[(i64, Action)], rows: usize) -> Vec<Vec<usize>> {
        let limits = Limits { rows, bytes: 1000 };
        let changes = changes.iter().enumerate();
        let changes =
            changes.map(|(place, (number, action))| (place, key(*number), action.clone()));
        groups(changes, limits).into_iter().map(|group| group.places).collect()
    }

    #[test]
    fn neighbours_of_one_kind_stand_together() {
        let changes = [
            (1, put(&[0, 1])),
            (2, put(&[0, 1])),
            (3, put(&[1])),
            (4, Action::Delete),
            (5, Action::Delete),
            (6, put(&[1])),
        ];
        assert_eq!(places(&changes, 10), [vec![0, 1], vec![2], vec![3, 4], vec![5]]);
    }

    #[test]
    fn a_key_stands_in_a_group_once() {
        let changes = [(1, put(&[0])), (2, put(&[0])), (1, put(&[0])), (2, put(&[0]))];
        assert_eq!(places(&changes, 10), [[0, 1], [2, 3]]);
    }

    #[test]
    fn a_group_has_its_limit() {
        let changes: Vec<_> = (0..5).map(|number| (number, Action::Delete)).collect();
        assert_eq!(places(&changes, 2), [vec![0, 1], vec![2, 3], vec![4]]);
        let large = |bytes| Action::Put(vec![(0, Cell::Text("x".repeat(bytes).into()))]);
        let changes = [(1, large(600)), (2, large(600)), (3, large(5000)), (4, large(1))];
        assert_eq!(places(&changes, 10), [[0], [1], [2], [3]]);
    }

    #[test]
    fn keys_are_told_apart_by_type_and_by_part() {
        let text = |parts: &[&str]| parts.iter().map(|part| Cell::Text((*part).into())).collect();
        let keys: [Vec<Cell>; 5] =
            [text(&["a", "b"]), text(&["ab", ""]), text(&["7"]), key(7), vec![Cell::Real(7.0)]];
        let spelled: HashSet<_> = keys.iter().map(|key| spelled(key)).collect();
        assert_eq!(spelled.len(), keys.len());
    }
}
