//! What the server's caches hold.

mod hash;
mod text;
mod usage;

use std::sync::Arc;

use larder::runtime::Time;
use larder_protocol::value::View;

use crate::mapping::RowValue;

pub use hash::{Hash, HashLimits};
pub use text::Text;
pub use usage::{Counting, Usage};

/// A value. Cloning shares it: no byte is copied on a hit.
#[derive(Debug, Clone)]
pub enum Value {
    /// A string.
    Bytes(Text),
    /// A hash of the keyspace without a source.
    Hash(Arc<Hash>),
    /// A row of a table, or a part of one on its way there.
    Row(Arc<RowValue>),
}

impl Value {
    /// A string.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(Text::new(bytes))
    }

    /// The value as commands look at it.
    #[inline]
    pub fn view(&self) -> View<'_> {
        match self {
            Value::Bytes(bytes) => View::Bytes(bytes),
            Value::Hash(hash) => View::Fields(&**hash),
            Value::Row(row) => View::Fields(&**row),
        }
    }

    /// The same value for another key, which is used on its own.
    pub fn duplicate(&self) -> Self {
        match self {
            Value::Bytes(bytes) => Value::Bytes(bytes.duplicate()),
            Value::Hash(hash) => Value::Hash(Arc::new(hash.duplicate())),
            Value::Row(row) => Value::Row(row.clone()),
        }
    }

    /// How it is used.
    #[inline]
    pub fn usage(&self) -> &Usage {
        match self {
            Value::Bytes(bytes) => bytes.usage(),
            Value::Hash(hash) => hash.usage(),
            Value::Row(row) => row.usage(),
        }
    }

    /// The same value, used at `now`.
    pub fn used(self, now: Time) -> Self {
        self.usage().note(now);
        self
    }

    /// How Redis would keep it. A row has no counterpart there, and is told as a hash of its size.
    pub fn encoding(&self) -> &'static str {
        match self {
            Value::Bytes(bytes) => bytes.encoding(),
            Value::Hash(hash) => hash.encoding(),
            Value::Row(_) => "hashtable",
        }
    }

    /// Whether Redis would keep it once for all keys that have it.
    pub fn is_shared(&self) -> bool {
        matches!(self, Value::Bytes(bytes) if bytes.is_shared())
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> u64 {
        match self {
            Value::Bytes(bytes) => TEXT_BYTES + bytes.len() as u64,
            Value::Hash(hash) => (size_of::<Hash>() as u64) + hash.weight(),
            Value::Row(row) => row.weight(),
        }
    }
}

/// What a string takes beside its bytes: the count of references, its usage and its length.
const TEXT_BYTES: u64 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_two_words() {
        assert_eq!(size_of::<Option<Value>>(), 2 * size_of::<usize>());
    }

    #[test]
    fn a_copy_for_another_key_is_used_on_its_own() {
        let value = Value::bytes(b"v").used(Time::from_nanos(1_000_000_000));
        let later = Time::from_nanos(9_000_000_000);
        let copy = value.duplicate().used(later);
        assert_eq!((value.usage().idle_s(later), copy.usage().idle_s(later)), (8, 0));
    }
}
