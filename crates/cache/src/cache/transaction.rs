//! Transactions in two steps.

use std::collections::BTreeSet;

use super::Cache;
use crate::engine::Transaction;
use crate::error::Result;
use crate::options::WriteOptions;
use crate::tier::Tier;
use crate::{Key, Value};

impl<K: Key, V: Value, T: Tier<K, V>> Cache<K, V, T> {
    /// The first step of a [`transact`](Self::transact) whose decision takes more than a function can
    /// do: reads `keys`, and keeps every other write of them waiting until the [`Transaction`] is
    /// committed or dropped.
    ///
    /// ```
    /// # use larder::source::load_with;
    /// # use larder::{Cache, Edit, Lifetime, Strategy, WriteOptions};
    /// # use std::collections::BTreeMap;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let source = load_with(|_: &str| async { Ok(Some(3_u64)) }).store_with(|_| async { Ok(()) });
    /// # let stock = Cache::builder("stock")
    /// #     .max_entries(100)
    /// #     .source(source)
    /// #     .strategy(Strategy::write_through())
    /// #     .build()?;
    /// let begun = stock.begin(["tea"].into(), WriteOptions::default()).await?;
    /// tokio::task::yield_now().await; // somebody thinks about it
    /// begun.commit(BTreeMap::from([("tea", Edit::Put(7, Lifetime::Policy))])).await?;
    /// assert_eq!(stock.get(&"tea").await?, Some(7));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`transact`](Self::transact).
    pub async fn begin(
        &self,
        keys: BTreeSet<K>,
        options: WriteOptions,
    ) -> Result<Transaction<K, V>> {
        self.engine.clone().begin(keys, options).await
    }
}
