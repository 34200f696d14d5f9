//! The application reads and writes larder, which writes the database before it answers.

use crate::strategies::application::through_larder::ThroughLarder;
use crate::strategies::application::{Consistency, Extent, Said, Speed, Strategy};
use crate::strategies::evidence::Evidence;

pub(super) const STRATEGY: Strategy = Strategy {
    name: "write-through",
    keyspace: Some(|_| "strategy = \"write-through\"\n".to_owned()),
    application: ThroughLarder::connect,
    extent: Extent::Whole,
    said: Some(Said {
        read: Speed::Fast,
        write: Speed::Slow,
        consistency: Consistency::High,
        complexity: "medium-high",
        serves: "consistency matters, write delay accepted",
    }),
    advice,
};

/// The same in the other order: the earlier copy goes before the database is asked.
pub(super) const CACHE_FIRST: Strategy = Strategy {
    name: "write-through-cache-first",
    keyspace: Some(|_| "strategy = \"write-through\"\norder = \"cache-first\"\n".to_owned()),
    said: None,
    advice: |evidence| {
        format!(
            "when nobody may be given the earlier copy while a write is under way; those readers go to \
             the database instead: {}; {}.",
            evidence.writes(),
            evidence.staleness()
        )
    },
    ..STRATEGY
};

fn advice(evidence: &Evidence<'_>) -> String {
    format!(
        "when what was written is read soon, and a read must never be older than an acknowledged write: \
         {}; {}; {}.",
        evidence.reads(),
        evidence.writes(),
        evidence.staleness()
    )
}
