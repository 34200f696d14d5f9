//! One key that everybody wants, among others.

use std::sync::Arc;

use super::{Client, Keys, Setting};
use crate::failure::{Failure, Result};

/// The key that everybody wants.
const HOT: u64 = 0;

pub(super) fn prepare(setting: &Setting) -> Result<Arc<dyn Keys>> {
    if !(0.0..=1.0).contains(&setting.hot_share) {
        return Err(Failure::misuse("the share of the hot key is from 0 to 1"));
    }
    Ok(Arc::new(Hot { count: setting.keys, share: setting.hot_share }))
}

/// A share of the requests is for one key; of the others every key is as likely.
struct Hot {
    count: u64,
    share: f64,
}

impl Keys for Hot {
    fn count(&self) -> u64 {
        self.count
    }

    fn choose(&self, client: &mut Client, _is_read: bool) -> u64 {
        match client.random.happens(self.share) {
            true => HOT,
            false => client.random.below(self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Operation, Workload};

    #[test]
    fn the_hot_key_has_its_share_and_its_part_of_the_rest() {
        let setting = Setting { keys: 10, hot_share: 0.5, ..Setting::default() };
        let ready = Workload::named("hot-key").unwrap().prepare(&setting).unwrap();
        let is_hot =
            |asked: &Operation| matches!(asked, Operation::Read(HOT) | Operation::Write(HOT));
        let hot = ready.operations(0, 1).take(10_000).filter(is_hot).count();
        assert!((5_200..5_800).contains(&hot), "{hot}");
    }

    #[test]
    fn a_share_is_no_more_than_all() {
        for hot_share in [-0.1, 1.1, f64::NAN] {
            assert!(prepare(&Setting { hot_share, ..Setting::default() }).is_err());
        }
    }
}
