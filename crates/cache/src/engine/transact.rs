//! Transactions: several keys read, decided upon and written as one unit.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edit, Engine, Present};
use crate::error::{ErrorKind, Result};
use crate::options::WriteOptions;
use crate::trace::Participant::{App, Cache};
use crate::trace::Tell;
use crate::{Key, Value};

impl<K: Key, V: Value> Engine<K, V> {
    /// Reads keys, decides, writes: with no other write of these keys between.
    pub(crate) async fn transact<R>(
        &self,
        keys: BTreeSet<K>,
        options: WriteOptions,
        decide: impl FnOnce(BTreeMap<K, Option<Present<'_, V>>>) -> (BTreeMap<K, Edit<V>>, R),
    ) -> Result<R> {
        if self.is_plain() {
            let advice = "a cache without a source has no transactions: update one key at a time";
            return Err(self.parts.error(ErrorKind::Misuse, advice));
        }
        let keys: Vec<K> = keys.into_iter().collect();
        keys.iter().for_each(|key| options.trace.tell(App, Cache, "update", key));
        let guards = self.turns(&keys, &options).await?;
        let values = self.read_for_update(&keys, &options.trace).await?;
        let present = keys.iter().zip(&values);
        let present = present.map(|(key, value)| (key.clone(), self.present_of(key, value)));
        let (edits, output) = decide(present.collect());
        self.apply(guards, self.in_order(&keys, edits)?, options).await?;
        Ok(output)
    }

    /// An edit for each of `keys`.
    pub(super) fn in_order(
        &self,
        keys: &[K],
        mut edits: BTreeMap<K, Edit<V>>,
    ) -> Result<Vec<Edit<V>>> {
        let ordered = keys.iter().map(|key| edits.remove(key).unwrap_or(Edit::Keep)).collect();
        match edits.keys().next() {
            None => Ok(ordered),
            Some(foreign) => {
                let advice = "the transaction changes a key that it was not begun with";
                Err(self.parts.error(ErrorKind::Misuse, advice).at(foreign))
            }
        }
    }
}
