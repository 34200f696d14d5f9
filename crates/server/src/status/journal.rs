//! What is told about the queue of a write-behind keyspace.

use larder::Statistics;
use larder::journal::JournalStatus;
use larder::runtime::Time;

use crate::keyspace::Keyspace;

/// The counters of a keyspace's queue, where it has one.
pub(super) fn counters(keyspace: &Keyspace) -> Option<Vec<(&'static str, u64)>> {
    let status = keyspace.cache.journal_status()?;
    Some(told(&status, &keyspace.cache.statistics(), keyspace.cache.runtime().now()))
}

fn told(status: &JournalStatus, statistics: &Statistics, now: Time) -> Vec<(&'static str, u64)> {
    let oldest_ms = status.oldest.map_or(0, |oldest| now.since(oldest).as_millis() as u64);
    vec![
        ("records", status.records),
        ("bytes", status.bytes),
        ("oldest_ms", oldest_ms),
        ("appended", status.appended),
        ("coalesced", status.coalesced),
        ("coalescing_percent", 100 * status.coalesced / status.appended.max(1)),
        ("applied", status.applied),
        ("retries", statistics.write_retries),
        ("dead", status.dead),
        ("segments", status.segments),
        ("disk_bytes", status.disk_bytes),
        ("syncs", status.syncs),
        ("writes_per_sync", status.appended / status.syncs.max(1)),
        ("recovered", status.recovered),
        ("torn_bytes", status.torn_bytes),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_beside_the_counts_they_are_of() {
        let status =
            JournalStatus { appended: 200, coalesced: 50, syncs: 10, ..JournalStatus::default() };
        let told = told(&status, &Statistics::default(), Time::ZERO);
        assert!(
            told.contains(&("coalescing_percent", 25)) && told.contains(&("writes_per_sync", 20))
        );
    }

    #[test]
    fn a_queue_that_has_done_nothing_divides_by_nothing() {
        let told = told(&JournalStatus::default(), &Statistics::default(), Time::ZERO);
        assert!(told.iter().all(|(_, number)| *number == 0), "{told:?}");
    }
}
