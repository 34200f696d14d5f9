//! The keys of a recorded trace, in their order.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::{Client, KEYS_MAX, Keys, Setting};
use crate::failure::{Failure, Result};
use crate::trace::file;

pub(super) fn prepare(setting: &Setting) -> Result<Arc<dyn Keys>> {
    let Some(path) = &setting.trace else {
        return Err(Failure::misuse("the workload trace replays a file: name it with --trace"));
    };
    Ok(Arc::new(Trace::read(path, setting.trace_max)?))
}

/// The clients take turns at the requests, from the beginning again when they have come to the end.
struct Trace {
    /// Numbers that stand for the keys, in the order in which they first occur.
    requests: Vec<u32>,
    count: u64,
}

impl Trace {
    fn read(path: &Path, requests_max: usize) -> Result<Self> {
        let mut numbers = HashMap::new();
        let mut requests = Vec::new();
        for key in file::keys(path)?.take(requests_max.min(KEYS_MAX as usize - 1)) {
            let next = numbers.len() as u32;
            requests.push(*numbers.entry(key?).or_insert(next));
        }
        match requests.is_empty() {
            true => Err(Failure::misuse(format!("{} has no keys", path.display()))),
            false => Ok(Self { requests, count: numbers.len() as u64 }),
        }
    }
}

impl Keys for Trace {
    fn count(&self) -> u64 {
        self.count
    }

    fn choose(&self, client: &mut Client, _is_read: bool) -> u64 {
        let at = client.place % self.requests.len() as u64;
        client.place += client.clients;
        u64::from(self.requests[at as usize])
    }
}
