//! Waiting times between attempts.

use std::time::Duration;

/// Waiting times that double, with jitter: each is drawn from the upper half of its range.
///
/// ```
/// use larder::strategy::Backoff;
/// use std::time::Duration;
///
/// // Waits of 100, 200, 400, ... milliseconds, at most 5 s, each less up to a half of it.
/// let backoff =
///     Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(5) };
/// # drop(backoff);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Backoff {
    /// How long to wait after so many failures before the present one.
    pub(crate) fn wait(&self, failures_before: u32, random: u64) -> Duration {
        let range = self.first.saturating_mul(1 << failures_before.min(20)).min(self.longest);
        range.mul_f64(0.5 + 0.5 * (random as f64 / u64::MAX as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_jitter_takes_at_most_half() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_millis(500));
        let backoff = Backoff { first, longest };
        let most = [0, 1, 2, 3, 40].map(|failures| backoff.wait(failures, u64::MAX));
        assert_eq!(most.map(|wait| wait.as_millis()), [100, 200, 400, 500, 500]);
        let least = [0, 1, 2, 3, 40].map(|failures| backoff.wait(failures, 0));
        assert_eq!(least.map(|wait| wait.as_millis()), [50, 100, 200, 250, 250]);
    }
}
