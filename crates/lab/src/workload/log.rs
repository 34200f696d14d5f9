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
    use crate::workload::{Operation, Workload};

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
}
