//! What the system says of this process. All is zero where it says nothing.

use std::fs;

/// Ticks a second in which Linux tells the time that a process has used.
const TICKS_PER_SECOND: f64 = 100.0;

/// Memory and time that the process has used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Process {
    pub(super) resident_bytes: u64,
    /// The most that was resident so far.
    pub(super) peak_bytes: u64,
    pub(super) user_seconds: f64,
    pub(super) system_seconds: f64,
}

impl Process {
    pub(super) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let times = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let (user_seconds, system_seconds) = seconds(&times).unwrap_or_default();
        Self {
            resident_bytes: bytes(&status, "VmRSS:").unwrap_or_default(),
            peak_bytes: bytes(&status, "VmHWM:").unwrap_or_default(),
            user_seconds,
            system_seconds,
        }
    }
}

/// The kilobytes behind `name`, as bytes.
fn bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// User and system time. The name of the program comes before them and may hold anything.
fn seconds(times: &str) -> Option<(f64, f64)> {
    let (_, fields) = times.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? / TICKS_PER_SECOND, next()? / TICKS_PER_SECOND))
}

/// A number of bytes in the largest unit that it fills, as Redis writes it.
pub(super) fn human(bytes: u64) -> String {
    let units = ["K", "M", "G", "T", "P"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.2}{}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_their_largest_unit() {
        let sizes = [(0, "0B"), (1023, "1023B"), (1024, "1.00K"), (1_202_024, "1.15M")];
        for (bytes, text) in sizes {
            assert_eq!(human(bytes), text);
        }
    }

    #[test]
    fn a_program_can_have_any_name() {
        let times = "1 (a) b) S 0 1 1 0 -1 4 5 0 0 0 250 75 0 0";
        assert_eq!(seconds(times), Some((2.5, 0.75)));
        assert_eq!(bytes("VmPeak:\t 9 kB\nVmRSS:\t  4 kB\n", "VmRSS:"), Some(4096));
        assert_eq!(seconds("nonsense"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells_of_this_process() {
        let process = Process::now();
        assert!(process.resident_bytes > 0 && process.peak_bytes >= process.resident_bytes / 2);
    }
}
