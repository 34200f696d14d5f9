//! Hashes.

use std::borrow::Cow;

use indexmap::IndexMap;
use larder_protocol::value::{Field, Fields};

use super::Usage;

/// Up to where Redis keeps a hash in one piece (`hash-max-listpack-*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashLimits {
    /// Fields.
    pub entries_max: usize,
    /// Bytes of a name or a value.
    pub value_max: usize,
}

/// The fields of a hash, in the order in which they were first set.
#[derive(Debug, Default)]
pub struct Hash {
    fields: IndexMap<Box<[u8]>, Box<[u8]>, foldhash::fast::RandomState>,
    /// What `fields` take, kept up to date because a tier weighs at every change.
    weight: u64,
    /// It has been beyond the limits once, which Redis does not take back.
    is_table: bool,
    usage: Usage,
}

impl Hash {
    /// Sets fields.
    pub fn set(&mut self, fields: Vec<(Vec<u8>, Vec<u8>)>, limits: HashLimits) {
        for (name, value) in fields {
            self.is_table |= name.len().max(value.len()) > limits.value_max;
            self.weight += weight(&name, &value);
            let (at, replaced) = self.fields.insert_full(name.into(), value.into());
            if let (Some(earlier), Some((name, _))) = (replaced, self.fields.get_index(at)) {
                self.weight -= weight(name, &earlier);
            }
        }
        self.is_table |= self.fields.len() > limits.entries_max;
    }

    /// Removes fields, keeping the order of the others.
    pub fn remove(&mut self, names: &[Vec<u8>]) {
        for name in names {
            if let Some(value) = self.fields.shift_remove(name.as_slice()) {
                self.weight -= weight(name, &value);
            }
        }
    }

    /// The same fields for a change, or for another key.
    pub fn duplicate(&self) -> Self {
        let fields = self.fields.clone();
        Self { fields, weight: self.weight, is_table: self.is_table, usage: Usage::default() }
    }

    /// How it is used.
    #[inline]
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// How Redis would keep it.
    pub fn encoding(&self) -> &'static str {
        if self.is_table { "hashtable" } else { "listpack" }
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> u64 {
        self.weight
    }
}

/// A field with its place in the map.
fn weight(name: &[u8], value: &[u8]) -> u64 {
    (name.len() + value.len() + 64) as u64
}

impl Fields for Hash {
    fn len(&self) -> usize {
        self.fields.len()
    }

    fn field(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.fields.get(name).map(|value| Cow::Borrowed(&**value))
    }

    fn each(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        self.fields.iter().for_each(|(name, value)| visit(name, value));
    }

    fn at(&self, place: usize) -> Option<Field<'_>> {
        let (name, value) = self.fields.get_index(place)?;
        Some((Cow::Borrowed(&**name), Cow::Borrowed(&**value)))
    }

    fn is_large(&self) -> bool {
        self.is_table
    }

    fn document(&self) -> Option<Cow<'_, [u8]>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HashLimits = HashLimits { entries_max: 2, value_max: 4 };

    fn set(hash: &mut Hash, fields: &[(&str, &str)]) {
        let owned = |text: &str| text.as_bytes().to_vec();
        hash.set(fields.iter().map(|(name, value)| (owned(name), owned(value))).collect(), LIMITS);
    }

    #[test]
    fn a_hash_that_was_beyond_a_limit_stays_a_table() {
        let mut hash = Hash::default();
        set(&mut hash, &[("a", "1234"), ("b", "2")]);
        assert_eq!(hash.encoding(), "listpack");
        set(&mut hash, &[("c", "3")]);
        assert_eq!(hash.encoding(), "hashtable");
        hash.remove(&[b"c".to_vec()]);
        assert_eq!(hash.duplicate().encoding(), "hashtable");
    }

    #[test]
    fn a_long_name_or_value_makes_a_table() {
        for field in [("a", "12345"), ("abcde", "1")] {
            let mut hash = Hash::default();
            set(&mut hash, &[field]);
            assert_eq!(hash.encoding(), "hashtable", "{field:?}");
        }
    }

    #[test]
    fn the_weight_follows_every_change() {
        let mut hash = Hash::default();
        set(&mut hash, &[("a", "1"), ("b", "22")]);
        set(&mut hash, &[("a", "333")]);
        let sum = |hash: &Hash| -> u64 {
            hash.fields.iter().map(|(name, value)| weight(name, value)).sum()
        };
        assert_eq!(hash.weight(), sum(&hash));
        hash.remove(&[b"a".to_vec(), b"none".to_vec()]);
        assert_eq!(hash.weight(), sum(&hash));
        hash.remove(&[b"b".to_vec()]);
        assert_eq!(hash.weight(), 0);
    }
}
