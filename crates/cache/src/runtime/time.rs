//! Moments.

use std::ops::Add;
use std::time::Duration;

/// The bit of a moment that is counted in milliseconds.
const FAR: u64 = 1 << 63;

/// A moment on a runtime's own monotonic clock.
///
/// It takes one word: for 292 years after the clock's start it is exact to the nanosecond, from then
/// on to the millisecond, for a million times as long. So an expiry can be any 64-bit number of
/// milliseconds away.
///
/// ```
/// use larder::runtime::Time;
/// use std::time::Duration;
///
/// let later = Time::ZERO + Duration::from_secs(2);
/// assert!(later < Time::NEVER);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(
    /// Nanoseconds or, with [`FAR`], milliseconds: the order of these numbers is that of time.
    u64,
);

impl Time {
    /// Before every moment that a clock tells.
    pub const ZERO: Time = Time(0);
    /// A moment that never comes.
    pub const NEVER: Time = Time(u64::MAX);

    /// The moment `nanos` nanoseconds after the clock's start.
    ///
    /// ```
    /// # use larder::runtime::Time;
    /// assert_eq!(Time::from_nanos(7).as_nanos(), 7);
    /// ```
    pub const fn from_nanos(nanos: u64) -> Self {
        match nanos < FAR {
            true => Self(nanos),
            false => Self(FAR | (nanos / 1_000_000)),
        }
    }

    /// Nanoseconds since the clock's start, at most [`u64::MAX`].
    ///
    /// ```
    /// # use larder::runtime::Time;
    /// assert_eq!(Time::ZERO.as_nanos(), 0);
    /// ```
    pub const fn as_nanos(self) -> u64 {
        match self.0 < FAR {
            true => self.0,
            false => (self.0 & !FAR).saturating_mul(1_000_000),
        }
    }

    /// Whole milliseconds since the clock's start.
    ///
    /// ```
    /// # use larder::runtime::Time;
    /// # use std::time::Duration;
    /// let thousand_years = Duration::from_secs(365_250 * 24 * 3600);
    /// assert_eq!((Time::ZERO + thousand_years).as_millis(), 365_250 * 24 * 3600 * 1000);
    /// ```
    pub const fn as_millis(self) -> u64 {
        match self.0 < FAR {
            true => self.0 / 1_000_000,
            false => self.0 & !FAR,
        }
    }

    /// A number in whose place [`from_bits`](Self::from_bits) gives the moment back. The numbers are
    /// in the order of the moments, and up to 292 years they are nanoseconds.
    #[inline]
    pub(crate) const fn to_bits(self) -> u64 {
        self.0
    }

    /// The moment that [`to_bits`](Self::to_bits) made a number of.
    #[inline]
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// How long after `earlier` this is; zero when it is not after it.
    ///
    /// ```
    /// # use larder::runtime::Time;
    /// # use std::time::Duration;
    /// let (earlier, later) = (Time::from_nanos(3), Time::from_nanos(10));
    /// assert_eq!(later.since(earlier), Duration::from_nanos(7));
    /// assert_eq!(earlier.since(later), Duration::ZERO);
    /// ```
    pub fn since(self, earlier: Time) -> Duration {
        match self.0 < FAR {
            true => Duration::from_nanos(self.0.saturating_sub(earlier.0)),
            false => self.since_start().saturating_sub(earlier.since_start()),
        }
    }

    fn since_start(self) -> Duration {
        match self.0 < FAR {
            true => Duration::from_nanos(self.0),
            false => Duration::from_millis(self.0 & !FAR),
        }
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    /// Saturates at [`Time::NEVER`].
    fn add(self, span: Duration) -> Time {
        let sum = self.since_start().saturating_add(span);
        match u64::try_from(sum.as_nanos()) {
            Ok(nanos) => Time::from_nanos(nanos),
            Err(_) => {
                let millis = u64::try_from(sum.as_millis()).unwrap_or(u64::MAX);
                Time(FAR | millis.min(!FAR))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

    #[test]
    fn what_is_far_is_exact_to_the_millisecond() {
        let now = Time::from_nanos(1_500_000_250);
        for left in [1, 290 * 31_536_000_000, 300 * 31_536_000_000, i64::MAX.unsigned_abs() - 2_000]
        {
            let span = Duration::from_millis(left);
            let moment = now + span;
            assert!(now < moment && moment < Time::NEVER, "{left}");
            let lost = span - moment.since(now);
            assert!(lost < Duration::from_millis(1), "{left}: {lost:?}");
            assert_eq!(now + moment.since(now), moment, "{left}");
        }
    }

    #[test]
    fn moments_are_in_their_order_wherever_they_are() {
        let moments: Vec<Time> = (0..700).map(|years| Time::ZERO + years * YEAR).collect();
        assert!(moments.is_sorted_by(|earlier, later| earlier < later));
        for pair in moments.windows(2) {
            assert!(pair[1].since(pair[0]).abs_diff(YEAR) < Duration::from_millis(2));
            assert_eq!(pair[0].since(pair[1]), Duration::ZERO);
            assert_eq!(Time::from_bits(pair[1].to_bits()), pair[1]);
        }
    }

    #[test]
    fn nanoseconds_go_as_far_as_they_can() {
        assert_eq!(Time::from_nanos(FAR - 1).as_nanos(), FAR - 1);
        assert_eq!(Time::from_nanos(FAR + 5).as_nanos(), (FAR + 5) / 1_000_000 * 1_000_000);
        assert_eq!(Time::NEVER.as_nanos(), u64::MAX);
    }

    #[test]
    fn no_span_goes_past_never() {
        assert_eq!(Time::ZERO + Duration::MAX, Time::NEVER);
        assert_eq!(Time::NEVER + YEAR, Time::NEVER);
        assert_eq!(Time::ZERO + Duration::from_millis(i64::MAX.unsigned_abs()), Time::NEVER);
    }
}
