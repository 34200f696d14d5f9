//! The two forms of a hash: a small one that is copied for a change, and a large one of which only what
//! changes is.

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use rpds::HashTrieMapSync;

/// The fields of a hash.
#[derive(Clone)]
pub(super) enum Form {
    /// In the order in which they were first set.
    List(IndexMap<Bytes, Bytes, RandomState>),
    /// A tree whose copies share all that is the same, so that changing one field of a million costs little
    /// more than changing one of a thousand.
    Table(Table),
}

type Bytes = Box<[u8]>;
type Table = HashTrieMapSync<Bytes, Bytes, RandomState>;

impl Form {
    pub(super) fn len(&self) -> usize {
        match self {
            Form::List(list) => list.len(),
            Form::Table(table) => table.size(),
        }
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        match self {
            Form::List(list) => list.get(name).map(|value| &**value),
            Form::Table(table) => table.get(name).map(|value| &**value),
        }
    }

    /// Sets a field; answers how long its earlier value was.
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8]) -> Option<usize> {
        match self {
            Form::List(list) => list.insert(name.into(), value.into()).map(|earlier| earlier.len()),
            Form::Table(table) => {
                let earlier = table.get(name).map(|earlier| earlier.len());
                table.insert_mut(name.into(), value.into());
                earlier
            }
        }
    }

    /// Removes a field; answers how long its value was.
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<usize> {
        match self {
            Form::List(list) => list.shift_remove(name).map(|value| value.len()),
            Form::Table(table) => {
                let length = table.get(name)?.len();
                table.remove_mut(name);
                Some(length)
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let (list, table) = match self {
            Form::List(list) => (Some(list.iter()), None),
            Form::Table(table) => (None, Some(table.iter())),
        };
        let fields = list.into_iter().flatten().chain(table.into_iter().flatten());
        fields.map(|(name, value)| (&**name, &**value))
    }

    /// The field at `place` in the order of [`iter`](Self::iter).
    pub(super) fn at(&self, place: usize) -> Option<(&[u8], &[u8])> {
        match self {
            Form::List(list) => list.get_index(place).map(|(name, value)| (&**name, &**value)),
            Form::Table(_) => self.iter().nth(place),
        }
    }

    pub(super) fn make_table(&mut self) {
        if let Form::List(list) = self {
            let mut table = Table::new_with_hasher_and_ptr_kind(list.hasher().clone());
            for (name, value) in list.drain(..) {
                table.insert_mut(name, value);
            }
            *self = Form::Table(table);
        }
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::List(IndexMap::default())
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        f.debug_map().entries(self.iter().map(|(name, value)| (text(name), text(value)))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_a_table_changes_on_its_own() {
        let mut first = Form::default();
        first.insert(b"a", b"1");
        first.make_table();
        let mut second = first.clone();
        assert_eq!(second.insert(b"a", b"22"), Some(1));
        assert_eq!(second.insert(b"b", b"2"), None);
        assert_eq!((first.get(b"a"), second.get(b"a")), (Some(&b"1"[..]), Some(&b"22"[..])));
        assert_eq!((second.remove(b"a"), second.remove(b"a")), (Some(2), None));
        assert_eq!((first.len(), second.len()), (1, 1));
    }
}
