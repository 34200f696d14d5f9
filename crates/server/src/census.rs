//! The count of clients.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many clients there are and have been.
#[derive(Debug, Default)]
pub struct Census {
    connected: AtomicUsize,
    accepted: AtomicU64,
    refused: AtomicU64,
}

impl Census {
    /// A number for a new client, unless there are `clients_max` already.
    pub fn admit(&self, clients_max: usize) -> Option<u64> {
        if self.connected.fetch_add(1, Ordering::Relaxed) >= clients_max {
            self.leave();
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.accepted.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A client that was admitted has gone.
    pub fn leave(&self) {
        self.connected.fetch_sub(1, Ordering::Relaxed);
    }

    /// Clients connected now.
    pub fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }

    /// Clients accepted so far.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Clients refused so far because there were too many.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}
