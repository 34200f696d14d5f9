//! Memory that the kernel holds for all processes together.
//!
//! What a connection takes of the kernel is not told for one process, so it is found as a difference:
//! on a machine that does little else.

use super::process::{amount, read};

/// What the kernel holds that grows with connections, processes and threads, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KernelMemory {
    /// Sockets, files and all other small objects, and the buffers of TCP.
    pub(crate) objects: u64,
    /// Stacks of threads, and page tables.
    pub(crate) threads: u64,
}

impl KernelMemory {
    /// As it is now.
    pub(crate) fn now() -> Self {
        let read = |path| read(path).unwrap_or_default();
        parse(
            &read("/proc/meminfo"),
            &read("/proc/net/sockstat"),
            rustix::param::page_size() as u64,
        )
    }
}

/// What could be given to processes now, without anything being swapped, and what there is, in bytes.
pub(crate) fn available_of_total() -> (u64, u64) {
    let text = read("/proc/meminfo").unwrap_or_default();
    let bytes = |name| amount(&text, name).unwrap_or(0) * 1024;
    (bytes("MemAvailable"), bytes("MemTotal"))
}

fn parse(meminfo: &str, sockstat: &str, page_bytes: u64) -> KernelMemory {
    let bytes = |name| amount(meminfo, name).unwrap_or(0) * 1024;
    KernelMemory {
        objects: bytes("Slab") + tcp_pages(sockstat).unwrap_or(0) * page_bytes,
        threads: bytes("KernelStack") + bytes("PageTables"),
    }
}

/// As in `TCP: inuse 135 orphan 0 tw 778 alloc 135 mem 28`.
fn tcp_pages(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP: "))?;
    let mut words = line.split_whitespace().skip_while(|word| *word != "mem");
    words.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_threads_are_told_apart() {
        let meminfo = "MemTotal: 100 kB\nSlab: 8 kB\nKernelStack: 2 kB\nPageTables:  3 kB\n";
        let sockstat =
            "sockets: used 153\nTCP: inuse 135 orphan 0 tw 778 alloc 135 mem 28\nUDP: mem 7\n";
        let memory = parse(meminfo, sockstat, 4096);
        assert_eq!(memory, KernelMemory { objects: 8 * 1024 + 28 * 4096, threads: 5 * 1024 });
    }

    #[test]
    fn what_is_not_told_counts_nothing() {
        assert_eq!(parse("", "", 4096), KernelMemory::default());
    }

    #[test]
    fn this_kernel_holds_something() {
        let memory = KernelMemory::now();
        assert!(memory.objects > 0 && memory.threads > 0, "{memory:?}");
        let (available, total) = available_of_total();
        assert!(0 < available && available < total);
    }
}
