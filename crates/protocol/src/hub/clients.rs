//! The sessions that there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Card;

/// The sessions that there are, by number.
#[derive(Debug, Default)]
pub(crate) struct Clients(RwLock<BTreeMap<u64, Arc<Card>>>);

impl Clients {
    pub(crate) fn add(&self, card: Arc<Card>) {
        self.0.write().insert(card.id, card);
    }

    pub(crate) fn remove(&self, id: u64) {
        self.0.write().remove(&id);
    }

    pub(crate) fn find(&self, id: u64) -> Option<Arc<Card>> {
        self.0.read().get(&id).cloned()
    }

    /// Shows every session, in the order of the numbers.
    pub(crate) fn each(&self, mut see: impl FnMut(&Arc<Card>)) {
        self.0.read().values().for_each(&mut see);
    }
}
