//! A flight: one load of one key in progress, and everybody who waits for it.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::entry::Version;
use crate::error::Result;
use crate::trace::Trace;

/// What a flight brought: the value, known absent, or why there is neither.
pub(crate) type Landing<V> = Result<Option<V>>;

/// Waits for a flight. An error of the channel means that the flight was lost.
pub(crate) type Seat<V> = oneshot::Receiver<Landing<V>>;

/// One load of one key.
pub(crate) struct Flight<V> {
    /// What a fill by this flight is checked against.
    pub(crate) version: Version,
    /// The trace of the request that started it.
    pub(crate) trace: Option<Trace>,
    waiting: Mutex<Vec<oneshot::Sender<Landing<V>>>>,
}

impl<V: Clone> Flight<V> {
    pub(crate) fn new(version: Version, trace: Option<Trace>) -> Arc<Self> {
        Arc::new(Self { version, trace, waiting: Mutex::default() })
    }

    /// A seat in this flight. Only to be taken while the flight can still be joined.
    pub(crate) fn seat(&self) -> Seat<V> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().push(sender);
        receiver
    }

    /// Hands the landing to everybody who waits. Those who joined before the flight was voided get
    /// its result too: their reads began before whatever voided it returned.
    pub(crate) fn release(&self, landing: &Landing<V>) {
        for waiting in self.waiting.lock().drain(..) {
            // A reader that went away needs no answer.
            drop(waiting.send(landing.clone()));
        }
    }
}
