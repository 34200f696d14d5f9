//! When others may answer in the place of a session.

use super::{Ending, Session};
use crate::client::Replies;
use crate::hub::Hub;

impl Session {
    /// Whether a `GET` that came now would be answered with the string that its key holds in database
    /// 0, or with whatever else the store has to say of it, and nothing but that would come of it.
    /// `Some` says so, and goes for all that come next, while [`Hub::revision`] is what it answers,
    /// the session receives nothing and has nothing to send.
    pub fn representable(&self) -> Option<u64> {
        // Before anything else is looked at: what comes into force meanwhile is missed by none.
        let revision = self.hub.revision();
        let is_at_rest = self.input.is_empty()
            && self.output().is_empty()
            && !self.is_waiting()
            && !self.card().has_mail()
            && self.pipeline.ending() == Ending::Open
            && !self.card().is_ended();
        (is_at_rest && self.is_usual()).then_some(revision)
    }

    /// Whether its client is as it was at first, or has become somebody who may do everything.
    fn is_usual(&self) -> bool {
        let (client, hub): (_, &Hub) = (&self.pipeline.client, &self.hub);
        client.transaction.is_none()
            && client.tracking.is_none()
            && client.database == 0
            && client.replies == Replies::All
            && !client.is_subscribed()
            && !client.identity.is_missing(&hub.users)
            && client.identity.user().is_unrestricted()
            && !hub.pause.is_set()
    }
}
