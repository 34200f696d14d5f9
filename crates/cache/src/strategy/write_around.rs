//! Write-around: writes go to the source; the cache takes no part, except that it drops its copy.
//!
//! **Promise.** A read after the write never sees the older value. In the pure form
//! (`drop_cached: false`), for rows that are inserted once and never changed, a copy stays until
//! its TTL, and nothing at all is done to the cache.
//!
//! **A bad choice** where what was written is read soon: the read after each write is a miss.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};

use super::backed::Backed;
use super::{Policy, Reader, Write, Written};
use crate::error::Result;
use crate::options::WriteOptions;
use crate::parts::StoreOutcome;
use crate::source::Stored;
use crate::trace::Participant::Cache;
use crate::trace::Tell;
use crate::{Key, Value};

pub(super) const NAME: &str = "write-around";

/// Write-around and its options.
///
/// ```
/// use larder::strategy::WriteAround;
///
/// // Readings of a sensor: inserted once, never changed.
/// let pure = WriteAround { drop_cached: false, ..WriteAround::default() };
/// # drop(pure);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteAround {
    /// Whether a write drops the cached copy. `false` only for data that is never changed.
    pub drop_cached: bool,
    /// Who loads on a miss.
    pub read: ReadPolicy,
    /// How long a write waits, as [`WriteThrough::timeout`](super::WriteThrough::timeout) says.
    pub timeout: Option<Duration>,
}

/// Who loads what is missed.
///
/// ```
/// use larder::strategy::{ReadPolicy, WriteAround};
///
/// let aside = WriteAround { read: ReadPolicy::Aside, ..WriteAround::default() };
/// # drop(aside);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadPolicy {
    /// The cache, as in read-through.
    #[default]
    Through,
    /// The application, as in cache-aside.
    Aside,
}

impl Default for WriteAround {
    fn default() -> Self {
        Self { drop_cached: true, read: ReadPolicy::Through, timeout: None }
    }
}

impl WriteAround {
    pub(super) fn employ<K: Key, V: Value>(self, backed: Backed<K, V>) -> Arc<dyn Policy<K, V>> {
        Arc::new(AtWork { options: self, backed })
    }
}

struct AtWork<K: Key, V: Value> {
    options: WriteAround,
    backed: Backed<K, V>,
}

impl<K: Key, V: Value> Policy<K, V> for AtWork<K, V> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn reader(&self) -> Reader {
        match self.options.read {
            ReadPolicy::Through => Reader::Cache,
            ReadPolicy::Aside => Reader::Application,
        }
    }

    fn copies_follow_writes(&self) -> bool {
        self.options.drop_cached
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
        match self.backed.store(&writes, &options, self.options.timeout).await {
            StoreOutcome::Stored(stored) => {
                let rows = writes.iter().zip(stored);
                Ok(rows.map(|(write, stored)| self.pass_by(write, stored, &options)).collect())
            }
            StoreOutcome::Failed(error) => Err(self.backed.failed(&writes, error)),
            StoreOutcome::Unknown(error, late) => {
                Err(self.backed.lost_sight(writes, error, late, &options))
            }
        }
    }

    fn pass_by(&self, write: &Write<K, V>, stored: Stored<V>, options: &WriteOptions) -> Written {
        if self.options.drop_cached {
            options.trace.tell(Cache, Cache, "drop copy", write.guard.key());
            self.backed.parts.install(&write.guard, None);
        } else {
            write.guard.trust();
        }
        Written { existed: stored.existed }
    }
}

impl From<WriteAround> for super::Strategy {
    fn from(options: WriteAround) -> Self {
        super::Strategy::WriteAround(options)
    }
}
