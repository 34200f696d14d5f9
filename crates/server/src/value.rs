//! What the server's caches hold.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexMap;
use larder_protocol::value::{Fields, View};

use crate::mapping::RowValue;

/// A value. Cloning shares it: no byte is copied on a hit.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string.
    Bytes(Arc<[u8]>),
    /// A hash of the keyspace without a source.
    Hash(Arc<Hash>),
    /// A row of a table, or a part of one on its way there.
    Row(Arc<RowValue>),
}

/// The fields of a hash, in the order in which they were first set.
#[derive(Debug, Clone, Default)]
pub struct Hash(IndexMap<Box<[u8]>, Box<[u8]>>);

impl Value {
    /// A string.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }

    /// The value as commands look at it.
    pub fn view(&self) -> View<'_> {
        match self {
            Value::Bytes(bytes) => View::Bytes(bytes),
            Value::Hash(hash) => View::Fields(&**hash),
            Value::Row(row) => View::Fields(&**row),
        }
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> u64 {
        match self {
            Value::Bytes(bytes) => 16 + bytes.len() as u64,
            Value::Hash(hash) => {
                hash.0.iter().map(|(name, value)| (name.len() + value.len() + 64) as u64).sum()
            }
            Value::Row(row) => row.weight(),
        }
    }
}

impl Hash {
    /// Sets fields.
    pub fn set(&mut self, fields: Vec<(Vec<u8>, Vec<u8>)>) {
        for (name, value) in fields {
            self.0.insert(name.into(), value.into());
        }
    }

    /// Removes fields, keeping the order of the others.
    pub fn remove(&mut self, names: &[Vec<u8>]) {
        for name in names {
            self.0.shift_remove(name.as_slice());
        }
    }
}

impl Fields for Hash {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn field(&self, name: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.0.get(name).map(|value| Cow::Borrowed(&**value))
    }

    fn each(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        self.0.iter().for_each(|(name, value)| visit(name, value));
    }

    fn document(&self) -> Option<Cow<'_, [u8]>> {
        None
    }
}
