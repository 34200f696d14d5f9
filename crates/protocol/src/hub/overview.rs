//! What the sessions come to together, for `INFO`.

use std::sync::atomic::Ordering;

use super::Hub;

/// Figures over all sessions, of one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overview {
    /// Sessions, without those that others have ended.
    pub sessions: usize,
    /// Sessions that track keys.
    pub tracking_clients: usize,
    /// Keys that are tracked.
    pub tracked_keys: usize,
    /// How often they are tracked: each key once for each session.
    pub tracked_items: usize,
    /// Prefixes that are tracked.
    pub tracked_prefixes: usize,
    /// Channels that somebody listens to.
    pub channels: usize,
    /// Patterns that somebody listens to.
    pub patterns: usize,
    /// Bytes that are held for all sessions.
    pub bytes: usize,
    /// Sessions that wait for the end of a pause.
    pub paused: usize,
}

impl Hub {
    /// Counts what there is.
    pub fn overview(&self) -> Overview {
        let (mut sessions, mut paused) = (0, 0);
        self.clients.each(|card| {
            sessions += 1;
            paused += usize::from(card.is_held());
        });
        let (tracked_keys, tracked_items, tracked_prefixes) = self.tracking.counts();
        Overview {
            sessions,
            tracking_clients: self.tracking.members(),
            tracked_keys,
            tracked_items,
            tracked_prefixes,
            channels: self.channels.names(None).len(),
            patterns: self.channels.patterns(),
            bytes: self.bytes.load(Ordering::Relaxed),
            paused,
        }
    }
}
