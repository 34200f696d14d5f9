//! The application that leaves everything to larder: it reads and writes the cache, and never sees the
//! database.

use std::time::Instant;

use crate::failure::Result;
use crate::strategies::application::{Application, Surroundings, wire_key};
use crate::strategies::wire::Wire;

pub(super) struct ThroughLarder {
    cache: Wire,
}

impl ThroughLarder {
    pub(super) fn connect(surroundings: &Surroundings<'_>) -> Result<Box<dyn Application>> {
        Ok(Box::new(Self { cache: surroundings.cache()? }))
    }
}

impl Application for ThroughLarder {
    fn read(&mut self, key: u64) -> Result<Option<Vec<u8>>> {
        self.cache.get(&wire_key(key))
    }

    fn write(&mut self, key: u64, value: Vec<u8>) -> Result<Instant> {
        self.cache.set(&wire_key(key), &value)?;
        Ok(Instant::now())
    }
}
