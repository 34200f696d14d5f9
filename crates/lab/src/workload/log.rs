//! A log: what is written is new, and is read later and rarely, if at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Client, Keys, Setting};
use crate::failure::Result;

pub(super) fn prepare(setting: &Setting) -> Result<Arc<dyn Keys>> {
    Ok(Arc::new(Log { first: setting.keys, next: AtomicU64::new(setting.keys) }))
}

/// A write takes the next key that was never written, whoever writes; a read is for any key before that.
struct Log {
    first: u64,
    next: AtomicU64,
}

impl Keys for Log {
    fn count(&self) -> u64 {
        self.first
    }

    fn reached(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    fn begin_again(&self) {
        self.next.store(self.first, Ordering::Relaxed);
    }

    fn choose(&self, client: &mut Client, is_read: bool) -> u64 {
        match is_read {
            true => client.random.below(self.next.load(Ordering::Relaxed)),
            false => self.next.fetch_add(1, Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Operation, Ready, Workload};

    #[test]
    fn no_key_is_written_twice_and_none_is_read_before_it_is_written() {
        let setting = Setting { keys: 50, ..Setting::default() };
        let ready = Workload::named("log").unwrap().prepare(&setting).unwrap();
        let mut clients = [ready.operations(0, 2), ready.operations(1, 2)];
        let mut next = 50;
        for turn in 0..2000 {
            match clients[turn % 2].draw() {
                Operation::Read(key) => assert!(key < next),
                Operation::Write(key) => {
                    assert_eq!(key, next);
                    next += 1;
                }
            }
        }
    }

    #[test]
    fn a_log_that_begins_again_has_its_first_keys_and_no_others() {
        let setting = Setting { keys: 50, ..Setting::default() };
        let mut ready = Workload::named("log").unwrap().prepare(&setting).unwrap();
        ready.read_share = 0.0;
        let written = |ready: &Ready| ready.operations(0, 1).take(3).collect::<Vec<_>>();
        let first = written(&ready);
        assert_eq!((first[0], ready.keys_reached()), (Operation::Write(50), 53));
        ready.begin_again();
        assert_eq!(ready.keys_reached(), 50);
        assert_eq!(written(&ready), first);
    }
}
