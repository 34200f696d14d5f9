//! What clients saw, and whether a strategy that keeps its promise could have shown it to them.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::scene::{Verdict, WriteError};

/// A moment in the order of events; every event has its own.
pub type Tick = u64;

/// A write that may still take effect.
const NEVER: Tick = Tick::MAX;

#[derive(Clone, Default)]
pub struct History(Arc<Mutex<Log>>);

#[derive(Default)]
struct Log {
    now: Tick,
    reads: Vec<Read>,
    writes: Vec<Write>,
}

#[derive(Debug, Clone)]
struct Read {
    key: String,
    seen: Option<u64>,
    start: Tick,
    end: Tick,
}

/// A write of a value that no other write has; `None` deletes.
#[derive(Debug, Clone)]
struct Write {
    key: String,
    value: Option<u64>,
    start: Tick,
    /// When it can no longer take effect.
    end: Tick,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Acknowledged, and so promised.
    Done,
    Failed,
    Unknown,
}

impl History {
    pub fn tick(&self) -> Tick {
        let mut log = self.0.lock();
        log.now += 1;
        log.now
    }

    pub fn read(&self, key: &str, seen: Option<u64>, start: Tick) {
        let end = self.tick();
        self.0.lock().reads.push(Read { key: key.to_owned(), seen, start, end });
    }

    /// Begins a write; answers its number. Until it ends its outcome is unknown.
    pub fn begin_write(&self, key: &str, value: Option<u64>) -> usize {
        let start = self.tick();
        let mut log = self.0.lock();
        let key = key.to_owned();
        log.writes.push(Write { key, value, start, end: NEVER, fate: Fate::Unknown });
        log.writes.len() - 1
    }

    pub fn end_write(&self, number: usize, outcome: Result<(), WriteError>) {
        let now = self.tick();
        let write = &mut self.0.lock().writes[number];
        match outcome {
            Ok(()) => (write.end, write.fate) = (now, Fate::Done),
            Err(WriteError::Failed) => (write.end, write.fate) = (now, Fate::Failed),
            Err(WriteError::Unknown) => {}
        }
    }

    /// Whether every read was given a value that was written, not known to have failed, and not
    /// older than a write that was acknowledged before the read began.
    pub fn check_reads(&self) -> Verdict {
        let log = self.0.lock();
        log.reads.iter().try_for_each(|read| match log.explains(read) {
            true => Ok(()),
            false => Err(format!("{read:?} has no explanation in {:#?}", log.writes_of(&read.key))),
        })
    }

    /// Whether the source took acknowledged writes of `key` in their order.
    pub fn check_order(&self, key: &str, commits: &[Option<u64>]) -> Verdict {
        let log = self.0.lock();
        let place = |write: &Write| commits.iter().rposition(|value| *value == write.value);
        let done = || log.writes.iter().filter(|w| w.key == key && w.fate == Fate::Done);
        for (older, newer) in done().flat_map(|older| done().map(move |newer| (older, newer))) {
            // Of queued writes only the newest may arrive, and deletes look all alike.
            let (Some(older_place), Some(newer_place)) = (place(older), place(newer)) else {
                continue;
            };
            let values = older.value.is_some() && newer.value.is_some();
            if values && older.end < newer.start && older_place > newer_place {
                return Err(format!("the source took {commits:?}: {older:?} after {newer:?}"));
            }
        }
        Ok(())
    }
}

impl Log {
    fn explains(&self, read: &Read) -> bool {
        let absent =
            Write { key: read.key.clone(), value: None, start: 0, end: 0, fate: Fate::Done };
        let writes = self.writes.iter().filter(|write| write.key == read.key);
        let mut candidates = writes.chain(std::iter::once(&absent)).filter(|write| {
            write.value == read.seen && write.fate != Fate::Failed && write.start < read.end
        });
        candidates.any(|candidate| !self.is_outdated(candidate, read))
    }

    fn is_outdated(&self, candidate: &Write, read: &Read) -> bool {
        self.writes.iter().any(|write| {
            write.key == read.key
                && write.fate == Fate::Done
                && candidate.end < write.start
                && write.end < read.start
        })
    }

    fn writes_of(&self, key: &str) -> Vec<&Write> {
        self.writes.iter().filter(|write| write.key == key).collect()
    }
}
