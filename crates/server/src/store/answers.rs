//! Late answers on their way to the connection that waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use larder_protocol::store::{Answer, Ticket};
use parking_lot::Mutex;

use super::whole::Whole;

/// The late answers of one client.
pub(crate) struct Answers {
    arrived: Mutex<Vec<(Ticket, Answer)>>,
    /// The client's transaction, once it has its keys.
    whole: Mutex<Option<Whole>>,
    waker: Waker,
    is_abandoned: AtomicBool,
}

impl Answers {
    pub(crate) fn new(waker: Waker) -> Arc<Self> {
        Arc::new(Self {
            arrived: Mutex::default(),
            whole: Mutex::default(),
            waker,
            is_abandoned: AtomicBool::new(false),
        })
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

    /// Leaves a transaction that has its keys; its answer follows. If the client is gone nobody else is to
    /// wait for them.
    pub(super) fn deliver_whole(&self, whole: Whole) {
        let mut place = self.whole.lock();
        if !self.is_abandoned() {
            *place = Some(whole);
        }
    }

    /// The transaction that has come.
    pub(super) fn take_whole(&self) -> Option<Whole> {
        self.whole.lock().take()
    }

    /// Says that the client is gone: nobody will take the answers.
    pub(crate) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
        drop(self.take_whole());
    }

    /// Whether the client is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }
}
