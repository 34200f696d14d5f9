//! What larder bounds, so that no client can take all of it.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use super::section::Section;
use super::value::{Lifetime, Size};

const MAXCLIENTS: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
const BULK_BYTES_MAX: NonZeroU64 = NonZeroU64::new(64 << 20).unwrap();
const ARGUMENTS_MAX: NonZeroUsize = NonZeroUsize::new(1 << 20).unwrap();
const INPUT_BYTES_MAX: NonZeroU64 = NonZeroU64::new(256 << 20).unwrap();
const OUTPUT_BYTES_MAX: NonZeroU64 = NonZeroU64::new(256 << 20).unwrap();
const KEY_BYTES_MAX: NonZeroU64 = NonZeroU64::new(16 << 10).unwrap();
const TRANSACTION_BYTES_MAX: NonZeroU64 = NonZeroU64::new(64 << 20).unwrap();
const PUSH_BYTES_MAX: NonZeroU64 = NonZeroU64::new(32 << 20).unwrap();
const CLIENTS_BYTES_MAX: NonZeroU64 = NonZeroU64::new(1 << 30).unwrap();
const SUBSCRIPTIONS_MAX: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
const WATCHES_MAX: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
const TRACKED_KEYS_MAX: NonZeroUsize = NonZeroUsize::new(1_000_000).unwrap();
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
const MEMORY_BYTES: NonZeroU64 = NonZeroU64::new(64_000_000).unwrap();

/// The bounds of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// How many clients may be connected; one more is told so and closed.
    pub maxclients: NonZeroUsize,
    /// The longest argument of a command, in bytes.
    pub bulk_bytes_max: NonZeroU64,
    /// How many arguments a command may have.
    pub arguments_max: NonZeroUsize,
    /// The longest command in all, in bytes. At least `bulk_bytes_max`.
    pub input_bytes_max: NonZeroU64,
    /// How many bytes of replies may wait for a client that does not read them.
    pub output_bytes_max: NonZeroU64,
    /// The longest key, in bytes.
    pub key_bytes_max: NonZeroU64,
    /// How many bytes of commands a client may queue between `MULTI` and `EXEC`.
    pub transaction_bytes_max: NonZeroU64,
    /// How many bytes of messages may wait for a client that does not take them.
    pub push_bytes_max: NonZeroU64,
    /// How many bytes all clients together may hold; past it the one that holds most is closed.
    pub clients_bytes_max: NonZeroU64,
    /// How many channels and patterns a client may subscribe to.
    pub subscriptions_max: NonZeroUsize,
    /// How many keys a client may watch.
    pub watches_max: NonZeroUsize,
    /// How many keys are remembered for clients that track.
    pub tracked_keys_max: NonZeroUsize,
    /// How long a command may take to arrive whole; `None` for ever.
    pub request_timeout: Option<Duration>,
    /// How long a client may be idle; `None` for ever.
    pub idle_timeout: Option<Duration>,
    /// How long a stop waits for commands in flight, then for queued writes, then for the sources to
    /// close: for each of the three.
    pub shutdown_timeout: Duration,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            maxclients: MAXCLIENTS,
            bulk_bytes_max: BULK_BYTES_MAX,
            arguments_max: ARGUMENTS_MAX,
            input_bytes_max: INPUT_BYTES_MAX,
            output_bytes_max: OUTPUT_BYTES_MAX,
            key_bytes_max: KEY_BYTES_MAX,
            transaction_bytes_max: TRANSACTION_BYTES_MAX,
            push_bytes_max: PUSH_BYTES_MAX,
            clients_bytes_max: CLIENTS_BYTES_MAX,
            subscriptions_max: SUBSCRIPTIONS_MAX,
            watches_max: WATCHES_MAX,
            tracked_keys_max: TRACKED_KEYS_MAX,
            request_timeout: Some(REQUEST_TIMEOUT),
            idle_timeout: None,
            shutdown_timeout: SHUTDOWN_TIMEOUT,
        }
    }
}

impl LimitsConfig {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let default = Self::default();
        let input = section.place("input_bytes_max");
        let limits = Self {
            maxclients: section.take_or("maxclients", default.maxclients),
            bulk_bytes_max: size(section, "bulk_bytes_max", default.bulk_bytes_max),
            arguments_max: section.take_or("arguments_max", default.arguments_max),
            input_bytes_max: size(section, "input_bytes_max", default.input_bytes_max),
            output_bytes_max: size(section, "output_bytes_max", default.output_bytes_max),
            key_bytes_max: size(section, "key_bytes_max", default.key_bytes_max),
            transaction_bytes_max: size(
                section,
                "transaction_bytes_max",
                default.transaction_bytes_max,
            ),
            push_bytes_max: size(section, "push_bytes_max", default.push_bytes_max),
            clients_bytes_max: size(section, "clients_bytes_max", default.clients_bytes_max),
            subscriptions_max: section.take_or("subscriptions_max", default.subscriptions_max),
            watches_max: section.take_or("watches_max", default.watches_max),
            tracked_keys_max: section.take_or("tracked_keys_max", default.tracked_keys_max),
            request_timeout: span(section, "request_timeout", default.request_timeout),
            idle_timeout: span(section, "idle_timeout", default.idle_timeout),
            shutdown_timeout: section.take_or("shutdown_timeout", default.shutdown_timeout),
        };
        if limits.input_bytes_max < limits.bulk_bytes_max {
            let place = input.unwrap_or(section.span());
            section.problem(place, "input_bytes_max: has to hold bulk_bytes_max: make it larger");
        }
        limits
    }
}

/// How much a keyspace may hold in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// This many entries.
    Entries(NonZeroU64),
    /// This many bytes of keys, values and their upkeep.
    Bytes(NonZeroU64),
}

impl Capacity {
    /// What holds when a keyspace does not say.
    pub const DEFAULT: Self = Self::Bytes(MEMORY_BYTES);

    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let both = section.has("max_entries").then(|| section.place("max_bytes")).flatten();
        if let Some(place) = both {
            section.problem(place, "max_bytes: max_entries is given too: keep one of them");
        }
        let entries = section.take::<NonZeroU64>("max_entries");
        let size = section.take::<Size>("max_bytes");
        match (entries, size) {
            (Some(entries), _) => Self::Entries(entries.into_inner()),
            (None, Some(size)) => Self::Bytes(size.into_inner().0),
            (None, None) => Self::DEFAULT,
        }
    }
}

fn span(
    section: &mut Section<'_, '_>,
    name: &'static str,
    default: Option<Duration>,
) -> Option<Duration> {
    section.take_or(name, Lifetime(default)).0
}

fn size(section: &mut Section<'_, '_>, name: &'static str, default: NonZeroU64) -> NonZeroU64 {
    section.take_or(name, Size(default)).0
}
