//! `larder lab strategies`: what each caching strategy costs and promises.
//!
//! ```text
//!  workload ---> client: an application of one strategy ---> larder serve ---> database
//!  which key,      |  |                                                          ^   ^
//!  what for        |  +--------- where the application's part is its own --------+   |
//!                  v                                                                 |
//!               ledger: when each write was known     <-------- observer: who looks from outside
//!               to be committed; judges every read
//! ```
//!
//! A *scene* is a larder over one strategy with its clients; a *trial* is a scene under one workload.
//! The rounds interleave all of them, so that what disturbs the machine disturbs all alike.

mod application;
mod bypass;
mod claims;
mod crash;
mod database;
mod drive;
mod evidence;
mod observer;
mod plots;
mod results;
mod run;
mod scene;
mod settings;
mod tables;
mod telling;
mod trial;
mod wire;
mod workload;

use std::path::{Path, PathBuf};
use std::time::Duration;

use database::Database;
use run::Run;
use scene::Stage;
use settings::Settings;
use telling::Telling;

use crate::failure::Result;
use crate::report::{self, Report};
use crate::workload::Ready;

/// When a quick run begins nothing any more that would not end in time. The rest of its two minutes is for the
/// report.
const QUICK_SECONDS: u64 = 110;

/// The name of the report's files.
const REPORT: &str = "strategies";

/// The options of the run.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Strategies to measure beside the database alone; all unless named.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    strategy: Vec<String>,
    /// Workloads: read-mostly, write-heavy, half-and-half, log, hot-key, and trace with --trace; all unless named.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    workload: Vec<String>,
    /// A recorded trace to replay: ARC's .lis format or a key a line, zstd too.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// The database: sqlite:FILE, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE; an SQLite
    /// file in a temporary folder unless given. The table made in it is dropped at the end; an SQLite file that
    /// was there before stays in WAL mode.
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// How many keys there are; larder may hold a quarter of them.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    keys: Option<u64>,
    /// How long each trial is measured.
    #[arg(long, value_name = "SECONDS", value_parser = settings::seconds)]
    seconds: Option<f64>,
    /// How often everything is measured, in turns.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: Option<u32>,
    /// How many clients the application has.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    clients: Option<u16>,
    /// How long copies are good where somebody writes past the cache; elsewhere they are until they are dropped.
    #[arg(long, value_name = "SECONDS", value_parser = settings::seconds)]
    ttl: Option<f64>,
    /// The folder that the report is written to.
    #[arg(long, value_name = "DIR", default_value = "larder-lab")]
    out: PathBuf,
    /// Ends within two minutes, with coarser figures.
    #[arg(long)]
    quick: bool,
}

/// Measures what the options name, and publishes the report. That a strategy fails is told in it.
///
/// # Errors
///
/// When a strategy or workload does not exist, the database cannot be reached or has a table of the
/// lab's already, nothing that is measured works, or the run is broken off.
pub fn run(options: &Options) -> Result<()> {
    let settings = Settings::of(options);
    let strategies = application::chosen(&options.strategy)?;
    let workloads = workload::chosen(&options.workload, settings.keys, options.trace.as_deref())?;
    let database = Database::open(options.source.as_deref(), settings.clients)?;
    report::prepare(&options.out)?;
    let telling = Telling::begin(&settings, &database);
    let until = options.quick.then(|| telling.after(Duration::from_secs(QUICK_SECONDS)));
    let rows = workloads.iter().map(Ready::keys).max().unwrap_or(settings.keys);
    database.fill(rows)?;
    let stage = Stage::new(database, settings.clients);
    let results =
        Run { stage: &stage, settings: &settings, until }.measure(strategies, workloads)?;
    conclude(&telling.end(&results), stage.database, &options.out)
}

/// Publishes first: a table that cannot be dropped costs no figures.
fn conclude(report: &Report, database: Database, folder: &Path) -> Result<()> {
    report.publish(folder, REPORT)?;
    database.remove()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    #[test]
    fn a_table_that_cannot_be_dropped_costs_no_report() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(None, 1).unwrap();
        database.replace_table_by_view();
        let report = Record::begin().report("The strategies", Vec::new());
        let failure = conclude(&report, database, folder.path()).unwrap_err();
        assert!(failure.to_string().contains("database"), "{failure}");
        assert!(folder.path().join("strategies.json").exists());
    }
}
