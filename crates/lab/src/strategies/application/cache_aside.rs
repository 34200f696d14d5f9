//! The application looks into the cache, loads what it misses and fills it under a lease; it writes the
//! database itself and then drops the copy.

use std::time::Instant;

use larder_protocol::frame::Frame;

use crate::failure::Result;
use crate::strategies::application::{
    Application, Consistency, Extent, Said, Speed, Strategy, Surroundings, wire_key,
};
use crate::strategies::database::Table;
use crate::strategies::wire::{Wire, unexpected};

pub(super) const STRATEGY: Strategy = Strategy {
    name: "cache-aside",
    keyspace: Some(|_| "strategy = \"cache-aside\"\n".to_owned()),
    application: |surroundings| Ok(Box::new(CacheAside::new(surroundings)?)),
    extent: Extent::Whole,
    said: Some(Said {
        read: Speed::Fast,
        write: Speed::Normal,
        consistency: Consistency::Medium,
        complexity: "low",
        serves: "read-mostly, short inconsistency tolerated",
    }),
    advice: |evidence| {
        format!(
            "when the application wants to decide by itself what is loaded and how, reads far more than \
             it writes, and every writer can be trusted to drop the copy: {}; {}.",
            evidence.reads(),
            evidence.staleness()
        )
    },
};

struct CacheAside {
    cache: Wire,
    database: Table,
}

impl CacheAside {
    fn new(surroundings: &Surroundings<'_>) -> Result<Self> {
        Ok(Self { cache: surroundings.cache()?, database: surroundings.database.table() })
    }

    /// Loads under a lease that was taken before, and fills.
    fn load(&mut self, key: u64, token: i64) -> Result<Option<Vec<u8>>> {
        let loaded = self.database.read(key)?;
        if let Some(value) = &loaded {
            let (name, token) = (wire_key(key), token.to_string());
            // A lease that has become void meanwhile is no failure: then nothing is filled.
            self.cache.ask(&[b"CACHE.FILL", name.as_bytes(), token.as_bytes(), value])?;
        }
        Ok(loaded)
    }
}

impl Application for CacheAside {
    fn read(&mut self, key: u64) -> Result<Option<Vec<u8>>> {
        match self.cache.ask(&[b"CACHE.LEASE", wire_key(key).as_bytes()])? {
            Frame::Bulk(value) => Ok(Some(value)),
            Frame::Null => Ok(None),
            Frame::Integer(token) => self.load(key, token),
            other => Err(unexpected("CACHE.LEASE", &other)),
        }
    }

    fn write(&mut self, key: u64, value: Vec<u8>) -> Result<Instant> {
        self.database.write(key, value)?;
        let committed = Instant::now();
        self.cache.drop_copy(&wire_key(key))?;
        Ok(committed)
    }
}
