//! The journal of a process.

use std::sync::Arc;

use larder::journal::{FileJournal, FileOptions, Journal, MemoryJournal, SerdeCodec};

use crate::drive::Mount;
use crate::plan::Plan;
use crate::process::Process;

/// Small, so that a story goes through several.
const SEGMENT_BYTES: u64 = 4096;

/// One in memory.
pub fn in_memory(plan: &Plan, process: &Process) -> Arc<dyn Journal<String, u64>> {
    let runtime = Arc::new(process.clone());
    Arc::new(MemoryJournal::new(plan.write_behind().limits, runtime, |_, _| 16))
}

/// The one that the files of a drive hold, or why the process may not start on them.
pub async fn open(
    plan: &Plan,
    process: &Process,
    mount: Mount,
) -> Result<Arc<dyn Journal<String, u64>>, String> {
    let options = FileOptions {
        limits: plan.write_behind().limits,
        sync: plan.sync(),
        segment_bytes: SEGMENT_BYTES,
        ..FileOptions::default()
    };
    let (codec, runtime) = (Arc::new(SerdeCodec), Arc::new(process.clone()));
    let journal = FileJournal::open_on(Arc::new(mount), options, codec, runtime).await;
    Ok(Arc::new(journal.map_err(|error| error.to_string())?))
}
