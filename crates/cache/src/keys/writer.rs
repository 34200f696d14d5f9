//! Writers of one key take turns, first come, first served.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

use super::{Keys, Place, Slot};
use crate::entry::{Entry, Version};
use crate::observer::Cause;
use crate::sabotage::{self, Mutation};
use crate::tier::Refused;
use crate::{Key, Value};

/// Writers that may wait for one key.
const WAITING_MAX: usize = 4096;

/// Whose turn it is to write a key.
pub(super) struct Turns<K: Key, V: Value> {
    taken: bool,
    /// The writer's version; gone when something else has changed the key meanwhile.
    version: Option<Version>,
    /// The writer's caller has been told that nobody knows how its write will end.
    overdue: bool,
    waiting: VecDeque<Waiting<K, V>>,
}

type Waiting<K, V> = oneshot::Sender<WriteGuard<K, V>>;

/// A turn to write one key. Dropping it gives the turn to the next writer, and drops the key's copy
/// if nobody has said that it is good.
pub(crate) struct WriteGuard<K: Key, V: Value>(Option<Held<K, V>>);

struct Held<K: Key, V: Value> {
    keys: Arc<Keys<K, V>>,
    key: K,
    version: Version,
    /// The source may hold what the copy does not.
    in_doubt: AtomicBool,
}

/// Nothing of the key is cached while one stands. Dropping it drops the key's copy.
pub(crate) struct Fence<K: Key, V: Value> {
    keys: Arc<Keys<K, V>>,
    key: K,
    stands: bool,
}

/// Too many writers wait for this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WriteQueueFull;

enum Turn<K: Key, V: Value> {
    Now(WriteGuard<K, V>),
    Waits(oneshot::Receiver<WriteGuard<K, V>>),
}

impl<K: Key, V: Value> Keys<K, V> {
    /// Waits for the turn to write `key`. Giving up waiting is safe at any time.
    pub(crate) async fn turn(
        self: &Arc<Self>,
        key: &K,
    ) -> Result<WriteGuard<K, V>, WriteQueueFull> {
        match self.take_turn(key)? {
            Turn::Now(guard) => Ok(guard),
            // The holder hands the turn on before it forgets the queue.
            Turn::Waits(turn) => turn.await.map_err(|_| WriteQueueFull),
        }
    }

    /// Whether those who wait for the key's turn wait for a write that nobody knows the end of.
    pub(crate) fn is_overdue(&self, key: &K) -> bool {
        self.visit(key, |slot, _| slot.turns.overdue)
    }

    fn take_turn(self: &Arc<Self>, key: &K) -> Result<Turn<K, V>, WriteQueueFull> {
        self.visit(key, |slot, _| {
            if !slot.turns.taken || sabotage::is(Mutation::WriteOutOfTurn) {
                return Ok(Turn::Now(slot.begin(self, key)));
            }
            if slot.turns.waiting.len() >= WAITING_MAX {
                return Err(WriteQueueFull);
            }
            let (sender, receiver) = oneshot::channel();
            slot.turns.waiting.push_back(sender);
            Ok(Turn::Waits(receiver))
        })
    }

    fn end_turn(self: &Arc<Self>, key: &K) {
        loop {
            let next = self.visit(key, |slot, _| slot.next(self, key));
            let Some((waiting, guard)) = next else { return };
            match waiting.send(guard) {
                Ok(()) => return,
                // It gave up waiting. Its turn is taken back rather than dropped, which would
                // come here again, one stack frame deeper for each that gave up.
                Err(mut guard) => drop(guard.0.take()),
            }
        }
    }
}

impl<K: Key, V: Value> Slot<K, V> {
    fn begin(&mut self, keys: &Arc<Keys<K, V>>, key: &K) -> WriteGuard<K, V> {
        let version = keys.next_version();
        self.turns.taken = true;
        self.turns.version = Some(version);
        let (keys, key) = (keys.clone(), key.clone());
        WriteGuard(Some(Held { keys, key, version, in_doubt: AtomicBool::new(false) }))
    }

    fn next(
        &mut self,
        keys: &Arc<Keys<K, V>>,
        key: &K,
    ) -> Option<(Waiting<K, V>, WriteGuard<K, V>)> {
        self.turns.taken = false;
        self.turns.overdue = false;
        self.turns.version = None;
        let waiting = self.turns.waiting.pop_front()?;
        Some((waiting, self.begin(keys, key)))
    }

    /// Whether the writer with this version may leave a copy.
    fn admits(&self, writer: Version) -> bool {
        let is_current = self.turns.version == Some(writer);
        self.fences == 0 && (is_current || sabotage::is(Mutation::WriteOutOfTurn))
    }
}

impl<K: Key, V: Value> WriteGuard<K, V> {
    /// The key to write.
    pub(crate) fn key(&self) -> &K {
        &self.held().key
    }

    /// From here on the source may have the write. A writer that panics or is dropped before it has
    /// settled the copy, or has said to [`trust`](Self::trust) it, leaves none.
    pub(crate) fn doubt(&self) {
        self.held().in_doubt.store(true, Ordering::Relaxed);
    }

    /// The copy is as good as it was before: the source does not have the write, or the strategy
    /// does not mind.
    pub(crate) fn trust(&self) {
        self.held().in_doubt.store(false, Ordering::Relaxed);
    }

    /// Makes `entry` the key's copy, or drops the copy when there is none to keep or when the key
    /// was invalidated meanwhile. Flights and leases that began before are void.
    pub(crate) fn install(&self, entry: Option<Entry<V>>) -> Result<(), Refused> {
        self.settle(|slot, place, held| match entry {
            _ if sabotage::is(Mutation::KeepKnownAbsent)
                && place.entry().is_some_and(|entry| entry.value.is_none()) =>
            {
                Ok(())
            }
            Some(entry) if slot.admits(held.version) => place.put(entry, Cause::Written),
            _ => {
                place.remove(Cause::Written);
                Ok(())
            }
        })
    }

    /// Puts back the entry that [`take_copy`](Self::take_copy) took, unless the key was
    /// invalidated meanwhile.
    pub(crate) fn restore(&self, earlier: Entry<V>) {
        self.settle(|slot, place, held| {
            if slot.admits(held.version) {
                // The tier may refuse it: the next read loads.
                place.put(earlier, Cause::Restored).ok();
            }
        });
    }

    /// Takes the key's copy out of the cache.
    pub(crate) fn take_copy(&self) -> Option<Entry<V>> {
        self.settle(|_, place, _| {
            let entry = place.entry();
            place.remove(Cause::Withdrawn);
            entry
        })
    }

    /// The write goes on after its caller has given it up.
    pub(crate) fn outlast(&self) {
        let held = self.held();
        held.keys.visit(&held.key, |slot, _| slot.turns.overdue = true);
    }

    /// Raises a fence, which may outlive this turn.
    pub(crate) fn fence(&self) -> Fence<K, V> {
        let held = self.held();
        held.keys.visit(&held.key, |slot, _| slot.fences += 1);
        Fence { keys: held.keys.clone(), key: held.key.clone(), stands: true }
    }

    fn settle<R>(
        &self,
        act: impl FnOnce(&mut Slot<K, V>, &mut Place<'_, K, V>, &Held<K, V>) -> R,
    ) -> R {
        let held = self.held();
        let output = held.keys.visit(&held.key, |slot, place| {
            slot.flight = None;
            slot.lease = None;
            act(slot, place, held)
        });
        self.trust();
        output
    }

    fn held(&self) -> &Held<K, V> {
        self.0.as_ref().expect("a guard holds its turn until it is dropped")
    }
}

impl<K: Key, V: Value> Drop for WriteGuard<K, V> {
    fn drop(&mut self) {
        if self.0.as_ref().is_some_and(|held| held.in_doubt.load(Ordering::Relaxed)) {
            self.take_copy();
        }
        if let Some(held) = self.0.take() {
            held.keys.end_turn(&held.key);
        }
    }
}

impl<K: Key, V: Value> Fence<K, V> {
    /// Takes the fence down because its writer now knows what the source holds, and will say so
    /// by [`WriteGuard::install`] or [`WriteGuard::restore`].
    pub(crate) fn lift(mut self) {
        self.keys.visit(&self.key, |slot, _| {
            slot.fences -= 1;
            slot.flight = None;
            slot.lease = None;
        });
        self.stands = false;
    }
}

impl<K: Key, V: Value> Drop for Fence<K, V> {
    fn drop(&mut self) {
        if self.stands {
            // Who has read meanwhile may have read what was there before the write.
            self.keys.visit(&self.key, |slot, place| {
                slot.fences -= 1;
                slot.void();
                place.remove(Cause::Withdrawn);
            });
        }
    }
}

impl<K: Key, V: Value> Turns<K, V> {
    pub(super) fn void(&mut self) {
        self.version = None;
    }

    pub(super) fn is_free(&self) -> bool {
        !self.taken
    }
}

impl<K: Key, V: Value> Default for Turns<K, V> {
    fn default() -> Self {
        Self { taken: false, version: None, overdue: false, waiting: VecDeque::new() }
    }
}
