//! The strategies, and the ways in which an application uses them.

use std::fmt;

use clap::ValueEnum;

use crate::plan::Ending;

/// A strategy with an order, or a way of using it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Cache-aside: lease, load, fill
    #[value(name = "cache-aside")]
    Lease,
    /// Cache-aside: the application's loads, one flight per key
    #[value(name = "cache-aside-flights")]
    GetOrLoad,
    /// Read-through
    ReadThrough,
    /// Write-through, the source first
    #[value(name = "write-through")]
    SourceFirst,
    /// Write-through, the cache first
    #[value(name = "write-through-cache-first")]
    CacheFirst,
    /// Write-around, read through
    #[value(name = "write-around")]
    AroundThrough,
    /// Write-around, read aside
    #[value(name = "write-around-aside")]
    AroundAside,
    /// Write-behind, the journal in memory
    #[value(name = "write-behind-memory")]
    BehindMemory,
    /// Write-behind, the journal in files
    #[value(name = "write-behind")]
    Behind,
}

impl Way {
    /// Whether the application writes the source itself.
    pub fn leaves_writes_to_the_application(self) -> bool {
        matches!(self, Way::Lease | Way::GetOrLoad | Way::ReadThrough)
    }

    /// Whether the application loads what is missed, under a lease.
    pub fn takes_leases(self) -> bool {
        matches!(self, Way::Lease | Way::AroundAside)
    }

    /// Whether writes are queued in a journal.
    pub fn has_journal(self) -> bool {
        matches!(self, Way::BehindMemory | Way::Behind)
    }

    /// Whether what is acknowledged and not in the source survives the process.
    pub fn survives(self) -> bool {
        self == Way::Behind
    }

    /// How lives of its process may end.
    pub fn endings(self) -> &'static [Ending] {
        use Ending::{Damaged, Killed, PowerFailure, Shutdown, Superseded};
        match self {
            Way::Behind => {
                &[Shutdown, Killed, Killed, PowerFailure, PowerFailure, Superseded, Damaged]
            }
            // Its end loses what it has acknowledged, as its documentation says.
            Way::BehindMemory => &[],
            _ => &[Shutdown, Killed],
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value();
        f.write_str(name.as_ref().map_or("", |name| name.get_name()))
    }
}
