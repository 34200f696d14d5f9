//! `larder lab trace`: how often a cache of each size would have hit, had it been asked what a recorded
//! trace asks for.

mod curve;
pub(crate) mod file;
mod policy;
mod requests;
mod summary;
mod zstd;

use std::path::PathBuf;

use self::curve::Curve;
use self::file::Keys;
use self::requests::{Bounds, Requests};
use crate::failure::Result;
use crate::progress::Progress;
use crate::record::Record;
use crate::report::{self, Part};

/// The options of the run.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Traces: ARC's `.lis` ("start count ignored request" a line), or a key a line; plain or zstd.
    #[arg(required = true, value_name = "FILE")]
    traces: Vec<PathBuf>,
    /// End within two minutes: fewer sizes and one round, and of long traces only the beginning.
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

/// How many requests a quick run reads, of all traces together.
const QUICK_READ_MAX: u64 = 40_000_000;

/// How many of these it replays.
const QUICK_KEPT_MAX: u64 = 4_000_000;

/// Replays the traces, and publishes the report `trace`.
///
/// # Errors
///
/// When a trace cannot be read, when the report cannot be written, or when the run is broken off.
pub fn run(options: &Options) -> Result<()> {
    let record = Record::begin();
    // All of them, before the first is replayed: a name may be wrong.
    let traces = options.traces.iter().map(|path| file::keys(path)).collect::<Result<Vec<_>>>()?;
    report::prepare(&options.out)?;
    let mut parts = vec![summary::introduction()];
    let progress = Progress::new(options.traces.len() * Curve::steps(options.rounds()));
    for keys in traces {
        parts.extend(replay(keys, options, &progress)?);
    }
    drop(progress);
    record.report("Hit ratio against size", parts).publish(&options.out, "trace")
}

fn replay(keys: Keys, options: &Options, progress: &Progress) -> Result<Vec<Part>> {
    let name = keys.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    progress.now(format!("reading {name}"));
    let requests = Requests::read(keys, options.bounds())?;
    let per_decade = if options.quick { 2 } else { 4 };
    let curve = Curve::measure(&requests, per_decade, options.rounds(), progress)?;
    Ok(summary::parts(&name, &requests, &curve))
}

impl Options {
    fn rounds(&self) -> usize {
        if self.quick { 1 } else { usize::from(self.rounds) }
    }

    /// Of each trace. The traces of a quick run share what can be read and replayed in its time.
    fn bounds(&self) -> Bounds {
        let traces = self.traces.len().max(1) as u64;
        let share = |of_all: u64| (of_all / traces).max(1);
        match self.quick {
            true => Bounds {
                kept_max: self.requests_max.min(share(QUICK_KEPT_MAX) as u32),
                read_max: share(QUICK_READ_MAX),
            },
            false => Bounds { kept_max: self.requests_max, read_max: u64::MAX },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    fn options(arguments: &str) -> Options {
        let words = std::iter::once("trace").chain(arguments.split_whitespace());
        Command::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).options
    }

    #[test]
    fn the_traces_of_a_quick_run_share_its_time() {
        let bounds = |arguments| {
            let Bounds { kept_max, read_max } = options(arguments).bounds();
            (kept_max, read_max)
        };
        assert_eq!(bounds("a"), (10_000_000, u64::MAX));
        assert_eq!(bounds("a --quick"), (4_000_000, 40_000_000));
        assert_eq!(bounds("a b --quick"), (2_000_000, 20_000_000));
        assert_eq!(bounds("a --quick --requests-max 7").0, 7);
    }

    #[test]
    fn a_trace_that_is_not_there_is_found_before_another_is_replayed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        // To replay this one would fail too, and first.
        std::fs::write(path("empty"), "").unwrap();
        let [empty, missing, out] = ["empty", "missing", "out"].map(path);
        let failure = run(&options(&format!("{empty} {missing} --out {out}"))).unwrap_err();
        assert!(failure.to_string().starts_with(&missing), "{failure}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_found_before_anything_is_replayed() {
        let folder = tempfile::tempdir().unwrap();
        // To replay it would fail too, and first.
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "").unwrap();
        let arguments = format!("{} --out /proc/self", empty.display());
        let failure = run(&options(&arguments)).unwrap_err();
        assert!(failure.to_string().starts_with("/proc/self"), "{failure}");
    }
}
