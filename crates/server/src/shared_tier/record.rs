//! A record: what the shared-memory tier holds of a key.

use std::ops::Add;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The longest key that LMDB takes.
const KEY_BYTES_MAX: usize = 511;

/// The longest value. A longer one takes so long to send that where it comes from matters little.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// For a value that does not expire.
const NEVER: u64 = u64::MAX;

const DEADLINE: usize = size_of::<u64>();

/// A moment by the clock that all processes of a machine read alike, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn now() -> Self {
        let now = Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default();
        Self(nanos(now))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(NEVER)
}

/// Whether a record can be held under this key.
pub(super) fn takes_key(key: &[u8]) -> bool {
    (1..=KEY_BYTES_MAX).contains(&key.len())
}

/// The record of a value that may be served until then; `None` when there is no use in it.
pub(super) fn record(value: &[u8], until: Option<Moment>) -> Option<Vec<u8>> {
    if value.len() > VALUE_BYTES_MAX || until.is_some_and(|until| until <= Moment::now()) {
        return None;
    }
    let deadline = until.map_or(NEVER, |until| until.0);
    let mut record = Vec::with_capacity(DEADLINE + value.len());
    record.extend_from_slice(&deadline.to_le_bytes());
    record.extend_from_slice(value);
    Some(record)
}

/// The value in a record, unless it has expired.
pub(super) fn value(record: &[u8]) -> Option<&[u8]> {
    let (deadline, value) = record.split_first_chunk::<DEADLINE>()?;
    let deadline = u64::from_le_bytes(*deadline);
    (deadline == NEVER || Moment::now().0 < deadline).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_of_use_until_its_deadline() {
        assert_eq!(value(&record(b"v", None).unwrap()), Some(&b"v"[..]));
        let hour = record(b"v", Some(Moment::now() + Duration::from_secs(3600))).unwrap();
        assert_eq!(value(&hour), Some(&b"v"[..]));
        let over = [&Moment::now().0.to_le_bytes()[..], b"v"].concat();
        assert_eq!(value(&over), None);
        let endless = record(b"", Some(Moment::now() + Duration::MAX)).unwrap();
        assert_eq!(value(&endless), Some(&b""[..]));
    }

    #[test]
    fn what_is_too_long_or_over_is_no_record() {
        assert!(record(&vec![0; VALUE_BYTES_MAX], None).is_some());
        assert!(record(&vec![0; VALUE_BYTES_MAX + 1], None).is_none());
        assert!(record(b"v", Some(Moment::now())).is_none());
        assert!(takes_key(&[0; 511]) && !takes_key(&[0; 512]) && !takes_key(b""));
    }
}
