//! Keys as clients send them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use equivalent::Equivalent;
use larder::ToKey;
use triomphe::ThinArc;

/// The bytes of a key behind its keyspace's prefix, and the database it is in.
///
/// One allocation, shared by all that hold the key: the tier, the index and whoever
/// works on it. The handle is one word.
#[derive(Clone)]
pub struct Key(ThinArc<u8, u8>);

/// A [`Key`] that is looked up: nothing is allocated for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRef<'a> {
    /// The bytes behind the keyspace's prefix.
    pub bytes: &'a [u8],
    /// The database; 0 in a keyspace that all databases share.
    pub database: u8,
}

impl Key {
    /// The database it is in.
    pub fn database(&self) -> u8 {
        self.0.header.header
    }

    fn borrowed(&self) -> KeyRef<'_> {
        KeyRef { bytes: &self.0.slice, database: self.database() }
    }
}

impl From<KeyRef<'_>> for Key {
    fn from(key: KeyRef<'_>) -> Self {
        Self(ThinArc::from_header_and_slice(key.database, key.bytes))
    }
}

/// In database 0.
impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        KeyRef { bytes, database: 0 }.into()
    }
}

/// The key's bytes, without the database.
impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0.slice
    }
}

impl ToKey<Key> for KeyRef<'_> {
    fn to_key(&self) -> Key {
        (*self).into()
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    #[inline]
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.borrowed()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.borrowed() == other.borrowed()
    }
}

impl Eq for Key {}

impl Hash for KeyRef<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.bytes);
        state.write_u8(self.database);
    }
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrowed().hash(state);
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let bytes = self.as_ref().cmp(other.as_ref());
        bytes.then_with(|| self.database().cmp(&other.database()))
    }
}

/// As people write it; in errors and traces.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    fn key(bytes: &str, database: u8) -> Key {
        KeyRef { bytes: bytes.as_bytes(), database }.into()
    }

    #[test]
    fn the_same_bytes_in_another_database_are_another_key() {
        assert_eq!(key("a", 3), key("a", 3));
        assert_ne!(key("a", 3), key("a", 4));
        assert_ne!(key("a", 0), key("a\0", 0));
        assert!(key("a", 4) < key("b", 3) && key("a", 3) < key("a", 4));
    }

    #[test]
    fn a_key_is_found_by_its_borrowed_form() {
        let hasher = RandomState::new();
        let owned = key("tea", 7);
        for (bytes, database, same) in [("tea", 7, true), ("tea", 0, false), ("te", 7, false)] {
            let borrowed = KeyRef { bytes: bytes.as_bytes(), database };
            assert_eq!(borrowed.equivalent(&owned), same, "{borrowed:?}");
            assert_eq!(hasher.hash_one(borrowed) == hasher.hash_one(&owned), same, "{borrowed:?}");
        }
    }

    #[test]
    fn a_handle_is_one_word() {
        assert_eq!(size_of::<Key>(), size_of::<usize>());
    }
}
