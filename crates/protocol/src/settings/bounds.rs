//! The parameters that bound what sessions may do: those of [`Limits`] that can change.

use std::sync::atomic::Ordering;

use super::{Place, Settings, Value, place};
use crate::limits::Limits;

impl Settings {
    /// The defaults, but for what `limits` says.
    pub(crate) fn of(limits: &Limits) -> Self {
        let settings = Self::default();
        let numbers = [
            (place::PROTO_MAX_BULK_LEN, limits.bulk_bytes_max),
            (place::CLIENT_QUERY_BUFFER_LIMIT, limits.input_bytes_max),
            (place::MAXMEMORY_CLIENTS, limits.sessions_bytes_max),
            (place::TRACKING_TABLE_MAX_KEYS, limits.tracked_keys_max),
        ];
        for (place, number) in numbers {
            settings.hold(place, i64::try_from(number).unwrap_or(i64::MAX));
        }
        settings.hold(place::TIMEOUT, seconds_of(limits));
        settings
    }

    /// The longest string that a command may make.
    pub(crate) fn bulk_bytes_max(&self) -> usize {
        usize::try_from(self.number(place::PROTO_MAX_BULK_LEN)).unwrap_or(usize::MAX)
    }

    /// How many keys are remembered for sessions that track; where Redis has no bound, `limits` has.
    pub(crate) fn tracked_keys_max(&self, limits: &Limits) -> usize {
        match self.number(place::TRACKING_TABLE_MAX_KEYS) {
            0 => limits.tracked_keys_max,
            keys => usize::try_from(keys).unwrap_or(usize::MAX),
        }
    }

    /// How many bytes all sessions may hold together; where Redis has no bound, `limits` has. A
    /// share in percent is one of `maxmemory`.
    pub(crate) fn sessions_bytes_max(&self, limits: &Limits) -> usize {
        let bytes = match self.number(place::MAXMEMORY_CLIENTS) {
            share @ ..0 => {
                let memory = i128::from(self.number(place::MAXMEMORY).cast_unsigned());
                usize::try_from(memory * -i128::from(share) / 100).unwrap_or(usize::MAX)
            }
            bytes => usize::try_from(bytes).unwrap_or(usize::MAX),
        };
        if bytes == 0 { limits.sessions_bytes_max } else { bytes }
    }

    /// How long a session may be idle: as `limits` says, to the millisecond, until it is changed.
    pub(crate) fn idle_timeout_ms(&self, limits: &Limits) -> Option<u64> {
        let seconds = self.number(place::TIMEOUT);
        match u64::try_from(seconds).unwrap_or(0) {
            _ if seconds == seconds_of(limits) => limits.idle_timeout_ms,
            0 => None,
            seconds => Some(seconds.saturating_mul(1000)),
        }
    }

    /// Sets a number to what need not be among those that clients can set it to.
    fn hold(&self, place: Place, number: i64) {
        if let Value::Number(value) = &self.values[place.index()] {
            value.store(number, Ordering::Relaxed);
        }
    }
}

/// How long a session may be idle, in seconds, begun ones included; zero for ever.
fn seconds_of(limits: &Limits) -> i64 {
    let seconds = limits.idle_timeout_ms.unwrap_or(0).div_ceil(1000);
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(settings: &Settings, name: &str, value: &str) {
        settings.set(&[(name.as_bytes(), value.as_bytes())]).unwrap();
    }

    #[test]
    fn what_holds_at_first_is_what_the_limits_say() {
        let limits = Limits {
            bulk_bytes_max: 1000,
            tracked_keys_max: 7,
            sessions_bytes_max: 8,
            idle_timeout_ms: Some(2500),
            ..Limits::default()
        };
        let settings = Settings::of(&limits);
        assert_eq!(settings.bulk_bytes_max(), 1000);
        assert_eq!(settings.tracked_keys_max(&limits), 7);
        assert_eq!(settings.sessions_bytes_max(&limits), 8);
        assert_eq!(settings.text(place::TIMEOUT), b"3");
        assert_eq!(settings.idle_timeout_ms(&limits), Some(2500));
        set(&settings, "timeout", "4");
        assert_eq!(settings.idle_timeout_ms(&limits), Some(4000));
    }

    #[test]
    fn where_redis_has_no_bound_the_limits_have() {
        let limits = Limits::default();
        let settings = Settings::of(&limits);
        set(&settings, "tracking-table-max-keys", "0");
        set(&settings, "maxmemory-clients", "0");
        assert_eq!(settings.tracked_keys_max(&limits), limits.tracked_keys_max);
        assert_eq!(settings.sessions_bytes_max(&limits), limits.sessions_bytes_max);
        assert_eq!(settings.idle_timeout_ms(&limits), None);
    }

    #[test]
    fn a_share_is_one_of_the_memory() {
        let limits = Limits::default();
        let settings = Settings::of(&limits);
        set(&settings, "maxmemory", "1000");
        set(&settings, "maxmemory-clients", "5%");
        assert_eq!(settings.sessions_bytes_max(&limits), 50);
    }
}
