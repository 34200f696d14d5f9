//! What is asked of every model: values that are there.

use crate::generator::{Kind, Script};
use crate::subject::wire::request;
use crate::workload::Random;

/// Of each value.
pub(super) const VALUE_BYTES: usize = 64;

/// Reads keys at random, each as likely as the next.
pub(super) struct Gets {
    random: Random,
    keys: u64,
}

impl Gets {
    /// Those of any connection, where there are so many keys.
    pub(super) fn among(keys: u64) -> impl Fn(usize) -> Self + Sync {
        move |connection| Self { random: Random::seeded(connection as u64), keys }
    }
}

impl Script for Gets {
    /// A connection counts as open when it has been answered: some models accept long before they serve.
    fn greeting(&mut self, out: &mut Vec<u8>) -> usize {
        out.extend_from_slice(&get(0));
        1
    }

    fn request(&mut self, out: &mut Vec<u8>) -> Kind {
        out.extend_from_slice(&get(self.random.below(self.keys)));
        Kind::Read
    }
}

/// The request that reads a key.
pub(super) fn get(number: u64) -> Vec<u8> {
    request(&[b"GET", key(number).as_bytes()])
}

/// The requests that write every key.
pub(super) fn fill(keys: u64) -> impl Iterator<Item = Vec<u8>> {
    (0..keys).map(|number| request(&[b"SET", key(number).as_bytes(), &[b'v'; VALUE_BYTES]]))
}

/// The requests that read every key once, after which whatever keeps copies near has them all.
pub(super) fn read_all(keys: u64) -> impl Iterator<Item = Vec<u8>> {
    (0..keys).map(get)
}

fn key(number: u64) -> String {
    format!("key:{number:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_read_was_written() {
        assert_eq!(fill(500).count(), 500);
        let written: std::collections::HashSet<_> = read_all(500).collect();
        let mut gets = Gets::among(500)(3);
        let mut greeting = Vec::new();
        assert_eq!(gets.greeting(&mut greeting), 1);
        assert!(written.contains(&greeting));
        for _ in 0..1_000 {
            let mut out = Vec::new();
            assert_eq!(gets.request(&mut out), Kind::Read);
            assert!(written.contains(&out), "{}", String::from_utf8_lossy(&out));
        }
    }
}
