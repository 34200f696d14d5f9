//! An entry: what a tier holds for a key.

use crate::runtime::Time;

/// The order of fills and writes in one cache: a later one has a larger version.
///
/// ```
/// use larder::Version;
///
/// assert!(Version::from_u64(7) < Version::from_u64(8)); // the later of two fills
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(crate) u64);

impl Version {
    /// The version that a number stands for; for tiers that keep entries in another form.
    ///
    /// ```
    /// # use larder::Version;
    /// assert_eq!(Version::from_u64(7).as_u64(), 7);
    /// ```
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The version as a number.
    ///
    /// ```
    /// # use larder::Version;
    /// assert_eq!(Version::from_u64(7).as_u64(), 7);
    /// ```
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

/// A value or "known absent", its version and its freshness.
///
/// ```
/// use larder::runtime::Time;
/// use larder::{Entry, Version};
///
/// let entry = Entry {
///     value: Some("tea"),
///     version: Version::from_u64(1),
///     fresh_until: Time::from_nanos(100),
///     stale_until: Time::from_nanos(150),
/// };
/// assert!(entry.is_fresh(Time::from_nanos(99)));
/// ```
#[derive(Debug, Clone)]
pub struct Entry<V> {
    /// The value; `None` is known absent.
    pub value: Option<V>,
    /// Which fill or write put it there.
    pub version: Version,
    /// Until when it may be served without a word.
    pub fresh_until: Time,
    /// Until when it may still be of use: while it is refreshed, or when the source fails.
    pub stale_until: Time,
}

/// An entry as a tier shows it: the value borrowed in the tier's own form.
///
/// ```
/// use larder::EntryView;
/// use larder::runtime::Time;
///
/// let row = String::from("tea");
/// let lent = EntryView { value: Some(row.as_str()), fresh_until: Time::NEVER };
/// assert_eq!(lent.value, Some("tea"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct EntryView<W> {
    /// The value; `None` is known absent.
    pub value: Option<W>,
    /// Until when it may be served without a word.
    pub fresh_until: Time,
}

impl<V> Entry<V> {
    /// Whether it may be served without a word at `now`.
    ///
    /// ```
    /// # use larder::{Entry, Version, runtime::Time};
    /// # let (version, fresh_until) = (Version::from_u64(1), Time::from_nanos(100));
    /// # let entry = Entry { value: Some("tea"), version, fresh_until, stale_until: fresh_until };
    /// assert!(!entry.is_fresh(entry.fresh_until));
    /// ```
    pub fn is_fresh(&self, now: Time) -> bool {
        now < self.fresh_until
    }
}
