//! Hashes.

mod form;

use std::borrow::Cow;

use larder_protocol::value::Fields;

use super::Usage;
use form::Form;

/// Up to where Redis keeps a hash in one piece (`hash-max-listpack-*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashLimits {
    /// Fields.
    pub entries_max: usize,
    /// Bytes of a name or a value.
    pub value_max: usize,
}

/// The fields of a hash. A list is in the order in which they were first set, a table in none.
#[derive(Debug, Default)]
pub struct Hash {
    form: Form,
    /// What the fields take, kept up to date because a tier weighs at every change.
    weight: u64,
    usage: Usage,
}

impl Hash {
    /// Sets fields. A list that goes beyond the limits becomes a table, and stays one.
    pub fn set(&mut self, fields: Vec<(Vec<u8>, Vec<u8>)>, limits: HashLimits) {
        for (name, value) in fields {
            if name.len().max(value.len()) > limits.value_max {
                self.form.make_table();
            }
            let added = weight(&name, value.len());
            let replaced = self.form.insert(&name, &value).map(|length| weight(&name, length));
            self.weight = self.weight + added - replaced.unwrap_or(0);
        }
        if self.form.len() > limits.entries_max {
            self.form.make_table();
        }
    }

    /// Removes fields, keeping the order of the others.
    pub fn remove(&mut self, names: &[Vec<u8>]) {
        for name in names {
            if let Some(length) = self.form.remove(name) {
                self.weight -= weight(name, length);
            }
        }
    }

    /// The same fields for a change, or for another key. A table shares them until one of the two
    /// changes.
    pub fn duplicate(&self) -> Self {
        Self { form: self.form.clone(), weight: self.weight, usage: Usage::default() }
    }

    /// How it is used.
    #[inline]
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// How Redis would keep it.
    pub fn encoding(&self) -> &'static str {
        match self.form {
            Form::List(_) => "listpack",
            Form::Table(_) => "hashtable",
        }
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> u64 {
        self.weight
    }
}

/// What a field takes, with its place.
fn weight(name: &[u8], value_length: usize) -> u64 {
    (name.len() + value_length + 64) as u64
}

impl Fields for Hash {
    fn len(&self) -> usize {
        self.form.len()
    }

    fn field(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.form.get(name).map(Cow::Borrowed)
    }

    fn each(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        self.form.iter().for_each(|(name, value)| visit(name, value));
    }

    fn at(&self, place: usize) -> Option<(Cow<'_, [u8]>, Cow<'_, [u8]>)> {
        let (name, value) = self.form.at(place)?;
        Some((Cow::Borrowed(name), Cow::Borrowed(value)))
    }

    fn is_large(&self) -> bool {
        matches!(self.form, Form::Table(_))
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
        for start in [&[("a", "1"), ("b", "22")][..], &[("a", "1"), ("b", "22"), ("c", "3")]] {
            let mut hash = Hash::default();
            set(&mut hash, start);
            set(&mut hash, &[("a", "333")]);
            assert_eq!(hash.weight(), sum(&hash));
            hash.remove(&[b"a".to_vec(), b"none".to_vec()]);
            assert_eq!(hash.weight(), sum(&hash));
            hash.remove(&[b"b".to_vec(), b"c".to_vec()]);
            assert_eq!((hash.len(), hash.weight()), (0, 0));
        }
    }

    fn sum(hash: &Hash) -> u64 {
        let mut sum = 0;
        hash.each(&mut |name, value| sum += weight(name, value.len()));
        sum
    }

    #[test]
    fn each_place_has_the_field_that_a_walk_meets_there() {
        for count in [2, 20] {
            let mut hash = Hash::default();
            (0..count).for_each(|n| set(&mut hash, &[(&n.to_string(), "v")]));
            let mut names = Vec::new();
            hash.each(&mut |name, _| names.push(name.to_vec()));
            for (place, name) in names.iter().enumerate() {
                assert_eq!(&*hash.at(place).unwrap().0, name);
            }
            assert!(hash.at(names.len()).is_none());
        }
    }
}
