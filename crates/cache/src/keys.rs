//! What is going on with each key right now: its flight, its lease, its writer.
//!
//! Every change of a key's entry is made here, under the lock of the key's stripe, together with
//! what the change voids. That is the whole of larder's answer to races between fills, writes and
//! invalidations:
//!
//! * A flight and a lease carry the [`Version`] at which they began. A write or an invalidation
//!   takes them out of the key's slot; a fill whose version is no longer in the slot is refused.
//! * A writer carries a version too. An invalidation during the write takes it out, and the
//!   writer's own copy is then dropped instead of installed.
//! * Writers of one key take turns, so that the cache sees the source's order.
//! * A [`Fence`] stands while it is unknown what the source holds. Nothing is cached behind it.
//!
//! A key that nothing is going on with has no slot, so the table's size follows the work in
//! progress and not the number of keys.

mod clearing;
mod place;
mod writer;

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::entry::{Entry, Version};
use crate::flight::{Flight, Landing, Seat};
use crate::hashing::RandomState;
use crate::observer::{Cause, Observer};
use crate::runtime::Time;
use crate::sabotage::{self, Mutation};
use crate::tier::{Refused, Tier};
use crate::trace::Trace;
use crate::{Key, Value};

use clearing::EarliestExpiry;
use place::Place;
use writer::Turns;
pub(crate) use writer::{Fence, WriteGuard, WriteQueueFull};

const STRIPES: usize = 64;

/// The number of keys of one stripe that something may be going on with. More are refused.
const SLOTS_PER_STRIPE_MAX: usize = 4096;

pub(crate) struct Keys<K: Key, V: Value> {
    stripes: Box<[Mutex<Stripe<K, V>>]>,
    hasher: RandomState,
    versions: AtomicU64,
    tier: Arc<dyn Tier<K, V>>,
    earliest_expiry: EarliestExpiry,
    observer: Option<Arc<dyn Observer<K>>>,
}

struct Stripe<K: Key, V: Value> {
    slots: HashMap<K, Slot<K, V>, RandomState>,
    /// No lease runs out before this.
    leases_until: Time,
}

/// What is going on with one key.
struct Slot<K: Key, V: Value> {
    flight: Option<Arc<Flight<V>>>,
    lease: Option<Lease>,
    turns: Turns<K, V>,
    fences: u32,
}

#[derive(Clone, Copy)]
struct Lease {
    version: Version,
    until: Time,
}

/// How a reader that missed comes to its value.
pub(crate) enum Boarding<V> {
    /// The entry has been filled meanwhile.
    Entry(Entry<V>),
    /// Another reader's flight is under way.
    Joined(Seat<V>),
    /// The reader's own flight, which somebody must now load.
    Started(Arc<Flight<V>>, Seat<V>),
    /// Too much is going on.
    Full,
}

/// What became of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    Filled,
    /// A write or an invalidation came first.
    Void,
    /// The tier did not take it.
    Refused,
    /// There was nothing to keep.
    Nothing,
}

impl<K: Key, V: Value> Keys<K, V> {
    pub(crate) fn new(tier: Arc<dyn Tier<K, V>>, observer: Option<Arc<dyn Observer<K>>>) -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| Mutex::new(Stripe::new())).collect(),
            hasher: RandomState::default(),
            versions: AtomicU64::new(1),
            tier,
            earliest_expiry: EarliestExpiry::unknown(),
            observer,
        }
    }

    pub(crate) fn next_version(&self) -> Version {
        Version(self.versions.fetch_add(1, Ordering::Relaxed))
    }

    /// The key's present entry, fresh or not.
    pub(crate) fn entry(&self, key: &K) -> Option<Entry<V>> {
        self.tier.entry(key)
    }

    /// A seat in the key's flight. `accept` is shown the present entry first and says whether it
    /// is good enough.
    pub(crate) fn board(
        &self,
        key: &K,
        now: Time,
        trace: Option<&Trace>,
        accept: impl FnOnce(&Entry<V>) -> bool,
    ) -> Boarding<V> {
        let mut stripe = self.stripe(key);
        if let Some(entry) = self.tier.entry(key).filter(accept) {
            return Boarding::Entry(entry);
        }
        let Some(slot) = stripe.admit(key, now) else { return Boarding::Full };
        match &slot.flight {
            Some(flight) => Boarding::Joined(flight.seat()),
            None => slot.begin_flight(self.next_version(), trace),
        }
    }

    /// A seat in a flight that begins now. One that is under way may know less: it goes on for those
    /// who wait for it, and fills nothing.
    pub(crate) fn board_anew(&self, key: &K, now: Time, trace: Option<&Trace>) -> Boarding<V> {
        let mut stripe = self.stripe(key);
        match stripe.admit(key, now) {
            Some(slot) => slot.begin_flight(self.next_version(), trace),
            None => Boarding::Full,
        }
    }

    /// Ends a flight: fills the cache with `entry`, unless the flight was voided. Nobody can board it
    /// any more; those who did wait for the caller to [release](Flight::release) them.
    pub(crate) fn land(
        &self,
        key: &K,
        flight: &Arc<Flight<V>>,
        landing: &Landing<V>,
        entry: Option<Entry<V>>,
    ) -> Fill {
        self.visit(key, |slot, place| {
            let current = slot.flight.as_ref().map(|current| current.version);
            if current != Some(flight.version) && !sabotage::is(Mutation::LandVoidFlight) {
                return Fill::Void;
            }
            slot.flight = None;
            if landing.is_ok() {
                // Whoever holds a lease may have read before this flight did.
                slot.lease = None;
            }
            slot.fill(place, landing.is_ok(), entry)
        })
    }

    /// The right to fill `key` until `until`. Readers that miss together share one lease: whichever
    /// fills first uses it up.
    pub(crate) fn lease(&self, key: &K, now: Time, until: Time) -> Version {
        let mut stripe = self.stripe(key);
        let version = self.next_version();
        // A lease that is nowhere noted fills nothing: the safe side of the bound.
        let Some(slot) = stripe.admit(key, now) else { return version };
        slot.expire_lease(now);
        let lease = *slot.lease.get_or_insert(Lease { version, until });
        stripe.leases_until = stripe.leases_until.min(lease.until);
        lease.version
    }

    /// Fills under a lease.
    pub(crate) fn fill(&self, key: &K, lease: Version, now: Time, entry: Option<Entry<V>>) -> Fill {
        self.visit(key, |slot, place| {
            slot.expire_lease(now);
            let held = slot.lease.map(|held| held.version);
            if held != Some(lease) && !sabotage::is(Mutation::FillVoidLease) {
                return Fill::Void;
            }
            slot.lease = None;
            // A flight that began before this fill may know less than it does.
            slot.flight = None;
            slot.fill(place, true, entry)
        })
    }

    /// Drops the key's copy and voids whatever would bring back what it held. Says whether there
    /// was a copy.
    pub(crate) fn invalidate(&self, key: &K) -> bool {
        self.visit(key, |slot, place| {
            slot.void();
            place.remove(Cause::Invalidated)
        })
    }

    /// Changes the key's entry by what `change` makes of the present one, with nothing between.
    pub(crate) fn replace<R>(
        &self,
        key: &K,
        change: impl FnOnce(Option<Entry<V>>) -> (Replacement<V>, R),
    ) -> (Result<(), Refused>, R) {
        self.visit(key, |slot, place| {
            let (replacement, output) = change(place.entry());
            if !matches!(replacement, Replacement::Keep) {
                slot.void();
            }
            (replacement.apply(place), output)
        })
    }

    /// Gives the present copy what `change` makes of it, which is another expiry; says whether there
    /// is a copy. A flight under way brings its own.
    pub(crate) fn expire(&self, key: &K, change: impl FnOnce(Entry<V>) -> Replacement<V>) -> bool {
        self.visit(key, |_, place| match place.entry() {
            Some(entry) => change(entry).apply(place).is_ok(),
            None => false,
        })
    }

    /// How many keys something is going on with.
    pub(crate) fn in_progress(&self) -> usize {
        self.stripes.iter().map(|stripe| stripe.lock().slots.len()).sum()
    }

    fn stripe(&self, key: &K) -> MutexGuard<'_, Stripe<K, V>> {
        // The upper bits: the maps within use the lower ones.
        let hash = self.hasher.hash_one(key) >> 32;
        self.stripes[hash as usize % STRIPES].lock()
    }

    /// Shows what is going on with the key and where its entry is.
    fn visit<R>(&self, key: &K, act: impl FnOnce(&mut Slot<K, V>, &mut Place<'_, K, V>) -> R) -> R {
        let mut place = Place::new(self, key);
        let output = self.stripe(key).visit(key, |slot| act(slot, &mut place));
        self.tell_evicted(place.into_evicted());
        output
    }
}

impl<K: Key, V: Value> Stripe<K, V> {
    fn new() -> Self {
        Self { slots: HashMap::default(), leases_until: Time::NEVER }
    }

    /// Shows the key's slot, an idle one when there is none, and keeps it only if it is needed.
    fn visit<R>(&mut self, key: &K, act: impl FnOnce(&mut Slot<K, V>) -> R) -> R {
        if let Some(slot) = self.slots.get_mut(key) {
            let output = act(slot);
            if slot.is_idle() {
                self.slots.remove(key);
            }
            return output;
        }
        let mut slot = Slot::default();
        let output = act(&mut slot);
        if !slot.is_idle() {
            self.slots.insert(key.clone(), slot);
        }
        output
    }

    /// The key's slot, unless too many keys have one. Leases that ran out make room.
    fn admit(&mut self, key: &K, now: Time) -> Option<&mut Slot<K, V>> {
        if self.slots.len() >= SLOTS_PER_STRIPE_MAX && !self.slots.contains_key(key) {
            self.expire_leases(now);
            if self.slots.len() >= SLOTS_PER_STRIPE_MAX {
                return None;
            }
        }
        Some(self.slots.entry(key.clone()).or_default())
    }

    fn expire_leases(&mut self, now: Time) {
        if now < self.leases_until {
            return;
        }
        self.slots.retain(|_, slot| slot.expire_lease(now));
        let leases = self.slots.values().filter_map(|slot| slot.lease);
        self.leases_until = leases.map(|lease| lease.until).min().unwrap_or(Time::NEVER);
    }
}

/// What takes the place of an entry.
pub(crate) enum Replacement<V> {
    Keep,
    Remove,
    Entry(Entry<V>),
    /// The entry itself, with another expiry.
    Lifetime(Entry<V>),
    /// Nothing, because the entry was told to expire at once.
    Expire,
}

impl<V: Value> Replacement<V> {
    fn apply<K: Key>(self, place: &mut Place<'_, K, V>) -> Result<(), Refused> {
        let gone_by = match self {
            Replacement::Keep => return Ok(()),
            Replacement::Entry(entry) => return place.put(entry, Cause::Written),
            Replacement::Lifetime(entry) => return place.put(entry, Cause::Lifetime),
            Replacement::Remove => Cause::Written,
            Replacement::Expire => Cause::Expired,
        };
        place.remove(gone_by);
        Ok(())
    }
}

impl<K: Key, V: Value> Slot<K, V> {
    /// Whatever is under way may not bring back what was there before.
    fn void(&mut self) {
        self.flight.take_if(|_| !sabotage::is(Mutation::JoinVoidFlight));
        self.lease = None;
        self.turns.void();
    }

    fn begin_flight(&mut self, version: Version, trace: Option<&Trace>) -> Boarding<V> {
        let flight = Flight::new(version, trace.cloned());
        let seat = flight.seat();
        self.flight = Some(flight.clone());
        Boarding::Started(flight, seat)
    }

    fn fill(&mut self, place: &mut Place<'_, K, V>, good: bool, entry: Option<Entry<V>>) -> Fill {
        if self.fences > 0 {
            return Fill::Void;
        }
        let Some(entry) = entry else {
            if good {
                // The source's newest word is that nothing of this key may be kept.
                place.remove(Cause::Loaded);
            }
            return Fill::Nothing;
        };
        place.put(entry, Cause::Loaded).map_or(Fill::Refused, |()| Fill::Filled)
    }

    /// Lets go of a lease that has run out; says whether anything is left in the slot.
    fn expire_lease(&mut self, now: Time) -> bool {
        self.lease = self.lease.filter(|lease| now < lease.until);
        !self.is_idle()
    }

    fn is_idle(&self) -> bool {
        self.flight.is_none() && self.lease.is_none() && self.fences == 0 && self.turns.is_free()
    }
}

impl<K: Key, V: Value> Default for Slot<K, V> {
    fn default() -> Self {
        Self { flight: None, lease: None, turns: Turns::default(), fences: 0 }
    }
}
