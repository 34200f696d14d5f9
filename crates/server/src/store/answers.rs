//! Late answers on their way to the connection that waits for them.

use std::sync::Arc;
use std::task::Waker;

use larder_protocol::store::{Answer, Ticket};
use parking_lot::Mutex;

/// The late answers of one client.
pub(crate) struct Answers {
    arrived: Mutex<Vec<(Ticket, Answer)>>,
    waker: Waker,
}

impl Answers {
    pub(crate) fn new(waker: Waker) -> Arc<Self> {
        Arc::new(Self { arrived: Mutex::default(), waker })
    }

    /// Adds answers and wakes the client's connection.
    pub(crate) fn deliver(&self, answers: impl IntoIterator<Item = (Ticket, Answer)>) {
        self.arrived.lock().extend(answers);
        self.waker.wake_by_ref();
    }

    /// The answers that have arrived since the last call.
    pub(crate) fn take(&self) -> Vec<(Ticket, Answer)> {
        std::mem::take(&mut *self.arrived.lock())
    }
}
