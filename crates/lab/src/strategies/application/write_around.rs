//! The application reads and writes larder, which writes the database and keeps no copy of what was
//! written; a read loads it.

use crate::strategies::application::through_larder::ThroughLarder;
use crate::strategies::application::{Consistency, Extent, Said, Speed, Strategy};

pub(super) const STRATEGY: Strategy = Strategy {
    name: "write-around",
    keyspace: Some(|_| "strategy = \"write-around\"\n".to_owned()),
    application: ThroughLarder::connect,
    extent: Extent::Whole,
    said: Some(Said {
        read: Speed::Normal,
        write: Speed::Fast,
        consistency: Consistency::Medium,
        complexity: "low",
        serves: "written often, read rarely",
    }),
    advice: |evidence| {
        format!(
            "when most of what is written is not read soon, such as logs, and should not push out what is \
             read: {}; {}.",
            evidence.writes(),
            evidence.hits()
        )
    },
};
