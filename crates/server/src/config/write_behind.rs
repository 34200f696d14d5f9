//! The queue of a write-behind keyspace.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use super::journal::{JournalConfig, Journals};
use super::section::Section;
use super::units;
use super::value::{Positive, Size};

const BATCH_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
const QUEUE_MAX: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
const QUEUE_BYTES_MAX: NonZeroU64 = NonZeroU64::new(64_000_000).unwrap();
const WORKERS: NonZeroUsize = NonZeroUsize::new(1).unwrap();
const DEAD_MAX: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
const THROUGH_TIMEOUT: Duration = Duration::from_secs(5);
const ON_FULL: OnFull = OnFull::Block(Duration::from_secs(2));

/// How writes are queued and flushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteBehindConfig {
    /// Where they are queued.
    pub journal: JournalConfig,
    /// How many records one write of the source takes at most.
    pub batch_max: NonZeroUsize,
    /// How long a record waits for others to join its batch. Above zero.
    pub flush_interval: Duration,
    /// How many records may be queued.
    pub queue_max: NonZeroUsize,
    /// How many bytes of keys and values may be queued.
    pub queue_bytes_max: NonZeroU64,
    /// Whether only the newest of several queued writes of one key is kept.
    pub coalesce: bool,
    /// How many batches are written at the same time.
    pub workers: NonZeroUsize,
    /// What happens to a write when the queue is full.
    pub on_full: OnFull,
    /// How many writes that the source refused may be kept aside; one more is tried again for ever.
    pub dead_max: NonZeroUsize,
}

/// What happens to a write when the queue is full. None is dropped silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFull {
    /// It waits for room, and fails after this long. Above zero.
    Block(Duration),
    /// It fails at once.
    Reject,
    /// It is written to the source there and then, which may take this long. Above zero.
    Through(Duration),
}

impl WriteBehindConfig {
    pub(super) fn read(section: &mut Section<'_, '_>, journals: Journals<'_>) -> Self {
        let own = section.within("write_behind", |section| Self::read_own(section, journals));
        own.unwrap_or_else(|| Self::new(JournalConfig::durable(journals)))
    }

    fn read_own(section: &mut Section<'_, '_>, journals: Journals<'_>) -> Self {
        let default = Self::new(JournalConfig::read(section, journals));
        let flush_interval = section.take_or("flush_interval", Positive(default.flush_interval));
        let bytes = section.take_or("queue_bytes_max", Size(default.queue_bytes_max));
        Self {
            batch_max: section.take_or("batch_max", default.batch_max),
            flush_interval: flush_interval.0,
            queue_max: section.take_or("queue_max", default.queue_max),
            queue_bytes_max: bytes.0,
            coalesce: section.take_or("coalesce", default.coalesce),
            workers: section.take_or("workers", default.workers),
            on_full: OnFull::read(section),
            dead_max: section.take_or("dead_max", default.dead_max),
            journal: default.journal,
        }
    }

    /// What holds when nothing else is said.
    fn new(journal: JournalConfig) -> Self {
        Self {
            journal,
            batch_max: BATCH_MAX,
            flush_interval: FLUSH_INTERVAL,
            queue_max: QUEUE_MAX,
            queue_bytes_max: QUEUE_BYTES_MAX,
            coalesce: true,
            workers: WORKERS,
            on_full: ON_FULL,
            dead_max: DEAD_MAX,
        }
    }
}

impl OnFull {
    fn read(section: &mut Section<'_, '_>) -> Self {
        let Some(policy) = section.take::<String>("on_full") else { return ON_FULL };
        Self::parse(policy.get_ref()).unwrap_or_else(|| {
            let message = r#"on_full: expected "reject", or "block:" or "through:" and a duration above zero, such as "block:2s""#;
            section.problem(policy.span(), message);
            ON_FULL
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let span = |text| units::duration(text).filter(|span| !span.is_zero());
        match text.split_once(':') {
            None if text == "reject" => Some(Self::Reject),
            None if text == "through" => Some(Self::Through(THROUGH_TIMEOUT)),
            Some(("block", patience)) => span(patience).map(Self::Block),
            Some(("through", timeout)) => span(timeout).map(Self::Through),
            _ => None,
        }
    }
}
