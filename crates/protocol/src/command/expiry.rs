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
        match self.left_ms(number, now_unix_ms).filter(|_| number > 0) {
            Some(left) => Ok(Expiry::InMs(u64::try_from(left).unwrap_or(0))),
            None => Err(invalid(command)),
        }
    }

    /// How many milliseconds are left until what is `number` of these away: fewer than zero when it
    /// has passed. `None` when that time cannot be told in milliseconds.
    pub(super) fn left_ms(self, number: i64, now_unix_ms: u64) -> Option<i64> {
        let milliseconds = match self {
            Self::Seconds | Self::UnixSeconds => number.checked_mul(1000)?,
            Self::Milliseconds | Self::UnixMilliseconds => number,
        };
        let now = i64::try_from(now_unix_ms).ok()?;
        match self {
            Self::Seconds | Self::Milliseconds => {
                milliseconds.checked_add(now).map(|_| milliseconds)
            }
            Self::UnixSeconds | Self::UnixMilliseconds => Some(milliseconds.saturating_sub(now)),
        }
    }
}

/// Redis' own words for an expiry that cannot be.
pub(super) fn invalid(command: &str) -> Error {
    Error::plain(format!("invalid expire time in '{command}' command"))
}
