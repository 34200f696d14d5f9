//! What others may know of a session, and its mail.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};
use std::task::Waker;

use parking_lot::Mutex;

use super::Arrival;
use super::mailbox::{Mailbox, Posted};
use crate::client::{Client, flag};
use crate::limits::Limits;

/// One session as the others see it.
pub(crate) struct Card {
    pub(crate) id: u64,
    pub(crate) address: Box<str>,
    pub(crate) local: Box<str>,
    pub(crate) since_ms: u64,
    pub(crate) names: Mutex<Names>,
    pub(crate) tally: Tally,
    waker: Waker,
    mailbox: Mailbox,
    /// Somebody or something has put an end to it.
    is_ended: AtomicBool,
    /// A key that it watches has changed.
    is_dirty: AtomicBool,
    /// It waits for the end of a pause.
    is_held: AtomicBool,
}

/// What a client says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// `CLIENT SETNAME`; empty when there is none.
    pub(crate) name: Box<[u8]>,
    /// `CLIENT SETINFO LIB-NAME`.
    pub(crate) library: Box<[u8]>,
    /// `CLIENT SETINFO LIB-VER`.
    pub(crate) library_version: Box<[u8]>,
    /// Who it is.
    pub(crate) user: Box<[u8]>,
}

/// Figures of a session, renewed after each of its turns.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) database: AtomicU8,
    pub(crate) protocol: AtomicU8,
    /// See [`flag`](crate::client::flag).
    pub(crate) flags: AtomicU32,
    pub(crate) channels: AtomicUsize,
    pub(crate) patterns: AtomicUsize,
    /// Requests queued in a transaction, -1 outside of one.
    pub(crate) queued: AtomicI64,
    pub(crate) input_bytes: AtomicUsize,
    pub(crate) output_bytes: AtomicUsize,
    /// What the output was when it was looked at last.
    output_bytes_seen: AtomicUsize,
    queued_bytes: AtomicUsize,
    kept_bytes: AtomicUsize,
    pub(crate) last_used_ms: AtomicU64,
    /// Since when a request has been arriving in pieces, 0 when none is.
    partial_since_ms: AtomicU64,
    /// The session to which its invalidations go, 0 for itself.
    pub(crate) redirect: AtomicU64,
    /// Its last command's name.
    pub(crate) command: Mutex<&'static str>,
}

/// How many bytes are held for a session, or for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Requests that have not run, and parts of one.
    pub(crate) input: usize,
    /// Replies, and requests that wait for theirs.
    pub(crate) output: usize,
    /// Requests of a transaction.
    pub(crate) queued: usize,
    /// What it listens to and watches, and its names.
    pub(crate) kept: usize,
}

/// Whether a request has begun to arrive and is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Partial {
    None,
    /// It has begun now.
    Begun,
    /// It is the same as before, if there was one.
    GoesOn,
}

/// What a session is to tell its client unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Push {
    /// A message of a channel.
    Message { channel: Arc<[u8]>, text: Arc<[u8]> },
    /// A message of a channel that a pattern matches.
    Matched { pattern: Arc<[u8]>, channel: Arc<[u8]>, text: Arc<[u8]> },
    /// The client's copies of some keys are out of date.
    Invalidate(Arc<[Arc<[u8]>]>),
    /// All copies are.
    InvalidateAll,
    /// The session that was to be told of keys is gone.
    RedirectBroken(u64),
}

impl Card {
    pub(super) fn new(id: u64, arrival: Arrival, mailbox: Mailbox) -> Self {
        let Arrival { address, local, waker, now_unix_ms } = arrival;
        let tally = Tally::default();
        tally.last_used_ms.store(now_unix_ms, Ordering::Relaxed);
        tally.queued.store(-1, Ordering::Relaxed);
        tally.protocol.store(2, Ordering::Relaxed);
        Self {
            id,
            address,
            local,
            since_ms: now_unix_ms,
            names: Mutex::default(),
            tally,
            waker,
            mailbox,
            is_ended: AtomicBool::new(false),
            is_dirty: AtomicBool::new(false),
            is_held: AtomicBool::new(false),
        }
    }

    /// Leaves a push for the session. One that leaves too much of its mail lie is ended.
    pub(crate) fn post(&self, push: Push) {
        if self.is_ended() {
            return;
        }
        match self.mailbox.post(push) {
            Posted::First => self.waker.wake_by_ref(),
            Posted::Another => {}
            Posted::TooMuch => self.end(),
        }
    }

    /// Whether [`collect`](Self::collect) would find something. Costs one load.
    pub(crate) fn has_mail(&self) -> bool {
        self.mailbox.has_mail()
    }

    pub(crate) fn collect(&self) -> Vec<Push> {
        self.mailbox.collect()
    }

    /// Puts an end to the session: its connection is closed at its next turn.
    pub(crate) fn end(&self) {
        if !self.is_ended.swap(true, Ordering::AcqRel) {
            self.waker.wake_by_ref();
        }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Acquire)
    }

    /// Notes that a watched key has changed.
    pub(crate) fn spoil(&self) {
        self.is_dirty.store(true, Ordering::Release);
    }

    pub(crate) fn is_spoilt(&self) -> bool {
        self.is_dirty.load(Ordering::Acquire)
    }

    pub(crate) fn unspoil(&self) {
        self.is_dirty.store(false, Ordering::Release);
    }

    pub(crate) fn hold(&self, held: bool) {
        self.is_held.store(held, Ordering::Release);
    }

    pub(crate) fn is_held(&self) -> bool {
        self.is_held.load(Ordering::Acquire)
    }

    pub(crate) fn wake_if_held(&self) {
        if self.is_held() {
            self.waker.wake_by_ref();
        }
    }

    /// How much of its mail is still there.
    pub(crate) fn mail_bytes(&self) -> usize {
        self.mailbox.bytes()
    }

    /// Whether it has been idle, or been sending one request, for too long.
    pub(crate) fn is_overdue(
        &self,
        limits: &Limits,
        idle_max_ms: Option<u64>,
        now_unix_ms: u64,
    ) -> bool {
        let since = |time: &AtomicU64| now_unix_ms.saturating_sub(time.load(Ordering::Relaxed));
        let tally = &self.tally;
        let is_partial = tally.partial_since_ms.load(Ordering::Relaxed) != 0;
        let flags = tally.flags.load(Ordering::Relaxed);
        let is_exempt = flags & (flag::SUBSCRIBED | flag::WAITS) != 0;
        let idle = idle_max_ms.filter(|_| !is_exempt && !tally.has_moved(now_unix_ms));
        let is_slow = limits
            .request_timeout_ms
            .is_some_and(|max| is_partial && since(&tally.partial_since_ms) > max);
        is_slow || idle.is_some_and(|max| since(&tally.last_used_ms) > max)
    }
}

impl Tally {
    /// Whether the client has taken output since the last time. It is not idle then.
    fn has_moved(&self, now_unix_ms: u64) -> bool {
        let output = self.output_bytes.load(Ordering::Relaxed);
        let has_moved = self.output_bytes_seen.swap(output, Ordering::Relaxed) != output;
        if has_moved {
            self.last_used_ms.fetch_max(now_unix_ms, Ordering::Relaxed);
        }
        has_moved
    }

    /// Renews what is told of a client.
    pub(crate) fn note(&self, client: &Client, flags: u32) {
        const ORDER: Ordering = Ordering::Relaxed;
        let transaction = client.transaction.as_ref();
        let queued = transaction.map_or(-1, |transaction| transaction.requests.len() as i64);
        self.database.store(client.database, ORDER);
        self.protocol.store(client.protocol.number() as u8, ORDER);
        self.flags.store(flags, ORDER);
        self.channels.store(client.channels.len(), ORDER);
        self.patterns.store(client.patterns.len(), ORDER);
        self.queued.store(queued, ORDER);
        let mut last = self.command.lock();
        if *last != client.last_command {
            *last = client.last_command;
        }
    }

    /// Renews what is told of the bytes that are held.
    pub(crate) fn note_bytes(&self, sums: Sums) {
        let store = |count: &AtomicUsize, bytes| count.store(bytes, Ordering::Relaxed);
        store(&self.input_bytes, sums.input);
        store(&self.output_bytes, sums.output);
        store(&self.queued_bytes, sums.queued);
        store(&self.kept_bytes, sums.kept);
    }

    /// Renews since when a request has been arriving.
    pub(crate) fn note_partial(&self, partial: Partial, now_unix_ms: u64) {
        const ORDER: Ordering = Ordering::Relaxed;
        let since = self.partial_since_ms.load(ORDER);
        let renewed = match partial {
            Partial::None => 0,
            Partial::GoesOn if since != 0 => since,
            Partial::Begun | Partial::GoesOn => now_unix_ms.max(1),
        };
        if renewed != since {
            self.partial_since_ms.store(renewed, ORDER);
        }
    }

    pub(crate) fn sums(&self) -> Sums {
        let load = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        Sums {
            input: load(&self.input_bytes),
            output: load(&self.output_bytes),
            queued: load(&self.queued_bytes),
            kept: load(&self.kept_bytes),
        }
    }
}

impl Sums {
    pub(crate) fn total(self) -> usize {
        self.input + self.output + self.queued + self.kept
    }
}

impl Push {
    /// About how many bytes it takes to hold and to send.
    pub(super) fn size(&self) -> usize {
        const UPKEEP: usize = 64;
        UPKEEP
            + match self {
                Self::Message { channel, text } => channel.len() + text.len(),
                Self::Matched { pattern, channel, text } => {
                    pattern.len() + channel.len() + text.len()
                }
                Self::Invalidate(keys) => keys.iter().map(|key| key.len()).sum(),
                Self::InvalidateAll | Self::RedirectBroken(_) => 0,
            }
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card").field("id", &self.id).finish_non_exhaustive()
    }
}
