//! What a client reads, put where workers find it.

use std::sync::Arc;
use std::time::Duration;

use larder_protocol::error::Error;
use larder_protocol::store::{Later, Store, Terms};
use larder_protocol::value::Item;

use super::ClientStore;
use crate::shared_tier::{Fill, Lease, Moment, SharedTier};

/// How many values are put there at a time. A batch that reads more is one that workers pass on anyway.
const FILLS_MAX: usize = 64;

/// An expiry is told in whole milliseconds.
const ROUNDING: Duration = Duration::from_millis(1);

impl ClientStore {
    /// Where workers find hits, if there are workers.
    pub(crate) fn shared(&self) -> Option<&Arc<SharedTier>> {
        self.status.shared()
    }

    /// What counts the changes of what clients may do.
    pub(crate) fn revision(&self) -> u64 {
        self.status.keyspaces.hub().revision()
    }

    /// The lease under which what `key` holds may be shared. It has to be there before that is read.
    pub(super) fn lease_to_share(&self, terms: Terms, key: &[u8]) -> Option<Lease> {
        let shared = self.shared()?;
        let is_shared = terms.database == 0 && self.whole.is_none();
        is_shared.then(|| shared.lease(key)).flatten()
    }

    /// Reads a value, and notes it for the end of the batch.
    pub(super) fn read_to_share(
        &mut self,
        terms: Terms,
        key: &[u8],
        lease: Lease,
        see: &mut dyn FnMut(Option<Item<'_>>),
    ) -> Result<Result<(), Later>, Error> {
        let mut found = None;
        let read = self.read(terms, key, &mut |item| {
            let value = item.as_ref().and_then(|item| item.value.string().ok());
            let expires_in_ms = item.as_ref().and_then(|item| item.expires_in_ms);
            found = value.map(|value| (value.into_owned(), expires_in_ms));
            see(item);
        })?;
        if let Some((value, expires_in_ms)) = found
            && self.fills.len() < FILLS_MAX
        {
            let until = expires_in_ms.map(|ms| self.until(terms, key, ms)).transpose()?;
            self.fills.extend(Fill::new(key, lease, &value, until));
        }
        Ok(read)
    }

    /// Until when a worker may answer with what expires so soon, as this batch sees it, without
    /// anybody missing a refresh.
    fn until(&self, terms: Terms, key: &[u8], expires_in_ms: u64) -> Result<Moment, Error> {
        let (keyspace, _) = self.status.keyspaces.route(key, terms.database)?;
        // The shared clock first: what passes between the two makes it too early, not too late.
        let shared_now = Moment::now();
        let passed = self.runtime.now_precise().since(self.now);
        let early = passed + ROUNDING + keyspace.cache.refresh_ahead();
        Ok(shared_now + Duration::from_millis(expires_in_ms).saturating_sub(early))
    }

    /// Puts what this batch has read where workers find it.
    pub(super) fn share(&mut self) {
        if self.fills.is_empty() {
            return;
        }
        let fills = std::mem::take(&mut self.fills);
        self.shared().inspect(|shared| shared.fill(&fills));
    }
}
