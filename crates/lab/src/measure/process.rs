//! What a process, and all that it has started, takes of the machine: what `/proc` says of them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::failure::{Failure, Result};

/// What a tree of processes has used, and what it holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// CPU time so far, see [`cpu`].
    pub(crate) cpu: Duration,
    /// Its memory, where a page that several processes share counts once (PSS).
    pub(crate) memory_bytes: u64,
    /// Open descriptors.
    pub(crate) descriptors: usize,
    /// Processes, the first one included.
    pub(crate) processes: usize,
    /// Threads of all of them.
    pub(crate) threads: usize,
}

/// How many threads of a process are asked for their own time: asking takes the time of a core as well,
/// and with many threads a hundredth of a second no longer matters.
const EXACT_THREADS_MAX: usize = 1_500;

/// The CPU time of `process` and all that it started, in user and kernel mode: of those that live, and of
/// those that ended and that their parent has counted.
pub(crate) fn cpu(process: u32) -> Result<Duration> {
    Ok(family(process)?.into_iter().map(cpu_of).sum())
}

/// How often each thread of a tree of processes gave its core away or was taken off it, by its number. The
/// kernel forgets these figures with the thread.
pub(crate) struct Switches(HashMap<u32, u64>);

impl Switches {
    /// Those of `process` and all that it started.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let of_process = |process| {
            let threads = threads(process).into_iter();
            threads.map(move |thread| (thread, switches(process, thread)))
        };
        Ok(Self(family(process)?.into_iter().flat_map(of_process).collect()))
    }

    /// How many there were after `earlier`; `None` when a thread took its own along.
    pub(crate) fn since(&self, earlier: &Self) -> Option<u64> {
        let is_there = |thread: &u32| self.0.contains_key(thread);
        let before: u64 = earlier.0.values().sum();
        let all: u64 = self.0.values().sum();
        earlier.0.keys().all(is_there).then(|| all.saturating_sub(before))
    }
}

impl Usage {
    /// Of `process` and all that it started.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let mut usage = Self::default();
        for process in family(process)? {
            usage.cpu += cpu_of(process);
            usage.memory_bytes += memory(process);
            usage.descriptors += entries(&format!("/proc/{process}/fd")).len();
            usage.processes += 1;
            usage.threads += entries(&format!("/proc/{process}/task")).len();
        }
        Ok(usage)
    }
}

/// `root` and all that it started, directly or not, and that has not been counted as ended.
pub(crate) fn family(root: u32) -> Result<Vec<u32>> {
    if !Path::new(&format!("/proc/{root}/stat")).exists() {
        return Err(Failure::run(format!("process {root} has ended")));
    }
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for process in entries("/proc") {
        if let Some(stat) = stat(&format!("/proc/{process}/stat")) {
            children.entry(stat.parent).or_default().push(process);
        }
    }
    let mut family = vec![root];
    let mut next = 0;
    while let Some(parent) = family.get(next) {
        family.extend(children.remove(parent).into_iter().flatten());
        next += 1;
    }
    Ok(family)
}

/// Whether a process runs: one that ended and waits to be counted by its parent does not.
pub(crate) fn is_alive(process: u32) -> bool {
    stat(&format!("/proc/{process}/stat")).is_some_and(|stat| !matches!(stat.state, 'Z' | 'X'))
}

/// The numbers of the threads of `process`.
pub(crate) fn threads(process: u32) -> Vec<u32> {
    entries(&format!("/proc/{process}/task"))
}

/// Voluntary and involuntary ones of a thread; of one that has ended, none.
fn switches(process: u32, thread: u32) -> u64 {
    let status = read(&format!("/proc/{process}/task/{thread}/status")).unwrap_or_default();
    ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"]
        .into_iter()
        .filter_map(|name| amount(&status, name))
        .sum()
}

/// The threads know their own time to the nanosecond, and the process also that of threads which ended, but
/// cut to ticks of the clock. Neither says too much, so the larger one is nearer.
fn cpu_of(process: u32) -> Duration {
    let stat = stat(&format!("/proc/{process}/stat")).unwrap_or_default();
    if stat.threads > EXACT_THREADS_MAX {
        return stat.own + stat.of_children;
    }
    let of_threads: Duration = threads(process)
        .into_iter()
        .filter_map(|thread| on_core(read(&format!("/proc/{process}/task/{thread}/schedstat"))?))
        .sum();
    stat.own.max(of_threads) + stat.of_children
}

/// The first number of `schedstat` is the time on a core, in nanoseconds.
fn on_core(text: String) -> Option<Duration> {
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

fn memory(process: u32) -> u64 {
    let rollup = read(&format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    amount(&rollup, "Pss").unwrap_or(0) * 1024
}

/// The number behind `name:` at the begin of a line.
pub(super) fn amount(text: &str, name: &str) -> Option<u64> {
    let mut values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    values.next()?.split_whitespace().next()?.parse().ok()
}

/// What is in a folder of `/proc` under a number.
fn entries(folder: &str) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// A file of `/proc`; `None` when its process has ended.
pub(super) fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: u32,
    own: Duration,
    of_children: Duration,
    threads: usize,
}

fn stat(path: &str) -> Option<Stat> {
    parse_stat(&read(path)?, rustix::param::clock_ticks_per_second())
}

/// The fields follow the name in parentheses, which may hold anything; see proc_pid_stat(5).
fn parse_stat(text: &str, ticks_per_second: u64) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let time = |user, system| {
        let ticks = ticks(user)? + ticks(system)?;
        Some(Duration::from_secs_f64(ticks as f64 / ticks_per_second as f64))
    };
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        own: time(11, 12)?,
        of_children: time(13, 14)?,
        threads: fields.get(17)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};
    use std::thread;
    use std::time::Instant;

    use super::*;

    const STAT: &str = "12 (a (strange) name) S 7 12 12 0 -1 4194560 129 0 0 0 150 50 30 10 20 0 5 0 \
                        96 2621440 408 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0";

    #[test]
    fn the_fields_of_stat_follow_the_last_parenthesis() {
        let stat = parse_stat(STAT, 100).unwrap();
        assert_eq!((stat.state, stat.parent, stat.threads), ('S', 7, 5));
        assert_eq!(stat.own, Duration::from_secs(2));
        assert_eq!(stat.of_children, Duration::from_millis(400));
    }

    #[test]
    fn a_stat_that_is_cut_off_is_none() {
        assert_eq!(parse_stat("12 (name) S 7 12", 100), None);
        assert_eq!(parse_stat("", 100), None);
    }

    #[test]
    fn an_amount_is_found_by_its_whole_name() {
        let text = "Pss_Dirty:  1 kB\nPss:   236 kB\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(amount(text, "Pss"), Some(236));
        assert_eq!(amount(text, "voluntary_ctxt_switches"), None);
        assert_eq!(amount(text, "nonvoluntary_ctxt_switches"), Some(3));
    }

    #[test]
    fn the_time_on_a_core_is_the_first_number_of_schedstat() {
        assert_eq!(on_core("1500 7 2\n".to_owned()), Some(Duration::from_nanos(1500)));
        assert_eq!(on_core(String::new()), None);
    }

    /// A shell that starts a process, which waits for ever, and says so.
    fn shell() -> Child {
        Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn().unwrap()
    }

    fn await_family(root: u32, size: usize) -> Vec<u32> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let family = family(root).unwrap();
            if family.len() == size {
                return family;
            }
            assert!(Instant::now() < deadline, "{family:?}");
            thread::yield_now();
        }
    }

    #[test]
    fn what_a_process_starts_belongs_to_it() {
        let mut shell = shell();
        let family = await_family(shell.id(), 2);
        let usage = Usage::of(shell.id()).unwrap();
        assert_eq!((usage.processes, usage.threads), (2, 2));
        assert!(usage.memory_bytes > 0 && usage.descriptors >= 6, "{usage:?}");
        for process in family {
            Command::new("kill").args(["-9", &process.to_string()]).status().unwrap();
        }
        shell.wait().unwrap();
        assert!(Usage::of(shell.id()).is_err());
    }

    #[test]
    fn switches_are_known_as_long_as_their_threads_live() {
        let switches = |threads: &[(u32, u64)]| Switches(threads.iter().copied().collect());
        let before = switches(&[(1, 10), (2, 20)]);
        assert_eq!(switches(&[(1, 15), (2, 20), (3, 4)]).since(&before), Some(9));
        assert_eq!(switches(&[(1, 15)]).since(&before), None);
        assert!(Switches::of(std::process::id()).unwrap().0.values().sum::<u64>() > 0);
    }

    #[test]
    fn the_time_of_a_process_that_ended_is_kept() {
        let before = cpu(std::process::id()).unwrap();
        let count = "i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done";
        assert!(Command::new("sh").args(["-c", count]).status().unwrap().success());
        assert!(cpu(std::process::id()).unwrap() > before);
    }
}
