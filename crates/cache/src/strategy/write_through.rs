//! Write-through: a write goes to the source and to the cache before it is answered.
//!
//! **Promise.** After success both agree. After a failure that is known, the new value is visible
//! nowhere. When the outcome is unknown, nothing of the key is cached until the source has
//! answered, and the caller is told so.
//!
//! Writers of one key take turns, so the cache sees them in the source's order. A write that has
//! begun runs to its end even if its caller gives up, and keeps its turn until then: a newer one that
//! was acknowledged is never undone by an older one that came late.
//!
//! **A bad choice** where writes outnumber reads: every one of them waits for the source.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};

use super::backed::{Backed, Known, settling};
use super::{Policy, Reader, Write, Written};
use crate::entry::Entry;
use crate::error::Result;
use crate::keys::Fence;
use crate::options::WriteOptions;
use crate::parts::StoreOutcome;
use crate::sabotage::{self, Mutation};
use crate::source::Stored;
use crate::trace::Participant::Cache;
use crate::trace::Tell;
use crate::{Key, Value};

pub(super) const NAME: &str = "write-through";

/// Write-through and its options.
///
/// ```
/// use larder::strategy::{Order, WriteThrough};
/// use std::time::Duration;
///
/// let strategy =
///     WriteThrough { order: Order::CacheFirst, timeout: Some(Duration::from_secs(2)) };
/// # drop(strategy);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteThrough {
    /// Which of the two is changed first.
    pub order: Order,
    /// How long a write waits for other writes of its key, after which it is refused as
    /// [`Busy`](crate::ErrorKind::Busy), and then how long for the source, after which its outcome is
    /// unknown. A write whose outcome is unknown goes on and holds up those behind it until it ends.
    pub timeout: Option<Duration>,
}

/// Which of source and cache is changed first.
///
/// ```
/// use larder::strategy::{Order, WriteThrough};
///
/// assert_eq!(WriteThrough::default().order, Order::SourceFirst);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The source. While it is being written, readers are still given the earlier copy.
    #[default]
    SourceFirst,
    /// The cache: the earlier copy is taken out before the source is asked, and put back if the
    /// source fails. Readers in between go to the source, so none is given a copy that the source
    /// no longer holds.
    CacheFirst,
}

impl WriteThrough {
    pub(super) fn employ<K: Key, V: Value>(self, backed: Backed<K, V>) -> Arc<dyn Policy<K, V>> {
        Arc::new(AtWork { options: self, backed })
    }
}

struct AtWork<K: Key, V: Value> {
    options: WriteThrough,
    backed: Backed<K, V>,
}

impl<K: Key, V: Value> Policy<K, V> for AtWork<K, V> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn reader(&self) -> Reader {
        Reader::Cache
    }

    fn timeout(&self) -> Option<Duration> {
        self.options.timeout
    }

    fn write(
        self: Arc<Self>,
        writes: Vec<Write<K, V>>,
        options: WriteOptions,
    ) -> BoxFuture<'static, Result<Vec<Written>>> {
        async move { self.carry_out(writes, options).await }.boxed()
    }
}

impl<K: Key, V: Value> AtWork<K, V> {
    async fn carry_out(
        &self,
        writes: Vec<Write<K, V>>,
        options: WriteOptions,
    ) -> Result<Vec<Written>> {
        let staged: Vec<Staged<K, V>> = match self.options.order {
            Order::SourceFirst => Vec::new(),
            Order::CacheFirst => writes.iter().map(|write| Staged::take(write, &options)).collect(),
        };
        if sabotage::is(Mutation::InstallBeforeCommit) {
            let install = |write| self.install(write, &Stored::default(), None, &options);
            writes.iter().for_each(install);
        }
        match self.backed.store(&writes, &options, self.options.timeout).await {
            StoreOutcome::Stored(stored) => {
                let earlier = staged.into_iter().map(Staged::lift).collect();
                Ok(self.agree(&writes, stored, earlier, &options))
            }
            StoreOutcome::Failed(error) => {
                for (staged, write) in staged.into_iter().zip(&writes) {
                    staged.put_back(write, &options);
                }
                Err(self.backed.failed(&writes, error))
            }
            StoreOutcome::Unknown(error, late) => {
                Err(self.backed.lost_sight(writes, error, late, &options))
            }
        }
    }

    /// The source has it: now the cache has it too.
    fn agree(
        &self,
        writes: &[Write<K, V>],
        stored: Vec<Stored<V>>,
        mut earlier: Vec<Option<Entry<V>>>,
        options: &WriteOptions,
    ) -> Vec<Written> {
        earlier.resize_with(writes.len(), || None);
        let rows = writes.iter().zip(stored).zip(earlier);
        rows.map(|((write, stored), earlier)| {
            self.install(write, &stored, earlier, options);
            Written { existed: stored.existed }
        })
        .collect()
    }

    fn install(
        &self,
        write: &Write<K, V>,
        stored: &Stored<V>,
        earlier: Option<Entry<V>>,
        options: &WriteOptions,
    ) {
        let parts = &self.backed.parts;
        let key = write.guard.key();
        let kept = earlier.or_else(|| parts.keys.entry(key));
        let entry = match self.backed.value_after(write, stored, kept.as_ref()) {
            Known::Value(value) => parts.written_entry(value, write.lifetime, kept.as_ref()),
            Known::Unsure => None,
        };
        options.trace.tell(Cache, Cache, settling(&entry), key);
        parts.install(&write.guard, entry);
    }
}

/// The earlier copy of a key whose write changes the cache first.
struct Staged<K: Key, V: Value> {
    earlier: Option<Entry<V>>,
    fence: Fence<K, V>,
}

impl<K: Key, V: Value> Staged<K, V> {
    fn take(write: &Write<K, V>, options: &WriteOptions) -> Self {
        let fence = write.guard.fence();
        let earlier = write.guard.take_copy();
        options.trace.tell(Cache, Cache, "take copy out", write.guard.key());
        Self { earlier, fence }
    }

    fn lift(self) -> Option<Entry<V>> {
        self.fence.lift();
        self.earlier
    }

    fn put_back(self, write: &Write<K, V>, options: &WriteOptions) {
        if let Some(earlier) = self.lift() {
            options.trace.tell(Cache, Cache, "put copy back", write.guard.key());
            write.guard.restore(earlier);
        }
    }
}

impl From<WriteThrough> for super::Strategy {
    fn from(options: WriteThrough) -> Self {
        super::Strategy::WriteThrough(options)
    }
}
