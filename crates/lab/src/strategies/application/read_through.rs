//! larder loads what it misses; the application writes the database itself and then drops the copy.

use std::time::Instant;

use crate::failure::Result;
use crate::strategies::application::{
    Application, Consistency, Extent, Said, Speed, Strategy, Surroundings, wire_key,
};
use crate::strategies::database::Table;
use crate::strategies::wire::Wire;

pub(super) const STRATEGY: Strategy = Strategy {
    name: "read-through",
    keyspace: Some(|_| "strategy = \"read-through\"\n".to_owned()),
    application: |surroundings| Ok(Box::new(ReadThrough::new(surroundings)?)),
    extent: Extent::Whole,
    said: Some(Said {
        read: Speed::Fast,
        write: Speed::Normal,
        consistency: Consistency::Medium,
        complexity: "medium",
        serves: "read-heavy, simple application code",
    }),
    advice: |evidence| {
        format!(
            "when reads should be one command and many miss the same key at once, since one load serves \
             them all, while somebody else writes the database: {}; {}.",
            evidence.reads(),
            evidence.staleness()
        )
    },
};

struct ReadThrough {
    cache: Wire,
    database: Table,
}

impl ReadThrough {
    fn new(surroundings: &Surroundings<'_>) -> Result<Self> {
        Ok(Self { cache: surroundings.cache()?, database: surroundings.database.table() })
    }
}

impl Application for ReadThrough {
    fn read(&mut self, key: u64) -> Result<Option<Vec<u8>>> {
        self.cache.get(&wire_key(key))
    }

    fn write(&mut self, key: u64, value: Vec<u8>) -> Result<Instant> {
        self.database.write(key, value)?;
        let committed = Instant::now();
        self.cache.drop_copy(&wire_key(key))?;
        Ok(committed)
    }
}
