//! Durations and sizes as people write them.

use std::time::Duration;

const DURATIONS: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KIB", 1 << 10),
    ("MIB", 1 << 20),
    ("GIB", 1 << 30),
    ("TIB", 1 << 40),
];

/// Reads `"100ms"`, `"5m"`, `"1h30m"`: whole numbers with units, the largest unit first.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut micros = 0_u64;
    let mut units = DURATIONS.iter();
    loop {
        let (number, unit, after) = part(rest)?;
        let (_, scale) = units.find(|(name, _)| *name == unit)?;
        micros = micros.checked_add(number.checked_mul(*scale)?)?;
        if after.is_empty() {
            return Some(Duration::from_micros(micros));
        }
        rest = after;
    }
}

/// Reads `"64MB"` (a million bytes each) and `"1GiB"` (2^30 bytes); the case does not matter.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit, after) = part(text)?;
    let unit = unit.to_ascii_uppercase();
    let (_, scale) = SIZES.iter().find(|(name, _)| *name == unit)?;
    if after.is_empty() { number.checked_mul(*scale) } else { None }
}

/// Splits off one number with its unit: `"1h30m"` is 1, `"h"` and `"30m"`.
fn part(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = text.split_at(digits);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, after) = rest.split_at(letters);
    Some((number.parse().ok()?, unit, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("100ms"), Some(Duration::from_millis(100)));
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5_400)));
        assert_eq!(duration("0s"), Some(Duration::ZERO));
        assert_eq!(duration("0m5s"), Some(Duration::from_secs(5)));
        for wrong in ["", "5", "m", "-1s", "1.5s", "5 weeks", "30m1h", "1s1s", "99999999999d"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("64MB"), Some(64_000_000));
        assert_eq!(size("1GiB"), Some(1 << 30));
        assert_eq!(size("2 kb"), Some(2_000));
        for wrong in ["", "5", "MB", "1.5GB", "1MB1B", "1XB", "99999999999TB"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }
}
