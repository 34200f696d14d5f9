//! Follows what becomes of the keys of one keyspace: keeps its index, and tells those who listen.

use std::borrow::Cow;
use std::sync::Arc;

use larder::{Cause, Change, Observer};
use larder_protocol::hub::{self, Hub};

use crate::actor;
use crate::index::Index;
use crate::key::Key;

/// The observer of a keyspace's cache.
pub struct Witness {
    index: Arc<Index>,
    hub: Arc<Hub>,
    prefix: Box<[u8]>,
    /// There is a source, and with it "known absent".
    is_copy: bool,
}

impl Witness {
    /// Follows a keyspace with this prefix, with or without a source.
    pub fn new(index: Arc<Index>, hub: Arc<Hub>, prefix: &[u8], is_copy: bool) -> Self {
        Self { index, hub, prefix: prefix.into(), is_copy }
    }

    fn note(&self, key: &Key, change: Change) {
        match change.present {
            // What it replaces was a value, too: the index has the key.
            true if change.replaced && !self.is_copy => {}
            true => self.index.add(key),
            false => self.index.remove(key),
        }
    }

    #[cold]
    fn tell(&self, key: &Key, change: Change) {
        let Some(cause) = self.cause(change) else { return };
        let is_shared = !self.prefix.is_empty();
        let whole = match is_shared {
            true => Cow::Owned([&*self.prefix, key.as_ref()].concat()),
            false => Cow::Borrowed(key.as_ref()),
        };
        self.hub.changed(&hub::Change {
            key: &whole,
            database: (!is_shared).then(|| key.database()),
            cause,
            is_copy: self.is_copy,
            by: actor::present(),
        });
    }

    /// What a client would call it; `None` for what is nothing to a client.
    fn cause(&self, change: Change) -> Option<hub::Cause> {
        Some(match change.cause {
            Cause::Written if !change.present && !self.is_copy => hub::Cause::Removed,
            Cause::Written | Cause::Lifetime => hub::Cause::Written,
            Cause::Loaded => hub::Cause::Loaded,
            // The value is the one from before it was withdrawn.
            Cause::Restored => return None,
            Cause::Expired => hub::Cause::Expired,
            Cause::Evicted => hub::Cause::Evicted,
            // A copy that was withdrawn for a write, and whatever else may come: out of date.
            _ => hub::Cause::Invalidated,
        })
    }
}

impl Observer<Key> for Witness {
    fn changed(&self, key: &Key, change: Change) {
        self.note(key, change);
        if self.hub.is_listening() {
            self.tell(key, change);
        }
    }

    /// Whoever clears tells the hub of it, and knows which database it was.
    fn cleared(&self, concerns: &dyn Fn(&Key) -> bool) {
        self.index.remove_where(concerns);
    }
}
