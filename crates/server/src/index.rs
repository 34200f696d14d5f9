//! Which keys a keyspace holds: for `SCAN`, `KEYS`, `RANDOMKEY` and `DBSIZE`.
//!
//! A tier finds keys and cannot be walked from where somebody left off. The index can: keys lie in the
//! order of a hash of theirs, and a position in that order means the same at any time, whatever has come
//! and gone meanwhile. So a walk needs no state, sees every key that stays exactly once, and costs nothing
//! when it is given up.
//!
//! It follows the [events](larder::Observer) of the cache, which come in the order of the changes. An entry takes
//! about 25 bytes; the key itself is shared with the tier.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use parking_lot::Mutex;

use crate::key::Key;

/// Clients take a cursor for a number, which in some languages has no more exact digits.
const POSITION_BITS: u32 = 48;

/// Parts of the order, each under a lock of its own.
const PARTS_BITS: u32 = 4;

/// The keys of one keyspace.
pub struct Index {
    databases: Box<[Database]>,
}

#[derive(Default)]
struct Database {
    /// Each holds the keys of as many positions, in their order.
    parts: [Mutex<BTreeSet<Slot>>; 1 << PARTS_BITS],
}

/// A place in the order of the keys of all keyspaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(u64);

/// A key at its place.
pub type Slot = (Position, Key);

impl Position {
    /// Where the order begins.
    pub const FIRST: Self = Self(0);

    /// The position that a client's cursor stands for; `None` beyond the last.
    pub fn from_cursor(cursor: u64) -> Option<Self> {
        (cursor >> POSITION_BITS == 0).then_some(Self(cursor))
    }

    /// The cursor of the position behind this one; 0 behind the last.
    pub fn cursor_behind(self) -> u64 {
        (self.0 + 1) & ((1 << POSITION_BITS) - 1)
    }

    /// Any position, by a random number.
    pub fn any(random: u64) -> Self {
        Self(random >> (u64::BITS - POSITION_BITS))
    }

    fn of(key: &Key) -> Self {
        // Clients see positions, so the hash must not be one that can be foreseen.
        static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self::any(SEED.hash_one(key.as_ref()))
    }

    fn part(self) -> usize {
        (self.0 >> (POSITION_BITS - PARTS_BITS)) as usize
    }
}

impl Index {
    /// No keys, in so many databases.
    pub fn new(databases: u8) -> Self {
        Self { databases: (0..databases).map(|_| Database::default()).collect() }
    }

    /// Notes a key.
    pub fn add(&self, key: &Key) {
        self.change(key, |part, slot| part.insert(slot));
    }

    /// Forgets a key.
    pub fn remove(&self, key: &Key) {
        self.change(key, |part, slot| part.remove(&slot));
    }

    /// Forgets every key that `concerns` names.
    pub fn remove_where(&self, concerns: &dyn Fn(&Key) -> bool) {
        let parts = self.databases.iter().flat_map(|database| &database.parts);
        parts.for_each(|part| part.lock().retain(|(_, key)| !concerns(key)));
    }

    /// How many keys there are in `database`.
    pub fn len(&self, database: u8) -> u64 {
        let Some(database) = self.databases.get(usize::from(database)) else { return 0 };
        database.parts.iter().map(|part| part.lock().len() as u64).sum()
    }

    /// The first keys of `database` from `position` on, in their order: `count` of them, or all that are
    /// left, and those at the same position as the last.
    pub fn from(&self, database: u8, position: Position, count: usize) -> Vec<Slot> {
        let mut found = Vec::new();
        let Some(database) = self.databases.get(usize::from(database)) else { return found };
        for part in &database.parts[position.part()..] {
            for slot in part.lock().range(first_at(position)..) {
                let goes_along = found.last().is_some_and(|last: &Slot| last.0 == slot.0);
                if found.len() >= count && !goes_along {
                    return found;
                }
                found.push(slot.clone());
            }
        }
        found
    }

    fn change(&self, key: &Key, change: impl FnOnce(&mut BTreeSet<Slot>, Slot) -> bool) {
        let position = Position::of(key);
        if let Some(database) = self.databases.get(usize::from(key.database())) {
            change(&mut database.parts[position.part()].lock(), (position, key.clone()));
        }
    }
}

/// Before every key at `position`: no key is less than the empty one.
fn first_at(position: Position) -> Slot {
    (position, Key::from([].as_slice()))
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = (0..=u8::MAX).map(|database| self.len(database)).sum::<u64>();
        f.debug_struct("Index").field("keys", &keys).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::key::KeyRef;

    fn key(name: &str, database: u8) -> Key {
        KeyRef { bytes: name.as_bytes(), database }.into()
    }

    /// How often each key is seen by a walk in steps of `count`, which calls `between` after each step.
    fn walk(index: &Index, count: usize, mut between: impl FnMut(usize)) -> BTreeMap<Key, usize> {
        let mut seen = BTreeMap::new();
        let (mut cursor, mut step) = (0, 0);
        loop {
            let Some(position) = Position::from_cursor(cursor) else { return seen };
            let found = index.from(0, position, count);
            for (_, key) in &found {
                *seen.entry(key.clone()).or_default() += 1;
            }
            cursor = match found.last() {
                Some((last, _)) if found.len() >= count => last.cursor_behind(),
                _ => 0,
            };
            if cursor == 0 {
                return seen;
            }
            between(step);
            step += 1;
        }
    }

    #[test]
    fn a_walk_sees_every_key_once_whatever_comes_and_goes() {
        let index = Index::new(1);
        let stays: Vec<Key> = (0..1_000).map(|n| key(&format!("stays:{n}"), 0)).collect();
        stays.iter().for_each(|key| index.add(key));
        let seen = walk(&index, 7, |step| {
            index.add(&key(&format!("new:{step}"), 0));
            index.remove(&key(&format!("new:{}", step / 2), 0));
        });
        assert!(stays.iter().all(|key| seen.get(key) == Some(&1)));
        assert!(seen.values().all(|times| *times == 1));
    }

    #[test]
    fn databases_are_apart() {
        let index = Index::new(2);
        index.add(&key("a", 0));
        index.add(&key("a", 1));
        index.add(&key("b", 1));
        index.remove(&key("a", 0));
        assert_eq!((index.len(0), index.len(1), index.len(2)), (0, 2, 0));
        assert!(index.from(2, Position::FIRST, 10).is_empty());
    }

    #[test]
    fn a_key_that_is_noted_twice_is_there_once() {
        let index = Index::new(1);
        index.add(&key("a", 0));
        index.add(&key("a", 0));
        assert_eq!(index.len(0), 1);
        index.remove(&key("none", 0));
        index.remove_where(&|key| key.as_ref() == b"a");
        assert_eq!(index.len(0), 0);
    }

    #[test]
    fn a_cursor_is_a_number_that_every_client_can_hold() {
        assert_eq!(Position::from_cursor(0), Some(Position::FIRST));
        assert!(Position::from_cursor(1 << 48).is_none());
        let last = Position::any(u64::MAX);
        assert_eq!(last.cursor_behind(), 0, "behind the last is the end");
        assert_eq!(Position::FIRST.cursor_behind(), 1);
        assert!(last.cursor_behind() < 1 << 53);
    }

    #[test]
    fn keys_at_one_position_go_together() {
        let index = Index::new(1);
        let position = Position::FIRST;
        let part = &index.databases[0].parts[0];
        for name in ["a", "b", "c"] {
            part.lock().insert((position, key(name, 0)));
        }
        assert_eq!(index.from(0, position, 1).len(), 3);
    }
}
