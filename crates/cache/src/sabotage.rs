//! Deliberate defects, each of which the simulation has to find.
//!
//! A checker that finds nothing is worth something only if it finds what is broken. With the feature
//! `sabotage` one of these defects can be switched on, for the calling thread; without it `is` is
//! the constant `false`, and no trace of a defect is in the code.

/// A way in which the engine, a journal or a worker can be broken.
///
/// ```
/// use larder::sabotage::{Mutation, commit};
///
/// let broken = commit(Mutation::FillVoidLease);
/// drop(broken); // and mended
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// A fill is taken although its lease is void.
    FillVoidLease,
    /// A load is kept although its flight is void.
    LandVoidFlight,
    /// A reader joins a flight that an invalidation has voided.
    JoinVoidFlight,
    /// An invalidation of many keys drops their copies and leaves what is under way alone.
    ClearOnlyCopies,
    /// The writers of a key do not take turns, and each has the last word.
    WriteOutOfTurn,
    /// Known absence stays when the row is written.
    KeepKnownAbsent,
    /// A load does not look at what is pending.
    IgnorePending,
    /// The cache has the new value before the source does.
    InstallBeforeCommit,
    /// The copy stays when the outcome of a write is unknown.
    KeepAfterUnknown,
    /// A write that took too long counts as over.
    LiftFenceAtTimeout,
    /// A write is acknowledged before it is in the journal.
    AcknowledgeBeforeAppend,
    /// A write that finds the journal full is acknowledged and forgotten.
    DropWhenFull,
    /// Batches go to the source without a fence.
    StoreWithoutFence,
    /// What the source already had of a journal is not looked at on start.
    IgnoreSettlement,
    /// The later half of a refused batch goes first.
    LaterHalfFirst,
    /// A refused record is forgotten.
    BuryWithoutKeeping,
    /// Several batches of one lane are on their way at the same time.
    ShareLane,
    /// What was applied takes what is newer of its key along.
    RemoveByKey,
    /// A write takes the place of one that is on its way to the source.
    CoalesceInFlight,
    /// A record goes into any lane, whatever its key.
    MixLanes,
    /// A group whose sync failed counts as synced.
    IgnoreSyncError,
    /// An append is acknowledged before the sync of its group.
    AcknowledgeBeforeSync,
    /// After a failed write the log is not synced once more.
    LeaveUnsynced,
    /// A write goes past the journal before the log says what has left it.
    PassWithoutCheckpoint,
    /// Damage in the middle of the log is cut off like a torn end.
    CutAtDamage,
    /// A segment goes while the source lacks what it holds.
    RemoveSegmentEarly,
}

#[cfg(feature = "sabotage")]
pub use switch::{Committed, commit};

#[cfg(feature = "sabotage")]
pub(crate) use switch::is;

/// Whether the engine is broken in this way: it is not.
#[cfg(not(feature = "sabotage"))]
pub(crate) const fn is(_mutation: Mutation) -> bool {
    false
}

#[cfg(feature = "sabotage")]
mod switch {
    use std::cell::Cell;

    use super::Mutation;

    thread_local! {
        static COMMITTED: Cell<Option<Mutation>> = const { Cell::new(None) };
    }

    /// The defect is there until this is dropped.
    ///
    /// ```
    /// use larder::sabotage::{Committed, Mutation, commit};
    ///
    /// let _broken: Committed = commit(Mutation::IgnorePending);
    /// ```
    #[derive(Debug)]
    #[must_use]
    pub struct Committed(());

    /// Breaks what this thread runs.
    ///
    /// ```
    /// use larder::sabotage::{Mutation, commit};
    ///
    /// let _broken = commit(Mutation::KeepKnownAbsent);
    /// ```
    pub fn commit(mutation: Mutation) -> Committed {
        COMMITTED.set(Some(mutation));
        Committed(())
    }

    impl Drop for Committed {
        fn drop(&mut self) {
            COMMITTED.set(None);
        }
    }

    /// Whether this thread is broken in this way.
    pub(crate) fn is(mutation: Mutation) -> bool {
        COMMITTED.get() == Some(mutation)
    }
}
