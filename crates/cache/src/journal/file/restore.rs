//! Makes a queue of what a log holds.

use std::sync::Arc;

use super::desk::lane_of;
use super::error::OpenError;
use super::group::Group;
use super::item::{Item, Progress, RawRecord};
use super::options::FileOptions;
use super::scan::Visitor;
use super::shared::Surroundings;
use crate::journal::queue::{Entry, Queue};
use crate::journal::{Codec, CodecError, Limits, Sequence};
use crate::runtime::{Runtime, Time};
use crate::{Key, Value};

/// The sequences of one opening begin at a multiple of this. What an earlier process gave out, and a
/// power failure took back, is never given out again: the source may have it.
const OPENING: u64 = 1 << 32;

pub(super) struct Restoring<K, V> {
    limits: Limits,
    runtime: Arc<dyn Runtime>,
    codec: Arc<dyn Codec<K, V>>,
    place: String,
    queue: Queue<K, V>,
    /// The sequence behind the last one.
    next: Option<u64>,
    first_needed: u64,
    /// A record that the codec does not know.
    undecodable: Option<OpenError>,
}

impl<K: Key, V: Value> Restoring<K, V> {
    pub(super) fn new(
        options: &FileOptions,
        (_, codec, runtime): &Surroundings<K, V>,
        place: &str,
    ) -> Self {
        Self {
            limits: options.limits.clone(),
            runtime: runtime.clone(),
            codec: codec.clone(),
            place: place.to_owned(),
            queue: Queue::new(options.limits.clone(), runtime.clone()),
            next: None,
            first_needed: 1,
            undecodable: None,
        }
    }

    /// The first sequence of the opening that follows.
    pub(super) fn next_opening(&self) -> Sequence {
        Sequence(self.next.map_or(1, |next| (next / OPENING + 1) * OPENING))
    }

    pub(super) fn into_queue(self) -> Queue<K, V> {
        self.queue
    }

    /// What the visitor knows better.
    pub(super) fn explain(&mut self, error: OpenError) -> OpenError {
        self.undecodable.take().unwrap_or(error)
    }

    fn entry(&self, record: RawRecord<'_>) -> Result<Entry<K, V>, CodecError> {
        let value = record.value.map(|value| self.codec.decode_value(value));
        let weight = record.key.len() + record.value.map_or(0, <[u8]>::len);
        Ok(Entry {
            sequence: record.sequence,
            lane: lane_of(record.key),
            key: self.codec.decode_key(record.key)?,
            value: value.transpose()?,
            // Before this process.
            appended: Time::ZERO,
            weight: u32::try_from(weight).unwrap_or(u32::MAX),
            trace: None,
        })
    }

    fn records(&mut self, records: Vec<RawRecord<'_>>) -> bool {
        let mut entries = Vec::with_capacity(records.len());
        for record in records {
            match self.entry(record) {
                Ok(entry) => entries.push(entry),
                Err(error) => {
                    let (place, reason) = (self.place.clone(), error.to_string());
                    let sequence = record.sequence;
                    self.undecodable = Some(OpenError::Undecodable { place, sequence, reason });
                    return false;
                }
            }
        }
        self.queue.restore(entries);
        true
    }

    fn progress(&mut self, progress: &Progress) {
        self.first_needed = self.first_needed.max(progress.segment);
        self.queue.forget(&progress.marks());
    }
}

impl<K: Key, V: Value> Visitor for Restoring<K, V> {
    fn restart(&mut self) {
        self.queue = Queue::new(self.limits.clone(), self.runtime.clone());
    }

    fn first_needed(&self) -> u64 {
        self.first_needed
    }

    fn group(&mut self, _segment: u64, group: &Group<'_>) -> bool {
        let mut records = Vec::with_capacity(group.header.records as usize);
        let mut progress = None;
        for item in group.items() {
            match item {
                Ok(Item::Record(record)) => records.push(record),
                Ok(Item::Progress(told)) => progress = Some(told),
                Err(_) => return false,
            }
        }
        if records.len() != group.header.records as usize || !self.records(records) {
            return false;
        }
        self.next = Some(group.header.first + u64::from(group.header.records));
        // What a group says of progress is of what was there before it.
        progress.iter().for_each(|progress| self.progress(progress));
        true
    }
}
