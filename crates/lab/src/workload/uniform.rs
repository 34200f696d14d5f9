//! Every key as often as the others.

use std::sync::Arc;

use super::{Client, Keys, Setting};
use crate::failure::Result;

pub(super) fn prepare(setting: &Setting) -> Result<Arc<dyn Keys>> {
    Ok(Arc::new(Uniform { count: setting.keys }))
}

/// No key is hotter than another, so a cache hits as often as it has room: the worst that can be asked of
/// one, and seldom what is.
struct Uniform {
    count: u64,
}

impl Keys for Uniform {
    fn count(&self) -> u64 {
        self.count
    }

    fn choose(&self, client: &mut Client, _is_read: bool) -> u64 {
        client.random.below(self.count)
    }
}
