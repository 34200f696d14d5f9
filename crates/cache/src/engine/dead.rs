//! Dead letters: written once more, or given up.

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::freshness::Lifetime;
use crate::journal::{AppendError, DeadLetter, Journal, Sequence};
use crate::keys::WriteGuard;
use crate::options::WriteOptions;
use crate::strategy::Write;
use crate::{Key, Value};

/// What became of the dead letters that were to be written once more.
///
/// ```
/// use larder::Replayed;
///
/// let replayed = Replayed { queued: 2, left: 1 };
/// assert_eq!(replayed.to_string(), "2 queued again, 1 left");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Letters that are in the queue again, and off the list.
    pub queued: u64,
    /// Letters that were left on the list: a newer write of their key would have been undone, or they
    /// name a part of a row that an earlier letter of this replay deletes.
    pub left: u64,
}

impl std::fmt::Display for Replayed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} queued again, {} left", self.queued, self.left)
    }
}

/// The letters of one key as one write.
struct Revival<V> {
    value: Option<V>,
    sequences: Vec<Sequence>,
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Queues dead letters again.
    pub(crate) async fn replay(&self, sequences: Vec<Sequence>, force: bool) -> Result<Replayed> {
        let Some(journal) = self.journal() else { return Ok(Replayed::default()) };
        let wanted: BTreeSet<Sequence> = sequences.into_iter().collect();
        let keys: BTreeSet<K> =
            chosen(&**journal, &wanted).map(|letter| letter.record.key).collect();
        let keys: Vec<K> = keys.into_iter().collect();
        let guards = self.turns(&keys, &WriteOptions::default()).await?;
        // Only now nobody writes these keys, so that what is superseded is known.
        let mut letters: BTreeMap<K, Vec<DeadLetter<K, V>>> = BTreeMap::new();
        let mut replayed = Replayed::default();
        for letter in chosen(&**journal, &wanted) {
            replayed.left += 1;
            if force || !letter.superseded {
                letters.entry(letter.record.key.clone()).or_default().push(letter);
            }
        }
        for guard in guards {
            let Some(letters) = letters.remove(guard.key()) else { continue };
            let queued = self.revive(&**journal, guard, letters).await?;
            replayed.queued += queued;
            replayed.left -= queued;
        }
        Ok(replayed)
    }

    /// Queues the letters of one key; says how many they were.
    async fn revive(
        &self,
        journal: &dyn Journal<K, V>,
        guard: WriteGuard<K, V>,
        letters: Vec<DeadLetter<K, V>>,
    ) -> Result<u64> {
        let Some(Revival { value, sequences }) = self.united(letters) else { return Ok(0) };
        let queued = sequences.len() as u64;
        let key = guard.key().clone();
        self.admit_writes()?;
        let write = Write { guard, value, lifetime: Lifetime::Policy };
        self.carry_out(vec![write], WriteOptions::default()).await?;
        let dropped = journal.drop_dead(sequences).await;
        dropped.map_err(|error| self.undropped(error).at(&key))?;
        Ok(queued)
    }

    /// What the letters come to, the later ones over the earlier ones.
    fn united(&self, letters: Vec<DeadLetter<K, V>>) -> Option<Revival<V>> {
        let source = self.source.as_ref()?;
        let mut letters = letters.into_iter().map(|letter| letter.record);
        let first = letters.next()?;
        let mut united = Revival { value: first.value, sequences: vec![first.sequence] };
        for record in letters {
            united.value = match (united.value, record.value) {
                (Some(base), Some(change)) => Some(source.merge(Some(&base), &change)),
                (None, Some(part)) if !source.is_whole(&part) => {
                    // One write cannot both delete the row and name a part of the next one.
                    return Some(Revival { value: None, ..united });
                }
                (_, value) => value,
            };
            united.sequences.push(record.sequence);
        }
        Some(united)
    }

    /// Takes dead letters off the list; says how many there were.
    pub(crate) async fn drop_dead(&self, sequences: Vec<Sequence>) -> Result<u64> {
        let Some(journal) = self.journal() else { return Ok(0) };
        let dropped = journal.drop_dead(sequences).await;
        dropped.map(|count| count as u64).map_err(|error| self.undropped(error))
    }

    fn undropped(&self, error: AppendError) -> Error {
        let reason = match error {
            AppendError::Failed(reason) | AppendError::Unknown(reason) => reason,
            other => format!("{other:?}"),
        };
        let message = format!("the journal may still have the dead letter: {reason}");
        self.parts.error(ErrorKind::Journal, message)
    }
}

/// The dead letters that are wanted, in the order of their sequences.
fn chosen<K: Key, V: Value>(
    journal: &dyn Journal<K, V>,
    wanted: &BTreeSet<Sequence>,
) -> impl Iterator<Item = DeadLetter<K, V>> {
    journal.dead().into_iter().filter(|letter| wanted.contains(&letter.record.sequence))
}
