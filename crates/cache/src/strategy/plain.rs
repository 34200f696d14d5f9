//! No source at all: the cache is the only place where a value is.
//!
//! **Promise.** What was written last is read, until it expires or is evicted.
//!
//! **A bad choice** for anything that cannot be computed again.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use super::{Policy, Reader, Write, Written};
use crate::error::{ErrorKind, Result};
use crate::freshness::Lifetime;
use crate::keys::Replacement;
use crate::options::WriteOptions;
use crate::parts::Parts;
use crate::{Key, Value};

pub(crate) struct Plain<K: Key, V: Value> {
    parts: Arc<Parts<K, V>>,
}

impl<K: Key, V: Value> Plain<K, V> {
    pub(crate) fn new(parts: Arc<Parts<K, V>>) -> Self {
        Self { parts }
    }
}

impl<K: Key, V: Value> Policy<K, V> for Plain<K, V> {
    fn name(&self) -> &'static str {
        "none"
    }

    fn reader(&self) -> Reader {
        Reader::Application
    }

    fn write(
        self: Arc<Self>,
        writes: Vec<Write<K, V>>,
        _options: WriteOptions,
    ) -> BoxFuture<'static, Result<Vec<Written>>> {
        let written = writes
            .into_iter()
            .map(|write| put(&self.parts, write.guard.key(), write.value, write.lifetime))
            .collect();
        std::future::ready(written).boxed()
    }
}

/// Writes one key at once: nothing here ever waits.
pub(crate) fn put<K: Key, V: Value>(
    parts: &Parts<K, V>,
    key: &K,
    value: Option<V>,
    lifetime: Lifetime,
) -> Result<Written> {
    let (stored, existed) = parts.keys.replace(key, |present| {
        let now = parts.runtime.now();
        let present = present.filter(|entry| entry.is_fresh(now));
        let replacement = match value {
            Some(value) => parts.replacement(value, lifetime, present.as_ref()),
            None => Replacement::Remove,
        };
        (replacement, present.is_some())
    });
    let written = Written { existed: Some(existed) };
    stored.map(|()| written).map_err(|refused| parts.error(ErrorKind::Value, refused).at(key))
}
