//! A keyspace: a key prefix, the cache behind it, and the shape of its values.

use larder::{Cache, Edit, Lifetime};
use larder_protocol::error::Error;
use larder_protocol::store::{Change, Expiry};

use crate::key::Key;
use crate::mapping::{ColumnSchema, RowSchema};
use crate::value::{Hash, Value};

/// A key prefix and what serves it.
#[derive(Debug)]
pub struct Keyspace {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// What its keys begin with; empty for the default keyspace.
    pub prefix: Box<[u8]>,
    /// The engine.
    pub cache: Cache<Key, Value>,
    /// What its values look like.
    pub shape: Shape,
    /// Where its rows are, in words: a source and a table.
    pub origin: Box<str>,
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

    /// What a command's change makes of the present value.
    pub fn edit(
        &self,
        key: &Key,
        present: Option<&Value>,
        change: Change,
    ) -> Result<Edit<Value>, Error> {
        match change {
            Change::Keep => Ok(Edit::Keep),
            Change::Remove => Ok(Edit::Remove),
            Change::Expire(expiry) => Ok(Edit::Expire(lifetime(expiry))),
            Change::Put { value, expiry } => {
                Ok(Edit::Put(self.value(key, &value)?, lifetime(expiry)))
            }
            Change::SetFields(fields) => self.set_fields(key, present, fields),
            Change::RemoveFields(names) => self.remove_fields(key, present, &names),
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
                hash.set(fields);
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
                if larder_protocol::value::Fields::is_empty(&hash) {
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

/// The lifetime that a command's expiry gives a copy.
pub fn lifetime(expiry: Expiry) -> Lifetime {
    match expiry {
        Expiry::Default => Lifetime::Policy,
        Expiry::Keep => Lifetime::Keep,
        Expiry::Never => Lifetime::Forever,
        Expiry::InMs(millis) => Lifetime::For(std::time::Duration::from_millis(millis)),
    }
}

fn hash(present: Option<&Value>) -> Result<Hash, Error> {
    match present {
        None => Ok(Hash::default()),
        Some(Value::Hash(hash)) => Ok(Hash::clone(hash)),
        Some(Value::Bytes(_) | Value::Row(_)) => Err(Error::wrong_type()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use larder::runtime::Simulated;
    use larder_protocol::value::View;

    use super::*;

    /// A keyspace without a source.
    pub(crate) fn plain(name: &str, prefix: &str) -> Arc<Keyspace> {
        let cache = Cache::builder(name).max_entries(100).runtime(Arc::new(Simulated::new(0)));
        Arc::new(Keyspace {
            name: name.into(),
            prefix: prefix.as_bytes().into(),
            cache: cache.build().unwrap(),
            shape: Shape::Free,
            origin: "none".into(),
        })
    }

    fn edited(present: Option<&Value>, change: Change) -> Result<Edit<Value>, Error> {
        plain("p", "").edit(&Key::from(b"k".as_slice()), present, change)
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
        let second = std::time::Duration::from_secs(1);
        for (expiry, expected) in [
            (Expiry::Default, Lifetime::Policy),
            (Expiry::Keep, Lifetime::Keep),
            (Expiry::Never, Lifetime::Forever),
            (Expiry::InMs(1000), Lifetime::For(second)),
        ] {
            assert_eq!(lifetime(expiry), expected);
        }
    }
}
