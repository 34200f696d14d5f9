//! One lane: its records in the order of their sequences.
//!
//! A slot has a number that stays its own until the lane is packed, so that an index can point at
//! it. A record that leaves from the middle leaves a vacant slot behind; packing takes those away
//! when they are the most.

use std::collections::VecDeque;

use crate::journal::Sequence;
use crate::runtime::Time;

/// Vacant slots that are left alone.
const VACANT_MIN: usize = 64;

/// Room for fewer slots is kept when they are gone.
const SHRINK_MIN: usize = 1024;

/// A record at rest.
pub(super) struct Slot<K, V> {
    pub(super) sequence: Sequence,
    /// When the oldest write in it was appended.
    pub(super) appended: Time,
    pub(super) weight: u32,
    /// Of the key, for the index.
    pub(super) hash: u32,
    /// `None` once the record has left.
    pub(super) content: Option<Content<K, V>>,
}

/// What a slot is about.
pub(super) struct Content<K, V> {
    pub(super) key: K,
    pub(super) value: Option<V>,
}

pub(super) struct Lane<K, V> {
    slots: VecDeque<Slot<K, V>>,
    /// The number of the first slot.
    first: u64,
    /// Slots with a record.
    occupied: usize,
    /// Records of the batch in flight.
    in_flight: usize,
    /// Slots before this number belong to the batch in flight, when there is one.
    in_flight_end: u64,
    /// Everything up to here has been in the lane.
    last: Sequence,
    /// Whether the order of the slots may not be the order in which their oldest writes came.
    disordered: bool,
}

impl<K, V> Lane<K, V> {
    pub(super) fn new() -> Self {
        Self {
            slots: VecDeque::new(),
            first: 0,
            occupied: 0,
            in_flight: 0,
            in_flight_end: 0,
            last: Sequence(0),
            disordered: false,
        }
    }

    /// Puts a record behind all others; the number of its slot.
    pub(super) fn push(&mut self, slot: Slot<K, V>) -> u64 {
        self.last = self.last.max(slot.sequence);
        let number = self.end();
        self.disordered |= self.slots.back().is_some_and(|back| back.appended > slot.appended);
        self.occupied += 1;
        self.slots.push_back(slot);
        number
    }

    /// Everything up to `sequence` has been in the lane, before this process.
    pub(super) fn begin_after(&mut self, sequence: Sequence) {
        self.last = self.last.max(sequence);
    }

    pub(super) fn slot(&self, number: u64) -> Option<&Slot<K, V>> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.slots.get(place).filter(|slot| slot.content.is_some())
    }

    /// The number of the slot of `sequence`.
    pub(super) fn find(&self, sequence: Sequence) -> Option<u64> {
        let place = self.slots.partition_point(|slot| slot.sequence < sequence);
        let slot = self.slots.get(place)?;
        let found = slot.sequence == sequence && slot.content.is_some();
        found.then_some(self.first + place as u64)
    }

    /// The number of the first record.
    pub(super) fn front(&self) -> Option<u64> {
        // What is vacant at either end has been taken away.
        (!self.slots.is_empty()).then_some(self.first)
    }

    /// Takes a record out.
    pub(super) fn vacate(&mut self, number: u64) -> Option<Slot<K, V>> {
        let is_in_flight = self.is_in_flight(number);
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let slot = self.slots.get_mut(place)?;
        let content = Some(slot.content.take()?);
        let left = Slot { content, ..*slot };
        self.occupied -= 1;
        self.in_flight -= usize::from(is_in_flight);
        self.trim();
        Some(left)
    }

    fn trim(&mut self) {
        while self.slots.front().is_some_and(|slot| slot.content.is_none()) {
            self.slots.pop_front();
            self.first += 1;
        }
        while self.slots.back().is_some_and(|slot| slot.content.is_none()) {
            self.slots.pop_back();
        }
        let capacity = self.slots.capacity();
        if capacity > SHRINK_MIN && self.slots.len() < capacity / 8 {
            self.slots.shrink_to(capacity / 4);
        }
        // Numbers at the end are given out again.
        self.in_flight_end = self.in_flight_end.min(self.end());
        self.disordered &= !self.slots.is_empty();
    }

    pub(super) fn is_in_flight(&self, number: u64) -> bool {
        self.in_flight > 0 && number < self.in_flight_end
    }

    /// Whether a batch may be taken from it.
    pub(super) fn is_free(&self) -> bool {
        self.in_flight == 0 && self.occupied > 0
    }

    /// Records that are in no batch.
    pub(super) fn queued(&self) -> usize {
        self.occupied - self.in_flight
    }

    /// Puts its first records, `count` at most, into flight; their slots.
    pub(super) fn take_off(&mut self, count: usize) -> impl Iterator<Item = &Slot<K, V>> {
        let mut length = 0;
        for slot in &self.slots {
            if self.in_flight == count {
                break;
            }
            length += 1;
            self.in_flight += usize::from(slot.content.is_some());
        }
        self.in_flight_end = self.first + length as u64;
        self.slots.iter().take(length)
    }

    /// How far the lane has come once what is in flight is in the source.
    pub(super) fn mark(&self) -> Sequence {
        let behind = (self.in_flight_end.saturating_sub(self.first)) as usize;
        let next = self.slots.iter().skip(behind).find(|slot| slot.content.is_some());
        next.map_or(self.last, |slot| Sequence(slot.sequence.0 - 1))
    }

    /// How far the lane has come.
    pub(super) fn reached(&self) -> Sequence {
        self.slots.front().map_or(self.last, |slot| Sequence(slot.sequence.0 - 1))
    }

    /// A write that was appended then is now part of this record.
    pub(super) fn age(&mut self, number: u64, appended: Time) {
        let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(slot) = place.and_then(|place| self.slots.get_mut(place)) {
            slot.appended = slot.appended.min(appended);
            self.disordered = true;
        }
    }

    /// Gives `count` records of the batch in flight back.
    pub(super) fn land(&mut self, count: usize) {
        self.in_flight = self.in_flight.saturating_sub(count);
    }

    /// When the oldest write in it was appended.
    pub(super) fn oldest(&mut self) -> Option<Time> {
        if self.disordered {
            self.disordered = !self.slots.iter().map(|slot| slot.appended).is_sorted();
        }
        match self.disordered {
            true => self.records().map(|(_, slot)| slot.appended).min(),
            false => self.slots.front().map(|slot| slot.appended),
        }
    }

    /// Takes vacant slots away when they are the most. The hash of every record is told to `moved`, with
    /// the numbers of its slot before and after.
    pub(super) fn pack(&mut self, mut moved: impl FnMut(u32, u64, u64)) {
        if self.slots.len() < 2 * self.occupied + VACANT_MIN {
            return;
        }
        let (first, in_flight_end) = (self.first, self.in_flight_end);
        let mut packed = VecDeque::with_capacity(self.occupied);
        for (place, slot) in self.slots.drain(..).enumerate() {
            if slot.content.is_none() {
                continue;
            }
            let (before, after) = (first + place as u64, first + packed.len() as u64);
            moved(slot.hash, before, after);
            packed.push_back(slot);
            if before < in_flight_end {
                self.in_flight_end = after + 1;
            }
        }
        self.slots = packed;
    }

    /// The records with the numbers of their slots.
    fn records(&self) -> impl Iterator<Item = (u64, &Slot<K, V>)> {
        let numbered = (self.first..).zip(&self.slots);
        numbered.filter(|(_, slot)| slot.content.is_some())
    }

    fn end(&self) -> u64 {
        self.first + self.slots.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lane of these sequences; each was appended at the moment of its number.
    fn lane(sequences: impl IntoIterator<Item = u64>) -> Lane<u64, ()> {
        let mut lane = Lane::new();
        for sequence in sequences {
            push(&mut lane, sequence, sequence);
        }
        lane
    }

    fn push(lane: &mut Lane<u64, ()>, sequence: u64, appended: u64) -> u64 {
        let content = Some(Content { key: sequence, value: None });
        let (hash, appended) = (sequence as u32, Time::from_nanos(appended));
        lane.push(Slot { sequence: Sequence(sequence), appended, weight: 1, hash, content })
    }

    fn leave(lane: &mut Lane<u64, ()>, sequence: u64) {
        let number = lane.find(Sequence(sequence)).expect("it is there");
        lane.vacate(number).expect("it is there");
    }

    #[test]
    fn a_lane_has_come_as_far_as_its_first_record() {
        let mut lane = lane([3, 5, 9]);
        assert_eq!(lane.reached(), Sequence(2));
        leave(&mut lane, 5);
        leave(&mut lane, 3);
        assert_eq!(lane.reached(), Sequence(8), "what left from the middle is passed over");
        leave(&mut lane, 9);
        assert_eq!((lane.reached(), lane.front()), (Sequence(9), None));
    }

    #[test]
    fn a_batch_is_the_front_and_its_mark_is_before_what_is_left() {
        let mut lane = lane([3, 5, 9, 12]);
        leave(&mut lane, 9);
        assert_eq!(lane.take_off(2).count(), 2);
        assert_eq!((lane.mark(), lane.is_free(), lane.queued()), (Sequence(11), false, 1));
        lane.land(2);
        assert!(lane.is_free());
        lane.take_off(9).for_each(drop);
        assert_eq!(lane.mark(), Sequence(12), "everything");
    }

    #[test]
    fn a_slot_that_is_used_again_is_not_in_flight() {
        let mut lane = lane([1, 2]);
        lane.take_off(2).for_each(drop);
        leave(&mut lane, 2);
        let number = push(&mut lane, 3, 3);
        assert!(!lane.is_in_flight(number));
        leave(&mut lane, 1);
        assert!(lane.is_free());
    }

    #[test]
    fn packing_keeps_what_points_at_records_right() {
        let mut lane = lane(1..=400);
        lane.take_off(2).for_each(drop);
        (1..=400).filter(|sequence| sequence % 8 != 2).for_each(|it| leave(&mut lane, it));
        let mut moves = Vec::new();
        lane.pack(|hash, before, after| moves.push((u64::from(hash), before, after)));
        assert_eq!((moves[0].0, moves.len()), (2, 50));
        for (sequence, _, after) in moves {
            assert_eq!(lane.slot(after).map(|slot| slot.sequence), Some(Sequence(sequence)));
            assert_eq!(lane.is_in_flight(after), sequence == 2);
        }
    }

    #[test]
    fn the_oldest_write_may_be_in_a_later_record() {
        let mut lane = lane([5, 6]);
        push(&mut lane, 7, 2);
        assert_eq!(lane.oldest(), Some(Time::from_nanos(2)));
        leave(&mut lane, 7);
        assert_eq!(lane.oldest(), Some(Time::from_nanos(5)));
    }
}
