//! A keyspace: a key prefix, the cache behind it, and the shape of its values.

use std::path::Path;
use std::sync::Arc;

use larder::runtime::Time;
use larder::source::row::Mapping;
use larder::{Cache, Edit, Lifetime};
use larder_protocol::error::Error;
use larder_protocol::store::{Change, Expiry};
use larder_protocol::value::Fields;

use crate::index::Index;
use crate::key::Key;
use crate::mapping::{ColumnSchema, RowMapping, RowSchema};
use crate::tuning::Tuning;
use crate::value::{Hash, Text, Value};
use crate::wall;
use crate::witness::Witness;

/// Key spaces of the default keyspace that `SELECT` chooses from.
pub const DATABASES: u8 = 16;

/// A key prefix and what serves it.
#[derive(Debug)]
pub struct Keyspace {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// What its keys begin with; empty for the default keyspace.
    pub prefix: Box<[u8]>,
    /// The engine.
    pub cache: Cache<Key, Value>,
    /// The keys that it holds.
    pub index: Arc<Index>,
    /// What follows them, and counts.
    pub witness: Arc<Witness>,
    /// What its values look like.
    pub shape: Shape,
    /// Where its rows are, in words: a source and a table.
    pub origin: Box<str>,
    /// The folder of its journal, where that is in files.
    pub journal_folder: Option<Box<Path>>,
    /// What can be changed while it serves.
    pub tuning: Tuning,
}

/// What the values of a keyspace look like.
#[derive(Debug)]
pub enum Shape {
    /// Strings and hashes, as in Redis: there is no source that would have to hold them.
    Free,
    /// Strings, in one column of a table.
    Column(ColumnSchema),
    /// Rows of a table.
    Row(RowSchema),
}

impl Keyspace {
    /// The database in which it has its keys for a client that is in `database`: all share those of
    /// a keyspace with a prefix.
    #[inline]
    pub fn database(&self, database: u8) -> u8 {
        if self.prefix.is_empty() { database } else { 0 }
    }

    /// Whether writes go to the source, or there is none.
    pub fn takes_writes(&self) -> bool {
        !matches!(self.cache.strategy(), "cache-aside" | "read-through")
    }

    /// Whether several of its keys are changed as one transaction of the source.
    pub fn is_transactional(&self) -> bool {
        self.cache.strategy() == "write-through"
    }

    /// A value over the one that is there: a part of a row over the row.
    pub fn merged(&self, base: Option<&Value>, change: &Value) -> Value {
        match &self.shape {
            // However many parts its keys have.
            Shape::Row(_) => RowMapping::new(1).merge(base, change),
            Shape::Free | Shape::Column(_) => change.clone(),
        }
    }

    /// The value that `SET key bytes` puts there.
    pub fn value(&self, key: &Key, bytes: &[u8]) -> Result<Value, Error> {
        match &self.shape {
            Shape::Free => Ok(Value::bytes(bytes)),
            Shape::Column(schema) => schema.value(key, bytes),
            Shape::Row(schema) => schema.row_of_json(key, bytes),
        }
    }

    /// Refuses a key that has too few parts to be that of a row.
    pub fn admit(&self, key: &Key) -> Result<(), Error> {
        match &self.shape {
            Shape::Free => Ok(()),
            Shape::Column(schema) => schema.key().admit(key),
            Shape::Row(schema) => schema.key().admit(key),
        }
    }

    /// What a command's change makes of the present value at `now`.
    pub fn edit(
        &self,
        key: &Key,
        present: Option<&Value>,
        change: Change,
        now: Time,
    ) -> Result<Edit<Value>, Error> {
        match change {
            Change::Keep => Ok(Edit::Keep),
            Change::Remove => Ok(Edit::Remove),
            Change::Expire(expiry) => Ok(Edit::Expire(lifetime(expiry, now))),
            Change::Put { value, expiry } => {
                Ok(Edit::Put(self.value(key, &value)?, lifetime(expiry, now)))
            }
            Change::Grow(value) => self.put_text(key, &value, Text::grown),
            Change::Sum(value) => self.put_text(key, &value, Text::sum),
            Change::SetFields(fields) => self.set_fields(key, present, fields),
            Change::RemoveFields(names) => self.remove_fields(key, present, &names),
        }
    }

    /// A string that Redis would not keep as it keeps one that is set.
    fn put_text(
        &self,
        key: &Key,
        bytes: &[u8],
        text: fn(&[u8]) -> Text,
    ) -> Result<Edit<Value>, Error> {
        let value = match &self.shape {
            Shape::Free => Value::Bytes(text(bytes)),
            Shape::Column(_) | Shape::Row(_) => self.value(key, bytes)?,
        };
        Ok(Edit::Put(value, Lifetime::Keep))
    }

    /// The value that another key has, for `key` of this keyspace.
    ///
    /// # Errors
    ///
    /// When the table has no place for it.
    pub fn adopted(&self, key: &Key, value: &Value) -> Result<Value, Error> {
        match (&self.shape, value) {
            (Shape::Free, Value::Bytes(_) | Value::Hash(_)) => Ok(value.duplicate()),
            (Shape::Free | Shape::Column(_), _) => match value.view().string() {
                Ok(bytes) => self.value(key, &bytes),
                Err(_) => Err(self.holds_strings()),
            },
            (Shape::Row(_), Value::Bytes(bytes)) => self.value(key, bytes),
            (Shape::Row(schema), Value::Hash(hash)) => schema.row_of_fields(key, &fields(&**hash)),
            (Shape::Row(schema), Value::Row(row)) => schema.row_like(key, row),
        }
    }

    fn set_fields(
        &self,
        key: &Key,
        present: Option<&Value>,
        fields: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Result<Edit<Value>, Error> {
        let value = match &self.shape {
            Shape::Column(_) => return Err(self.holds_strings()),
            Shape::Row(schema) => schema.row_of_fields(key, &fields)?,
            Shape::Free => {
                let mut hash = hash(present)?;
                hash.set(fields, self.tuning.hash_limits());
                Value::Hash(hash.into())
            }
        };
        Ok(Edit::Put(value, Lifetime::Keep))
    }

    fn remove_fields(
        &self,
        key: &Key,
        present: Option<&Value>,
        names: &[Vec<u8>],
    ) -> Result<Edit<Value>, Error> {
        let value = match &self.shape {
            Shape::Column(_) => return Err(self.holds_strings()),
            Shape::Row(schema) => schema.row_without(key, names)?,
            Shape::Free => {
                let mut hash = hash(present)?;
                hash.remove(names);
                if hash.is_empty() {
                    return Ok(Edit::Remove);
                }
                Value::Hash(hash.into())
            }
        };
        Ok(Edit::Put(value, Lifetime::Keep))
    }

    fn holds_strings(&self) -> Error {
        let name = &self.name;
        let text = format!(
            "keyspace '{name}' holds strings; fields need a table and value = \"row\" in its configuration"
        );
        Error::new("WRONGTYPE", text)
    }
}

/// The lifetime that an expiry gives a copy when a command asks for it at `now`.
pub fn lifetime(expiry: Expiry, now: Time) -> Lifetime {
    match expiry {
        Expiry::Default => Lifetime::Policy,
        Expiry::Keep => Lifetime::Keep,
        Expiry::Never => Lifetime::Forever,
        // Over for every clock: that of the cache may lag behind `now`.
        Expiry::InMs(0) => Lifetime::Until(Time::ZERO),
        Expiry::InMs(left) => Lifetime::Until(wall::end(now, left)),
    }
}

fn fields(fields: &dyn Fields) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::with_capacity(fields.len());
    fields.each(&mut |name, value| all.push((name.to_vec(), value.to_vec())));
    all
}

fn hash(present: Option<&Value>) -> Result<Hash, Error> {
    match present {
        None => Ok(Hash::default()),
        Some(Value::Hash(hash)) => Ok(hash.duplicate()),
        Some(Value::Bytes(_) | Value::Row(_)) => Err(Error::wrong_type()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use larder::Builder;
    use larder::runtime::{Runtime, Simulated};
    use larder_protocol::Limits;
    use larder_protocol::hub::Hub;
    use larder_protocol::value::View;

    use super::*;

    /// A keyspace without a source.
    pub(crate) fn plain(name: &str, prefix: &str) -> Arc<Keyspace> {
        let hub = Hub::new(Limits::default());
        plain_on(Arc::new(Simulated::new(0)), &hub, name, prefix)
    }

    /// A keyspace without a source, on the clock of `runtime`, that tells `hub`.
    pub(crate) fn plain_on(
        runtime: Arc<dyn Runtime>,
        hub: &Arc<Hub>,
        name: &str,
        prefix: &str,
    ) -> Arc<Keyspace> {
        plain_over(Cache::builder(name).max_entries(100).runtime(runtime), hub, name, prefix)
    }

    /// A keyspace without a source over this cache.
    pub(crate) fn plain_over(
        cache: Builder<Key, Value>,
        hub: &Arc<Hub>,
        name: &str,
        prefix: &str,
    ) -> Arc<Keyspace> {
        let index = Arc::new(Index::new(DATABASES));
        let witness = Arc::new(Witness::new(index.clone(), hub.clone(), prefix.as_bytes(), false));
        Arc::new(Keyspace {
            name: name.into(),
            prefix: prefix.as_bytes().into(),
            cache: cache.observer(witness.clone()).build().unwrap(),
            index,
            witness,
            shape: Shape::Free,
            origin: "none".into(),
            journal_folder: None,
            tuning: Tuning::new(hub.clone()),
        })
    }

    fn edited(present: Option<&Value>, change: Change) -> Result<Edit<Value>, Error> {
        plain("p", "").edit(&Key::from(b"k".as_slice()), present, change, Time::ZERO)
    }

    fn field_names(value: &Value) -> Vec<Vec<u8>> {
        let View::Fields(fields) = value.view() else { panic!("{value:?}") };
        let mut names = Vec::new();
        fields.each(&mut |name, _| names.push(name.to_vec()));
        names
    }

    fn set(present: Option<&Value>, names: &[&str]) -> Result<Value, Error> {
        let fields = names.iter().map(|name| (name.as_bytes().to_vec(), b"v".to_vec())).collect();
        match edited(present, Change::SetFields(fields))? {
            Edit::Put(value, Lifetime::Keep) => Ok(value),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_hash_grows_and_shrinks_in_the_order_of_its_fields() {
        let hash = set(None, &["a", "b"]).unwrap();
        let more = set(Some(&hash), &["c", "a"]).unwrap();
        assert_eq!(field_names(&more), [b"a", b"b", b"c"]);
        assert_eq!(field_names(&hash), [b"a", b"b"], "what others hold stays as it is");
    }

    #[test]
    fn a_hash_without_fields_is_removed() {
        let hash = set(None, &["a"]).unwrap();
        let removed = edited(Some(&hash), Change::RemoveFields(vec![b"a".to_vec()]));
        assert!(matches!(removed, Ok(Edit::Remove)));
    }

    #[test]
    fn a_string_is_no_hash() {
        let error = set(Some(&Value::bytes(b"s")), &["a"]).unwrap_err();
        assert!(error.to_string().starts_with("WRONGTYPE "));
    }

    #[test]
    fn a_lifetime_is_what_the_command_says() {
        let now = Time::from_nanos(5_700_000);
        for (expiry, expected) in [
            (Expiry::Default, Lifetime::Policy),
            (Expiry::Keep, Lifetime::Keep),
            (Expiry::Never, Lifetime::Forever),
            (Expiry::InMs(0), Lifetime::Until(Time::ZERO)),
            (Expiry::InMs(1000), Lifetime::Until(Time::from_nanos(1_005_000_000))),
        ] {
            assert_eq!(lifetime(expiry, now), expected);
        }
    }
}
