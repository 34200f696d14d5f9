//! A trace in memory.

use super::file::Keys;
use crate::failure::{Failure, Result};
use crate::interruption;
use std::collections::HashMap;

/// The requests of a trace, or of a sample of its keys.
///
/// What is read of a trace is bounded. A trace of more requests is sampled by key: whenever the bound is
/// reached, half of the keys are dropped, by a hash, with all their requests. A cache with a share of the
/// room that is as small hits about as often on what is left. (Waldspurger and others, "Cache Modeling
/// and Optimization using Miniature Simulations", 2017.)
#[derive(Debug)]
pub(super) struct Requests {
    /// The key of each request. Keys are counted from zero, in the order in which they come.
    pub(super) keys: Vec<u32>,
    /// How many keys there are.
    pub(super) distinct: u32,
    /// How many requests the whole trace has.
    pub(super) total: u64,
    /// How often the keys have been halved.
    pub(super) halvings: u32,
    /// Whether the trace goes on, and only its beginning was read.
    pub(super) is_beginning: bool,
}

/// How much of a trace is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// How many requests are kept at most.
    pub(super) kept_max: u32,
    /// How many are read at most.
    pub(super) read_max: u64,
}

impl Requests {
    /// Reads the trace that `keys` are of, and keeps as much as `bounds` allow.
    ///
    /// # Errors
    ///
    /// When it cannot be read, when nothing of it is left, or when the run is broken off.
    pub(super) fn read(keys: Keys, bounds: Bounds) -> Result<Self> {
        let path = keys.path().to_owned();
        let mut sample = Sample::new(bounds.kept_max);
        for key in keys {
            if sample.total == bounds.read_max {
                sample.is_beginning = true;
                break;
            }
            sample.take(key?);
            if sample.total.is_multiple_of(READ_BETWEEN_CHECKS) {
                interruption::check()?;
            }
        }
        match sample.kept.is_empty() {
            true => Err(Failure::misuse(format!("{}: no key is left to replay", path.display()))),
            false => Ok(sample.numbered()),
        }
    }

    #[cfg(test)]
    pub(super) fn of(keys: impl IntoIterator<Item = u64>) -> Self {
        let mut sample = Sample::new(u32::MAX);
        keys.into_iter().for_each(|key| sample.take(key));
        sample.numbered()
    }

    /// How many requests there are to replay.
    pub(super) fn len(&self) -> u64 {
        self.keys.len() as u64
    }

    /// When the key of each request is asked for again; [`NEVER`] if it is not.
    pub(super) fn next_uses(&self) -> Vec<u32> {
        let mut upcoming = vec![NEVER; self.distinct as usize];
        let mut next_uses = vec![NEVER; self.keys.len()];
        for (position, key) in self.keys.iter().enumerate().rev() {
            let upcoming = &mut upcoming[*key as usize];
            next_uses[position] = std::mem::replace(upcoming, position as u32);
        }
        next_uses
    }
}

/// Takes a moment.
const READ_BETWEEN_CHECKS: u64 = 1 << 20;

/// The position of a request that does not come.
pub(super) const NEVER: u32 = u32::MAX;

struct Sample {
    kept: Vec<u64>,
    kept_max: usize,
    total: u64,
    halvings: u32,
    is_beginning: bool,
}

impl Sample {
    fn new(requests_max: u32) -> Self {
        let (kept, kept_max) = (Vec::new(), requests_max as usize);
        Self { kept, kept_max, total: 0, halvings: 0, is_beginning: false }
    }

    fn take(&mut self, key: u64) {
        self.total += 1;
        if survives(key, self.halvings) {
            self.kept.push(key);
        }
        while self.kept.len() > self.kept_max {
            self.halvings += 1;
            self.kept.retain(|key| survives(*key, self.halvings));
        }
    }

    fn numbered(self) -> Requests {
        let mut numbers = HashMap::new();
        let keys = self.kept.iter().map(|key| {
            let next = numbers.len() as u32;
            *numbers.entry(*key).or_insert(next)
        });
        let keys: Vec<u32> = keys.collect();
        let distinct = numbers.len() as u32;
        let Self { total, halvings, is_beginning, .. } = self;
        Requests { keys, distinct, total, halvings, is_beginning }
    }
}

/// Whether a key is among those that are left after so many halvings.
fn survives(key: u64, halvings: u32) -> bool {
    mixed(key).leading_zeros() >= halvings
}

/// Spreads keys that lie side by side, as blocks do. Each step can be undone, so no two keys become one.
fn mixed(key: u64) -> u64 {
    let mut bits = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        bits = (bits ^ (bits >> 29)).wrapping_mul(factor);
    }
    bits ^ (bits >> 32)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::trace::file::keys;

    fn read(lines: &str, kept_max: u32) -> Result<Requests> {
        read_within(lines, Bounds { kept_max, read_max: u64::MAX })
    }

    fn read_within(lines: &str, bounds: Bounds) -> Result<Requests> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        fs::write(&path, lines).unwrap();
        Requests::read(keys(&path).unwrap(), bounds)
    }

    #[test]
    fn keys_are_numbered_as_they_come() {
        let requests = read("tea\n7\ntea\nmilk\n7\n", 100).unwrap();
        assert_eq!(requests.keys, [0, 1, 0, 2, 1]);
        assert_eq!((requests.distinct, requests.total, requests.halvings), (3, 5, 0));
        assert_eq!(requests.next_uses(), [2, 4, NEVER, NEVER, NEVER]);
    }

    #[test]
    fn a_long_trace_is_sampled_by_key() {
        let lines: String = (0..40_000).map(|request| format!("{}\n", request % 10_000)).collect();
        let requests = read(&lines, 12_000).unwrap();
        assert_eq!((requests.total, requests.halvings), (40_000, 2));
        assert_eq!(requests.len(), u64::from(requests.distinct) * 4, "whole keys are dropped");
        assert!((2_300..2_700).contains(&requests.distinct), "{}", requests.distinct);
    }

    #[test]
    fn a_trace_that_is_longer_than_what_may_be_read_is_read_up_to_there() {
        let within = |read_max| {
            let requests = read_within("1\n2\n3\n", Bounds { kept_max: 100, read_max }).unwrap();
            (requests.total, requests.is_beginning)
        };
        assert_eq!(within(2), (2, true));
        assert_eq!(within(3), (3, false));
    }

    #[test]
    fn a_trace_without_keys_is_refused() {
        assert!(read("\n\n", 10).unwrap_err().to_string().ends_with("no key is left to replay"));
        let one_key = "tea\n".repeat(20);
        assert!(read(&one_key, 10).unwrap_err().to_string().ends_with("no key is left to replay"));
    }
}
