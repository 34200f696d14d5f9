//! Who tells stale reads from fresh ones: every value says which write it is from, and a ledger knows
//! when each write of each key began and was known to be committed.

mod history;
mod witness;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use history::{History, Moment, Number, Since};
pub(super) use witness::Witness;

/// Locks that the keys are spread over, so that clients seldom wait for each other.
const SHARDS: u64 = 64;

/// The digits that a value begins with: the scene, then the write's number.
const DIGITS: usize = 16;

/// A key that is never written.
const NO_KEY: u64 = u64::MAX;

/// How long a value is.
const VALUE_BYTES: usize = 200;

/// The writes of one scene: a larder, its clients, and what they do. Values that an earlier scene left
/// behind count as what was there first.
pub(super) struct Ledger {
    scene: u32,
    origin: Instant,
    shards: Vec<Mutex<HashMap<u64, History>>>,
    /// The key of the write that was done last; [`NO_KEY`] before the first.
    last: AtomicU64,
}

/// A write that has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    key: u64,
    number: Number,
}

/// What readers saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sightings {
    /// Reads that were judged.
    pub(super) reads: u64,
    /// Of these, those that were given what had been overwritten in the system of record.
    pub(super) stale: u64,
    /// For how long it had been, at worst.
    pub(super) worst: Duration,
    /// Those that were given what an application had overwritten, and was done with it.
    pub(super) after_complete: u64,
}

impl Ledger {
    /// An empty one. No two of a run have the same number.
    pub(super) fn new(scene: u32) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { scene, origin: Instant::now(), shards, last: NO_KEY.into() }
    }

    /// A write of `key` begins; what is to be written.
    pub(super) fn begin(&self, key: u64) -> (Begun, Vec<u8>) {
        let mut shard = self.shard(key);
        // Under the lock, so that writes are in the order in which they began.
        let now = self.moment(Instant::now());
        let number = shard.entry(key).or_default().begin(now);
        (Begun { key, number }, value(self.scene, number))
    }

    /// The write is done now; the system of record was known to have it at `committed`.
    pub(super) fn end(&self, begun: Begun, committed: Instant) {
        let (committed, now) = (self.moment(committed), self.moment(Instant::now()));
        if let Some(history) = self.shard(begun.key).get_mut(&begun.key) {
            history.end(begun.number, committed, now);
        }
        self.last.store(begun.key, Ordering::Relaxed);
    }

    /// The key of the write that was done last.
    pub(super) fn last_written(&self) -> Option<u64> {
        Some(self.last.load(Ordering::Relaxed)).filter(|key| *key != NO_KEY)
    }

    /// For how long what was read had been overwritten when it was asked for.
    fn overwritten(&self, key: u64, seen: Number, asked: Moment, since: Since) -> Option<Moment> {
        self.shard(key).get(&key)?.overwritten(seen, asked, since)
    }

    /// Whether no write of the key has begun since that one.
    fn is_latest(&self, key: u64, number: Number) -> bool {
        self.shard(key).get(&key).is_none_or(|history| history.is_latest(number))
    }

    /// How many writes of all keys were done, and how many of these `found` knows nothing of.
    pub(super) fn lost<E>(
        &self,
        mut found: impl FnMut(u64) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<(usize, usize), E> {
        let (mut done, mut lost) = (0, 0);
        for shard in &self.shards {
            for (key, history) in lock(shard).iter() {
                done += history.done();
                lost += history.lost(self.number(found(*key)?.as_deref()));
            }
        }
        Ok((done, lost))
    }

    /// Which write of this scene a value is from.
    fn number(&self, value: Option<&[u8]>) -> Number {
        let digits = value.and_then(|value| std::str::from_utf8(value.get(..DIGITS)?).ok());
        let digits = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let parts = digits.map(|digits| (digits >> 32, digits & u64::from(u32::MAX)));
        match parts {
            Some((scene, number)) if scene == u64::from(self.scene) => {
                usize::try_from(number).unwrap_or_default()
            }
            _ => 0,
        }
    }

    fn moment(&self, instant: Instant) -> Moment {
        let nanoseconds = instant.saturating_duration_since(self.origin).as_nanos();
        Moment::try_from(nanoseconds).unwrap_or(Moment::MAX)
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, HashMap<u64, History>> {
        lock(&self.shards[usize::try_from(key % SHARDS).unwrap_or_default()])
    }
}

impl Sightings {
    /// What these and others saw.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            reads: self.reads + other.reads,
            stale: self.stale + other.stale,
            worst: self.worst.max(other.worst),
            after_complete: self.after_complete + other.after_complete,
        }
    }

    /// The share of the reads that were stale.
    pub(super) fn share(&self) -> Option<f64> {
        (self.reads > 0).then(|| self.stale as f64 / self.reads as f64)
    }
}

/// What a write of that number writes.
pub(super) fn value(scene: u32, number: Number) -> Vec<u8> {
    let digits = (u64::from(scene) << 32) | number as u64;
    let mut value = format!("{digits:016x}").into_bytes();
    value.resize(VALUE_BYTES, b'.');
    value
}

/// A thread that panicked has ended the run; what it left is of no more use than its lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_writes_are_counted() {
        let ledger = Ledger::new(7);
        for key in [1, 1, 2] {
            let (write, _) = ledger.begin(key);
            ledger.end(write, Instant::now());
        }
        ledger.begin(2);
        let found = |key| Ok::<_, ()>(Some(value(7, if key == 1 { 1 } else { 2 })));
        assert_eq!(ledger.lost(found), Ok((3, 1)));
    }
}
