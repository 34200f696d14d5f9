//! What the figures were made on.

use std::fs;

use serde::{Deserialize, Serialize};

/// The machine and the versions, as far as they bear on the figures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    /// The name of the processor.
    pub processor: String,
    /// How many cores the process may use.
    pub cores: usize,
    /// Of main memory, in bytes.
    pub memory_bytes: u64,
    /// The release of the Linux kernel.
    pub kernel: String,
    /// The version of larder, and whether it is a debug build.
    pub larder: String,
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let unknown = || "unknown".to_owned();
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: field(&read("/proc/meminfo"), "MemTotal").map_or(0, |text| bytes(&text)),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            larder: match cfg!(debug_assertions) {
                true => concat!(env!("CARGO_PKG_VERSION"), ", debug build").to_owned(),
                false => env!("CARGO_PKG_VERSION").to_owned(),
            },
        }
    }
}

/// What stands behind the first `name:`.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Of an amount such as `24 kB`.
fn bytes(amount: &str) -> u64 {
    let number = amount.split_whitespace().next().and_then(|number| number.parse().ok());
    number.unwrap_or(0_u64) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_cores_and_memory() {
        let machine = Machine::here();
        assert!(machine.cores > 0 && machine.memory_bytes > 1 << 20, "{machine:?}");
        assert!(!machine.kernel.is_empty());
    }
}
