//! What a client knows of its writes, and what the database must therefore hold.
//!
//! Every write of a key has a number, larger than all before it. A client owns its keys, so that of
//! each it knows the order of its writes.

use std::collections::BTreeMap;
use std::fmt;

use crate::failure::{Failure, Result};

/// What a key holds; `None` is nothing.
pub(crate) type Value = Option<u64>;

/// The writes of one client.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    keys: BTreeMap<String, Entry>,
    numbers: u64,
    acknowledged: u64,
    unknown: u64,
    looks: u64,
}

/// What is known of one key.
#[derive(Debug, Default)]
struct Entry {
    /// What it held when that was last known for certain.
    certain: Value,
    /// What was tried since, and not answered.
    tried: Vec<Value>,
}

impl Entry {
    fn allows(&self, value: Value) -> bool {
        self.certain == value || self.tried.contains(&value)
    }
}

impl Ledger {
    /// A ledger for these keys, which hold nothing.
    pub(crate) fn new(keys: impl Iterator<Item = String>) -> Self {
        Self { keys: keys.map(|key| (key, Entry::default())).collect(), ..Self::default() }
    }

    /// The keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// The number of the next write.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A write is sent; from now on the key may hold it.
    pub(crate) fn sent(&mut self, key: &str, value: Value) {
        self.unknown += 1;
        self.entry(key).tried.push(value);
    }

    /// A write that was sent is acknowledged: what was before it is gone.
    pub(crate) fn acknowledged(&mut self, key: &str, value: Value) {
        self.unknown -= 1;
        self.acknowledged += 1;
        self.settle(key, value);
    }

    /// The key was read. What it holds now it goes on to hold: a write that has not come through a
    /// crash does not come later.
    pub(crate) fn seen(&mut self, key: &str, value: Value) -> Result<()> {
        self.looks += 1;
        let entry = self.entry(key);
        if !entry.allows(value) {
            return Err(Failure::new(format!("{key} reads as {value:?}, but {entry}")));
        }
        self.settle(key, value);
        Ok(())
    }

    fn settle(&mut self, key: &str, value: Value) {
        let entry = self.entry(key);
        entry.certain = value;
        // Of writes sent together the earlier are answered first.
        let place = entry.tried.iter().position(|tried| *tried == value);
        entry.tried.drain(..place.map_or(0, |place| place + 1));
    }

    fn entry(&mut self, key: &str) -> &mut Entry {
        self.keys.entry(key.to_owned()).or_default()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} was acknowledged, and {:?} sent after it", self.certain, self.tried)
    }
}

/// Checks the database against what its clients know: every key holds what was acknowledged last, or
/// what was sent after that; and of every key, later writes were applied after earlier ones, each
/// once. Answers how many were applied.
pub(crate) fn verify(
    ledgers: &[&Ledger],
    rows: &BTreeMap<String, u64>,
    history: &[(String, u64)],
) -> Result<u64> {
    for ledger in ledgers {
        for (key, entry) in &ledger.keys {
            let value = rows.get(key).copied();
            if !entry.allows(value) {
                return Err(Failure::new(format!("{key} holds {value:?}, but {entry}")));
            }
        }
    }
    let known = |key: &String| ledgers.iter().any(|ledger| ledger.keys.contains_key(key));
    if let Some(key) = rows.keys().find(|key| !known(key)) {
        return Err(Failure::new(format!("the database has {key}, which nobody wrote")));
    }
    let mut latest = BTreeMap::new();
    for (key, number) in history {
        if latest.insert(key, number).is_some_and(|earlier| earlier >= number) {
            let sentence = format!("write {number} of {key} was applied late, or twice");
            return Err(Failure::new(sentence));
        }
    }
    Ok(history.len() as u64)
}

/// What a rehearsal came to.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) cycles: u32,
    /// Of those, killed while it started.
    pub(crate) at_start: u32,
    /// How often the database's server died, which nobody told it to.
    pub(crate) database_deaths: u32,
    pub(crate) applied: u64,
    acknowledged: u64,
    unknown: u64,
    looks: u64,
}

impl Counts {
    /// Adds what a client counted.
    pub(crate) fn add(&mut self, ledger: &Ledger) {
        self.acknowledged += ledger.acknowledged;
        self.unknown += ledger.unknown;
        self.looks += ledger.looks;
    }

    /// Whether no write was acknowledged at all.
    pub(crate) fn has_no_writes(&self) -> bool {
        self.acknowledged == 0
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "killed {} times, {} of them while it started; {} writes acknowledged and {} cut off, \
             {} reads after a restart, {} puts applied; 0 lost, 0 out of order, 0 twice",
            self.cycles, self.at_start, self.acknowledged, self.unknown, self.looks, self.applied
        )?;
        match self.database_deaths {
            0 => Ok(()),
            deaths => write!(f, "; the database's server died {deaths} times by itself"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(["a".to_owned()].into_iter());
        for value in [Some(1), Some(2), Some(3)] {
            ledger.sent("a", value);
        }
        ledger.acknowledged("a", Some(1));
        ledger
    }

    fn rows(value: Value) -> BTreeMap<String, u64> {
        value.into_iter().map(|value| ("a".to_owned(), value)).collect()
    }

    fn applied(numbers: &[u64]) -> Vec<(String, u64)> {
        numbers.iter().map(|number| ("a".to_owned(), *number)).collect()
    }

    #[test]
    fn what_was_acknowledged_or_sent_later_is_allowed() {
        let ledger = ledger();
        for value in [1, 2, 3] {
            verify(&[&ledger], &rows(Some(value)), &[]).expect("allowed");
        }
    }

    #[test]
    fn a_lost_write_is_found() {
        verify(&[&ledger()], &rows(None), &[]).expect_err("1 was acknowledged");
    }

    #[test]
    fn what_was_read_after_a_crash_stays() {
        let mut ledger = ledger();
        ledger.seen("a", Some(2)).expect("sent");
        verify(&[&ledger], &rows(Some(1)), &[]).expect_err("it held 2");
        ledger.seen("a", Some(1)).expect_err("it held 2");
    }

    #[test]
    fn a_row_that_nobody_wrote_is_found() {
        let rows = [("a".to_owned(), 1), ("b".to_owned(), 1)].into_iter().collect();
        verify(&[&ledger()], &rows, &[]).expect_err("b");
    }

    #[test]
    fn a_late_or_repeated_write_is_found() {
        let ledger = ledger();
        assert_eq!(verify(&[&ledger], &rows(Some(3)), &applied(&[1, 3])).expect("in order"), 2);
        verify(&[&ledger], &rows(Some(3)), &applied(&[2, 1])).expect_err("late");
        verify(&[&ledger], &rows(Some(3)), &applied(&[1, 1])).expect_err("twice");
    }
}
