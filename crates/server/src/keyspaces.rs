//! All keyspaces of a server, and which of them a key belongs to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use larder::runtime::Runtime;
use larder_protocol::error::Error;
use larder_protocol::hub::Hub;

use crate::gate::Gate;
use crate::key::{Key, KeyRef};
use crate::keyspace::Keyspace;
use crate::tuning::Tuning;

/// Acknowledged writes of a keyspace that did not reach its source before the stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unflushed {
    /// The keyspace.
    pub keyspace: Box<str>,
    /// How many writes.
    pub writes: u64,
    /// The folder of the journal that keeps them for the next start; without one they are lost.
    pub journal_folder: Option<Box<Path>>,
}

/// The keyspaces of a server.
#[derive(Debug)]
pub struct Keyspaces {
    /// In the order of the configuration.
    keyspaces: Vec<Arc<Keyspace>>,
    /// The longest prefix first.
    prefixed: Vec<Arc<Keyspace>>,
    /// Whether some prefix begins with this byte: most keys of the default keyspace need no more.
    first_bytes: [bool; 256],
    default: Option<Arc<Keyspace>>,
    key_bytes_max: usize,
    gate: Arc<Gate>,
    hub: Arc<Hub>,
    tuning: Tuning,
}

impl Keyspaces {
    /// These keyspaces, and for keys that match no prefix the default one, without which they are
    /// refused. Prefixes must not be empty, and no two the same. All tell `hub`.
    pub fn new(
        keyspaces: Vec<Arc<Keyspace>>,
        default: Option<Arc<Keyspace>>,
        key_bytes_max: usize,
        hub: Arc<Hub>,
    ) -> Self {
        let mut prefixed = keyspaces.clone();
        prefixed.sort_by_key(|keyspace| std::cmp::Reverse(keyspace.prefix.len()));
        let mut first_bytes = [false; 256];
        for keyspace in &prefixed {
            first_bytes[usize::from(keyspace.prefix[0])] = true;
        }
        let (gate, tuning) = (Arc::default(), Tuning::new(hub.clone()));
        Self { keyspaces, prefixed, first_bytes, default, key_bytes_max, gate, hub, tuning }
    }

    /// The keyspace of a key that a client in `database` names, and the key behind the prefix.
    ///
    /// # Errors
    ///
    /// When the key is too long, or matches no prefix and there is no default keyspace.
    #[inline]
    pub fn route<'k>(
        &self,
        key: &'k [u8],
        database: u8,
    ) -> Result<(&Arc<Keyspace>, KeyRef<'k>), Error> {
        if key.len() > self.key_bytes_max {
            return Err(self.too_long(key));
        }
        if key.first().is_some_and(|first| self.first_bytes[usize::from(*first)]) {
            for keyspace in &self.prefixed {
                if let Some(bytes) = key.strip_prefix(&*keyspace.prefix) {
                    return Ok((keyspace, KeyRef { bytes, database: 0 }));
                }
            }
        }
        match &self.default {
            Some(keyspace) => Ok((keyspace, KeyRef { bytes: key, database })),
            None => Err(self.unmatched(key)),
        }
    }

    /// [`route`](Self::route) with owned results.
    pub fn route_owned(&self, key: &[u8], database: u8) -> Result<(Arc<Keyspace>, Key), Error> {
        let (keyspace, key) = self.route(key, database)?;
        Ok((keyspace.clone(), key.into()))
    }

    /// The keyspace of the keys that match no prefix.
    pub fn fallback(&self) -> Option<&Arc<Keyspace>> {
        self.default.as_ref()
    }

    /// Every keyspace in the order of the configuration, the default one last.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Keyspace>> {
        self.keyspaces.iter().chain(&self.default)
    }

    /// The keyspaces whose keys are listed in `database`: the default one, and in database 0 all.
    pub fn listed_in(&self, database: u8) -> impl Iterator<Item = &Arc<Keyspace>> {
        let prefixed = if database == 0 { &*self.keyspaces } else { &[] };
        prefixed.iter().chain(&self.default)
    }

    /// How many keys are listed in `database`; expired ones count until they are read or swept.
    pub fn keys(&self, database: u8) -> u64 {
        self.listed_in(database).map(|keyspace| keyspace.index.len(database)).sum()
    }

    /// What those go through that touch keys.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// What is told of their changes.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// What can be changed while they serve.
    pub fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// The keyspace of that name.
    pub fn named(&self, name: &[u8]) -> Option<&Arc<Keyspace>> {
        self.iter().find(|keyspace| keyspace.name.as_bytes() == name)
    }

    /// The runtime that all of them run on.
    ///
    /// # Panics
    ///
    /// When there is no keyspace at all, which no configuration gives.
    pub fn runtime(&self) -> &Arc<dyn Runtime> {
        self.iter().next().expect("a server has a keyspace").cache.runtime()
    }

    /// Removes expired copies everywhere, unless that is switched off.
    pub fn sweep(&self) {
        if self.tuning.is_sweeping() {
            self.iter().for_each(|keyspace| keyspace.cache.sweep());
        }
    }

    /// Shuts every cache down and flushes what is queued, all at the same time; what the keyspaces
    /// that could not have left.
    pub async fn shutdown(&self, patience: Duration) -> Vec<Unflushed> {
        let each = self.iter().map(|keyspace| async move {
            let unflushed = keyspace.cache.shutdown(patience).await.err()?;
            Some(Unflushed {
                keyspace: keyspace.name.clone(),
                writes: unflushed.writes,
                journal_folder: keyspace.journal_folder.clone(),
            })
        });
        futures_util::future::join_all(each).await.into_iter().flatten().collect()
    }

    fn too_long(&self, key: &[u8]) -> Error {
        let (length, max) = (key.len(), self.key_bytes_max);
        Error::plain(format!(
            "the key has {length} bytes and at most {max} are allowed: shorten it or raise limits.key_bytes_max"
        ))
    }

    fn unmatched(&self, key: &[u8]) -> Error {
        let shown: String = String::from_utf8_lossy(key).chars().take(128).collect();
        let prefixes: Vec<_> = self
            .keyspaces
            .iter()
            .map(|keyspace| String::from_utf8_lossy(&keyspace.prefix))
            .collect();
        let prefixes = prefixes.join(", ");
        Error::plain(format!("no keyspace has the key '{shown}': the prefixes are {prefixes}"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use larder_protocol::Limits;

    use super::*;
    use crate::keyspace::tests::plain;

    /// These keyspaces, with a hub of their own.
    pub(crate) fn of(
        keyspaces: Vec<Arc<Keyspace>>,
        default: Option<Arc<Keyspace>>,
        key_bytes_max: usize,
    ) -> Keyspaces {
        Keyspaces::new(keyspaces, default, key_bytes_max, Hub::new(Limits::default()))
    }

    fn keyspaces(default: bool) -> Keyspaces {
        let prefixed = vec![plain("a", "a:"), plain("ab", "a:b:"), plain("u", "ü")];
        let default = default.then(|| plain("default", ""));
        of(prefixed, default, 8)
    }

    fn routed(keyspaces: &Keyspaces, key: &str) -> Result<(String, String), String> {
        let (keyspace, rest) =
            keyspaces.route(key.as_bytes(), 3).map_err(|error| error.to_string())?;
        assert_eq!(rest.database, if keyspace.prefix.is_empty() { 3 } else { 0 });
        Ok((keyspace.name.to_string(), String::from_utf8_lossy(rest.bytes).into_owned()))
    }

    #[test]
    fn a_key_belongs_to_the_longest_prefix_that_it_begins_with() {
        let keyspaces = keyspaces(true);
        for (key, keyspace, rest) in [
            ("a:1", "a", "1"),
            ("a:b:1", "ab", "1"),
            ("a:b", "a", "b"),
            ("a:", "a", ""),
            ("üx", "u", "x"),
            ("a", "default", "a"),
            ("", "default", ""),
            ("b:1", "default", "b:1"),
        ] {
            let expected = (keyspace.to_owned(), rest.to_owned());
            assert_eq!(routed(&keyspaces, key), Ok(expected), "{key}");
        }
    }

    #[test]
    fn without_a_default_a_key_of_no_prefix_is_refused() {
        let error = routed(&keyspaces(false), "b:1").unwrap_err();
        assert_eq!(error, "ERR no keyspace has the key 'b:1': the prefixes are a:, a:b:, ü");
    }

    #[test]
    fn a_key_is_measured_with_its_prefix() {
        assert!(routed(&keyspaces(true), "a:345678").is_ok());
        assert!(routed(&keyspaces(true), "a:3456789").unwrap_err().contains("has 9 bytes"));
    }

    #[test]
    fn keyspaces_are_told_in_their_order_and_found_by_name() {
        let keyspaces = keyspaces(true);
        let names: Vec<&str> = keyspaces.iter().map(|keyspace| &*keyspace.name).collect();
        assert_eq!(names, ["a", "ab", "u", "default"]);
        assert_eq!(&*keyspaces.named(b"ab").unwrap().prefix, b"a:b:");
        assert!(keyspaces.named(b"a:").is_none());
    }
}
