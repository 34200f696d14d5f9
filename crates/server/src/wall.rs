//! The wall clock, told from the runtime's.
//!
//! An expiry that a client gives as a time of day becomes a moment of the runtime's clock, and back
//! again when it is asked for. Were both clocks read each time, the answer would be off by what passed
//! between the readings; so one is computed from the other, and what a client wrote is what it reads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use larder::runtime::{Runtime, Time};

/// How long a reading of both clocks may take: what is longer is no reading of one moment.
const READING_MAX: Duration = Duration::from_millis(1);

/// Two readings differ by no more, unless somebody has set the system's clock.
const ERROR_MAX_MS: u64 = 2;

/// The time of day, which may be a millisecond ahead of the system's and is never behind it: what a
/// client calls ten seconds from now is no more than that.
#[derive(Debug)]
pub struct Wall {
    /// The milliseconds since 1970 at which the runtime's clock was at zero.
    origin_unix_ms: AtomicU64,
}

impl Wall {
    /// The time of day of a runtime, as the system's clock has it.
    pub fn new(runtime: &dyn Runtime) -> Self {
        let begun = runtime.now_precise();
        Self { origin_unix_ms: AtomicU64::new(origin_unix_ms(since_1970(), begun)) }
    }

    /// The milliseconds since 1970 at `time`.
    pub fn unix_ms(&self, time: Time) -> u64 {
        self.origin_unix_ms.load(Ordering::Relaxed).saturating_add(time.as_millis())
    }

    /// Follows the system's clock where somebody has set it.
    pub fn follow(&self, runtime: &dyn Runtime) {
        let begun = runtime.now_precise();
        let system = since_1970();
        if runtime.now_precise().since(begun) <= READING_MAX {
            self.correct(origin_unix_ms(system, begun));
        }
    }

    fn correct(&self, origin: u64) {
        if origin.abs_diff(self.origin_unix_ms.load(Ordering::Relaxed)) > ERROR_MAX_MS {
            self.origin_unix_ms.store(origin, Ordering::Relaxed);
        }
    }
}

/// The moment `left` milliseconds after `now`, in whole ones: so that nothing is lost on the way to a
/// time of day and back.
pub fn end(now: Time, left: u64) -> Time {
    Time::ZERO + Duration::from_millis(now.as_millis().saturating_add(left))
}

/// How many milliseconds there are from `now` to an [`end`].
pub fn left_ms(now: Time, end: Time) -> u64 {
    end.as_millis().saturating_sub(now.as_millis())
}

/// When the runtime's clock was at zero if it was at `time` just before the system's was read.
fn origin_unix_ms(since_1970: Duration, time: Time) -> u64 {
    let origin = since_1970.saturating_sub(time.since(Time::ZERO));
    u64::try_from(origin.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use larder::runtime::Simulated;

    use super::*;

    fn micros(micros: u64) -> Time {
        Time::ZERO + Duration::from_micros(micros)
    }

    #[test]
    fn a_time_of_day_comes_back_as_it_was_given() {
        let wall = Wall::new(&Simulated::new(1));
        let day = wall.unix_ms(micros(0)) + 100_000;
        for given_at in [0, 1, 700, 999, 1_000, 1_500] {
            let given_at = micros(given_at);
            let end = end(given_at, day - wall.unix_ms(given_at));
            for read_at in [0, 300, 999, 1_000, 2_400, 99_999_999] {
                let read_at = given_at.max(micros(read_at));
                assert_eq!(wall.unix_ms(read_at) + left_ms(read_at, end), day);
            }
        }
    }

    #[test]
    fn an_end_that_is_too_far_is_none() {
        assert_eq!(end(micros(1_000), u64::MAX), Time::NEVER);
        assert_eq!(left_ms(micros(2_000), micros(1_000)), 0);
    }

    #[test]
    fn it_is_never_behind_the_system() {
        for (system, at) in [(7_000_000, 0), (7_000_000, 300), (7_000_999, 1_000), (7_000_001, 999)]
        {
            let wall = Wall { origin_unix_ms: AtomicU64::default() };
            wall.correct(origin_unix_ms(Duration::from_micros(system), micros(at)));
            for later in [0, 1, 500, 999, 12_345] {
                let system_ms = (system + later) / 1_000;
                let told = wall.unix_ms(micros(at + later));
                assert!((system_ms..=system_ms + 1).contains(&told), "{system} {at} {later}");
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_is_followed_and_an_error_of_reading_is_not() {
        let wall = Wall::new(&Simulated::new(1));
        let origin = wall.unix_ms(Time::ZERO);
        wall.correct(origin + ERROR_MAX_MS);
        assert_eq!(wall.unix_ms(Time::ZERO), origin);
        for set in [origin + 3_600_000, origin - 3_600_000, 0] {
            wall.correct(set);
            assert_eq!(wall.unix_ms(micros(5_000)), set + 5);
        }
    }

    #[test]
    fn the_system_has_the_time() {
        let world = Simulated::new(1);
        let wall = Wall { origin_unix_ms: AtomicU64::default() };
        wall.follow(&world);
        let system_ms = since_1970().as_millis() as u64;
        assert!(wall.unix_ms(world.now()).abs_diff(system_ms) < 60_000);
    }
}
