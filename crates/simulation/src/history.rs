//! What clients asked for and were told, in one order of events.

use std::fmt;
use std::sync::Arc;

use larder::runtime::{Runtime, Simulated, Time};
use parking_lot::Mutex;

/// A place in the order of events; every event has its own.
pub type Tick = u64;

/// Who reads when nothing happens any more.
pub const OBSERVER: u64 = u64::MAX;

/// After everything.
pub const NEVER: Tick = Tick::MAX;

/// One call of a client, as far as it concerns one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Whose it is.
    pub client: u64,
    /// What it concerns.
    pub key: String,
    /// What it does.
    pub deed: Deed,
    /// When it was made.
    pub start: Tick,
    /// When it had surely happened or failed; [`NEVER`] when it may still take effect.
    pub end: Tick,
    /// When it ended, on the clock.
    pub ended: Time,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It was given a value, or absence.
    Read(Option<u64>),
    /// It writes a value that no other call writes, or deletes.
    Write(Option<u64>, Fate),
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Acknowledged, and so promised.
    Done,
    /// It took no effect, and never will.
    Failed,
    /// It may take effect at any time from its start on.
    Unknown,
}

/// A flush that said that the source has what was queued of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flush {
    /// The key.
    pub key: String,
    /// When it was asked for.
    pub start: Tick,
    /// When it said so.
    pub end: Tick,
}

/// The calls of a whole story, and what else happened. Clones are the same history.
#[derive(Clone)]
pub struct History {
    world: Simulated,
    log: Arc<Mutex<Log>>,
    /// Whether a timeline is wanted.
    told: bool,
}

#[derive(Default)]
struct Log {
    now: Tick,
    calls: Vec<Call>,
    flushes: Vec<Flush>,
    lines: Vec<String>,
}

impl History {
    /// An empty history; with `told` it keeps a timeline to be read.
    pub fn new(world: &Simulated, told: bool) -> Self {
        Self { world: world.clone(), log: Arc::default(), told }
    }

    /// The next place in the order of events.
    pub fn tick(&self) -> Tick {
        let mut log = self.log.lock();
        log.now += 1;
        log.now
    }

    /// Takes down a read that was answered.
    pub fn read(&self, client: u64, key: &str, seen: Option<u64>, start: Tick) {
        let end = self.tick();
        let deed = Deed::Read(seen);
        self.tell(|| match client {
            OBSERVER => format!("in the end {key} is {}", shown(seen)),
            _ => format!("client {client}: {key} is {}", shown(seen)),
        });
        let (key, ended) = (key.to_owned(), self.world.now());
        self.log.lock().calls.push(Call { client, key, deed, start, end, ended });
    }

    /// Takes down a write that begins; answers its place among the calls. Until it ends its outcome is
    /// unknown.
    pub fn begin_write(&self, client: u64, key: &str, value: Option<u64>) -> usize {
        let start = self.tick();
        self.tell(|| match value {
            Some(value) => format!("client {client}: puts {key} = {value} ..."),
            None => format!("client {client}: deletes {key} ..."),
        });
        let deed = Deed::Write(value, Fate::Unknown);
        let (key, ended) = (key.to_owned(), Time::NEVER);
        let mut log = self.log.lock();
        log.calls.push(Call { client, key, deed, start, end: NEVER, ended });
        log.calls.len() - 1
    }

    /// Takes down how a write ended.
    pub fn end_write(&self, place: usize, fate: Fate) {
        let now = self.tick();
        let mut log = self.log.lock();
        let call = &mut log.calls[place];
        let Deed::Write(value, known) = &mut call.deed else { return };
        *known = fate;
        if fate != Fate::Unknown {
            (call.end, call.ended) = (now, self.world.now());
        }
        let line = || match value {
            Some(value) => format!("client {}: ... {} = {value} {fate}", call.client, call.key),
            None => format!("client {}: ... delete of {} {fate}", call.client, call.key),
        };
        let line = self.told.then(line);
        drop(log);
        line.into_iter().for_each(|line| self.tell(|| line));
    }

    /// Takes down a flush that has ended.
    pub fn flush(&self, client: u64, key: &str, start: Tick) {
        let end = self.tick();
        self.tell(|| format!("client {client}: {key} is flushed"));
        self.log.lock().flushes.push(Flush { key: key.to_owned(), start, end });
    }

    /// Adds a line to the timeline, where one is wanted.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        if !self.told {
            return;
        }
        let line = line();
        let millis = self.world.now().as_nanos() as f64 / 1e6;
        self.log.lock().lines.push(format!("{millis:10.3} ms  {line}"));
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.log.lock().calls.clone()
    }

    /// The flushes so far.
    pub fn flushes(&self) -> Vec<Flush> {
        self.log.lock().flushes.clone()
    }

    /// The timeline so far.
    pub fn lines(&self) -> Vec<String> {
        self.log.lock().lines.clone()
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fate::Done => "done",
            Fate::Failed => "failed",
            Fate::Unknown => "unknown",
        })
    }
}

/// A value as timelines show it.
pub fn shown(value: Option<u64>) -> String {
    value.map_or_else(|| "absent".to_owned(), |value| value.to_string())
}
