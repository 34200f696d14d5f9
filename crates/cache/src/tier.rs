//! Tiers: places that hold entries.
//!
//! A tier holds what it is given until it is told otherwise or needs the room. It never calls a
//! source, judges no freshness and decides no race: the engine changes a key's entry only while it
//! holds that key's stripe.
//!
//! Reading comes in two halves. [`Tier`] hands out owned entries and is what the engine's slow
//! paths know. [`Lookup`] is the hit: it lends the entry in whatever form the tier keeps it, so
//! that a tier that stores entries inline as bytes need not build a value to answer a read.

mod insert;
mod memory;

use crate::entry::Entry;
use crate::runtime::Time;

pub use equivalent::Equivalent;
pub use insert::{Evicted, Inserted};
pub use memory::MemoryTier;

/// Holds entries by key. Bounded: it evicts when it is full.
///
/// ```
/// use larder::runtime::Time;
/// use larder::tier::{MemoryTier, Tier};
/// use larder::Entry;
///
/// let tier: &dyn Tier<u64, &str> = &MemoryTier::with_entries(10);
/// let inserted = tier.insert(7, Entry { value: Some("tea"), fresh_until: Time::NEVER });
/// assert!(inserted.outcome.is_ok() && !inserted.replaced);
/// assert!(tier.remove(&7));
/// assert_eq!(tier.entry(&7), None);
/// ```
pub trait Tier<K, V>: Send + Sync + 'static {
    /// The entry of `key`, fresh or not.
    fn entry(&self, key: &K) -> Option<Entry<V>>;

    /// Puts an entry in the place of whatever is there, and says what became of it, of the earlier
    /// entry and of others. On refusal the earlier entry is gone too: what is older than a refused
    /// entry must not stay.
    fn insert(&self, key: K, entry: Entry<V>) -> Inserted<K>;

    /// Removes the entry of `key`; says whether there was one.
    fn remove(&self, key: &K) -> bool;

    /// Removes every entry that `keep` does not keep. `keep` sees a key and until when its entry
    /// is fresh. It may not call the tier.
    fn retain(&self, keep: &(dyn Fn(&K, Time) -> bool + Sync));

    /// Removes every entry.
    fn clear(&self);

    /// How much it holds.
    fn usage(&self) -> Usage;

    /// Evicts from another weight on, in the unit of its own, and says what had to go at once; a key
    /// that is removed meanwhile may be among it. A tier whose bound is not its own does nothing.
    fn resize(&self, _weight_max: u64) -> Evicted<K> {
        Evicted::default()
    }
}

/// Lends the entry of a borrowed form `Q` of the key.
///
/// ```
/// use larder::runtime::Time;
/// use larder::tier::{Lookup, MemoryTier, Tier};
/// use larder::Entry;
///
/// let tier = MemoryTier::with_entries(10);
/// let entry = Entry { value: Some(3), fresh_until: Time::NEVER };
/// tier.insert("tea".to_owned(), entry).outcome?;
/// assert_eq!(tier.lookup("tea", |entry| entry.value), Some(Some(3))); // by `&str`
/// assert_eq!(tier.lookup("milk", |entry| entry.value), None);
/// # Ok::<(), larder::tier::Refused>(())
/// ```
pub trait Lookup<Q: ?Sized>: Send + Sync + 'static {
    /// The form in which a value is lent.
    type View<'a>
    where
        Self: 'a;

    /// Shows the entry of `key` to `see`; `None` when there is none.
    fn lookup<R>(&self, key: &Q, see: impl FnOnce(Entry<Self::View<'_>>) -> R) -> Option<R>;
}

/// Why a tier did not take an entry.
///
/// ```
/// use larder::tier::Refused;
///
/// assert_eq!(Refused::TooLarge.to_string(), "the entry alone is larger than the tier");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It alone is larger than the tier allows.
    #[error("the entry alone is larger than the tier")]
    TooLarge,
    /// The tier cannot be written at the moment.
    #[error("the tier cannot be written")]
    Unavailable,
}

/// How much a tier holds.
///
/// ```
/// use larder::tier::{MemoryTier, Tier, Usage};
///
/// let empty = MemoryTier::<u64, u64>::with_entries(10).usage();
/// assert_eq!(empty, Usage { weight_max: 10, ..Usage::default() });
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Entries, expired ones included until they are swept.
    pub entries: u64,
    /// Their weight: a count of entries, or bytes when the tier has a weigher.
    pub weight: u64,
    /// The weight at which it evicts.
    pub weight_max: u64,
    /// Entries evicted for room so far.
    pub evictions: u64,
}
