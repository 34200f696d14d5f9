//! Cache-aside: the application reads the cache, loads on a miss and fills; it writes the source
//! and then invalidates.
//!
//! **Promise.** A fill that lost a race with an invalidation is refused: the application takes a
//! [lease](crate::Cache::lease) before it loads, and every write or invalidation voids the lease.
//!
//! **A bad choice** where the application may forget to invalidate, where several services write
//! the same rows, or where a stampede of misses would hurt the source: without
//! [`get_or_load`](crate::Cache::get_or_load) every reader that misses loads for itself.
//!
//! The lease is the one of Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013), section
//! 3.2.1.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use super::{Policy, Reader, Write, Written, refuse};
use crate::error::Result;
use crate::options::WriteOptions;
use crate::{Key, Value};

pub(super) const NAME: &str = "cache-aside";

const ADVICE: &str = "cache-aside leaves writes to the application: write the source, then \
                      invalidate the key; to fill after a miss, take a lease and fill under it";

pub(super) struct CacheAside;

impl<K: Key, V: Value> Policy<K, V> for CacheAside {
    fn name(&self) -> &'static str {
        NAME
    }

    fn reader(&self) -> Reader {
        Reader::Application
    }

    fn refuses_writes(&self) -> Option<&'static str> {
        Some(ADVICE)
    }

    fn write(
        self: Arc<Self>,
        _writes: Vec<Write<K, V>>,
        _options: WriteOptions,
    ) -> BoxFuture<'static, Result<Vec<Written>>> {
        refuse(ADVICE).boxed()
    }
}
