//! What larder bounds, so that no client can take all of it.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use super::section::Section;
use super::value::Size;

const MAXCLIENTS: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
const BULK_BYTES_MAX: NonZeroU64 = NonZeroU64::new(64 << 20).unwrap();
const ARGUMENTS_MAX: NonZeroUsize = NonZeroUsize::new(1 << 20).unwrap();
const INPUT_BYTES_MAX: NonZeroU64 = NonZeroU64::new(256 << 20).unwrap();
const OUTPUT_BYTES_MAX: NonZeroU64 = NonZeroU64::new(256 << 20).unwrap();
const KEY_BYTES_MAX: NonZeroU64 = NonZeroU64::new(16 << 10).unwrap();
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

fn size(section: &mut Section<'_, '_>, name: &'static str, default: NonZeroU64) -> NonZeroU64 {
    section.take_or(name, Size(default)).0
}
