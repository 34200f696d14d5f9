//! No cache: the application asks the database itself. Everything else is compared with this.

use std::time::Instant;

use crate::failure::Result;
use crate::strategies::application::{Application, Extent, Strategy, Surroundings};
use crate::strategies::database::Table;

pub(super) const STRATEGY: Strategy = Strategy {
    name: "database-alone",
    keyspace: None,
    application: |surroundings| Ok(Box::new(DatabaseAlone::new(surroundings))),
    extent: Extent::Whole,
    said: None,
    advice: |evidence| {
        format!(
            "as long as it is fast enough: {}. It is the only one that nobody can write past.",
            evidence.rate()
        )
    },
};

struct DatabaseAlone {
    database: Table,
}

impl DatabaseAlone {
    fn new(surroundings: &Surroundings<'_>) -> Self {
        Self { database: surroundings.database.table() }
    }
}

impl Application for DatabaseAlone {
    fn read(&mut self, key: u64) -> Result<Option<Vec<u8>>> {
        self.database.read(key)
    }

    fn write(&mut self, key: u64, value: Vec<u8>) -> Result<Instant> {
        self.database.write(key, value)?;
        Ok(Instant::now())
    }
}
