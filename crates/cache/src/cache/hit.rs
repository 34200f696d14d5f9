//! What every read does first, and a hit does alone.
//!
//! Most of a hit's time goes into the locked instructions of the tier and of the value's clone.
//! Before such an instruction the processor writes out every store that came earlier, so this file
//! stores little, and what it must count it counts before the look-up, while the key's hash is being
//! computed.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::{Cache, Peek, ToKey, ToValue};
use crate::entry::Entry;
use crate::error::Result;
use crate::runtime::Time;
use crate::stats::Count;
use crate::tier::{Lookup, Tier};
use crate::{Key, Value};

/// The future of [`Cache::get`].
///
/// It looks at the tier when it is first polled, and is ready then if that was a hit. Only a read
/// that has to wait allocates.
///
/// ```
/// # use larder::{Cache, Lifetime, runtime::Simulated};
/// # use std::{pin::pin, sync::Arc, task::{Context, Poll, Waker}};
/// # let runtime = Arc::new(Simulated::new(1));
/// # let cache: Cache<u64, u64> = Cache::builder("n").max_entries(9).runtime(runtime).build()?;
/// cache.put_now(&7, 49, Lifetime::Policy)?;
/// let hit = pin!(cache.get(&7)).poll(&mut Context::from_waker(Waker::noop()));
/// assert!(matches!(hit, Poll::Ready(Ok(Some(49)))));
/// # Ok::<(), larder::Error>(())
/// ```
#[must_use = "nothing is read until it is awaited"]
pub struct Get<'a, Q: ?Sized, K: Key, V: Value, T> {
    cache: &'a Cache<K, V, T>,
    key: &'a Q,
    read: Option<BoxFuture<'a, Result<Option<V>>>>,
}

/// A look at the tier at one moment.
#[derive(Clone, Copy)]
pub(super) struct Look {
    now: Time,
    /// What is fresh beyond this is a hit, and its refresh is not due: one comparison for both.
    calm_after: Time,
}

impl Look {
    /// Whether an entry is fresh and in no need of a refresh.
    #[inline]
    pub(super) fn is_calm(self, fresh_until: Time) -> bool {
        fresh_until > self.calm_after
    }
}

impl<'a, Q: ?Sized, K: Key, V: Value, T> Get<'a, Q, K, V, T> {
    #[inline]
    pub(super) fn new(cache: &'a Cache<K, V, T>, key: &'a Q) -> Self {
        Self { cache, key, read: None }
    }
}

impl<Q, K, V, T> Future for Get<'_, Q, K, V, T>
where
    K: Key,
    V: Value,
    T: Tier<K, V> + Lookup<Q>,
    for<'a> T::View<'a>: ToValue<V>,
    Q: ToKey<K> + ?Sized,
{
    type Output = Result<Option<V>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.read.is_none()
            && let Some(value) = self.cache.fresh(self.key)
        {
            return Poll::Ready(Ok(value));
        }
        let Get { cache, key, read } = &mut *self;
        read.get_or_insert_with(|| cache.read_missed(*key)).as_mut().poll(context)
    }
}

impl<Q: ?Sized, K: Key, V: Value, T> fmt::Debug for Get<'_, Q, K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").field("waits", &self.read.is_some()).finish_non_exhaustive()
    }
}

impl<K: Key, V: Value, T: Tier<K, V>> Cache<K, V, T> {
    /// What a fresh entry of `key` says, or that there is no such entry.
    // Always inlined: a value that is handed on through memory in words and read back in larger
    // pieces stalls the processor for longer than the rest of a hit takes.
    #[inline(always)]
    pub(super) fn fresh<Q>(&self, key: &Q) -> Option<Option<V>>
    where
        T: Lookup<Q>,
        for<'a> T::View<'a>: ToValue<V>,
        Q: ToKey<K> + ?Sized,
    {
        let look = self.look(self.clock.now());
        let found = self
            .tier
            .lookup(key, |entry: Entry<_>| (entry.value.map(ToValue::to_value), entry.fresh_until));
        let Some((value, fresh_until)) = found else {
            self.note_unserved();
            return None;
        };
        (look.is_calm(fresh_until) || self.is_late_hit(key, fresh_until, look)).then_some(value)
    }

    /// Begins a look and counts it, before anybody knows what it finds.
    #[inline(always)]
    pub(super) fn look(&self, now: Time) -> Look {
        self.engine.parts.stats.add(Count::Looks, 1);
        let calm_after = now.to_bits().saturating_add(self.refresh_ahead_nanos);
        Look { now, calm_after: Time::from_bits(calm_after) }
    }

    /// What is told of a key that has no fresh entry.
    #[cold]
    pub(super) fn unserved<W>(&self) -> Peek<W> {
        self.note_unserved();
        match self.engine.loader {
            Some(_) => Peek::Miss,
            None => {
                self.engine.parts.stats.add(Count::Misses, 1);
                Peek::Absent
            }
        }
    }

    /// What is told of a key whose entry had expired at `now`.
    #[cold]
    pub(super) fn expired<Q: ToKey<K> + ?Sized, W>(&self, now: Time, key: &Q) -> Peek<W> {
        self.let_go(now, key);
        self.unserved()
    }

    /// Takes out an entry that had expired at `now` where nobody loads: nothing will take its place, and
    /// the next sweep need not be waited for.
    fn let_go<Q: ToKey<K> + ?Sized>(&self, now: Time, key: &Q) {
        if self.engine.loader.is_none() {
            let window = self.engine.parts.freshness.stale_window();
            self.engine.parts.keys.sweep_key(&key.to_key(), now, window);
        }
    }

    /// Brings the entry of `key` up to date in the background.
    #[cold]
    pub(super) fn refresh<Q: ToKey<K> + ?Sized>(&self, key: &Q) {
        self.engine.refresh(&key.to_key());
    }

    /// Whether an entry that is not calm is fresh all the same; it is then refreshed.
    #[cold]
    fn is_late_hit<Q>(&self, key: &Q, fresh_until: Time, look: Look) -> bool
    where
        Q: ToKey<K> + ?Sized,
    {
        let fresh = fresh_until > look.now;
        match fresh {
            true => self.refresh(key),
            false => {
                self.let_go(look.now, key);
                self.note_unserved();
            }
        }
        fresh
    }

    #[cold]
    fn note_unserved(&self) {
        self.engine.parts.stats.add(Count::Unserved, 1);
    }

    #[cold]
    fn read_missed<Q>(&self, key: &Q) -> BoxFuture<'_, Result<Option<V>>>
    where
        Q: ToKey<K> + ?Sized,
    {
        self.engine.read_alone(key.to_key())
    }
}
