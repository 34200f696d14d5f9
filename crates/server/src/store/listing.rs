//! What keys there are, and what is known of them beside their values.

use std::sync::Arc;

use larder_protocol::reply::Reply;
use larder_protocol::store::Particulars;
use larder_protocol::value::Item;

use super::{ClientStore, item};
use crate::assemble::ENTRY_BYTES;
use crate::index::{Position, Slot};
use crate::key::Key;
use crate::keyspace::Keyspace;

/// How many keys are looked at together for one that is still there.
const DRAW: usize = 8;

/// How often that is done before a database is taken for empty. The next sweep removes what has
/// expired.
const DRAWS_MAX: usize = 128;

impl ClientStore {
    /// Shows about `count` keys from `cursor` on; answers the next cursor.
    pub(super) fn list(
        &self,
        database: u8,
        cursor: u64,
        count: usize,
        see: &mut dyn FnMut(&[u8], Item<'_>),
    ) -> u64 {
        let Some(position) = Position::from_cursor(cursor) else { return 0 };
        let (found, next) = self.found(database, position, count.max(1));
        let mut whole = Vec::new();
        for (keyspace, (_, key)) in &found {
            // The index is not locked any more: the key may be gone, or have expired.
            let Some(entry) = keyspace.cache.glance(key) else { continue };
            let Some(value) = &entry.value else { continue };
            whole.clear();
            whole.extend_from_slice(&keyspace.prefix);
            whole.extend_from_slice(key.as_ref());
            see(&whole, item(value, entry.fresh_until, self.now));
        }
        next
    }

    /// Any key, or null when there is none.
    pub(super) fn any_key(&self, database: u8) -> Reply {
        let mut cursor = Position::any(self.runtime.random()).cursor_behind();
        for _ in 0..DRAWS_MAX {
            let mut first = None;
            cursor = self.list(database, cursor, DRAW, &mut |key, _| {
                first.get_or_insert_with(|| key.to_vec());
            });
            if let Some(key) = first {
                return Reply::Bulk(key);
            }
        }
        Reply::Null
    }

    pub(super) fn particulars(&self, keyspace: &Keyspace, key: &Key) -> Option<Particulars> {
        let value = keyspace.come_upon(key)?.value?;
        let decay = self.status.keyspaces.tuning().decay();
        Some(Particulars {
            encoding: value.encoding(),
            is_shared: value.is_shared(),
            idle_s: value.usage().idle_s(self.now),
            frequency: value.usage().frequency(self.now, decay),
            bytes: ENTRY_BYTES + key.as_ref().len() as u64 + value.weight(),
            is_copy: !keyspace.cache.is_plain(),
        })
    }

    /// The first keys from `position` on, of all keyspaces that are listed in the database, and the
    /// cursor behind them.
    fn found(
        &self,
        database: u8,
        position: Position,
        count: usize,
    ) -> (Vec<(&Arc<Keyspace>, Slot)>, u64) {
        let mut found = Vec::new();
        for keyspace in self.status.keyspaces.listed_in(database) {
            let slots = keyspace.index.from(keyspace.database(database), position, count);
            found.extend(slots.into_iter().map(|slot| (keyspace, slot)));
        }
        found.sort_by_key(|(_, (position, _))| *position);
        // Each keyspace has told all that it has up to there, as the first `count` are among these.
        let Some(last) = found.get(count - 1).map(|(_, (position, _))| *position) else {
            return (found, 0);
        };
        found.retain(|(_, (position, _))| *position <= last);
        (found, last.cursor_behind())
    }
}
