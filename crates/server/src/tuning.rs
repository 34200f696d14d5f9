//! What can be changed while the server runs and concerns values: parameters of `CONFIG SET`.

use std::sync::Arc;

use larder_protocol::hub::Hub;
use larder_protocol::settings::{Settings, place};

use crate::value::{Counting, HashLimits};

/// Reads the parameters, each by one load.
#[derive(Debug, Clone)]
pub struct Tuning(Arc<Hub>);

impl Tuning {
    /// The parameters of the sessions that share `hub`.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }

    /// Up to where a hash is kept as a list (`hash-max-listpack-*`).
    pub fn hash_limits(&self) -> HashLimits {
        let limit = |place| usize::try_from(self.settings().number(place)).unwrap_or(0);
        HashLimits {
            entries_max: limit(place::HASH_MAX_LISTPACK_ENTRIES),
            value_max: limit(place::HASH_MAX_LISTPACK_VALUE),
        }
    }

    /// How uses are counted; `None` when only the last one is noted (`maxmemory-policy`).
    pub fn counting(&self) -> Option<Counting> {
        let counts = self.settings().choice(place::MAXMEMORY_POLICY).ends_with("lfu");
        counts.then(|| self.decay())
    }

    /// How the frequency of use is told, counted or not (`lfu-*`).
    pub fn decay(&self) -> Counting {
        let number = |place| u32::try_from(self.settings().number(place)).unwrap_or(0);
        Counting {
            log_factor: number(place::LFU_LOG_FACTOR),
            decay_minutes: number(place::LFU_DECAY_TIME),
        }
    }

    /// Whether expired copies are swept out (`DEBUG SET-ACTIVE-EXPIRE`).
    pub fn is_sweeping(&self) -> bool {
        self.settings().is_sweeping()
    }

    fn settings(&self) -> &Settings {
        self.0.settings()
    }
}

#[cfg(test)]
mod tests {
    use larder_protocol::Limits;

    use super::*;

    #[test]
    fn uses_are_counted_only_when_that_is_asked_for() {
        let hub = Hub::new(Limits::default());
        let tuning = Tuning::new(hub.clone());
        assert_eq!(tuning.counting(), None);
        hub.settings().begin(place::LFU_LOG_FACTOR, "1").unwrap();
        hub.settings().begin(place::LFU_DECAY_TIME, "0").unwrap();
        hub.settings().begin(place::MAXMEMORY_POLICY, "volatile-lfu").unwrap();
        assert_eq!(tuning.counting(), Some(Counting { log_factor: 1, decay_minutes: 0 }));
    }

    #[test]
    fn the_limits_of_hashes_are_as_they_were_set() {
        let hub = Hub::new(Limits::default());
        let tuning = Tuning::new(hub.clone());
        assert_eq!(tuning.hash_limits(), HashLimits { entries_max: 512, value_max: 64 });
        hub.settings().begin(place::HASH_MAX_LISTPACK_ENTRIES, "1").unwrap();
        hub.settings().begin(place::HASH_MAX_LISTPACK_VALUE, "2").unwrap();
        assert_eq!(tuning.hash_limits(), HashLimits { entries_max: 1, value_max: 2 });
    }
}
