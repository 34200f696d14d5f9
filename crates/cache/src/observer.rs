//! What is told of every change of what a cache holds.

use std::fmt;

/// Is told of every change of what a cache holds, such as for an index of its keys or for clients that
/// keep copies of their own.
///
/// # What is told
///
/// The changes of one key are told in the order in which they came about, each when the tier already
/// holds what it speaks of. So whoever follows [`Change::present`] knows at any time which keys have a
/// value, expired ones included until they are [swept](crate::Cache::sweep) or, where the cache loads
/// nothing, looked up. Only an eviction is told a moment late, before the call that made it returns; the
/// key may have a value again by then, and `present` says so.
///
/// Writes and invalidations are told even if the key had no entry, because somebody may hold what
/// the cache has let go of. A load is told unless it failed or was void. Reads, failed writes and refused
/// leases change nothing and are not told.
///
/// Whoever hands on what it reads, to be told when that changes, has to note the key before it reads: a read
/// whose load was under way when a change was told may be answered with what was there before.
///
/// # What an observer must keep to
///
/// It is called under a lock on the key, on whichever thread makes the change. So it has to be quick, may
/// not wait, may not panic, and may not call the cache.
///
/// ```
/// use larder::{Cache, Change, Lifetime, Observer, runtime::Simulated};
/// use std::collections::BTreeSet;
/// use std::sync::{Arc, Mutex};
///
/// /// The keys that have a value, in their order.
/// #[derive(Default)]
/// struct Index(Mutex<BTreeSet<String>>);
///
/// impl Observer<String> for Index {
///     fn changed(&self, key: &String, change: Change) {
///         let mut keys = self.0.lock().unwrap();
///         match change.present {
///             true => keys.insert(key.clone()),
///             false => keys.remove(key),
///         };
///     }
///
///     fn cleared(&self, concerns: &dyn Fn(&String) -> bool) {
///         self.0.lock().unwrap().retain(|key| !concerns(key));
///     }
/// }
///
/// let index = Arc::new(Index::default());
/// let stock: Cache<String, u64> = Cache::builder("stock")
///     .max_entries(100)
///     .runtime(Arc::new(Simulated::new(1)))
///     .observer(index.clone())
///     .build()?;
/// stock.put_now(&"tea".to_owned(), 3, Lifetime::Policy)?;
/// stock.put_now(&"milk".to_owned(), 1, Lifetime::Policy)?;
/// stock.remove_now(&"tea".to_owned())?;
/// assert_eq!(*index.0.lock().unwrap(), BTreeSet::from(["milk".to_owned()]));
/// # Ok::<(), larder::Error>(())
/// ```
pub trait Observer<K>: Send + Sync + 'static {
    /// Something has become of `key`.
    fn changed(&self, key: &K, change: Change);

    /// Something is about to become of `key`: [`changed`](Self::changed) follows, and until then a reader
    /// may find what was there before or what comes after. Whoever keeps values where others read them
    /// takes them away here, so that nobody finds an older one after somebody has found a newer one. Of
    /// an eviction it is not told, which leaves nothing newer.
    fn changing(&self, _key: &K) {}

    /// The same before [`cleared`](Self::cleared).
    fn clearing(&self) {}

    /// Every key that `concerns` names has been invalidated, whether it had an entry or not. No
    /// [`changed`](Self::changed) is told of them, and none of any key while this runs.
    fn cleared(&self, concerns: &dyn Fn(&K) -> bool);
}

/// What has become of a key.
///
/// ```
/// use larder::{Cause, Change};
///
/// let change = Change { cause: Cause::Loaded, replaced: false, present: true };
/// assert_eq!(change.to_string(), "loaded, new");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change {
    /// Why.
    pub cause: Cause,
    /// Whether the key had an entry before, be it expired or "known absent". A load of a key that had
    /// none changes no copy: only who has been shown what the cache did not keep may know it otherwise.
    pub replaced: bool,
    /// Whether the tier now holds a value of the key. "Known absent" is none, and so is a value that
    /// the tier refused or the policy does not keep.
    pub present: bool,
}

/// Why a key's entry has changed.
///
/// ```
/// use larder::Cause;
///
/// assert_eq!(Cause::Evicted.to_string(), "evicted");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// A write of the key took effect, or may have: a delete too, and one of which the cache keeps
    /// no copy.
    Written,
    /// A load brought what the source has: the cache's own, or the application's, which filled it under a
    /// lease.
    Loaded,
    /// The copy was given another lifetime; the value is the same.
    Lifetime,
    /// The copy was taken out because a write is under way or its outcome was unknown.
    Withdrawn,
    /// The copy that was withdrawn for a write is back, since the write failed.
    Restored,
    /// Somebody invalidated the key.
    Invalidated,
    /// The entry had outlived its time and was removed.
    Expired,
    /// The entry made room for others.
    Evicted,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.replaced, self.present) {
            (false, true) => "new",
            (true, true) => "again",
            (true, false) => "gone",
            (false, false) => "still none",
        };
        write!(f, "{}, {what}", self.cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Written => "written",
            Cause::Loaded => "loaded",
            Cause::Lifetime => "lifetime",
            Cause::Withdrawn => "withdrawn",
            Cause::Restored => "restored",
            Cause::Invalidated => "invalidated",
            Cause::Expired => "expired",
            Cause::Evicted => "evicted",
        })
    }
}
