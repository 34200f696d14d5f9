//! What waits for a session that is to be told of something.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::Push;

/// The mail of one session, up to a bound, and counted among what all sessions hold.
pub(super) struct Mailbox {
    bytes_max: usize,
    /// How many bytes all sessions hold.
    sum: Arc<AtomicUsize>,
    mail: Mutex<Mail>,
    has_mail: AtomicBool,
}

#[derive(Default)]
struct Mail {
    pushes: Vec<Push>,
    bytes: usize,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Posted {
    /// It is the first since the mail was collected.
    First,
    /// Others wait already.
    Another,
    /// It does not fit, and all that lay there is thrown away.
    TooMuch,
}

impl Mailbox {
    pub(super) fn new(bytes_max: usize, sum: Arc<AtomicUsize>) -> Self {
        Self { bytes_max, sum, mail: Mutex::default(), has_mail: AtomicBool::new(false) }
    }

    pub(super) fn post(&self, push: Push) -> Posted {
        let size = push.size();
        let mut mail = self.mail.lock();
        if mail.bytes + size > self.bytes_max {
            self.sum.fetch_sub(mem::take(&mut *mail).bytes, Ordering::Relaxed);
            return Posted::TooMuch;
        }
        mail.bytes += size;
        mail.pushes.push(push);
        self.sum.fetch_add(size, Ordering::Relaxed);
        drop(mail);
        match self.has_mail.swap(true, Ordering::AcqRel) {
            false => Posted::First,
            true => Posted::Another,
        }
    }

    /// Whether [`collect`](Self::collect) would find something. Costs one load.
    pub(super) fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    pub(super) fn collect(&self) -> Vec<Push> {
        // Before the mail is taken: what is posted after that is a first again.
        self.has_mail.store(false, Ordering::Release);
        let mail = mem::take(&mut *self.mail.lock());
        self.sum.fetch_sub(mail.bytes, Ordering::Relaxed);
        mail.pushes
    }

    /// How much is still there.
    pub(super) fn bytes(&self) -> usize {
        self.mail.lock().bytes
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.sum.fetch_sub(self.mail.get_mut().bytes, Ordering::Relaxed);
    }
}
