//! The workloads that the strategies are put under.

use std::collections::HashSet;
use std::path::Path;

use crate::failure::Result;
use crate::workload::{Ready, Setting, Workload};

pub(super) const READ_MOSTLY: &str = "read-mostly";
pub(super) const WRITE_HEAVY: &str = "write-heavy";
pub(super) const HALF_AND_HALF: &str = "half-and-half";
pub(super) const LOG: &str = "log";
pub(super) const HOT_KEY: &str = "hot-key";

/// What is measured unless workloads are named; and the trace when there is one.
const USUAL: [&str; 5] = [READ_MOSTLY, WRITE_HEAVY, HALF_AND_HALF, LOG, HOT_KEY];

const TRACE: &str = "trace";

/// How much of a trace is replayed: its keys become rows before the run.
const TRACE_MAX: usize = 100_000;

/// How many times more keys there are than larder may hold.
const KEYS_PER_COPY: u64 = 4;

/// The workloads that are measured, ready to be asked; each once, however often it is named.
pub(super) fn chosen(names: &[String], keys: u64, trace: Option<&Path>) -> Result<Vec<Ready>> {
    let trace = trace.map(Path::to_owned);
    let usual = || USUAL.into_iter().chain(trace.as_ref().map(|_| TRACE)).map(str::to_owned);
    let names: Vec<_> = if names.is_empty() { usual().collect() } else { names.to_vec() };
    let mut seen = HashSet::new();
    let names = names.into_iter().filter(|name| seen.insert(name.clone()));
    let setting = Setting { keys, trace, trace_max: TRACE_MAX, ..Setting::default() };
    names.map(|name| Workload::named(&name)?.prepare(&setting)).collect()
}

/// How many copies larder may hold of the rows of a workload.
pub(super) fn capacity(workload: &Ready) -> u64 {
    (workload.keys() / KEYS_PER_COPY).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(named: &[&str], trace: Option<&Path>) -> Result<Vec<&'static str>> {
        let named: Vec<_> = named.iter().copied().map(str::to_owned).collect();
        let chosen = chosen(&named, 100, trace)?;
        Ok(chosen.iter().map(|ready| ready.workload.name).collect())
    }

    #[test]
    fn a_trace_is_replayed_when_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trace");
        std::fs::write(&file, "tea\nmilk\ntea\n").unwrap();
        assert_eq!(names(&[], None).unwrap(), USUAL);
        assert_eq!(names(&[], Some(&file)).unwrap().last(), Some(&TRACE));
        assert_eq!(names(&[HOT_KEY], Some(&file)).unwrap(), [HOT_KEY]);
        assert!(names(&[TRACE], None).unwrap_err().to_string().contains("--trace"));
        assert!(names(&["busy"], None).is_err());
    }

    #[test]
    fn a_workload_that_is_named_twice_is_measured_once() {
        assert_eq!(names(&[LOG, HOT_KEY, LOG], None).unwrap(), [LOG, HOT_KEY]);
    }

    #[test]
    fn larder_may_hold_a_part_of_the_keys() {
        let workloads = chosen(&[], 100, None).unwrap();
        assert_eq!(workloads.iter().map(capacity).collect::<Vec<_>>(), [25; 5]);
    }
}
