//! Writes every key of a workload once.

use super::options::Plan;
use crate::failure::Result;
use crate::interruption;
use crate::progress::Progress;
use crate::workload::Operation;

/// How many writes are sent before their replies are read, and how many bytes.
const TOGETHER_MAX: usize = 500;
const BYTES_MAX: usize = 256 * 1024;

pub(super) fn fill(plan: &Plan) -> Result<()> {
    let together = (BYTES_MAX / (plan.requests.value_bytes() + 1)).clamp(1, TOGETHER_MAX);
    let (keys, mut dialogue) = (plan.workload.keys(), plan.dialogue()?);
    let progress = Progress::new(keys.div_ceil(together as u64) as usize);
    progress.now(format!("writing {keys} keys"));
    let mut requests = Vec::new();
    for first in (0..keys).step_by(together) {
        interruption::check()?;
        let after = keys.min(first + together as u64);
        requests.clear();
        (first..after).for_each(|key| plan.requests.encode(Operation::Write(key), &mut requests));
        dialogue.demand(&requests, (after - first) as usize)?;
        progress.step();
    }
    Ok(())
}
