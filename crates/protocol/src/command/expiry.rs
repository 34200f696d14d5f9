//! Expiries as they are written in commands.

use crate::args::Args;
use crate::error::Error;
use crate::store::Expiry;

/// What the number of an expiry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    UnixSeconds,
    UnixMilliseconds,
}

impl Unit {
    /// The unit that the option at `index` names.
    pub(super) fn of(args: &Args<'_>, index: usize) -> Option<Self> {
        let options = [
            ("EX", Self::Seconds),
            ("PX", Self::Milliseconds),
            ("EXAT", Self::UnixSeconds),
            ("PXAT", Self::UnixMilliseconds),
        ];
        options.into_iter().find(|(option, _)| args.is(index, option)).map(|(_, unit)| unit)
    }

    /// The expiry that is `number` of these away; a time that has passed is at once.
    ///
    /// Zero, negative numbers, and times past what 64 bits of milliseconds can say, are errors.
    pub(super) fn expiry(
        self,
        number: i64,
        now_unix_ms: u64,
        command: &str,
    ) -> Result<Expiry, Error> {
        let left = match self {
            Self::Seconds | Self::Milliseconds => self.span_ms(number, now_unix_ms),
            Self::UnixSeconds => number.checked_mul(1000),
            Self::UnixMilliseconds => Some(number),
        };
        let passed = match self {
            Self::Seconds | Self::Milliseconds => 0,
            Self::UnixSeconds | Self::UnixMilliseconds => now_unix_ms,
        };
        match left.filter(|_| number > 0).and_then(|left| u64::try_from(left).ok()) {
            Some(left) => Ok(Expiry::InMs(left.saturating_sub(passed))),
            None => Err(invalid(command)),
        }
    }

    /// A span of `number` seconds or milliseconds, if its end can be told in milliseconds.
    pub(super) fn span_ms(self, number: i64, now_unix_ms: u64) -> Option<i64> {
        let span = match self {
            Self::Seconds | Self::UnixSeconds => number.checked_mul(1000)?,
            Self::Milliseconds | Self::UnixMilliseconds => number,
        };
        span.checked_add(i64::try_from(now_unix_ms).ok()?).map(|_| span)
    }
}

/// Redis' own words for an expiry that cannot be.
pub(super) fn invalid(command: &str) -> Error {
    Error::plain(format!("invalid expire time in '{command}' command"))
}
