//! When a value was last used, and how often lately: `OBJECT IDLETIME` and `OBJECT FREQ`.

use std::sync::atomic::{AtomicU32, Ordering};

use larder::runtime::Time;

/// Seconds are counted in this many bits, and begin again after half a year.
const SECONDS_BITS: u32 = 24;
const SECONDS_MASK: u32 = (1 << SECONDS_BITS) - 1;

/// What a new value begins with, so that it is not at once the least used.
const FREQUENCY_FIRST: u8 = 5;

const MINUTE_S: u32 = 60;

/// The last use and the frequency of one value in one word, which lies beside the value's count of
/// references: a hit has that cache line at hand.
///
/// The frequency is a Morris counter: the more often a value was used, the less likely another use
/// is to raise it, so that eight bits tell a hundred uses from a million. It falls by one for each
/// so many minutes without a use.
#[derive(Debug, Default)]
pub struct Usage(AtomicU32);

/// How the frequency is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// How fast a further use becomes unlikely to count (`lfu-log-factor`).
    pub log_factor: u32,
    /// Minutes without a use after which the frequency falls by one; 0 for never (`lfu-decay-time`).
    pub decay_minutes: u32,
}

/// The word, taken apart.
#[derive(Clone, Copy)]
struct Word {
    /// Seconds on the store's clock, from 1 on; 0 when there was no use yet.
    second: u32,
    frequency: u8,
}

impl Usage {
    /// Notes a use. Most uses of a value within one second only look.
    #[inline]
    pub fn note(&self, now: Time) {
        let word = Word::unpack(self.0.load(Ordering::Relaxed));
        let second = second_of(now);
        if word.second != second {
            self.store(Word { second, frequency: word.started() });
        }
    }

    /// Notes a use and counts it. `random` decides whether it raises the frequency. Two at the same
    /// time may count as one.
    pub fn count(&self, now: Time, counting: Counting, random: u64) {
        let word = Word::unpack(self.0.load(Ordering::Relaxed));
        let second = second_of(now);
        let decayed = word.decayed(second, counting);
        let rises = word.second != 0 && rises(decayed, counting, random);
        self.store(Word { second, frequency: decayed.saturating_add(rises.into()) });
    }

    /// Takes over what another value of the same key was used.
    pub fn follow(&self, earlier: &Self) {
        self.0.store(earlier.0.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Seconds since the last use; 0 when there was none yet.
    pub fn idle_s(&self, now: Time) -> u64 {
        let word = Word::unpack(self.0.load(Ordering::Relaxed));
        match word.second {
            0 => 0,
            second => u64::from(seconds_between(second, second_of(now))),
        }
    }

    /// The frequency as it is now.
    pub fn frequency(&self, now: Time, counting: Counting) -> u8 {
        Word::unpack(self.0.load(Ordering::Relaxed)).decayed(second_of(now), counting)
    }

    fn store(&self, word: Word) {
        self.0.store(word.second << 8 | u32::from(word.frequency), Ordering::Relaxed);
    }
}

impl Word {
    fn unpack(word: u32) -> Self {
        Self { second: word >> 8, frequency: word as u8 }
    }

    /// The frequency, that of a new value before its first use.
    fn started(self) -> u8 {
        if self.second == 0 { FREQUENCY_FIRST } else { self.frequency }
    }

    fn decayed(self, second: u32, counting: Counting) -> u8 {
        if self.second == 0 || counting.decay_minutes == 0 {
            return self.started();
        }
        let minutes = seconds_between(self.second, second) / MINUTE_S;
        let steps = minutes / counting.decay_minutes;
        self.frequency.saturating_sub(u8::try_from(steps).unwrap_or(u8::MAX))
    }
}

/// From 1 on, since 0 stands for no use.
fn second_of(now: Time) -> u32 {
    let seconds = now.as_nanos() / 1_000_000_000;
    (seconds % u64::from(SECONDS_MASK)) as u32 + 1
}

fn seconds_between(earlier: u32, later: u32) -> u32 {
    match later.checked_sub(earlier) {
        Some(seconds) => seconds,
        None => later + SECONDS_MASK - earlier,
    }
}

/// Whether a use raises the frequency, by a chance of 1 to what it stands above the first times the
/// factor.
fn rises(frequency: u8, counting: Counting, random: u64) -> bool {
    let base = u64::from(frequency.saturating_sub(FREQUENCY_FIRST));
    let odds = base * u64::from(counting.log_factor) + 1;
    random.is_multiple_of(odds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTING: Counting = Counting { log_factor: 10, decay_minutes: 1 };

    fn at(seconds: u64) -> Time {
        Time::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_value_is_idle_since_its_last_use() {
        let usage = Usage::default();
        assert_eq!(usage.idle_s(at(100)), 0, "not used yet");
        usage.note(at(100));
        assert_eq!(usage.idle_s(at(107)), 7);
        usage.note(at(107));
        assert_eq!(usage.idle_s(at(107)), 0);
    }

    #[test]
    fn seconds_begin_again_without_a_jump() {
        let usage = Usage::default();
        let wrap = u64::from(SECONDS_MASK);
        usage.note(at(wrap - 2));
        assert_eq!(usage.idle_s(at(wrap + 3)), 5);
    }

    #[test]
    fn the_frequency_rises_ever_more_slowly() {
        let usage = Usage::default();
        usage.note(at(1));
        assert_eq!(usage.frequency(at(1), COUNTING), FREQUENCY_FIRST);
        usage.count(at(1), COUNTING, 12_345);
        assert_eq!(usage.frequency(at(1), COUNTING), 6, "the first use above the base counts");
        usage.count(at(1), COUNTING, 12_345);
        assert_eq!(usage.frequency(at(1), COUNTING), 6, "one in eleven does");
        usage.count(at(1), COUNTING, 22);
        assert_eq!(usage.frequency(at(1), COUNTING), 7);
    }

    #[test]
    fn the_frequency_falls_with_each_minute_without_a_use() {
        let usage = Usage::default();
        usage.note(at(1));
        assert_eq!(usage.frequency(at(1 + 3 * 60), COUNTING), 2);
        assert_eq!(usage.frequency(at(1 + 3_000 * 60), COUNTING), 0);
        let never = Counting { decay_minutes: 0, ..COUNTING };
        assert_eq!(usage.frequency(at(1 + 3 * 60), never), FREQUENCY_FIRST);
    }

    #[test]
    fn the_highest_frequency_stays() {
        let usage = Usage::default();
        let eager = Counting { log_factor: 0, decay_minutes: 0 };
        (0..1_000).for_each(|_| usage.count(at(1), eager, 0));
        assert_eq!(usage.frequency(at(1), eager), u8::MAX);
    }
}
