//! The application reads and writes larder, which queues the write in its journal, answers, and brings
//! it to the database later.

use std::path::Path;

use crate::strategies::application::through_larder::ThroughLarder;
use crate::strategies::application::{Consistency, Extent, Said, Speed, Strategy};
use crate::strategies::evidence::Evidence;

/// Where the journal is.
const JOURNAL: &str = "journal_dir";

pub(super) const STRATEGY: Strategy = Strategy {
    name: "write-behind",
    keyspace: Some(durable),
    application: ThroughLarder::connect,
    extent: Extent::Whole,
    said: Some(Said {
        read: Speed::Fast,
        write: Speed::VeryFast,
        consistency: Consistency::LowToMedium,
        complexity: "high",
        serves: "write-heavy, loss tolerated",
    }),
    advice,
};

/// The queue that textbooks have in mind: in memory, lost with the process.
pub(super) const IN_MEMORY: Strategy = Strategy {
    name: "write-behind-in-memory",
    keyspace: Some(|_| lines("journal = \"memory\"")),
    extent: Extent::CrashOnly,
    said: None,
    advice: |evidence| format!("where a crash may cost writes: {}.", evidence.losses()),
    ..STRATEGY
};

fn durable(journal: &Path) -> String {
    let journal = journal.display();
    lines(&format!("{JOURNAL} = \"{journal}\"\nsync = \"always\""))
}

fn lines(queue: &str) -> String {
    format!("strategy = \"write-behind\"\n[keyspaces.lab.write_behind]\n{queue}\n")
}

fn advice(evidence: &Evidence<'_>) -> String {
    format!(
        "when writes come in bursts or hit the same keys again and again, the database is slow to \
         commit, and whoever else reads it may see it late: {}; {}; {}; {}.",
        evidence.writes(),
        evidence.source_writes(),
        evidence.lag(),
        evidence.losses()
    )
}
