//! What an insert did.

use smallvec::SmallVec;

use super::Refused;

/// What became of an insert.
///
/// ```
/// use larder::runtime::Time;
/// use larder::tier::{MemoryTier, Tier};
/// use larder::Entry;
///
/// let tier = MemoryTier::with_entries(1);
/// let entry = Entry { value: Some("tea"), fresh_until: Time::NEVER };
/// assert!(!tier.insert(1, entry).replaced);
/// assert!(tier.insert(1, entry).replaced);
/// let inserted = tier.insert(2, entry);
/// assert_eq!(inserted.evicted.into_iter().collect::<Vec<_>>(), [1]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the entry may have been refused"]
pub struct Inserted<K> {
    /// Whether the tier took the entry.
    pub outcome: Result<(), Refused>,
    /// Whether there was an earlier entry of the key, which is gone in either case.
    pub replaced: bool,
    /// The keys whose entries made room.
    pub evicted: Evicted<K>,
}

/// The keys whose entries made room for another. Mostly it is one or none: so few need no allocation.
///
/// ```
/// use larder::tier::Evicted;
///
/// let mut evicted = Evicted::default();
/// evicted.extend(["tea", "milk"]);
/// assert_eq!(evicted.into_iter().collect::<Vec<_>>(), ["tea", "milk"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evicted<K>(SmallVec<[K; 1]>);

impl<K> Inserted<K> {
    /// An entry that was not taken, and whether an earlier one went with it.
    ///
    /// ```
    /// use larder::tier::{Inserted, Refused};
    ///
    /// let inserted: Inserted<u64> = Inserted::refused(Refused::Unavailable, true);
    /// assert_eq!(inserted.outcome, Err(Refused::Unavailable));
    /// ```
    pub fn refused(refused: Refused, replaced: bool) -> Self {
        Self { outcome: Err(refused), replaced, evicted: Evicted::default() }
    }
}

impl<K> Evicted<K> {
    /// The keys.
    ///
    /// ```
    /// # use larder::tier::Evicted;
    /// assert_eq!(Evicted::<u64>::default().iter().count(), 0);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &K> {
        self.0.iter()
    }
}

impl<K> Default for Evicted<K> {
    fn default() -> Self {
        Self(SmallVec::new())
    }
}

impl<K> Extend<K> for Evicted<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        self.0.extend(keys);
    }
}

impl<K> IntoIterator for Evicted<K> {
    type Item = K;
    type IntoIter = EvictedKeys<K>;

    fn into_iter(self) -> EvictedKeys<K> {
        EvictedKeys(self.0.into_iter())
    }
}

/// Hands out the keys of [`Evicted`].
#[derive(Debug)]
pub struct EvictedKeys<K>(smallvec::IntoIter<[K; 1]>);

impl<K> Iterator for EvictedKeys<K> {
    type Item = K;

    fn next(&mut self) -> Option<K> {
        self.0.next()
    }
}
