//! Passwords, of which only the hash is kept.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The SHA-256 of a password; shown as 64 hexadecimal digits, as users' rules have it.
#[derive(Clone, Copy)]
pub(super) struct PasswordHash([u8; 32]);

impl PasswordHash {
    pub(super) fn of(password: &[u8]) -> Self {
        Self(Sha256::digest(password).into())
    }

    /// Reads what [`fmt::Display`] shows; capitals are not digits.
    pub(super) fn parse(digits: &[u8]) -> Option<Self> {
        let mut hash = [0; 32];
        if digits.len() != 2 * hash.len() {
            return None;
        }
        for (byte, pair) in hash.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(hash))
    }
}

/// Takes the same time wherever the two differ.
impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for PasswordHash {}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A hash is as good as its password to whoever guesses: logs have no use for it.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_hash_is_read_as_it_is_shown() {
        let hash = PasswordHash::of(b"abc");
        assert_eq!(hash.to_string(), ABC);
        assert_eq!(PasswordHash::parse(ABC.as_bytes()), Some(hash));
        assert!(hash != PasswordHash::of(b"abd"));
    }

    #[test]
    fn only_64_small_digits_are_a_hash() {
        for text in ["", &ABC[1..], &ABC.to_uppercase(), &ABC.replace('b', "g")] {
            assert_eq!(PasswordHash::parse(text.as_bytes()), None);
        }
    }

    #[test]
    fn a_hash_is_not_told_to_logs() {
        assert_eq!(format!("{:?}", PasswordHash::of(b"abc")), "PasswordHash(..)");
    }
}
