//! Changes of many keys at once: invalidations of whole ranges, and the sweep.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::{Keys, Stripe};
use crate::observer::Cause;
use crate::runtime::Time;
use crate::sabotage::{self, Mutation};
use crate::{Key, Value};

/// A time before which no entry of the tier expires. It may be too early, never too late.
pub(super) struct EarliestExpiry(AtomicU64);

impl<K: Key, V: Value> Keys<K, V> {
    /// [`invalidate`](Self::invalidate) for every key that `concerns` names.
    pub(crate) fn invalidate_where(&self, concerns: &(dyn Fn(&K) -> bool + Sync)) {
        self.clear(concerns, || self.tier.retain(&|key, _| !concerns(key)));
    }

    /// [`invalidate`](Self::invalidate) for every key.
    pub(crate) fn invalidate_all(&self) {
        self.clear(&|_| true, || self.tier.clear());
    }

    /// Removes the entries that expired longer ago than `window`.
    pub(crate) fn sweep(&self, now: Time, window: Duration) {
        if now < self.earliest_expiry.get() + window {
            return;
        }
        // What is put from here on, and what the walk leaves, makes it earlier again.
        self.earliest_expiry.forget();
        let observed = self.observer.is_some();
        let expired = Mutex::new(Vec::new());
        self.tier.retain(&|key, fresh_until| {
            if now < fresh_until + window {
                self.earliest_expiry.note(fresh_until);
                return true;
            }
            if observed {
                expired.lock().push(key.clone());
            }
            observed
        });
        for key in expired.into_inner() {
            self.sweep_key(&key, now, window);
        }
    }

    /// Removes the entry of a key if it expired longer ago than `window`: under the key's stripe, as it
    /// has to be told, and another may be there by now.
    pub(crate) fn sweep_key(&self, key: &K, now: Time, window: Duration) {
        self.visit(key, |_, place| {
            if place.entry().is_some_and(|entry| now >= entry.fresh_until + window) {
                place.remove(Cause::Expired);
            }
        });
    }

    fn clear(&self, concerns: &dyn Fn(&K) -> bool, clear_tier: impl FnOnce()) {
        let stripes = self.void_where(concerns);
        // What is told of one key must not overtake what is told of all: nothing changes meanwhile.
        let _held = self.observer.is_some().then_some(stripes);
        if let Some(observer) = &self.observer {
            observer.clearing();
        }
        clear_tier();
        if let Some(observer) = &self.observer {
            observer.cleared(concerns);
        }
    }

    /// Voids what is under way, and holds every stripe. Whoever else holds one waits for no other, or
    /// takes them in this order.
    fn void_where(&self, concerns: &dyn Fn(&K) -> bool) -> Vec<MutexGuard<'_, Stripe<K, V>>> {
        let stripes = self.stripes.iter().map(|stripe| {
            let mut stripe = stripe.lock();
            stripe.void_where(concerns);
            stripe
        });
        stripes.collect()
    }
}

impl<K: Key, V: Value> Stripe<K, V> {
    fn void_where(&mut self, concerns: &dyn Fn(&K) -> bool) {
        self.slots.retain(|key, slot| {
            if concerns(key) && !sabotage::is(Mutation::ClearOnlyCopies) {
                slot.void();
            }
            !slot.is_idle()
        });
    }
}

impl EarliestExpiry {
    /// That of a tier of which nothing is known: it may have been filled before.
    pub(super) fn unknown() -> Self {
        Self(AtomicU64::new(Time::ZERO.to_bits()))
    }

    /// An entry that expires at `expiry` is in the tier.
    pub(super) fn note(&self, expiry: Time) {
        // Mostly it is not the earliest, and a look costs less than a write.
        if expiry < self.get() {
            self.0.fetch_min(expiry.to_bits(), Ordering::AcqRel);
        }
    }

    fn get(&self) -> Time {
        Time::from_bits(self.0.load(Ordering::Acquire))
    }

    /// As if nothing were in the tier.
    fn forget(&self) {
        self.0.store(Time::NEVER.to_bits(), Ordering::Release);
    }
}
