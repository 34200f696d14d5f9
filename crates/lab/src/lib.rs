//! The lab: measures what is claimed of connection models and of caching strategies, on the machine
//! that it runs on.
//!
//! ```text
//!  workload           subject             measure                report
//!  what is asked  ->  who is asked    ->  what it cost       ->  what it came to
//!  Zipf, trace, ...   larder, a thread    spread, processes      terminal, HTML, JSON
//! ```
//!
//! Everything here is a library of the binary `larder`: `larder lab` and `larder bench` parse the
//! options of a run and call its `run`.

pub mod bench;
pub mod models;
pub mod report;
pub mod strategies;
pub mod switches;
pub mod trace;

mod failure;
mod generator;
mod interruption;
mod measure;
mod progress;
mod record;
mod subject;
mod workload;

pub use failure::{Failure, Result};
pub use interruption::heed_signals;
