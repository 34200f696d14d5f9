//! Transactions: several keys read, decided upon and written as one unit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Edit, Engine, Present};
use crate::error::{ErrorKind, Result};
use crate::keys::WriteGuard;
use crate::options::WriteOptions;
use crate::trace::Participant::{App, Cache};
use crate::trace::Tell;
use crate::{Key, Value};

/// Keys that no other writer gets at, with the values that they have. Dropping it lets them go, and
/// nothing has changed.
///
/// ```
/// # use larder::source::load_with;
/// # use larder::{Cache, Edit, Lifetime, Strategy, WriteOptions};
/// # use std::collections::BTreeMap;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// # let source = load_with(|_: &str| async { Ok(Some(1_u64)) }).store_with(|_| async { Ok(()) });
/// # let stock = Cache::builder("stock")
/// #     .max_entries(100)
/// #     .source(source)
/// #     .strategy(Strategy::write_through())
/// #     .build()?;
/// let begun = stock.begin(["tea", "milk"].into(), WriteOptions::default()).await?;
/// let tea = begun.present(&"tea").map_or(0, |present| *present.value);
/// begun.commit(BTreeMap::from([("milk", Edit::Put(tea + 1, Lifetime::Policy))])).await?;
/// assert_eq!(stock.peek(&"milk"), Some(2));
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is written until `commit`"]
pub struct Transaction<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    /// In the order of the keys.
    guards: Vec<WriteGuard<K, V>>,
    values: BTreeMap<K, Option<V>>,
    options: WriteOptions,
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Waits for the turns of `keys`, and reads them.
    pub(crate) async fn begin(
        self: Arc<Self>,
        keys: BTreeSet<K>,
        options: WriteOptions,
    ) -> Result<Transaction<K, V>> {
        if self.is_plain() {
            let advice = "a cache without a source has no transactions: update one key at a time";
            return Err(self.parts.error(ErrorKind::Misuse, advice));
        }
        let keys: Vec<K> = keys.into_iter().collect();
        keys.iter().for_each(|key| options.trace.tell(App, Cache, "update", key));
        let guards = self.turns(&keys, &options).await?;
        let values = self.read_for_update(&keys, &options.trace).await?;
        let values = keys.into_iter().zip(values).collect();
        Ok(Transaction { engine: self, guards, values, options })
    }

    /// Reads keys, decides, writes: with no other write of these keys between.
    pub(crate) async fn transact<R>(
        self: Arc<Self>,
        keys: BTreeSet<K>,
        options: WriteOptions,
        decide: impl FnOnce(BTreeMap<K, Option<Present<'_, V>>>) -> (BTreeMap<K, Edit<V>>, R),
    ) -> Result<R> {
        let begun = self.begin(keys, options).await?;
        let (edits, output) = decide(begun.found());
        begun.commit(edits).await?;
        Ok(output)
    }

    /// An edit for each of `keys`.
    fn in_order(&self, keys: &[K], mut edits: BTreeMap<K, Edit<V>>) -> Result<Vec<Edit<V>>> {
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

impl<K: Key, V: Value> Transaction<K, V> {
    /// What `key` has, when it has a value and is one of the transaction's.
    ///
    /// ```
    /// # use larder::source::load_with;
    /// # use larder::{Cache, Strategy, WriteOptions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = load_with(|_: &str| async { Ok(Some(3_u64)) }).store_with(|_| async { Ok(()) });
    /// # let stock = Cache::builder("stock")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::write_through())
    /// #     .build()?;
    /// let begun = stock.begin(["tea"].into(), WriteOptions::default()).await?;
    /// assert_eq!(begun.present(&"tea").map(|present| *present.value), Some(3));
    /// assert!(begun.present(&"milk").is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn present(&self, key: &K) -> Option<Present<'_, V>> {
        self.engine.present_of(key, self.values.get(key)?)
    }

    /// What every key has.
    fn found(&self) -> BTreeMap<K, Option<Present<'_, V>>> {
        let found = self.values.iter();
        found.map(|(key, value)| (key.clone(), self.engine.present_of(key, value))).collect()
    }

    /// Writes what has been decided as [`Cache::write_many`](crate::Cache::write_many) does. A key of
    /// which nothing is said stays as it is.
    ///
    /// ```
    /// # use larder::source::load_with;
    /// # use larder::{Cache, Edit, Strategy, WriteOptions};
    /// # use std::collections::BTreeMap;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = load_with(|_: &str| async { Ok(Some(3_u64)) }).store_with(|_| async { Ok(()) });
    /// # let stock = Cache::builder("stock")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::write_through())
    /// #     .build()?;
    /// let begun = stock.begin(["tea", "milk"].into(), WriteOptions::default()).await?;
    /// begun.commit(BTreeMap::from([("tea", Edit::Remove), ("milk", Edit::Remove)])).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Cache::put`](crate::Cache::put); [`Misuse`](ErrorKind::Misuse) for a key that the
    /// transaction was not begun with.
    pub async fn commit(self, edits: BTreeMap<K, Edit<V>>) -> Result<()> {
        let keys: Vec<K> = self.values.into_keys().collect();
        let edits = self.engine.in_order(&keys, edits)?;
        self.engine.apply(self.guards, edits, self.options).await
    }
}
