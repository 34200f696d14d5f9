//! The journals of write-behind keyspaces.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use larder::journal::{self, FileJournal, FileOptions, Journal, OpenError, SyncMode};
use larder::runtime::Runtime;

use crate::config::{DurableConfig, SyncConfig, WriteBehindConfig};
use crate::journal::KeyspaceCodec;
use crate::key::Key;
use crate::value::Value;

/// What a journal of `config` may hold.
pub(super) fn limits(config: &WriteBehindConfig) -> journal::Limits {
    journal::Limits {
        records_max: config.queue_max.get(),
        bytes_max: config.queue_bytes_max.get(),
        batch_max: config.batch_max.get(),
        flush_interval: config.flush_interval,
        coalesce: config.coalesce,
        dead_max: config.dead_max.get(),
    }
}

/// Opens a journal in files, with what the last process left in it.
pub(super) async fn open(
    config: &WriteBehindConfig,
    files: &DurableConfig,
    codec: KeyspaceCodec,
    runtime: Arc<dyn Runtime>,
) -> Result<Arc<dyn Journal<Key, Value>>, OpenError> {
    let options = FileOptions {
        limits: limits(config),
        sync: match files.sync {
            SyncConfig::Always => SyncMode::Always,
            SyncConfig::Interval(span) => SyncMode::Interval(span),
            SyncConfig::Os => SyncMode::Os,
        },
        segment_bytes: files.segment_size.get(),
        time_of_day: Some(unix_ms),
        ..FileOptions::default()
    };
    Ok(Arc::new(FileJournal::open(&files.folder, options, codec, runtime).await?))
}

fn unix_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
