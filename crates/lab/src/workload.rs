//! Workloads: which keys are asked for, and how often they are read rather than written.
//!
//! A workload is a line of [`ALL`]. Its keys are numbers; the choice among them is a file of this folder
//! each. A seed decides what a client asks.

mod hot;
mod log;
mod random;
mod trace;
mod uniform;
mod zipf;

use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use random::Random;

use crate::failure::{Failure, Result};

/// Every workload, in the order of reports.
pub(crate) static ALL: [Workload; 7] = [
    Workload {
        name: "read-mostly",
        purpose: "95% reads, few keys much more often than others (Zipf)",
        read_share: 0.95,
        choice: zipf::prepare,
    },
    Workload {
        name: "write-heavy",
        purpose: "80% writes, few keys much more often than others (Zipf)",
        read_share: 0.2,
        choice: zipf::prepare,
    },
    Workload {
        name: "half-and-half",
        purpose: "50% reads, few keys much more often than others (Zipf)",
        read_share: 0.5,
        choice: zipf::prepare,
    },
    Workload {
        name: "log",
        purpose: "95% writes, each of a new key; reads of any of them",
        read_share: 0.05,
        choice: log::prepare,
    },
    Workload {
        name: "hot-key",
        purpose: "90% reads; most requests are for one key",
        read_share: 0.9,
        choice: hot::prepare,
    },
    Workload {
        name: "trace",
        purpose: "95% reads, of the keys of a recorded trace in their order",
        read_share: 0.95,
        choice: trace::prepare,
    },
    Workload {
        name: "uniform",
        purpose: "95% reads, every key as often as the others",
        read_share: 0.95,
        choice: uniform::prepare,
    },
];

/// A line of the registry.
#[derive(Debug)]
pub(crate) struct Workload {
    /// As users write it.
    pub(crate) name: &'static str,
    /// What it is, in a few words.
    pub(crate) purpose: &'static str,
    /// Which share of the requests are reads, from 0 to 1.
    pub(crate) read_share: f64,
    choice: fn(&Setting) -> Result<Arc<dyn Keys>>,
}

/// What workloads can be told. Each takes what concerns it.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// How many keys there are before anything is asked, up to [`KEYS_MAX`].
    pub(crate) keys: u64,
    /// How uneven a Zipf distribution is: the key that is n-th in favour is asked for in proportion to 1 in
    /// n to this power.
    pub(crate) exponent: f64,
    /// The share of requests that are for the hot key.
    pub(crate) hot_share: f64,
    /// The file of a trace.
    pub(crate) trace: Option<PathBuf>,
    /// How many requests of the file are taken, from its beginning.
    pub(crate) trace_max: usize,
    /// Decides what is asked.
    pub(crate) seed: u64,
}

/// With more keys the steps that spread them would not fit their numbers.
pub(crate) const KEYS_MAX: u64 = 1 << 32;

impl Default for Setting {
    /// Uneven as the YCSB benchmark has it.
    fn default() -> Self {
        Self {
            keys: 10_000,
            exponent: 0.99,
            hot_share: 0.8,
            trace: None,
            trace_max: 1_000_000,
            seed: 1,
        }
    }
}

/// One request of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// For the value of a key.
    Read(u64),
    /// That a key has another value.
    Write(u64),
}

/// A choice among keys. All clients of a workload share one.
trait Keys: Send + Sync {
    /// How many keys there are before anything is asked: the numbers below this one.
    fn count(&self) -> u64;

    /// How many keys there are by now, with those that were written since.
    fn reached(&self) -> u64 {
        self.count()
    }

    /// Forgets what was written since.
    fn begin_again(&self) {}

    /// The key of the client's next request, which is for reading or for writing.
    fn choose(&self, client: &mut Client, is_read: bool) -> u64;
}

/// Who asks.
struct Client {
    random: Random,
    /// The number of its next request among those of all clients, if these take turns.
    place: u64,
    clients: u64,
}

impl Workload {
    /// The one of that name.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        let found = ALL.iter().find(|workload| workload.name == name);
        found.ok_or_else(|| {
            let known = ALL.each_ref().map(|workload| workload.name).join(", ");
            Failure::misuse(format!("there is no workload {name:?}, but {known}"))
        })
    }

    /// Makes it ready to be asked.
    ///
    /// # Errors
    ///
    /// When the setting does not suit it, or its trace cannot be read.
    pub(crate) fn prepare(&'static self, setting: &Setting) -> Result<Ready> {
        if !(1..=KEYS_MAX).contains(&setting.keys) {
            return Err(Failure::misuse(format!("a workload has 1 to {KEYS_MAX} keys")));
        }
        let keys = (self.choice)(setting)?;
        Ok(Ready { workload: self, keys, read_share: self.read_share, seed: setting.seed })
    }
}

/// A workload that can be asked. Clones share what changes, such as how far a log has come.
#[derive(Clone)]
pub(crate) struct Ready {
    /// What it is.
    pub(crate) workload: &'static Workload,
    /// Which share of the requests are reads: the workload's, unless it is changed.
    pub(crate) read_share: f64,
    keys: Arc<dyn Keys>,
    seed: u64,
}

impl Ready {
    /// How many keys there have to be before it is asked: the numbers below this one.
    pub(crate) fn keys(&self) -> u64 {
        self.keys.count()
    }

    /// How many keys have a row if all that was asked was done: the numbers below this one.
    pub(crate) fn keys_reached(&self) -> u64 {
        self.keys.reached()
    }

    /// Is as it was before anything was asked; nobody asks any more.
    pub(crate) fn begin_again(&self) {
        self.keys.begin_again();
    }

    /// What one of so many clients asks, without an end.
    pub(crate) fn operations(&self, client: usize, clients: usize) -> Operations {
        // So that the clients of one seed are not those of the next.
        let mut seeds = Random::seeded(self.seed);
        let random = Random::seeded(seeds.next().wrapping_add(client as u64));
        let client = Client { random, place: client as u64, clients: clients.max(1) as u64 };
        Operations { keys: Arc::clone(&self.keys), read_share: self.read_share, client }
    }
}

/// What one client asks.
pub(crate) struct Operations {
    keys: Arc<dyn Keys>,
    read_share: f64,
    client: Client,
}

impl Operations {
    /// The next request; there is always one.
    pub(crate) fn draw(&mut self) -> Operation {
        let is_read = self.client.random.happens(self.read_share);
        let key = self.keys.choose(&mut self.client, is_read);
        if is_read { Operation::Read(key) } else { Operation::Write(key) }
    }
}

impl Iterator for Operations {
    type Item = Operation;

    fn next(&mut self) -> Option<Operation> {
        Some(self.draw())
    }
}

/// The key of a rank, such that neighbours in rank are no neighbours as keys; each rank below `count` has a
/// key of its own below `count`. Without it the keys that are asked for most would lie side by side in the
/// pages of a table.
fn spread(rank: u64, count: u64) -> u64 {
    // A prime that is larger than any count has no factor in common with it.
    const STEP: u64 = 2_305_843_009_213_693_951;
    rank * (STEP % count) % count
}

#[cfg(test)]
mod tests;
