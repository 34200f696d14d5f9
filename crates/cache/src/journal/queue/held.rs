//! What a queue holds: the lanes, and the newest record of each key.

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::lane::{Content, Lane as Records, Slot};
use crate::hashing::RandomState;
use crate::journal::{Batch, LANES, Lane, Limits, Mark, Record, Sequence};
use crate::runtime::Time;
use crate::sabotage::{self, Mutation};
use crate::trace::Trace;
use crate::{Key, Value};

/// A record on its way into a queue.
pub(in crate::journal) struct Entry<K, V> {
    pub(in crate::journal) sequence: Sequence,
    pub(in crate::journal) lane: Lane,
    pub(in crate::journal) key: K,
    pub(in crate::journal) value: Option<V>,
    pub(in crate::journal) appended: Time,
    pub(in crate::journal) weight: u32,
    pub(in crate::journal) trace: Option<Trace>,
}

/// A record that has left.
pub(super) struct Left<K> {
    pub(super) key: K,
    pub(super) sequence: Sequence,
}

/// The lane and the slot of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place(u64);

impl Place {
    fn new(lane: Lane, number: u64) -> Self {
        Self(number * LANES as u64 + u64::from(lane.0))
    }

    fn lane(self) -> Lane {
        Lane((self.0 % LANES as u64) as u8)
    }

    fn number(self) -> u64 {
        self.0 / LANES as u64
    }
}

pub(super) struct Held<K, V> {
    lanes: [Records<K, V>; LANES],
    /// The newest record of each key.
    newest: HashTable<Place>,
    hasher: RandomState,
    /// Traces by sequence; most records have none.
    traces: HashMap<Sequence, Vec<Trace>, RandomState>,
    coalesce: bool,
    batch_max: usize,
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) coalesced: u64,
}

impl<K: Key, V: Value> Held<K, V> {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            lanes: std::array::from_fn(|_| Records::new()),
            newest: HashTable::new(),
            hasher: RandomState::default(),
            traces: HashMap::default(),
            coalesce: limits.coalesce,
            batch_max: limits.batch_max,
            records: 0,
            bytes: 0,
            coalesced: 0,
        }
    }

    /// The newest record of `key`.
    pub(super) fn newest(&self, key: &K) -> Option<(Sequence, &Option<V>)> {
        let slot = self.slot(self.place(key)?)?;
        Some((slot.sequence, &slot.content.as_ref()?.value))
    }

    /// The weight of the record whose place a write of `key` would take.
    pub(super) fn coalesces(&self, key: &K) -> Option<u64> {
        let place = self.place(key).filter(|place| self.gives_way(*place))?;
        self.slot(place).map(|slot| u64::from(slot.weight))
    }

    pub(super) fn push(&mut self, entry: Entry<K, V>) {
        let hash = self.hash(&entry.key);
        let Entry { sequence, lane, key, value, mut appended, weight, trace } = entry;
        let earlier = self.place_hashed(hash, &key);
        let mut traces: Vec<Trace> = Vec::new();
        if let Some(place) = earlier.filter(|place| self.gives_way(*place))
            && let Some(slot) = self.supersede(place)
        {
            appended = slot.appended;
            traces = self.traces.remove(&slot.sequence).unwrap_or_default();
        }
        traces.extend(trace);
        if !traces.is_empty() {
            self.traces.insert(sequence, traces);
        }
        self.records += 1;
        self.bytes += u64::from(weight);
        let content = Some(Content { key, value });
        let number = self.lane(lane).push(Slot { sequence, appended, weight, hash, content });
        self.point(hash, earlier, Place::new(lane, number));
    }

    /// Records that are in no batch, of the lanes that a batch may be taken from.
    pub(super) fn due(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.is_free()).map(Records::queued).sum()
    }

    /// When the oldest of them was appended.
    pub(super) fn oldest_due(&mut self) -> Option<Time> {
        let free = self.lanes.iter_mut().filter(|lane| lane.is_free());
        free.filter_map(Records::oldest).min()
    }

    /// When the oldest write was appended, of one lane or of all.
    pub(super) fn oldest(&mut self, lane: Option<Lane>) -> Option<Time> {
        match lane {
            Some(lane) => self.lane(lane).oldest(),
            None => self.lanes.iter_mut().filter_map(Records::oldest).min(),
        }
    }

    /// Takes a batch from the front of the lanes that have none in flight, those first that have
    /// waited longest. `None` when nothing is due.
    pub(super) fn take(&mut self) -> Option<Batch<K, V>> {
        let mut free: Vec<(Option<Time>, Lane)> = Vec::new();
        for (lane, records) in lanes().zip(&mut self.lanes) {
            if records.is_free() {
                free.push((records.oldest(), lane));
            }
        }
        free.sort_unstable();
        let mut batch = Batch { records: Vec::new(), marks: Vec::new() };
        for (_, lane) in free {
            if batch.records.len() >= self.batch_max {
                break;
            }
            self.take_off(lane, &mut batch);
        }
        batch.records.sort_unstable_by_key(|record| record.sequence);
        if sabotage::is(Mutation::ShareLane) {
            self.land(&batch.records);
        }
        (!batch.records.is_empty()).then_some(batch)
    }

    fn take_off(&mut self, lane: Lane, batch: &mut Batch<K, V>) {
        let records = &mut self.lanes[usize::from(lane.0)];
        for slot in records.take_off(self.batch_max - batch.records.len()) {
            let Some(Content { key, value }) = &slot.content else { continue };
            batch.records.push(Record {
                sequence: slot.sequence,
                lane,
                key: key.clone(),
                value: value.clone(),
                appended: slot.appended,
                traces: self.traces.get(&slot.sequence).cloned().unwrap_or_default(),
            });
        }
        batch.marks.push(Mark { lane, sequence: records.mark() });
    }

    /// Gives the records of a batch back. Those that have been superseded meanwhile leave.
    pub(super) fn land(&mut self, records: &[Record<K, V>]) {
        for record in records {
            self.lane(record.lane).land(1);
        }
        if self.coalesce {
            records.iter().for_each(|record| self.leave_if_superseded(record));
        }
    }

    fn leave_if_superseded(&mut self, record: &Record<K, V>) {
        let Some(newest) = self.place(&record.key) else { return };
        let Some(number) = self.lane(record.lane).find(record.sequence) else { return };
        let own = Place::new(record.lane, number);
        if own == newest {
            return;
        }
        self.lane(newest.lane()).age(newest.number(), record.appended);
        let newer = self.slot(newest).map(|slot| slot.sequence);
        self.supersede(own);
        let traces = self.traces.remove(&record.sequence);
        if let (Some(newer), Some(traces)) = (newer, traces) {
            self.traces.entry(newer).or_default().extend(traces);
        }
    }

    /// Takes a record out; `None` when it is not there.
    pub(super) fn remove(&mut self, lane: Lane, sequence: Sequence) -> Option<Left<K>> {
        let number = self.lane(lane).find(sequence)?;
        let place = Place::new(lane, number);
        if sabotage::is(Mutation::RemoveByKey)
            && let Some(newest) = self.key_at(place).and_then(|key| self.place(key))
            && newest != place
        {
            self.remove_at(newest);
        }
        self.remove_at(place)
    }

    /// Takes everything out of a lane that the source has; what left.
    pub(super) fn settle(&mut self, reached: Mark) -> Vec<Left<K>> {
        let mut left = Vec::new();
        while let Some(number) = self.lane(reached.lane).front() {
            let place = Place::new(reached.lane, number);
            if self.slot(place).is_none_or(|slot| slot.sequence > reached.sequence) {
                break;
            }
            left.extend(self.remove_at(place));
        }
        left
    }

    /// How far each lane has come.
    pub(super) fn reached(&self) -> [Sequence; LANES] {
        std::array::from_fn(|lane| self.lanes[lane].reached())
    }

    /// The first record that is still here.
    pub(super) fn first(&self) -> Option<Sequence> {
        let fronts = self.lanes.iter().filter_map(|lane| Some(lane.slot(lane.front()?)?.sequence));
        fronts.min()
    }

    /// Says of a lane without records how far it has come.
    pub(super) fn begin_after(&mut self, mark: Mark) {
        self.lane(mark.lane).begin_after(mark.sequence);
    }

    fn remove_at(&mut self, place: Place) -> Option<Left<K>> {
        let slot = self.lane(place.lane()).vacate(place.number())?;
        let key = slot.content?.key;
        self.records -= 1;
        self.bytes -= u64::from(slot.weight);
        self.traces.remove(&slot.sequence);
        let hash = spread(slot.hash);
        if let Ok(newest) = self.newest.find_entry(hash, |newest| *newest == place) {
            newest.remove();
        }
        self.shrink();
        Some(Left { key, sequence: slot.sequence })
    }

    /// Takes a record out that a newer one stands for.
    fn supersede(&mut self, place: Place) -> Option<Slot<K, V>> {
        let slot = self.lane(place.lane()).vacate(place.number())?;
        self.records -= 1;
        self.bytes -= u64::from(slot.weight);
        self.coalesced += 1;
        Some(slot)
    }

    /// Whether a newer record of the same key may take this one's place.
    fn gives_way(&self, place: Place) -> bool {
        let lane = &self.lanes[usize::from(place.lane().0)];
        let may = !lane.is_in_flight(place.number()) || sabotage::is(Mutation::CoalesceInFlight);
        self.coalesce && may
    }

    fn place(&self, key: &K) -> Option<Place> {
        self.place_hashed(self.hash(key), key)
    }

    fn place_hashed(&self, hash: u32, key: &K) -> Option<Place> {
        let is_key = |place: &Place| self.key_at(*place) == Some(key);
        self.newest.find(spread(hash), is_key).copied()
    }

    fn hash(&self, key: &K) -> u32 {
        (self.hasher.hash_one(key) >> 32) as u32
    }

    /// Makes `place` the newest record's of the key with this hash, in place of `earlier`.
    fn point(&mut self, hash: u32, earlier: Option<Place>, place: Place) {
        let spread = spread(hash);
        let earlier = earlier.and_then(|it| self.newest.find_mut(spread, |newest| *newest == it));
        match earlier {
            Some(newest) => *newest = place,
            None => {
                let lanes = &self.lanes;
                self.newest.insert_unique(spread, place, |place| hash_in(lanes, *place));
            }
        }
        self.pack(place.lane());
    }

    fn pack(&mut self, lane: Lane) {
        let newest = &mut self.newest;
        self.lanes[usize::from(lane.0)].pack(|hash, before, after| {
            let (before, after) = (Place::new(lane, before), Place::new(lane, after));
            if let Some(place) = newest.find_mut(spread(hash), |place| *place == before) {
                *place = after;
            }
        });
    }

    /// Gives memory back that a long queue took.
    fn shrink(&mut self) {
        let capacity = self.newest.capacity();
        if capacity > SHRINK_MIN && self.newest.len() < capacity / 8 {
            let lanes = &self.lanes;
            self.newest.shrink_to(capacity / 4, |place| hash_in(lanes, *place));
        }
    }

    fn key_at(&self, place: Place) -> Option<&K> {
        self.slot(place)?.content.as_ref().map(|content| &content.key)
    }

    fn slot(&self, place: Place) -> Option<&Slot<K, V>> {
        self.lanes[usize::from(place.lane().0)].slot(place.number())
    }

    fn lane(&mut self, lane: Lane) -> &mut Records<K, V> {
        &mut self.lanes[usize::from(lane.0)]
    }
}

/// An index of fewer keys is kept as it is.
const SHRINK_MIN: usize = 4096;

/// The index wants its bits at both ends of a longer number.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// The hash of a record's key, without a look at the key: an index that grows asks for all of them.
fn hash_in<K, V>(lanes: &[Records<K, V>; LANES], place: Place) -> u64 {
    let slot = lanes[usize::from(place.lane().0)].slot(place.number());
    slot.map_or(0, |slot| spread(slot.hash))
}

fn lanes() -> impl Iterator<Item = Lane> {
    (0..LANES as u8).map(Lane)
}
