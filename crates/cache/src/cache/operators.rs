//! What those who operate a cache ask of it.

use super::Cache;
use crate::engine::Replayed;
use crate::error::Result;
use crate::journal::{DeadLetter, JournalStatus, Sequence};
use crate::source::BreakerStatus;
use crate::strategy::DrainStatus;
use crate::tier::Tier;
use crate::{Key, Value};

impl<K: Key, V: Value, T: Tier<K, V>> Cache<K, V, T> {
    /// What its journal holds, with write-behind.
    #[doc = include_str!("../../docs/cache/journal_status.md")]
    pub fn journal_status(&self) -> Option<JournalStatus> {
        self.engine.journal().map(|journal| journal.status())
    }

    /// What an acknowledged write survives, with write-behind.
    #[doc = include_str!("../../docs/cache/journal_durability.md")]
    pub fn journal_durability(&self) -> Option<&'static str> {
        self.engine.journal().map(|journal| journal.durability())
    }

    /// How what is queued gets to the source, with write-behind.
    #[doc = include_str!("../../docs/cache/drain_status.md")]
    pub fn drain_status(&self) -> Option<DrainStatus> {
        self.engine.policy.drain_status()
    }

    /// How its circuit breaker stands, when it was [built](crate::Builder::breaker) with one.
    #[doc = include_str!("../../docs/cache/breaker_status.md")]
    pub fn breaker_status(&self) -> Option<BreakerStatus> {
        self.engine.breaker.as_ref().map(|breaker| breaker.status())
    }

    /// The queued writes that the source refused for good, oldest first. They are kept until somebody
    /// replays or drops them.
    #[doc = include_str!("../../docs/cache/dead_letters.md")]
    pub fn dead_letters(&self) -> Vec<DeadLetter<K, V>> {
        self.engine.journal().map(|journal| journal.dead()).unwrap_or_default()
    }

    /// Queues these dead letters again, as writes of now; several of one key as one write. A letter
    /// whose key has been written since would bring an older value back: it is left, unless `force`.
    ///
    /// A letter leaves the list once its write is in the journal. After a crash between the two it
    /// may be in both, and is then marked as superseded.
    #[doc = include_str!("../../docs/cache/replay_dead_letters.md")]
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put). What had been queued by then is off the list.
    pub async fn replay_dead_letters(
        &self,
        sequences: Vec<Sequence>,
        force: bool,
    ) -> Result<Replayed> {
        self.engine.replay(sequences, force).await
    }

    /// Takes dead letters off the list, for good; says how many there were. What they would have
    /// written never reaches the source.
    #[doc = include_str!("../../docs/cache/drop_dead_letters.md")]
    ///
    /// # Errors
    ///
    /// [`Journal`](crate::ErrorKind::Journal) when the journal cannot note it down.
    pub async fn drop_dead_letters(&self, sequences: Vec<Sequence>) -> Result<u64> {
        self.engine.drop_dead(sequences).await
    }
}
