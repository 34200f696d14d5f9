//! An entry: what a tier holds for a key.

use crate::runtime::Time;

/// The order of fills and writes in one cache: a later one has a larger version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(crate) u64);

impl Version {
    /// The version that a number stands for; for tiers that keep entries in another form.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The version as a number.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

/// A value or "known absent", its version and its freshness.
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
#[derive(Debug, Clone, Copy)]
pub struct EntryView<W> {
    /// The value; `None` is known absent.
    pub value: Option<W>,
    /// Until when it may be served without a word.
    pub fresh_until: Time,
}

impl<V> Entry<V> {
    /// Whether it may be served without a word at `now`.
    pub fn is_fresh(&self, now: Time) -> bool {
        now < self.fresh_until
    }
}
