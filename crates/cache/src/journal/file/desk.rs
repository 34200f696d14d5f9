//! Where writes come together until the disk is free for the next group.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::group;
use super::item::{RECORD_BYTES, begin_record, finish_record};
use super::ticket::Ticket;
use crate::journal::queue::{Entry, Queue, Size};
use crate::journal::{Append, AppendError, Codec, CodecError, LANES, Lane, Sequence};
use crate::runtime::Time;
use crate::sabotage::{self, Mutation};
use crate::{Key, Value};

/// A group never grows beyond this.
const GROUP_BYTES_MAX: usize = 1 << 30;

pub(super) struct Desk<K, V> {
    pile: Mutex<Pile<K, V>>,
    /// There is something to do.
    pub(super) bell: Notify,
}

struct Pile<K, V> {
    forming: Forming<K, V>,
    next: Sequence,
    ended: bool,
}

/// A group in the making.
pub(super) struct Forming<K, V> {
    /// As [`group::begin`] made them, with the records behind.
    pub(super) bytes: Vec<u8>,
    pub(super) entries: Vec<Entry<K, V>>,
    pub(super) first: Sequence,
    /// Whether it is to last whatever the mode.
    pub(super) sync: bool,
    pub(super) size: Size,
    pub(super) ticket: Arc<Ticket>,
}

/// Writes as bytes.
pub(super) struct Encoded {
    bytes: Vec<u8>,
    /// Of each write: what it weighs, and its lane.
    parts: Vec<(u32, Lane)>,
}

/// The lane of a key, by its bytes: the same in every process.
pub(super) fn lane_of(key: &[u8]) -> Lane {
    Lane((crc32fast::hash(key) % LANES as u32) as u8)
}

impl Encoded {
    pub(super) fn new<K: Key, V: Value>(
        writes: &[Append<K, V>],
        codec: &dyn Codec<K, V>,
        now_ms: u64,
    ) -> Result<Self, AppendError> {
        let mut encoded = Self { bytes: Vec::new(), parts: Vec::with_capacity(writes.len()) };
        for write in writes {
            encoded.push(write, codec, now_ms)?;
        }
        match encoded.bytes.len() > GROUP_BYTES_MAX {
            true => Err(AppendError::TooLarge),
            false => Ok(encoded),
        }
    }

    fn push<K: Key, V: Value>(
        &mut self,
        write: &Append<K, V>,
        codec: &dyn Codec<K, V>,
        now_ms: u64,
    ) -> Result<(), AppendError> {
        let refused = |error: CodecError| AppendError::Unencodable(error.to_string());
        let bytes = &mut self.bytes;
        let begun = begin_record(bytes, now_ms);
        let key_begun = bytes.len();
        codec.encode_key(&write.key, bytes).map_err(refused)?;
        let key_bytes = bytes.len() - key_begun;
        let lane = lane_of(&bytes[key_begun..]);
        if let Some(value) = &write.value {
            codec.encode_value(value, bytes).map_err(refused)?;
        }
        let written = finish_record(bytes, begun, key_bytes, write.value.is_some());
        written.ok_or(AppendError::TooLarge)?;
        let weight = bytes.len() - begun - RECORD_BYTES;
        self.parts.push((u32::try_from(weight).map_err(|_| AppendError::TooLarge)?, lane));
        Ok(())
    }
}

impl<K: Key, V: Value> Desk<K, V> {
    pub(super) fn new(next: Sequence) -> Self {
        let pile = Pile { forming: Forming::new(next), next, ended: false };
        Self { pile: Mutex::new(pile), bell: Notify::new() }
    }

    /// Puts writes on the desk, if the queue lets them in: the sequence of the last one, and what to
    /// wait on.
    pub(super) fn put(
        &self,
        writes: Vec<Append<K, V>>,
        encoded: Encoded,
        queue: &Queue<K, V>,
        now: Time,
    ) -> Result<(Sequence, Arc<Ticket>), AppendError> {
        let weights = encoded.parts.iter().map(|(weight, _)| *weight);
        let sizes: Vec<(&K, u32)> = writes.iter().map(|write| &write.key).zip(weights).collect();
        let mut pile = self.pile.lock();
        if pile.ended {
            return Err(AppendError::Closed);
        }
        if pile.forming.bytes.len() + encoded.bytes.len() > GROUP_BYTES_MAX {
            return Err(AppendError::Full);
        }
        // Under the lock: writes are let in in the order of their sequences.
        let size = queue.expect(&sizes)?;
        pile.forming.size += size;
        pile.forming.bytes.extend_from_slice(&encoded.bytes);
        for (write, (weight, lane)) in writes.into_iter().zip(encoded.parts) {
            let sequence = pile.next;
            pile.next.0 += 1;
            let lane = match sabotage::is(Mutation::MixLanes) {
                true => Lane((sequence.0 % LANES as u64) as u8),
                false => lane,
            };
            let Append { key, value, trace } = write;
            let entry = Entry { sequence, lane, key, value, appended: now, weight, trace };
            pile.forming.entries.push(entry);
        }
        let put = (Sequence(pile.next.0 - 1), pile.forming.ticket.clone());
        drop(pile);
        self.bell.notify_one();
        Ok(put)
    }

    /// Asks for all that is on the desk, and all before it, to last; what to wait on.
    pub(super) fn ask_for_sync(&self) -> Arc<Ticket> {
        let mut pile = self.pile.lock();
        let ticket = pile.forming.ticket.clone();
        if pile.ended {
            ticket.decide(Err(AppendError::Closed));
            return ticket;
        }
        pile.forming.sync = true;
        drop(pile);
        self.bell.notify_one();
        ticket
    }

    /// Takes what is on the desk.
    pub(super) fn take(&self) -> Option<Forming<K, V>> {
        let mut pile = self.pile.lock();
        if pile.forming.entries.is_empty() && !pile.forming.sync {
            return None;
        }
        let empty = Forming::new(pile.next);
        Some(std::mem::replace(&mut pile.forming, empty))
    }

    /// The sequence that the next write would have.
    pub(super) fn next(&self) -> Sequence {
        self.pile.lock().next
    }

    /// Nobody will put anything here any more.
    pub(super) fn end(&self) {
        self.pile.lock().ended = true;
        self.bell.notify_one();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.pile.lock().ended
    }
}

impl<K, V> Forming<K, V> {
    fn new(first: Sequence) -> Self {
        Self {
            bytes: group::begin(),
            entries: Vec::new(),
            first,
            sync: false,
            size: Size::default(),
            ticket: Arc::default(),
        }
    }
}
