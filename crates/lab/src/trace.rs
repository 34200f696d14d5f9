//! `larder lab trace`: how often a cache of each size would have hit, had it been asked what a recorded
//! trace asks for.

mod curve;
pub(crate) mod file;
mod policy;
mod requests;
mod summary;
mod zstd;

use std::path::{Path, PathBuf};

use self::curve::Curve;
use self::requests::Requests;
use crate::failure::Result;
use crate::progress::Progress;
use crate::record::Record;
use crate::report::Part;

/// The options of the run.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Traces: ARC's `.lis` ("start count ignored request" a line), or a key a line; plain or zstd.
    #[arg(required = true, value_name = "FILE")]
    traces: Vec<PathBuf>,
    /// Fewer sizes and one round.
    #[arg(long)]
    quick: bool,
    /// Where the report is written.
    #[arg(long, value_name = "DIR", default_value = "larder-lab")]
    out: PathBuf,
    /// How often larder replays a trace, each time with another seed.
    #[arg(long, value_name = "N", default_value_t = 3, conflicts_with = "quick",
          value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How many requests of a trace are kept in memory, at about 20 bytes each. Longer ones are sampled
    /// by key.
    #[arg(long, value_name = "N", default_value_t = 10_000_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    requests_max: u32,
}

/// Replays the traces, and publishes the report `trace`.
///
/// # Errors
///
/// When a trace cannot be read, or the report not be written.
pub fn run(options: &Options) -> Result<()> {
    let record = Record::begin();
    let mut parts = vec![summary::introduction()];
    let progress = Progress::new(options.traces.len() * Curve::steps(options.rounds()));
    for path in &options.traces {
        parts.extend(replay(path, options, &progress)?);
    }
    drop(progress);
    record.report("Hit ratio against size", parts).publish(&options.out, "trace")
}

fn replay(path: &Path, options: &Options, progress: &Progress) -> Result<Vec<Part>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    progress.now(format!("reading {name}"));
    let requests = Requests::read(path, options.requests_max)?;
    let per_decade = if options.quick { 2 } else { 4 };
    let curve = Curve::measure(&requests, per_decade, options.rounds(), progress);
    Ok(summary::parts(&name, &requests, &curve))
}

impl Options {
    fn rounds(&self) -> usize {
        if self.quick { 1 } else { usize::from(self.rounds) }
    }
}
