//! Read-through: the cache loads what it misses, one flight per key; the application writes the
//! source and then invalidates.
//!
//! **Promise.** A read that starts after an invalidation returned never sees an older value: the
//! invalidation voids the flight under way, and later readers start a new one.
//!
//! **A bad choice** where writes come through the same application anyway: write-through does both
//! without the window between the write and the invalidation.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use super::{Policy, Reader, Write, Written, refuse};
use crate::error::Result;
use crate::options::WriteOptions;
use crate::{Key, Value};

pub(super) const NAME: &str = "read-through";

const ADVICE: &str = "read-through leaves writes to the application: write the source, then \
                      invalidate the key; or choose write-through, write-behind or write-around";

pub(super) struct ReadThrough;

impl<K: Key, V: Value> Policy<K, V> for ReadThrough {
    fn name(&self) -> &'static str {
        NAME
    }

    fn reader(&self) -> Reader {
        Reader::Cache
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
