//! An entry: what a tier holds for a key.

use crate::runtime::Time;

/// The order of flights, leases and writes in one cache: a later one has a larger version.
///
/// Versions stay with what is under way. An entry has none: whether one may be put into a tier is
/// decided before it gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Version(pub(crate) u64);

/// A value or "known absent", and its freshness.
///
/// It has no more fields than a hit needs: with a key of three words and a value of two it fits the
/// 64 bytes of a cache line in [`MemoryTier`](crate::tier::MemoryTier). How long it is of use
/// after that is the policy's to say.
///
/// ```
/// use larder::Entry;
/// use larder::runtime::Time;
///
/// let entry = Entry { value: Some("tea"), fresh_until: Time::from_nanos(100) };
/// assert!(entry.is_fresh(Time::from_nanos(99)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<V> {
    /// The value, or the form in which a tier lends it; `None` is known absent.
    pub value: Option<V>,
    /// Until when it may be served without a word.
    pub fresh_until: Time,
}

impl<V> Entry<V> {
    /// Whether it may be served without a word at `now`.
    ///
    /// ```
    /// # use larder::{Entry, runtime::Time};
    /// # let entry = Entry { value: Some("tea"), fresh_until: Time::from_nanos(100) };
    /// assert!(!entry.is_fresh(entry.fresh_until));
    /// ```
    pub fn is_fresh(&self, now: Time) -> bool {
        now < self.fresh_until
    }
}
