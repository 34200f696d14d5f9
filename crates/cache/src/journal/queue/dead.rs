//! Dead letters in memory, by key.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::Key;
use crate::journal::{DeadLetter, Sequence};

pub(super) struct Dead<K, V> {
    letters: HashMap<K, Vec<DeadLetter<K, V>>, RandomState>,
    count: usize,
    /// Letters that are on their way to where they last.
    expected: usize,
}

impl<K: Key, V: Clone> Dead<K, V> {
    pub(super) fn new() -> Self {
        Self { letters: HashMap::default(), count: 0, expected: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Keeps a place for a letter; `false` when there is none left.
    pub(super) fn expect(&mut self, count_max: usize) -> bool {
        let has_room = self.count + self.expected < count_max;
        self.expected += usize::from(has_room);
        has_room
    }

    /// The expected letter did not come.
    pub(super) fn miss(&mut self) {
        self.expected = self.expected.saturating_sub(1);
    }

    /// Takes the expected letter in. A letter that is there already is there once.
    pub(super) fn insert(&mut self, letter: DeadLetter<K, V>) {
        self.miss();
        let letters = self.letters.entry(letter.record.key.clone()).or_default();
        let sequence = letter.record.sequence;
        match letters.iter_mut().find(|known| known.record.sequence == sequence) {
            Some(known) => *known = letter,
            None => {
                self.count += 1;
                letters.push(letter);
            }
        }
    }

    /// All letters in the order of their sequences. One whose key is held by a newer record, as
    /// `newest` says, is superseded, though not for good.
    pub(super) fn all(&self, newest: impl Fn(&K) -> Option<Sequence>) -> Vec<DeadLetter<K, V>> {
        let mut all: Vec<_> = self.letters.values().flatten().cloned().collect();
        for letter in &mut all {
            let newest = newest(&letter.record.key);
            letter.superseded |= newest.is_some_and(|newest| newest > letter.record.sequence);
        }
        all.sort_unstable_by_key(|letter| letter.record.sequence);
        all
    }

    pub(super) fn holds(&self, sequence: Sequence) -> bool {
        self.letters.values().flatten().any(|letter| letter.record.sequence == sequence)
    }

    pub(super) fn remove(&mut self, sequences: &[Sequence]) -> usize {
        let before = self.count;
        self.letters.retain(|_, letters| {
            letters.retain(|letter| !sequences.contains(&letter.record.sequence));
            !letters.is_empty()
        });
        self.count = self.letters.values().map(Vec::len).sum();
        before - self.count
    }

    /// The source has a write of `key` with this sequence: the letters that are older, and were not
    /// known to be superseded before.
    pub(super) fn supersede(&mut self, key: &K, sequence: Sequence) -> Vec<DeadLetter<K, V>> {
        let letters = self.letters.get_mut(key).into_iter().flatten();
        let older = letters.filter(|it| it.record.sequence < sequence && !it.superseded);
        let superseded = older.map(|letter| {
            letter.superseded = true;
            letter.clone()
        });
        superseded.collect()
    }
}
